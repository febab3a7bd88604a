//! An inode that a call is about to write to, or to give a name: held by a descriptor,
//! so that no other one is ever changed that got the name meanwhile, and given its mode
//! back if the call fails.
//!
//! Somebody who may write to the directory could otherwise put a link to any file of
//! the user's there, and have it changed.

use libc::{EMFILE, ENFILE, ENOSYS, EOPNOTSUPP, ESTALE};

use crate::call::Call;
use crate::place::Place;
use crate::sys::{self, Inode, Owned};

/// What has a name, held as it was found.
pub struct Held<'a> {
    /// `None` with a full descriptor table, or of a descriptor of the program's own:
    /// then it is found by its name each time.
    descriptor: Option<Owned>,
    place: Place<'a>,
    pub inode: Inode,
}

/// An inode before and after it was narrowed.
#[derive(Clone, Copy)]
pub struct Narrowed {
    pub before: Inode,
    now: Inode,
}

impl<'a> Held<'a> {
    /// What the call names, links followed as the call does.
    #[inline(never)]
    pub fn of(call: &Call<'a>) -> sys::Result<Self> {
        let place = call.place;
        let named = !place.path.is_empty();
        let held = named.then(|| sys::hold(place.name(), place.follow));
        let descriptor = match held {
            None | Some(Err(EMFILE | ENFILE)) => None,
            Some(held) => Some(held?),
        };
        let inode = match &descriptor {
            Some(descriptor) => sys::stat_of(descriptor.0)?,
            None => place.inode()?,
        };
        Ok(Held {
            descriptor,
            place,
            inode,
        })
    }

    /// The number of the mount that it lies on, if that can be told.
    pub fn mount(&self) -> Option<u64> {
        let (dirfd, path) = self.place.name();
        match &self.descriptor {
            Some(descriptor) => sys::mount_of(descriptor.0),
            None => sys::mount_at(dirfd, path, self.place.flags()),
        }
    }

    /// Gives it this mode. `EOPNOTSUPP` if the file system says that it did, and keeps
    /// another one (vfat, CIFS, FUSE).
    #[inline(never)]
    pub fn narrow(&self, mode: u32) -> sys::Result<Narrowed> {
        self.chmod(mode)?;
        let now = self.now()?;
        if now.permissions() & 0o777 & !mode != 0 {
            return Err(EOPNOTSUPP);
        }
        Ok(Narrowed {
            before: self.inode,
            now,
        })
    }

    /// Gives the mode back, unless it may be another inode, or somebody may have meant
    /// what is there now: then it stays narrow, which is the safe side. A write by
    /// another process changes the times, and says nothing about the mode.
    #[inline(never)]
    pub fn restore(&self, narrowed: &Narrowed) -> sys::Result<()> {
        let (set, now) = (&narrowed.now, self.now()?);
        let same = now.is_same(set) && now.mode == set.mode && now.links == set.links;
        let only_written = now.changed == set.changed || now.changed == now.written;
        let named = self.place.inode()?.id == now.id;
        if !(same && only_written && named) {
            return Err(ESTALE);
        }
        self.chmod(narrowed.before.permissions())
    }

    fn now(&self) -> sys::Result<Inode> {
        match &self.descriptor {
            Some(descriptor) => sys::stat_of(descriptor.0),
            None => self.place.inode(),
        }
    }

    fn chmod(&self, mode: u32) -> sys::Result<()> {
        let name = self.place.name();
        let changed = match &self.descriptor {
            Some(descriptor) => sys::chmod_path_fd(descriptor.0, mode),
            None if self.place.path.is_empty() => match sys::chmod_fd(name.0, mode) {
                Err(libc::EBADF) => sys::chmod_path_fd(name.0, mode),
                done => done,
            },
            None => sys::chmod_by_name(name, self.place.follow, mode),
        };
        match changed {
            // Before Linux 6.6, without a `/proc`: in a `chroot`, say. Opened for reading
            // it can be told from another one as well.
            Err(ENOSYS) => match sys::open_to_change(name) {
                Ok(opened) if sys::stat_of(opened.0)?.id == self.inode.id => {
                    sys::chmod_fd(opened.0, mode)
                }
                _ => changed,
            },
            done => done,
        }
    }
}

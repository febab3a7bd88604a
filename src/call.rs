//! A call of the program's as one value, from its hook to its record, and what
//! holds at its place.

use libc::{O_CREAT, O_EXCL, O_NOFOLLOW, c_char, c_int};
use umaskclamp_policy::rules::{Kind, RuleId, Rules};

use crate::memory::Identity;
use crate::place::{self, Place};
use crate::state::{self, State};
use crate::sys;

/// What a call acts on, which trailing-slash patterns ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// It makes a directory.
    Directory,
    /// It makes or opens something that is no directory.
    Other,
    /// It makes a file without a name in the directory that its path names
    /// (`O_TMPFILE`): judged as any file there.
    Unnamed,
    /// It acts on what is there.
    Existing,
}

/// The call as the program made it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Name of the symbol, for records.
    pub name: &'static str,
    pub place: Place<'a>,
    /// The program's own pointer to `place.given`, for system calls of ours.
    pub path: *const c_char,
    /// Is the verdict on the path as named enough for now, because the file is created as a
    /// new one without following links? If that fails, the real path is judged too.
    pub tries: bool,
    /// Is it a cancellation point, as `open` is (pthreads(7))? `syscall` is none.
    pub cancels: bool,
}

impl<'a> Call<'a> {
    /// Reads the path; `None` if it is not readable, too long, or empty: then
    /// the call fails by itself and there is nothing to clamp.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    pub unsafe fn at(
        name: &'static str,
        dirfd: c_int,
        path: *const c_char,
        follow: bool,
    ) -> Option<Self> {
        state::active()?;
        // SAFETY: the caller's promise.
        let given = unsafe { place::read_path(path) }?;
        if given.is_empty() {
            return None;
        }
        let place = Place {
            dirfd,
            given,
            follow,
            in_root: false,
            creates: false,
        };
        Some(Call {
            name,
            place,
            path,
            tries: false,
            cancels: !name.starts_with("syscall("),
        })
    }

    /// A call that opens with these flags of open(2). If they create, the route of the
    /// creation ([`place::resolve::Route`]) is found out along with its place.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    pub unsafe fn opening(
        name: &'static str,
        dirfd: c_int,
        path: *const c_char,
        flags: c_int,
    ) -> Option<Self> {
        const EXCLUSIVE: c_int = O_CREAT | O_EXCL;
        let follow = flags & O_NOFOLLOW == 0 && flags & EXCLUSIVE != EXCLUSIVE;
        // SAFETY: the caller's promise.
        let mut call = unsafe { Self::at(name, dirfd, path, follow) }?;
        call.place.creates = sys::creates(flags);
        Some(call)
    }

    /// The same call on what it opened: by its name there may be another file by now.
    pub fn opened(mut self, fd: c_int) -> Self {
        (self.place.dirfd, self.place.given, self.path) = (fd, &[], c"".as_ptr());
        self
    }

    /// A call on what a descriptor refers to.
    pub fn on(name: &'static str, fd: c_int) -> Option<Call<'static>> {
        state::active()?;
        let place = Place {
            dirfd: fd,
            given: &[],
            follow: true,
            in_root: false,
            creates: false,
        };
        Some(Call {
            name,
            place,
            path: c"".as_ptr(),
            tries: false,
            cancels: true,
        })
    }

    /// What the call `name` does to an entry of a directory, which it does not name.
    pub fn of_entry(name: &'static str, at: sys::Name, given: &'a [u8]) -> Self {
        let place = Place {
            dirfd: at.0,
            given,
            follow: false,
            in_root: false,
            creates: false,
        };
        Call {
            name,
            place,
            path: at.1,
            tries: false,
            cancels: true,
        }
    }

    /// A call on a path or, where the flags allow the path to be empty
    /// (`AT_EMPTY_PATH`), on what the descriptor refers to.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    pub unsafe fn at_or_on(
        name: &'static str,
        dirfd: c_int,
        path: *const c_char,
        follow: bool,
        may_be_empty: bool,
    ) -> Option<Self> {
        state::active()?;
        // SAFETY: the caller's promise.
        if may_be_empty && unsafe { place::read_path(path) }?.is_empty() {
            return Self::on(name, dirfd);
        }
        // SAFETY: the caller's promise.
        unsafe { Self::at(name, dirfd, path, follow) }
    }

    /// The inode the call would act on, links followed as the call does.
    pub fn inode(&self) -> sys::Result<sys::Inode> {
        if self.place.given.is_empty() {
            // `AT_FDCWD` is no descriptor, but may stand for one here.
            let (dirfd, flags) = (self.place.dirfd, libc::AT_EMPTY_PATH);
            return sys::stat_at(dirfd, c"".as_ptr(), flags);
        }
        let flags = if self.place.follow {
            0
        } else {
            libc::AT_SYMLINK_NOFOLLOW
        };
        sys::stat_at(self.place.dirfd, self.path, flags)
    }

    /// What the call names, to be remembered.
    pub fn identity(&self, inode: &sys::Inode) -> Identity {
        let follow = match self.place.follow {
            true => 0,
            false => libc::AT_SYMLINK_NOFOLLOW,
        };
        let flags = follow | libc::AT_EMPTY_PATH;
        Identity::new(inode, sys::born(self.place.dirfd, self.path, flags))
    }

    /// Asks what depends on whether it is a directory. Where something is there
    /// already, nobody looks what it is unless the answers differ.
    pub fn by_kind<T: PartialEq>(
        &self,
        subject: Subject,
        rules: &Rules,
        ask: impl Fn(Kind) -> T,
    ) -> T {
        match subject {
            Subject::Directory => ask(Kind::Directory),
            Subject::Existing if rules.has_directory_only() => {
                let (directory, other) = (ask(Kind::Directory), ask(Kind::Other));
                if directory == other {
                    return other;
                }
                match self.inode() {
                    Ok(inode) if inode.is(libc::S_IFDIR) => directory,
                    _ => other,
                }
            }
            Subject::Other | Subject::Unnamed | Subject::Existing => ask(Kind::Other),
        }
    }
}

/// A sensitive place: the settings that hold there and the rule that says so.
#[derive(Clone, Copy)]
pub struct Sensitive {
    pub state: &'static State,
    /// `None`: an inode remembered from a sensitive place, no path known.
    pub rule: Option<RuleId>,
}

impl Sensitive {
    /// `mode & !mask`.
    pub fn clamp(&self, mode: u32) -> u32 {
        self.state.settings.mask.clamp(mode)
    }

    /// The mode in which nobody but the owner gets in, whatever the mask leaves.
    pub fn close(&self, mode: u32) -> u32 {
        mode & !0o077
    }

    /// Has this mode a bit outside the mask's allowance?
    pub fn wide(&self, mode: u32) -> bool {
        self.state.settings.mask.wide(mode)
    }

    /// Is nothing to be changed, only recorded?
    pub fn audit(&self) -> bool {
        self.state.is_audit()
    }
}

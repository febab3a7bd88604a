//! A directory that moves: what lies in it arrives with it.
//!
//! Before the rename, every file, fifo, socket and directory below that would come to
//! a sensitive place is narrowed, the directory itself first: from then on nobody
//! new gets in. If the rename fails, all of them get their modes back.
//!
//! Directories of other users' that cannot be read are left: nothing in them could be
//! narrowed. The walk is bounded ([`ENTRIES_MAX`], [`DEPTH_MAX`], [`NARROWED_MAX`]). What is
//! larger, or cannot be read, is refused with `EXDEV`: the error that says "not by
//! renaming", on which `mv` copies the tree file by file, each clamped at its
//! creation. Nothing is lost that way, and nothing arrives wide.

use libc::{c_char, c_int};
use umaskclamp_policy::rules::{Kind, Verdict};

use crate::call::Call;
use crate::scratch::PLACE_MAX;
use crate::state::State;
use crate::sys::{self, Inode};

/// Names that one walk looks at, at most.
const ENTRIES_MAX: usize = 100_000;

/// How deep it goes; each level holds a descriptor while it is read.
const DEPTH_MAX: usize = 64;

/// Inodes that it narrows, at most; each is remembered, to undo it.
const NARROWED_MAX: usize = 16_384;

/// Bytes of directory entries that are read at once.
const ENTRIES_SIZE: usize = 2048;

/// Working memory, too large for any stack: from the kernel, for one rename.
struct Work {
    /// The place an entry will have, then its name.
    path: [u8; PLACE_MAX],
    levels: [Level; DEPTH_MAX],
    narrowed: [Narrowed; NARROWED_MAX],
    count: usize,
    seen: usize,
}

#[derive(Clone, Copy)]
struct Level {
    fd: c_int,
    /// Length of `Work::path` at this level.
    path: usize,
    next: usize,
    filled: usize,
    entries: [u8; ENTRIES_SIZE],
}

#[derive(Clone, Copy)]
struct Narrowed {
    /// The inode as it was then.
    inode: Inode,
    /// The mode it had before.
    mode: u32,
}

/// The memory of one walk, given back when dropped.
pub struct Walk {
    work: *mut Work,
}

/// Why a tree is refused.
pub struct Refused;

enum Pass<'a> {
    /// Narrow what will be sensitive.
    Narrow(&'a State),
    /// Give back what the first pass took.
    Undo,
}

impl Walk {
    /// Narrows what lies below the directory `from`, which is to be called `to`
    /// (an absolute path, folded).
    pub fn narrow(from: &Call, to: &[u8], state: &State) -> Result<Self, Refused> {
        let work = sys::map(size_of::<Work>()).ok_or(Refused)?.cast::<Work>();
        let mut walk = Walk { work };
        let outcome = walk.pass(from, to, &Pass::Narrow(state));
        if outcome.is_err() {
            walk.undo(from);
        }
        outcome.map(|()| walk)
    }

    /// Gives every narrowed inode its mode back.
    pub fn undo(&mut self, from: &Call) {
        self.work().seen = 0;
        let _ = self.pass(from, b"/", &Pass::Undo);
    }

    fn work(&mut self) -> &mut Work {
        // SAFETY: the mapping is of this size, zeroed, which is a valid `Work`,
        // and only this value refers to it.
        unsafe { &mut *self.work }
    }

    fn pass(&mut self, from: &Call, to: &[u8], pass: &Pass) -> Result<(), Refused> {
        let work = self.work();
        work.path
            .get_mut(..to.len())
            .ok_or(Refused)?
            .copy_from_slice(to);
        let top = sys::open_directory(from.place.dirfd, from.path).map_err(|_| Refused)?;
        let outcome = work.run(top, to.len(), pass);
        if outcome.is_err() {
            for level in work.levels.iter_mut() {
                if level.fd > 0 {
                    sys::close(level.fd - 1);
                    level.fd = 0;
                }
            }
        }
        outcome
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        // SAFETY: `narrow` made the mapping; the last reference to it ends here.
        unsafe { sys::unmap(self.work.cast(), size_of::<Work>()) }
    }
}

impl Work {
    fn run(&mut self, top: c_int, length: usize, pass: &Pass) -> Result<(), Refused> {
        let mut depth = 0;
        self.enter(0, top, length)?;
        loop {
            let level = self.levels.get_mut(depth).ok_or(Refused)?;
            // Descriptors are kept one higher: memory from the kernel is zero,
            // and 0 is a descriptor.
            let fd = level.fd - 1;
            let Some((start, end)) = level.entry()? else {
                sys::close(fd);
                level.fd = 0;
                if depth == 0 {
                    return Ok(());
                }
                depth -= 1;
                continue;
            };
            self.seen += 1;
            if self.seen > ENTRIES_MAX {
                return Err(Refused);
            }
            let name_at = self.place(depth, start, end)?;
            let name = self.path.get(name_at..).ok_or(Refused)?.as_ptr().cast();
            let Ok(inode) = sys::stat_at(fd, name, libc::AT_SYMLINK_NOFOLLOW) else {
                continue;
            };
            let length = name_at + (end - start);
            if inode.is(libc::S_IFDIR) {
                self.visit(fd, name, &inode, length, pass)?;
                let inner = match sys::open_directory(fd, name) {
                    // Another user's: nothing in it could be narrowed, and `mv` could
                    // not copy it either.
                    Err(libc::EACCES) if inode.user != sys::effective_user() => continue,
                    inner => inner.map_err(|_| Refused)?,
                };
                depth += 1;
                if self.enter(depth, inner, length).is_err() {
                    sys::close(inner);
                    return Err(Refused);
                }
            } else if [libc::S_IFREG, libc::S_IFIFO, libc::S_IFSOCK]
                .iter()
                .any(|&kind| inode.is(kind))
            {
                self.visit(fd, name, &inode, length, pass)?;
            }
        }
    }

    fn enter(&mut self, depth: usize, fd: c_int, path: usize) -> Result<(), Refused> {
        let level = self.levels.get_mut(depth).ok_or(Refused)?;
        level.fd = fd + 1;
        level.path = path;
        level.next = 0;
        level.filled = 0;
        Ok(())
    }

    /// Writes `/name` and a terminator behind the level's path; gives where the
    /// name starts.
    fn place(&mut self, depth: usize, start: usize, end: usize) -> Result<usize, Refused> {
        let level = self.levels.get(depth).ok_or(Refused)?;
        let name = level.entries.get(start..end).ok_or(Refused)?;
        let slash = level.path;
        let from = slash + 1;
        *self.path.get_mut(slash).ok_or(Refused)? = b'/';
        self.path
            .get_mut(from..from + name.len())
            .ok_or(Refused)?
            .copy_from_slice(name);
        *self.path.get_mut(from + name.len()).ok_or(Refused)? = 0;
        Ok(from)
    }

    fn visit(
        &mut self,
        fd: c_int,
        name: *const c_char,
        inode: &Inode,
        length: usize,
        pass: &Pass,
    ) -> Result<(), Refused> {
        match pass {
            Pass::Narrow(state) => {
                let mask = state.settings.mask;
                let kind = if inode.is(libc::S_IFDIR) {
                    Kind::Directory
                } else {
                    Kind::Other
                };
                let path = self.path.get(..length).ok_or(Refused)?;
                let sensitive = matches!(
                    state.settings.rules.verdict(path, kind),
                    Verdict::Sensitive(_)
                );
                if !sensitive || !mask.wide(inode.permissions()) {
                    return Ok(());
                }
                let slot = self.narrowed.get_mut(self.count).ok_or(Refused)?;
                let mode = inode.permissions();
                // One that may not be changed (not the owner's) is left, as a
                // file that is opened is.
                let narrowed = sys::narrow_inode((fd, name), false, inode, mask.clamp(mode));
                if let Ok(inode) = narrowed {
                    *slot = Narrowed { inode, mode };
                    self.count += 1;
                }
            }
            Pass::Undo => {
                let narrowed = self.narrowed.get(..self.count).ok_or(Refused)?;
                if let Some(entry) = narrowed.iter().find(|entry| entry.inode.id == inode.id) {
                    let _ = sys::restore_inode((fd, name), false, &entry.inode, entry.mode);
                }
            }
        }
        Ok(())
    }
}

impl Level {
    /// The next entry's name in `entries`, `.` and `..` left out.
    fn entry(&mut self) -> Result<Option<(usize, usize)>, Refused> {
        loop {
            if self.next >= self.filled {
                let read = sys::directory_entries(self.fd - 1, &mut self.entries);
                self.filled = read.map_err(|_| Refused)?;
                self.next = 0;
                if self.filled == 0 {
                    return Ok(None);
                }
            }
            let entry = self.entries.get(self.next..self.filled).ok_or(Refused)?;
            let (size, length) = sys::entry(entry).ok_or(Refused)?;
            let name = entry.get(sys::NAME_AT..sys::NAME_AT + length);
            let start = self.next + sys::NAME_AT;
            self.next += size;
            if !matches!(name, Some(b"." | b"..")) {
                return Ok(Some((start, start + length)));
            }
        }
    }
}

//! Can another user swap a component of a path between the shim's look and the kernel's
//! (TOCTOU)?
//!
//! A name that is looked up in a directory can be given to something else by
//! whoever may write to that directory. Where that is only the program's own user
//! or root, nobody else can swap anything between the shim's look and the
//! kernel's. The root directory is taken for such: who may write there may give
//! the program another `/lib`.

use libc::{AT_SYMLINK_NOFOLLOW, S_IFDIR, S_IFMT, S_IFREG, S_ISVTX, c_char, c_int};

use super::walk::Way;
use crate::{state, sys};

/// Write permission for others than the owner. Where there is an ACL the group's
/// bits are its mask.
const OTHERS_WRITE: u32 = 0o022;

/// As much of an inode as decides that.
#[derive(Clone, Copy)]
pub struct Seen {
    mode: u32,
    user: u32,
}

impl Seen {
    /// What is at this path, a link itself; `flags` are `AT_*`.
    pub fn at(dirfd: c_int, path: *const c_char, flags: c_int) -> sys::Result<Self> {
        let inode = sys::stat_at(dirfd, path, flags | AT_SYMLINK_NOFOLLOW)?;
        Ok(Seen {
            mode: inode.mode,
            user: inode.user,
        })
    }

    pub const ROOT: Seen = Seen {
        mode: S_IFDIR | 0o755,
        user: 0,
    };

    /// For a directory of which nothing is known.
    pub const OPEN: Seen = Seen {
        mode: S_IFDIR | 0o777,
        user: 0,
    };

    /// Is it of this `S_IFMT` type?
    pub fn is(&self, file_type: u32) -> bool {
        self.mode & S_IFMT == file_type
    }

    /// Is it root's, or of the user who started the program, or of the one that
    /// it has become?
    fn is_trusted(&self) -> bool {
        self.user == 0
            || state::loaded().is_some_and(|state| state.user == self.user)
            || self.user == sys::effective_user()
    }

    fn is_sticky(&self) -> bool {
        self.mode & S_ISVTX != 0
    }

    /// May others give names in this directory?
    fn is_open(&self) -> bool {
        self.mode & OTHERS_WRITE != 0 || !self.is_trusted()
    }

    /// May others give the name of `inside`, which is there, to something else?
    fn lets_swap(&self, inside: &Seen) -> bool {
        let keeps = self.is_sticky() && self.is_trusted() && inside.is_trusted();
        self.is_open() && !keeps
    }
}

/// What was seen on the way so far.
pub struct Guard {
    asked: bool,
    /// The directory in which the next name is looked up, if that is known.
    here: Option<Seen>,
    /// May others swap something on the way?
    exposed: bool,
    /// Is a link on the way?
    links: bool,
    /// Can the kernel not be asked for the real path instead?
    unsure: bool,
}

impl Guard {
    pub fn new(asked: bool) -> Self {
        Guard {
            asked,
            here: None,
            exposed: false,
            links: false,
            unsure: false,
        }
    }

    /// Is that found out at all? Only for calls that may create a file.
    pub fn is_asked(&self) -> bool {
        self.asked
    }

    /// Has the directory that the next name is looked up in still to be looked at?
    pub fn is_lost(&self) -> bool {
        self.asked && self.here.is_none()
    }

    pub fn enter(&mut self, directory: Seen) {
        self.here = Some(directory);
    }

    pub fn leave(&mut self) {
        self.here = None;
    }

    /// A directory that the way goes through.
    pub fn pass(&mut self, directory: &Seen) {
        if self.asked {
            self.expose(|here| here.lets_swap(directory));
            self.here = Some(*directory);
        }
    }

    /// A link that the way follows.
    pub fn follow(&mut self, link: &Seen) {
        if self.asked {
            self.expose(|here| here.lets_swap(link));
            // In a sticky directory the kernel may refuse to follow it
            // (fs.protected_symlinks): that must not be got round.
            self.unsure |= self.here.is_some_and(|here| {
                here.is_sticky() && here.user != link.user && !link.is_trusted()
            });
        }
    }

    /// That link was read. Those of `/proc` are followed by the kernel in its own
    /// way: what they lead to may have another path or none.
    pub fn turn(&mut self, in_proc: bool) {
        self.links = true;
        if in_proc {
            self.unsure = true;
            self.asked &= self.exposed;
        }
    }

    /// The last name, or one that is not there.
    pub fn end(&mut self, there: Option<&Seen>) {
        if !self.asked {
            return;
        }
        self.expose(Seen::is_open);
        // A fifo: the call may block, and then has to be the program's own, which
        // `pthread_cancel` ends.
        self.unsure |= there.is_some_and(|seen| !seen.is(S_IFREG) && !seen.is(S_IFDIR));
    }

    fn expose(&mut self, by: impl FnOnce(&Seen) -> bool) {
        self.exposed = self.exposed || self.here.as_ref().is_some_and(by);
    }

    pub fn way(&self) -> Way {
        match self {
            _ if !self.exposed => Way::Own,
            _ if self.unsure => Way::Unsure,
            _ if self.links => Way::Real { from: 0, tail: 0 },
            _ => Way::Straight,
        }
    }
}

//! Opening for writing at a sensitive place: what is created gets a clamped mode, what is
//! there is tightened before the program can write to it.

use libc::{EEXIST, EOPNOTSUPP, c_int, mode_t};
use libc::{O_ACCMODE, O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_TMPFILE, O_TRUNC};

use umaskclamp_policy::record::Action;

use super::remembered::{remember, remember_narrow};
use crate::call::{Sensitive, Subject};
use crate::memory::{self, Names, Remembered};
use crate::sys::{self, Inode};
use crate::{errno, records};

/// Could an open with these flags create, empty or write a file? If not, a hook
/// goes straight to the real symbol.
#[inline]
pub fn opens_for_writing(flags: c_int) -> bool {
    let touches = flags & (O_ACCMODE | O_CREAT | O_TRUNC) != 0 || is_tmpfile(flags);
    touches && flags & O_PATH == 0
}

/// `O_TMPFILE` shares a bit with `O_DIRECTORY`, which alone creates nothing.
fn is_tmpfile(flags: c_int) -> bool {
    flags & O_TMPFILE == O_TMPFILE
}

/// What an open with these flags acts on.
pub fn subject(flags: c_int) -> Subject {
    match is_tmpfile(flags) {
        true => Subject::Unnamed,
        false => Subject::Other,
    }
}

/// Does a mode argument exist (open(2))?
#[inline]
pub fn has_mode(flags: c_int) -> bool {
    flags & O_CREAT != 0 || is_tmpfile(flags)
}

/// The program's own call with these flags and this mode: a descriptor or -1. Not as
/// `dyn Fn`, whose table has two entries more, which nobody uses and the loader relocates
/// in each process.
pub trait Open {
    fn make(&self, flags: c_int, mode: mode_t) -> c_int;
}

impl<F: Fn(c_int, mode_t) -> c_int> Open for F {
    fn make(&self, flags: c_int, mode: mode_t) -> c_int {
        self(flags, mode)
    }
}

pub type Real<'r> = &'r dyn Open;

/// An open at a sensitive place.
pub struct Opening<'a> {
    sensitive: Sensitive<'a>,
    flags: c_int,
    mode: mode_t,
}

impl<'a> Opening<'a> {
    pub fn new(sensitive: Sensitive<'a>, flags: c_int, mode: mode_t) -> Self {
        Opening {
            sensitive,
            flags,
            mode,
        }
    }

    pub fn open(&self, real: Real) -> c_int {
        const EXCLUSIVE: c_int = O_CREAT | O_EXCL;
        // It creates or fails: there is no old file to look after.
        if is_tmpfile(self.flags) || self.flags & EXCLUSIVE == EXCLUSIVE {
            return self.new_file(self.flags, real);
        }
        // Most files are new, and a look at a name that is not there takes the
        // kernel half as long as a creation.
        if self.flags & O_CREAT != 0 && !self.sensitive.audit() {
            let error = errno::get();
            let fd = self.new_file(self.flags | O_EXCL, real);
            if fd >= 0 || errno::get() != EEXIST {
                return fd;
            }
            errno::set(error);
        }
        self.old_file(self.sensitive.call.inode(), real)
    }

    fn allowed(&self) -> mode_t {
        match has_mode(self.flags) {
            true => self.sensitive.allowed(self.mode),
            false => self.mode,
        }
    }

    /// Sees to what was made just now.
    fn created(&self, fd: c_int) {
        if has_mode(self.flags) {
            let inode = || sys::stat_of(fd);
            self.sensitive.created(self.mode, 0, inode);
        }
    }

    fn new_file(&self, flags: c_int, real: Real) -> c_int {
        let fd = real.make(flags, self.allowed());
        if fd >= 0 {
            if !memory::proc_fd_readable()
                && !self.sensitive.audit()
                && let Ok(inode) = sys::stat_of(fd)
            {
                let call = self.sensitive.call.opened(fd);
                remember(&call, &inode, Remembered::Seen, Names::Known);
            }
            self.created(fd);
        }
        fd
    }

    /// Opens what may be there: `before` is how it was found.
    pub fn old_file(&self, before: sys::Result<Inode>, real: Real) -> c_int {
        // `ftruncate` refuses a descriptor for reading; but through that one
        // nothing can be written either.
        let empties = self.flags & O_TRUNC != 0 && self.flags & O_ACCMODE != O_RDONLY;
        let narrows = |inode: Inode| self.sensitive.must_tighten(&inode);
        if empties && !self.sensitive.audit() && before.is_ok_and(narrows) {
            return self.emptied(real);
        }
        let fd = real.make(self.flags, self.allowed());
        if fd >= 0 {
            if before.is_err() {
                self.created(fd);
            }
            // Asked of the descriptor: the name may have been given to a wide
            // file since `before`.
            if before.is_ok() || !self.sensitive.audit() {
                self.tighten(fd);
            }
        }
        fd
    }

    /// A wide file that is to be emptied: narrow first, so that nobody opens it
    /// between its truncation and the first byte.
    fn emptied(&self, real: Real) -> c_int {
        let fd = real.make(self.flags & !O_TRUNC, self.allowed());
        if fd < 0 {
            return fd;
        }
        self.tighten(fd);
        if sys::truncate_fd(fd).is_ok() {
            return fd;
        }
        // A filter of system calls, say, that knows no ftruncate: it is narrow by now.
        sys::close(fd);
        real.make(self.flags, self.allowed())
    }

    fn tighten(&self, fd: c_int) {
        let Ok(inode) = sys::stat_of(fd) else {
            return;
        };
        let opened = self.sensitive.call.opened(fd);
        let remember = || {
            if !self.sensitive.audit() {
                remember_narrow(&opened, &inode, Names::Known);
            }
        };
        if !self.sensitive.wide(inode.permissions()) {
            remember();
        }
        // A lock file, say: what cannot be written through this descriptor is
        // left, so that nobody has files narrowed by links of his own making.
        let writes = self.flags & (O_ACCMODE | O_TRUNC) != 0;
        if !writes || !self.sensitive.must_tighten(&inode) {
            return;
        }
        // What has no name is recorded by the one that its descriptor tells.
        let sensitive = match self.sensitive.call.place.path.is_empty() {
            true => self.sensitive.with_call(&opened),
            false => self.sensitive,
        };
        let narrow = |mode| {
            sys::chmod_fd(fd, mode)?;
            remember();
            let kept = |inode: Inode| !self.sensitive.wide(inode.permissions());
            match !records::tells(Action::Failed) || sys::stat_of(fd).is_ok_and(kept) {
                true => Ok(()),
                false => Err(EOPNOTSUPP),
            }
        };
        sensitive.tighten(&inode, narrow);
    }
}

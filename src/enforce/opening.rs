//! Opening for writing at a sensitive place: what is created gets a clamped mode, what is
//! there is tightened before the program can write to it.

use libc::{EEXIST, c_int, mode_t};
use libc::{O_ACCMODE, O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_TMPFILE, O_TRUNC};

use super::existing::must_tighten;
use super::{remember, remember_narrow};
use crate::call::{Call, Sensitive, Subject};
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

/// Opens by `real` at a sensitive place.
pub fn open_at(
    sensitive: Sensitive,
    call: Call,
    flags: c_int,
    mode: mode_t,
    real: &dyn Fn(c_int, mode_t) -> c_int,
) -> c_int {
    let opening = Opening {
        sensitive,
        call,
        flags,
        mode,
    };
    if sensitive.audit() {
        let mut fd = -1;
        opening.audited(&mut || {
            fd = real(flags, mode);
            fd >= 0
        });
        fd
    } else if opening.is_new_file() {
        opening.new_file(real)
    } else {
        opening.enforced(real)
    }
}

/// Makes an unchanged call in audit mode and records what would have been
/// changed; `real` says if it succeeded.
pub fn audit(
    sensitive: Sensitive,
    call: Call,
    flags: c_int,
    mode: mode_t,
    real: &mut dyn FnMut() -> bool,
) {
    let opening = Opening {
        sensitive,
        call,
        flags,
        mode,
    };
    opening.audited(real);
}

struct Opening<'a> {
    sensitive: Sensitive,
    call: Call<'a>,
    flags: c_int,
    mode: mode_t,
}

impl Opening<'_> {
    /// Does the call create or fail? Then there is no old file to look after.
    fn is_new_file(&self) -> bool {
        const EXCLUSIVE: c_int = O_CREAT | O_EXCL;
        is_tmpfile(self.flags) || self.flags & EXCLUSIVE == EXCLUSIVE
    }

    fn clamped(&self) -> mode_t {
        if has_mode(self.flags) {
            self.sensitive.clamp(self.mode)
        } else {
            self.mode
        }
    }

    fn record_creation(&self, fd: c_int) {
        let clamped = self.clamped();
        let kept = records::is_kept(&self.sensitive, &self.call, || sys::stat_of(fd));
        if kept && clamped != self.mode {
            records::clamped(&self.sensitive, &self.call, self.mode, clamped);
        }
    }

    fn new_file(&self, real: &dyn Fn(c_int, mode_t) -> c_int) -> c_int {
        let fd = real(self.flags, self.clamped());
        if fd >= 0 {
            if !memory::proc_fd_readable()
                && let Ok(inode) = sys::stat_of(fd)
            {
                remember(
                    &self.call.opened(fd),
                    &inode,
                    Remembered::Seen,
                    Names::Known,
                );
            }
            self.record_creation(fd);
        }
        fd
    }

    fn audited(&self, real: &mut dyn FnMut() -> bool) {
        let before = self.call.inode();
        if !real() {
            return;
        }
        match before {
            _ if self.is_new_file() => self.record_creation(-1),
            Ok(inode) if self.must_tighten(&inode) => self.record_tightened(&inode),
            Ok(_) => {}
            Err(_) => self.record_creation(-1),
        }
    }

    fn enforced(&self, real: &dyn Fn(c_int, mode_t) -> c_int) -> c_int {
        // Most files are new, and a look at a name that is not there takes the
        // kernel half as long as a creation.
        if self.flags & O_CREAT != 0 {
            let exclusive = Opening {
                flags: self.flags | O_EXCL,
                ..*self
            };
            let error = errno::get();
            let fd = exclusive.new_file(real);
            if fd >= 0 || errno::get() != EEXIST {
                return fd;
            }
            errno::set(error);
        }
        let before = self.call.inode();
        // `ftruncate` refuses a descriptor for reading; but through that one
        // nothing can be written either.
        let empties = self.flags & O_TRUNC != 0 && self.flags & O_ACCMODE != O_RDONLY;
        if empties && before.is_ok_and(|inode| self.must_tighten(&inode)) {
            return self.emptied(real);
        }
        let fd = real(self.flags, self.clamped());
        if fd >= 0 {
            if before.is_err() {
                self.record_creation(fd);
            }
            // Asked of the descriptor: the name may have been given to a wide
            // file since `before`.
            self.tighten(fd);
        }
        fd
    }

    /// A wide file that is to be emptied: narrow first, so that nobody opens it
    /// between its truncation and the first byte.
    fn emptied(&self, real: &dyn Fn(c_int, mode_t) -> c_int) -> c_int {
        let fd = real(self.flags & !O_TRUNC, self.clamped());
        if fd < 0 {
            return fd;
        }
        self.tighten(fd);
        if sys::truncate_fd(fd).is_ok() {
            return fd;
        }
        // A filter of system calls, say, that knows no ftruncate: it is narrow by now.
        sys::close(fd);
        real(self.flags, self.clamped())
    }

    fn must_tighten(&self, inode: &Inode) -> bool {
        must_tighten(&self.sensitive, inode)
    }

    fn tighten(&self, fd: c_int) {
        let Ok(inode) = sys::stat_of(fd) else {
            return;
        };
        if !self.sensitive.wide(inode.permissions()) {
            remember_narrow(&self.call.opened(fd), &inode, Names::Known);
        }
        // A lock file, say: what cannot be written through this descriptor is
        // left, so that nobody has files narrowed by links of his own making.
        let writes = self.flags & (O_ACCMODE | O_TRUNC) != 0;
        if !writes || !self.must_tighten(&inode) {
            return;
        }
        match sys::chmod_fd(fd, self.sensitive.clamp(inode.permissions())) {
            Ok(()) => {
                remember_narrow(&self.call.opened(fd), &inode, Names::Known);
                if records::is_kept(&self.sensitive, &self.call, || sys::stat_of(fd)) {
                    self.record_tightened(&inode);
                }
            }
            Err(error) => records::failed(&self.sensitive, &self.call, inode.permissions(), error),
        }
    }

    fn record_tightened(&self, inode: &Inode) {
        records::tightened(&self.sensitive, &self.call, inode);
    }
}

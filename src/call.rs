//! A call of the program's as one value, from its hook to its record, and what
//! holds at its place.

use core::ffi::CStr;

use libc::{c_char, c_int, EFAULT, ENAMETOOLONG, ENOENT};
use libc::{O_CREAT, O_EXCL, O_NOFOLLOW};
use umaskclamp_policy::rules::{Kind, RuleId};
use umaskclamp_policy::settings::Mode;

use crate::place::{self, Place, Seen};
use crate::state::{self, State};
use crate::sys;

/// What a call acts on, which trailing-slash patterns ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// It makes a directory.
    Directory,
    /// It makes or opens something that is no directory.
    Other,
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
            last: None,
        };
        Some(Call { name, place, path })
    }

    /// A call that opens with these flags of open(2). If it is to create, its
    /// place is to be asked for the way there.
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
        let creates = sys::creates(flags);
        // SAFETY: the caller's promise.
        if creates && follow && unsafe { place::read_known_path(path) }.is_none() {
            // SAFETY: the caller's promise.
            return unsafe { Self::looked_at(name, dirfd, path) };
        }
        // SAFETY: the caller's promise.
        let mut call = unsafe { Self::at(name, dirfd, path, follow) }?;
        call.place.creates = creates;
        // Nobody looks at a last name that is not followed.
        call.place.last = (creates && !follow).then_some(Err(ENOENT));
        Some(call)
    }

    /// A call that creates by a pointer of which it is not known whether it is
    /// good: the system call that looks at the last name says that as well.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    unsafe fn looked_at(name: &'static str, dirfd: c_int, path: *const c_char) -> Option<Self> {
        state::active()?;
        let last = Seen::at(dirfd, path, 0);
        let given = match last {
            Err(EFAULT | ENAMETOOLONG) => return None,
            // SAFETY: the kernel has read it to its end, which is in `PATH_MAX`.
            Ok(_) | Err(ENOENT) => unsafe { CStr::from_ptr(path) }.to_bytes(),
            // Perhaps no answer of the kernel but of a filter of system calls.
            // SAFETY: the caller's promise.
            Err(_) => unsafe { place::read_path(path) }?,
        };
        if given.is_empty() {
            return None;
        }
        let place = Place {
            dirfd,
            given,
            follow: true,
            in_root: false,
            creates: true,
            last: Some(last),
        };
        Some(Call { name, place, path })
    }

    /// Asks anew what is at the place of a call that creates.
    pub fn look_again(&mut self) {
        if self.place.follow {
            self.place.last = None;
        }
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
            last: None,
        };
        Some(Call {
            name,
            place,
            path: c"".as_ptr(),
        })
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

    /// Is it a directory, for patterns that ask?
    pub fn kind(&self, state: &State, subject: Subject) -> Kind {
        let directory = match subject {
            Subject::Directory => true,
            Subject::Other => false,
            Subject::Existing => {
                state.settings.rules.has_directory_only()
                    && self.inode().is_ok_and(|inode| inode.is(libc::S_IFDIR))
            }
        };
        if directory {
            Kind::Directory
        } else {
            Kind::Other
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

    /// Has this mode a bit outside the mask's allowance?
    pub fn wide(&self, mode: u32) -> bool {
        self.state.settings.mask.wide(mode)
    }

    /// Is nothing to be changed, only recorded?
    pub fn audit(&self) -> bool {
        self.state.settings.mode == Mode::Audit
    }
}

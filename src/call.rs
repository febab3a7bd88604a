//! A call of the program's as one value, from its hook to its record, and what holds
//! where it acts.

use core::ffi::CStr;

use libc::{O_CREAT, O_EXCL, O_NOFOLLOW, c_char, c_int};
use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::rules::{Protection, RuleId};

use crate::memory::Identity;
use crate::place::{self, Place, Unread};
use crate::state::{self, State};
use crate::sys::{self, Inode};

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

/// Why a hook steps aside, so that the real symbol gets the call as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Before load, in mode `off`, or without a rule that protects.
    NoRules,
    /// The kernel will say `EFAULT`.
    Unreadable,
    /// The kernel will say `ENAMETOOLONG`.
    TooLong,
    /// The kernel will say `ENOENT`.
    EmptyPath,
    /// No name that libc takes for an object (shm_overview(7)).
    NoObject,
    /// What gets another name is no regular file.
    NotRegular,
}

impl Reason {
    /// As a record says it.
    pub const fn text(self) -> &'static str {
        match self {
            Reason::NoRules => "passed: no rule protects anything",
            Reason::Unreadable => "passed: the path cannot be read",
            Reason::TooLong => "passed: the path is too long",
            Reason::EmptyPath => "passed: the path is empty",
            Reason::NoObject => "passed: not a name of an object",
            Reason::NotRegular => "passed: not a regular file",
        }
    }
}

/// A call that is left alone.
#[derive(Clone, Copy)]
pub struct Bypass {
    pub symbol: &'static str,
    pub reason: Reason,
}

/// What a hook hands over.
pub type Given<'a> = Result<Call<'a>, Bypass>;

/// The call as the program made it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// As records name it; of system calls by number, `syscall(openat)`.
    pub symbol: &'static str,
    /// There is none where hooks have nothing to do, and no call then.
    pub state: &'static State,
    pub place: Place<'a>,
}

/// Does an open with these flags follow a link in the last component (open(2))?
pub const fn follows(flags: c_int) -> bool {
    const EXCLUSIVE: c_int = O_CREAT | O_EXCL;
    flags & O_NOFOLLOW == 0 && flags & EXCLUSIVE != EXCLUSIVE
}

impl<'a> Call<'a> {
    /// A call on a path.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    #[inline(never)]
    pub unsafe fn at(
        symbol: &'static str,
        dirfd: c_int,
        path: *const c_char,
        follow: bool,
    ) -> Given<'a> {
        // SAFETY: the caller's promise.
        unsafe { Self::at_or_on(symbol, dirfd, path, follow, false) }
    }

    /// A call that opens a path with these flags of open(2).
    ///
    /// # Safety
    /// As for [`place::read_path`].
    pub unsafe fn opening(
        symbol: &'static str,
        dirfd: c_int,
        path: *const c_char,
        flags: c_int,
    ) -> Given<'a> {
        // SAFETY: the caller's promise.
        unsafe { Self::at_or_on(symbol, dirfd, path, follows(flags), false) }
    }

    /// A call on a path or, where it may be empty (`AT_EMPTY_PATH`), on what the
    /// descriptor refers to.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    pub unsafe fn at_or_on(
        symbol: &'static str,
        dirfd: c_int,
        path: *const c_char,
        follow: bool,
        may_be_empty: bool,
    ) -> Given<'a> {
        let bypass = |reason| Err(Bypass { symbol, reason });
        let Some(state) = state::active() else {
            return bypass(Reason::NoRules);
        };
        // SAFETY: the caller's promise.
        match unsafe { place::read_string(path) } {
            Ok(path) if path.is_empty() && !may_be_empty => bypass(Reason::EmptyPath),
            Ok(path) => {
                let place = Place::at(dirfd, path, follow);
                Ok(Call {
                    symbol,
                    state,
                    place,
                })
            }
            Err(Unread::Fault) => bypass(Reason::Unreadable),
            Err(Unread::TooLong) => bypass(Reason::TooLong),
        }
    }

    /// A call on what a descriptor refers to.
    pub fn on(symbol: &'static str, fd: c_int) -> Given<'static> {
        match state::active() {
            Some(state) => Ok(Call::of(symbol, state, fd, c"")),
            None => Err(Bypass {
                symbol,
                reason: Reason::NoRules,
            }),
        }
    }

    /// A call on a name in a directory, links not followed, or on what a descriptor refers
    /// to.
    pub fn of(symbol: &'static str, state: &'static State, dirfd: c_int, name: &'a CStr) -> Self {
        let place = Place::at(dirfd, name, name.is_empty());
        Call {
            symbol,
            state,
            place,
        }
    }

    /// The same call on what it opened: by its name there may be another file by now.
    pub fn opened(&self, fd: c_int) -> Call<'static> {
        Call::of(self.symbol, self.state, fd, c"")
    }

    /// Why it is left alone.
    pub fn bypass(&self, reason: Reason) -> Bypass {
        Bypass {
            symbol: self.symbol,
            reason,
        }
    }

    /// Is it a cancellation point, as `open` is (pthreads(7))? `syscall` is none.
    pub fn is_cancellation_point(&self) -> bool {
        !self.symbol.starts_with("syscall")
    }

    /// The inode the call would act on, links followed as the call does.
    pub fn inode(&self) -> sys::Result<Inode> {
        self.place.inode()
    }

    /// What the call names, to be remembered.
    pub fn identity(&self, inode: &Inode) -> Identity {
        let (dirfd, path) = self.place.name();
        Identity::new(inode, sys::born(dirfd, path, self.place.flags()))
    }
}

/// A call at a sensitive place, and what holds there.
#[derive(Clone, Copy)]
pub struct Sensitive<'a> {
    pub call: &'a Call<'a>,
    /// `None`: an inode remembered from a sensitive place, no path known.
    pub rule: Option<RuleId>,
    pub mask: Mask,
}

impl<'a> Sensitive<'a> {
    /// What is sensitive without a rule is as narrow as any rule makes it.
    pub fn new(call: &'a Call<'a>, found: Option<Protection>) -> Self {
        Sensitive {
            call,
            rule: found.map(|found| found.rule),
            mask: found.map_or(call.state.widest, |found| found.mask),
        }
    }

    /// The same where another call names what it is about.
    pub fn with_call<'b>(&self, call: &'b Call<'b>) -> Sensitive<'b> {
        Sensitive { call, ..*self }
    }

    /// `mode & !mask`.
    pub fn clamp(&self, mode: u32) -> u32 {
        self.mask.clamp(mode)
    }

    /// The mode in which nobody but the owner gets in, whatever the mask leaves.
    pub fn close(&self, mode: u32) -> u32 {
        mode & !0o077
    }

    /// Has this mode a bit outside the mask's allowance?
    pub fn wide(&self, mode: u32) -> bool {
        self.mask.wide(mode)
    }

    /// Is nothing to be changed, only recorded?
    pub fn audit(&self) -> bool {
        self.call.state.is_audit()
    }
}

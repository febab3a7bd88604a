//! The one way from a request to a mode.
//!
//! A hook hands over what it was called with; here the place is found, the rules
//! are asked, and the real call is made with what the verdict allows. The real
//! call comes as a closure, so that everything that is decided is decided here.
//!
//! # Between the decision and the call
//! Somebody who may write to a directory of the path can turn a link there after
//! the place was judged. What can be won by that?
//! - A place judged sensitive becomes another: the file there is narrow, which is
//!   the safe side.
//! - A place judged plain becomes a sensitive one: the file is created there as
//!   wide as it would have been at the plain place, where the same somebody could
//!   have read it. Nothing is learned that was not open before. The path as named
//!   is judged without looking at links, so what is protected by its name cannot
//!   be turned away.
//! - An existing file is tightened by its descriptor, after it was opened. Where
//!   only a name is there, the inode is held and compared first
//!   ([`crate::sys::chmod_inode`]): no other file is ever changed, above all not
//!   when a mode is given back.
//!
//! No scratch memory is held across a real call: it may block for hours (a fifo),
//! be cancelled, or be left by `siglongjmp`.

pub mod chmod;
pub mod create;
pub mod existing;
pub mod how;
pub mod moves;
pub mod open;
pub mod socket;
pub mod spawn;
pub mod stream;
mod tree;

use libc::{c_char, c_int};
use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, RuleId, Verdict};
use umaskclamp_policy::settings::Mode;

use crate::memory;
use crate::place::{self, Place};
use crate::records;
use crate::scratch::Scratch;
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
        };
        Some(Call { name, place, path })
    }

    /// A call on what a descriptor refers to.
    pub fn on(name: &'static str, fd: c_int) -> Option<Call<'static>> {
        state::active()?;
        let place = Place {
            dirfd: fd,
            given: &[],
            follow: true,
            in_root: false,
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
            return sys::stat_of(self.place.dirfd);
        }
        let flags = if self.place.follow {
            0
        } else {
            libc::AT_SYMLINK_NOFOLLOW
        };
        sys::stat_at(self.place.dirfd, self.path, flags)
    }

    fn kind(&self, state: &State, subject: Subject) -> Kind {
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
    /// The call with what holds at its place, if that is sensitive.
    pub fn place(call: Call, subject: Subject) -> Option<(Self, Call)> {
        Some((judge(&call, subject)?, call))
    }

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

/// Is the place of this call sensitive? `None` sends the caller to the real call
/// with everything as the program gave it.
pub fn judge(call: &Call, subject: Subject) -> Option<Sensitive> {
    let state = state::active()?;
    let kind = call.kind(state, subject);
    let rule = verdict(state, call, kind);
    records::verdict(call, rule);
    if rule.is_none() && !remembered(call) {
        return None;
    }
    Some(Sensitive { state, rule })
}

/// A descriptor that tells no path (no `/proc`) may be known by its inode.
fn remembered(call: &Call) -> bool {
    call.place.given.is_empty()
        && place::descriptor_path(call.place.dirfd, &mut [0; 8]) == Err(libc::ENOENT)
        && call.inode().is_ok_and(|inode| memory::remembers(&inode))
}

fn verdict(state: &State, call: &Call, kind: Kind) -> Option<RuleId> {
    let rules = &state.settings.rules;
    let place = &call.place;
    if let Some(rule) = rules.settled_by_names(place.given, kind) {
        return Some(rule);
    }
    let Some(mut scratch) = Scratch::claim() else {
        return unresolved(state, place, kind);
    };
    let buffers = scratch.buffers();
    let named = place.named(&mut buffers.named, &mut buffers.link);
    if let Verdict::Sensitive(rule) = rules.verdict(named, kind) {
        return Some(rule);
    }
    let named = named.len();
    let length = place.real(buffers)?;
    let real = buffers.real.get(..length)?;
    if buffers.named.get(..named) == Some(real) {
        return None;
    }
    match rules.verdict(real, kind) {
        Verdict::Sensitive(rule) => Some(rule),
        _ => None,
    }
}

/// Not even scratch memory: what the program wrote is matched as far as a small
/// buffer on the stack holds it, else its last name.
#[cold]
fn unresolved(state: &State, place: &Place, kind: Kind) -> Option<RuleId> {
    let mut folded = [0; 256];
    let known = match path::fold(b"", place.given, &mut folded) {
        Some(length) => folded.get(..length)?,
        None => path::last(place.given),
    };
    match state.settings.rules.verdict(known, kind) {
        Verdict::Sensitive(rule) => Some(rule),
        _ => None,
    }
}

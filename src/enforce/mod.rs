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

use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, RuleId, Verdict};

use crate::call::{Call, Sensitive, Subject};
use crate::memory;
use crate::place::{self, Place};
use crate::records;
use crate::scratch::Scratch;
use crate::state::{self, State};

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

/// The call with what holds at its place, if that is sensitive.
pub fn judged(call: Call, subject: Subject) -> Option<(Sensitive, Call)> {
    Some((judge(&call, subject)?, call))
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

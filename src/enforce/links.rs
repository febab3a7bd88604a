//! Hard links, and names that go: `link`, `unlink`.
//!
//! - A link to a sensitive name leaves the inode as it is where a directory on the way
//!   is closed to others: the live tree that a backup links keeps its modes. Once the
//!   inode has lost its other name, it is narrowed.
//! - A link of a sensitive file to a plain name is made and remembered: this process
//!   widens it by neither name. What others do, the record of it warns of.

use libc::{S_IFREG, c_int};
use umaskclamp_policy::record::Action;
use umaskclamp_policy::settings::{ChmodPolicy, Existing};

use super::arrival::{Arrival, arrive};
use super::decide::{is_sensitive, sensitive};
use super::departure::Departure;
use super::outlook::{How, links_narrow};
use super::remembered::remember;
use crate::call::{Call, Given, Reason, Subject};
use crate::memory::{self, Names, Remembered};
use crate::records::{self, NO_MODES};
use crate::sys::Inode;

/// Links by `real`.
pub fn link(from: Given, to: Given, real: &dyn Fn() -> c_int) -> c_int {
    let (Ok(from), Ok(to)) = (from, to) else {
        return real();
    };
    let inode = match from.inode() {
        Ok(inode) if inode.is(S_IFREG) => inode,
        // A link's own mode means nothing, no directory has two names, and who uses a
        // fifo or a socket that is there already is not to lose it.
        _ => {
            records::bypass(&from.bypass(Reason::NotRegular));
            return real();
        }
    };
    let Some(sensitive) = sensitive(&to, Subject::Other) else {
        return link_to_plain_name(&from, &to, &inode, real);
    };
    let wide = inode.permissions() & sensitive.mask.bits();
    // What has no name yet (`O_TMPFILE`) is new.
    let is_new = inode.links == 0;
    let may_change = sensitive.call.state.settings.existing == Existing::Tighten;
    let allowed = || {
        let clamps = sensitive.call.state.settings.chmod == ChmodPolicy::Clamp;
        !clamps && is_sensitive(&from)
    };
    let narrows = is_new || wide != 0 && links_narrow(&sensitive) && !allowed();
    let result = if narrows {
        let arrival = Arrival::at(Some(sensitive), &from, &to, inode, None);
        arrive(&mut [Some(arrival)], How::Link, real)
    } else {
        real()
    };
    let what = if wide == 0 || narrows {
        Remembered::Narrow
    } else {
        Remembered::Linked
    };
    if result == 0 && (wide == 0 || narrows || may_change) {
        if is_sensitive(&from) {
            remember(&to, &inode, what, Names::Known);
        }
        remember(&to, &inode, what, Names::New);
    }
    result
}

fn link_to_plain_name(from: &Call, to: &Call, inode: &Inode, real: &dyn Fn() -> c_int) -> c_int {
    let clamps = from.state.settings.chmod == ChmodPolicy::Clamp;
    let watched = clamps && inode.links > 0 && is_sensitive(from);
    let sensitive = watched.then(|| sensitive(from, Subject::Other)).flatten();
    let result = real();
    if let (0, Some(sensitive)) = (result, &sensitive) {
        remember(to, inode, Remembered::Narrow, Names::Known);
        let reason = "a sensitive file has this name as well: others may widen it";
        sensitive
            .with_call(to)
            .record(Action::Linked, NO_MODES, reason);
    }
    result
}

/// Is there an inode whose sensitive names are counted? Only then need anybody look at
/// what `unlink` takes away.
#[inline]
pub fn any_linked() -> bool {
    memory::any_named()
}

/// Takes a name away by `real`.
#[cold]
#[inline(never)]
pub fn unlink(call: Given, real: &dyn Fn() -> c_int) -> c_int {
    let departure = call.as_ref().ok().and_then(Departure::of);
    let result = real();
    if let (0, Some(departure)) = (result, departure) {
        departure.done();
    }
    result
}

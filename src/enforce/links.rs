//! Hard links, and names that go: `link`, `unlink`.
//!
//! - A link to a sensitive name leaves the inode as it is where a directory on the way
//!   is closed to others: the live tree that a backup links keeps its modes. Once the
//!   inode has lost its other name, it is narrowed.
//! - A link of a sensitive file to a plain name is made and remembered: this process
//!   widens it by neither name. What others do, the record of it warns of.

use libc::{S_IFREG, c_int};
use umaskclamp_policy::settings::{ChmodPolicy, Existing};

use super::held::Held;
use super::moves::{Arrival, arrive};
use super::outlook::{How, others_reach};
use super::{is_sensitive, judge, remember};
use crate::call::{Call, Sensitive, Subject};
use crate::memory::{self, Identity, Names, Remembered};
use crate::sys::Inode;
use crate::{records, state};

/// Links by `real`.
pub fn link(from: Option<Call>, to: Option<Call>, real: &dyn Fn() -> c_int) -> c_int {
    let (Some(from), Some(to)) = (from, to) else {
        return real();
    };
    // A link's own mode means nothing, no directory has two names, and who uses a fifo or
    // a socket that is there already is not to lose it.
    let regular = state::active()
        .and_then(|_| from.inode().ok())
        .filter(|inode| inode.is(S_IFREG));
    let Some(inode) = regular else {
        return real();
    };
    let subject = Subject::Other;
    let Some(sensitive) = judge(&to, subject) else {
        return link_to_plain_name(&from, &to, &inode, real);
    };
    let wide = inode.permissions() & sensitive.state.settings.mask.bits();
    // What has no name yet (`O_TMPFILE`) is new.
    let is_new = inode.links == 0;
    let may_change = sensitive.state.settings.existing == Existing::Tighten;
    let allowed = || {
        let clamps = sensitive.state.settings.chmod == ChmodPolicy::Clamp;
        !clamps && is_sensitive(&from)
    };
    let narrows = is_new || wide != 0 && links_narrow(&sensitive, &to) && !allowed();
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

/// Is an inode that has other names narrowed when it gets this one?
pub fn links_narrow(sensitive: &Sensitive, to: &Call) -> bool {
    sensitive.state.settings.existing == Existing::Tighten && others_reach(sensitive, to)
}

fn link_to_plain_name(from: &Call, to: &Call, inode: &Inode, real: &dyn Fn() -> c_int) -> c_int {
    let clamps = state::active().is_some_and(|s| s.settings.chmod == ChmodPolicy::Clamp);
    let watched = clamps && inode.links > 0 && is_sensitive(from);
    let sensitive = watched.then(|| judge(from, Subject::Other)).flatten();
    let result = real();
    if let (0, Some(sensitive)) = (result, &sensitive) {
        remember(to, inode, Remembered::Narrow, Names::Known);
        records::linked(sensitive, to);
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
pub fn unlink(call: Option<Call>, real: &dyn Fn() -> c_int) -> c_int {
    let leaving = call.as_ref().and_then(Leaving::of);
    let result = real();
    if let (0, Some(leaving)) = (result, leaving) {
        leaving.gone();
    }
    result
}

/// A name that is about to go, of an inode whose sensitive names are counted. One that
/// kept its mode when it was linked to such a name needs it no longer when its last
/// plain name is gone; one that has no sensitive name any more is free.
pub struct Leaving<'a> {
    sensitive: Sensitive,
    call: &'a Call<'a>,
    held: Held<'a>,
    identity: Identity,
    /// Is the name that goes a plain one?
    pub plain: bool,
}

impl<'a> Leaving<'a> {
    #[inline(never)]
    pub fn of(call: &'a Call) -> Option<Self> {
        let state = state::active().filter(|_| any_linked())?;
        let inode = call.inode().ok().filter(|inode| inode.links > 1)?;
        let identity = Identity::of(call, &inode);
        if memory::names(identity) == 0 {
            return None;
        }
        let held = Held::of(call)
            .ok()
            .filter(|held| held.inode.id == inode.id)?;
        Some(Leaving {
            sensitive: Sensitive { state, rule: None },
            call,
            held,
            identity,
            plain: !is_sensitive(call),
        })
    }

    #[inline(never)]
    pub fn gone(&self) {
        if !self.plain {
            memory::unnamed(self.identity);
            return;
        }
        let wide = self.held.inode.permissions();
        let narrow = self.sensitive.clamp(wide);
        let last = self.held.inode.links - 1 == memory::names(self.identity);
        if !last || wide == narrow {
            return;
        }
        let audit = self.sensitive.audit();
        match audit || self.held.narrow(narrow).is_ok() {
            true => records::tightened(&self.sensitive, self.call, &self.held.inode),
            false => records::failed(&self.sensitive, self.call, wide, libc::EPERM),
        }
    }
}

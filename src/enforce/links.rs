//! Hard links, and names that go: `link`, `unlink`.
//!
//! - A link to a sensitive name leaves the inode as it is where a directory on the way
//!   is closed to others: the live tree that a backup links keeps its modes. Once the
//!   inode has lost its other name, it is narrowed.
//! - A link of a sensitive file to a plain name is made and remembered: this process
//!   widens it by neither name. What others do, the record of it warns of.

use libc::c_int;
use umaskclamp_policy::settings::{ChmodPolicy, Existing};

use super::held::Held;
use super::moves::{arrive, narrowable, Arrival};
use super::outlook::{others_reach, How};
use super::{judge, remember};
use crate::call::{Call, Sensitive, Subject};
use crate::memory::{self, Remembered};
use crate::sys::Inode;
use crate::{records, state};

/// Links by `real`.
pub fn link(from: Option<Call>, to: Option<Call>, real: &dyn Fn() -> c_int) -> c_int {
    let (Some(from), Some(to)) = (from, to) else {
        return real();
    };
    // A link's own mode means nothing; no directory has two names.
    let Some((subject, inode)) = narrowable(&from) else {
        return real();
    };
    if subject == Subject::Directory {
        return real();
    }
    let Some(sensitive) = judge(&to, subject) else {
        return link_to_plain_name(&from, &to, &inode, real);
    };
    let wide = inode.permissions() & sensitive.state.settings.mask.bits();
    // What has no name yet (`O_TMPFILE`) is new.
    let is_new = inode.links == 0;
    let may_change = sensitive.state.settings.existing == Existing::Tighten;
    let narrows = is_new || wide != 0 && may_change && others_reach(&sensitive, &to, wide);
    let result = if narrows {
        let arrival = Arrival::at(Some(sensitive), &from, &to, inode, None);
        arrive([Some(arrival), None], How::Link, real)
    } else {
        real()
    };
    let what = if wide == 0 || narrows {
        Remembered::Narrow
    } else {
        Remembered::Linked
    };
    if result == 0 && (wide == 0 || narrows || may_change) {
        remember(&to, &inode, what);
    }
    result
}

fn link_to_plain_name(from: &Call, to: &Call, inode: &Inode, real: &dyn Fn() -> c_int) -> c_int {
    let clamps = state::active().is_some_and(|s| s.settings.chmod == ChmodPolicy::Clamp);
    let watched = clamps && inode.links > 0;
    let sensitive = watched.then(|| judge(from, Subject::Other)).flatten();
    let result = real();
    if let (0, Some(sensitive)) = (result, &sensitive) {
        remember(to, inode, Remembered::Narrow);
        records::linked(sensitive, to);
    }
    result
}

/// Is there an inode that was linked to a sensitive name and kept its mode? Only then
/// need anybody look at what `unlink` takes away.
#[inline]
pub fn any_linked() -> bool {
    memory::any(Remembered::Linked)
}

/// Takes a name away by `real`.
pub fn unlink(call: Option<Call>, real: &dyn Fn() -> c_int) -> c_int {
    let last = call.as_ref().and_then(LastPlainName::of);
    let result = real();
    if let (0, Some(last)) = (result, last) {
        last.gone();
    }
    result
}

/// The one plain name of an inode that kept its mode when it was linked to a sensitive
/// one: when it is gone, nobody needs that mode any longer.
pub struct LastPlainName<'a> {
    sensitive: Sensitive,
    call: &'a Call<'a>,
    held: Held<'a>,
}

impl<'a> LastPlainName<'a> {
    pub fn of(call: &'a Call) -> Option<Self> {
        let state = state::active().filter(|_| any_linked())?;
        let sensitive = Sensitive { state, rule: None };
        let held = Held::of(call).ok()?;
        let inode = &held.inode;
        let linked = inode.links == 2 && memory::is(inode, Remembered::Linked);
        let wide = linked && sensitive.wide(inode.permissions());
        let last = wide && judge(call, Subject::Other).is_none();
        last.then_some(LastPlainName {
            sensitive,
            call,
            held,
        })
    }

    pub fn gone(&self) {
        let wide = self.held.inode.permissions();
        let narrow = self.sensitive.clamp(wide);
        let audit = self.sensitive.audit();
        match audit || self.held.narrow(narrow).is_ok() {
            true => records::tightened(&self.sensitive, self.call, wide, narrow),
            false => records::failed(&self.sensitive, self.call, wide, libc::EPERM),
        }
    }
}

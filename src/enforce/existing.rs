//! Calls that write to a file by its name and keep the descriptor to themselves:
//! `truncate`, the utmp writers, `sem_open`.
//!
//! The file is narrowed by name before the call, and given its mode back if the
//! call fails.

use libc::mode_t;
use umaskclamp_policy::settings::Existing;

use super::held::Held;
use super::{judged, remember_narrow};
use crate::call::{Call, Sensitive, Subject};
use crate::memory::Names;
use crate::records;
use crate::sys::Inode;

/// Makes the real call, which says if it succeeded.
pub fn written(call: Option<Call>, real: &mut dyn FnMut() -> bool) {
    created_or_written(call, 0, &mut |_| real());
}

/// The same for a call that creates the file with this mode if it is not there.
pub fn created_or_written(call: Option<Call>, mode: mode_t, real: &mut dyn FnMut(mode_t) -> bool) {
    let Some((sensitive, call)) = call.and_then(|call| judged(call, Subject::Other)) else {
        real(mode);
        return;
    };
    let before = call.inode();
    let wide = before.ok().filter(|inode| must_tighten(&sensitive, inode));
    // Not held while the real call runs, which opens descriptors of its own.
    let narrowed = wide.filter(|_| !sensitive.audit()).map(|_| {
        let held = Held::of(&call)?;
        held.narrow(sensitive.clamp(held.inode.permissions()))
    });
    let clamped = sensitive.clamp(mode);
    let done = real(if sensitive.audit() { mode } else { clamped });
    if let (Some(Ok(narrowed)), false) = (&narrowed, done) {
        // If that fails it stays narrow, which is the safe side.
        let _ = Held::of(&call).and_then(|held| held.restore(narrowed));
    }
    if let Some(inode) = wide.filter(|_| done) {
        match narrowed {
            Some(Err(error)) => records::failed(&sensitive, &call, inode.permissions(), error),
            _ => {
                remember_narrow(&call, &inode, Names::Known);
                records::tightened(&sensitive, &call, &inode);
            }
        }
    }
    let kept = || records::is_kept(&sensitive, &call, || call.inode());
    if done && before.is_err() && clamped != mode && kept() {
        records::clamped(&sensitive, &call, mode, clamped);
    }
}

/// Is this a regular file with bits to clear, and are such to be tightened?
pub fn must_tighten(sensitive: &Sensitive, inode: &Inode) -> bool {
    sensitive.state.settings.existing == Existing::Tighten
        && inode.is(libc::S_IFREG)
        && sensitive.wide(inode.permissions())
}

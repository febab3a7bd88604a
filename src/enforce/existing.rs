//! Calls that write to a file by its name and keep the descriptor to themselves:
//! `truncate`, the utmp writers, `sem_open`.
//!
//! The file is narrowed by name before the call, and given its mode back if the
//! call fails.

use libc::mode_t;
use umaskclamp_policy::settings::Existing;

use super::judged;
use crate::call::{Call, Sensitive, Subject};
use crate::sys::{self, Inode};
use crate::{memory, records};

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
    let narrowed = wide
        .filter(|_| !sensitive.audit())
        .map(|inode| narrow(&call, &inode, sensitive.clamp(inode.permissions())));
    let clamped = sensitive.clamp(mode);
    let done = real(if sensitive.audit() { mode } else { clamped });
    if let Some(inode) = wide {
        let wide = inode.permissions();
        match narrowed {
            Some(Err(error)) if done => records::failed(&sensitive, &call, wide, error),
            Some(Ok(narrowed)) if !done => restore(&call, &narrowed, wide),
            _ if done && records::is_kept(&sensitive, &call, || call.inode()) => {
                memory::remember_inode(&inode);
                records::tightened(&sensitive, &call, wide, sensitive.clamp(wide));
            }
            _ => {}
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

/// Narrows the inode that the call named when it was asked for, links followed as
/// the call does; gives it as it is then.
pub fn narrow(call: &Call, inode: &Inode, mode: mode_t) -> sys::Result<Inode> {
    let place = &call.place;
    if place.given.is_empty() {
        sys::chmod_path_fd(place.dirfd, mode)?;
        return call.inode();
    }
    sys::narrow_inode((place.dirfd, call.path), place.follow, inode, mode)
}

/// Gives a narrowed inode its mode back. If that fails it stays narrow, which is
/// the safe side.
pub fn restore(call: &Call, narrowed: &Inode, mode: mode_t) {
    let place = &call.place;
    let _ = if place.given.is_empty() {
        sys::chmod_path_fd(place.dirfd, mode)
    } else {
        sys::restore_inode((place.dirfd, call.path), place.follow, narrowed, mode)
    };
}

//! Calls that write to a file by its name and keep the descriptor to themselves:
//! `truncate`, the utmp writers, `sem_open`.
//!
//! The file is narrowed by name before the call, and given its mode back if the
//! call fails.

use libc::mode_t;

use super::decide::given_sensitive;
use super::held::Held;
use super::remembered::remember_narrow;
use crate::call::{Given, Subject};
use crate::memory::Names;

/// Makes the real call, which says if it succeeded.
pub fn written(given: Given, real: &mut dyn FnMut() -> bool) {
    created_or_written(given, 0, &mut |_| real());
}

/// The same for a call that creates the file with this mode if it is not there.
pub fn created_or_written(given: Given, mode: mode_t, real: &mut dyn FnMut(mode_t) -> bool) {
    let Some(sensitive) = given_sensitive(&given, Subject::Other) else {
        real(mode);
        return;
    };
    let call = sensitive.call;
    let before = call.inode();
    let wide = before.ok().filter(|inode| sensitive.must_tighten(inode));
    // Not held while the real call runs, which opens descriptors of its own.
    let narrowed = wide.filter(|_| !sensitive.audit()).map(|_| {
        let held = Held::of(call)?;
        held.narrow(sensitive.clamp(held.inode.permissions()))
    });
    let done = real(sensitive.allowed(mode));
    match (wide, narrowed) {
        // If that fails it stays narrow, which is the safe side.
        (_, Some(Ok(narrowed))) if !done => {
            let _ = Held::of(call).and_then(|held| held.restore(&narrowed));
        }
        (Some(inode), narrowed) if done => {
            let narrowed = narrowed.map_or(Ok(()), |narrowed| narrowed.map(drop));
            if narrowed.is_ok() {
                remember_narrow(call, &inode, Names::Known);
            }
            sensitive.record_tightened(&inode, narrowed);
        }
        _ if done && before.is_err() => sensitive.created(mode, 0, || call.inode()),
        _ => {}
    }
}

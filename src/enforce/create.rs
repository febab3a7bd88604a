//! Calls that make a new inode or fail: `mkdir`, `mknod`, `mkfifo`.

use libc::{c_int, mode_t};

use super::judged;
use crate::call::{Call, Subject};
use crate::{records, state};

/// Could an inode made with this mode be wide anywhere? If not, a hook goes
/// straight to the real symbol.
pub fn widens(mode: mode_t) -> bool {
    state::active().is_some_and(|state| state.settings.mask.wide(mode))
}

/// Makes the real call with the mode that the place allows.
pub fn create(
    call: Option<Call>,
    subject: Subject,
    mode: mode_t,
    real: &mut dyn FnMut(mode_t) -> c_int,
) -> c_int {
    let Some((sensitive, call)) = call.and_then(|call| judged(call, subject)) else {
        return real(mode);
    };
    let clamped = sensitive.clamp(mode);
    let result = real(if sensitive.audit() { mode } else { clamped });
    let kept = || records::is_kept(&sensitive, &call, || call.inode());
    if result == 0 && kept() && clamped != mode {
        records::clamped(&sensitive, &call, mode, clamped);
    }
    result
}

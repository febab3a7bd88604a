//! Calls that make a new inode or fail: `mkdir`, `mknod`, `mkfifo`.

use libc::{c_int, mode_t};

use super::decide::given_sensitive;
use crate::call::{Given, Subject};
use crate::state;

/// Could an inode made with this mode be wide anywhere? If not, a hook goes
/// straight to the real symbol.
pub fn widens(mode: mode_t) -> bool {
    state::active().is_some_and(|state| state.widest.wide(mode))
}

/// Makes the real call with the mode that the place allows.
pub fn create(
    given: Given,
    subject: Subject,
    mode: mode_t,
    real: &mut dyn FnMut(mode_t) -> c_int,
) -> c_int {
    match given_sensitive(&given, subject) {
        Some(sensitive) => sensitive.with_mode(mode, 0, real),
        None => real(mode),
    }
}

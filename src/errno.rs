//! The program's `errno`.

use libc::c_int;

pub use redhook::errno::{get, set};

/// What libc's wrapper would return for this outcome: 0, or -1 with `errno`.
pub fn result(outcome: crate::sys::Result<()>) -> c_int {
    of(outcome.map(|()| 0))
}

/// The same for a call that gives a descriptor.
pub fn of(outcome: crate::sys::Result<c_int>) -> c_int {
    match outcome {
        Ok(value) => value,
        Err(error) => {
            set(error);
            -1
        }
    }
}

//! The program's `errno`.

use libc::c_int;

/// The calling thread's `errno`.
pub fn get() -> c_int {
    // SAFETY: `__errno_location` gives a pointer valid for this thread.
    unsafe { *libc::__errno_location() }
}

/// Sets it, where the shim itself answers for a failed call.
pub fn set(value: c_int) {
    // SAFETY: as above; nobody else writes to this thread's `errno`.
    unsafe { *libc::__errno_location() = value }
}

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

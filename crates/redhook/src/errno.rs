//! The calling thread's `errno`.

use core::ffi::c_int;
use core::sync::atomic::AtomicI32;

symbol!(unsafe fn __errno_location() -> *mut c_int);

/// Where libc's wrappers leave it.
fn location() -> *mut c_int {
    /// For a process without a libc that has one.
    static NONE: AtomicI32 = AtomicI32::new(0);
    match real!(__errno_location, or None) {
        // SAFETY: libc's function of this name, which takes nothing.
        Some(location) => unsafe { location() },
        None => NONE.as_ptr(),
    }
}

/// What it is.
pub fn get() -> c_int {
    // SAFETY: this thread's own, or an atomic's storage.
    unsafe { location().read() }
}

/// Sets it, as a call that fails does.
pub fn set(value: c_int) {
    // SAFETY: as above; nobody else writes to this thread's `errno`.
    unsafe { location().write(value) }
}

//! Where a cancelled thread ends (pthreads(7), "Cancellation points").
//!
//! `open` is such a place. Where a system call of the library's own takes its part,
//! a thread that was cancelled before must not come past it, with a file that nobody
//! closes.

use libc::c_int;
use redhook::{real, symbol};

symbol!(unsafe fn pthread_testcancel() -> ());
symbol!(unsafe fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int);

/// Ends the thread if it was cancelled, as pthread_testcancel(3) does. Nothing may be
/// claimed here that others wait for.
pub fn here() {
    // A program without threads may have no library that has it (before glibc 2.34).
    if let Some(test) = real!(pthread_testcancel, or None) {
        // SAFETY: it takes nothing.
        unsafe { test() }
    }
}

/// Makes a call in which no thread is to end, though `open` is a part of it: that of a
/// stream whose mode has a `c` (fopen(3)).
pub fn without<T>(call: impl FnOnce() -> T) -> T {
    /// `PTHREAD_CANCEL_DISABLE` (pthread.h).
    const DISABLE: c_int = 1;
    let Some(set) = real!(pthread_setcancelstate, or None) else {
        return call();
    };
    let mut before = 0;
    // SAFETY: `before` is ours.
    unsafe { set(DISABLE, &raw mut before) };
    let result = call();
    // SAFETY: a null pointer asks for no answer.
    unsafe { set(before, core::ptr::null_mut()) };
    result
}

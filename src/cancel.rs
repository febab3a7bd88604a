//! Where a cancelled thread ends (pthreads(7), "Cancellation points").
//!
//! `open` is such a place. Where a system call of the library's own takes its part,
//! a thread that was cancelled before must not come past it, with a file that nobody
//! closes.

use core::ffi::CStr;

use libc::c_int;

use crate::lookup;
use crate::real::{name, Slot};

/// Ends the thread if it was cancelled, as pthread_testcancel(3) does. Nothing may be
/// claimed here that others wait for.
pub fn here() {
    static SLOT: Slot = Slot::new();
    const NAME: &CStr = name("pthread_testcancel\0");
    // A program without threads may have no library that has it (before glibc 2.34).
    let Some(address) = SLOT.address(NAME, const { lookup::hash(NAME) }) else {
        return;
    };
    // SAFETY: the function of this name takes nothing and returns nothing.
    unsafe {
        let test: unsafe extern "C" fn() = core::mem::transmute::<usize, _>(address);
        test();
    }
}

/// Makes a call in which no thread is to end, though `open` is a part of it: that of a
/// stream whose mode has a `c` (fopen(3)).
pub fn without<T>(call: impl FnOnce() -> T) -> T {
    static SLOT: Slot = Slot::new();
    const NAME: &CStr = name("pthread_setcancelstate\0");
    /// `PTHREAD_CANCEL_DISABLE` (pthread.h).
    const DISABLE: c_int = 1;
    let Some(address) = SLOT.address(NAME, const { lookup::hash(NAME) }) else {
        return call();
    };
    // SAFETY: the function of this name is declared so (pthread_setcancelstate(3)).
    let set: unsafe extern "C" fn(c_int, *mut c_int) -> c_int =
        unsafe { core::mem::transmute::<usize, _>(address) };
    let mut before = 0;
    // SAFETY: `before` is ours.
    unsafe { set(DISABLE, &raw mut before) };
    let result = call();
    // SAFETY: a null pointer asks for no answer.
    unsafe { set(before, core::ptr::null_mut()) };
    result
}

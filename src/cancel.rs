//! Where a cancelled thread ends (pthreads(7), "Cancellation points").
//!
//! `open` is such a place. Where a system call of the library's own takes its part,
//! a thread that was cancelled before must not come past it, with a file that nobody
//! closes.

use core::ffi::CStr;

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

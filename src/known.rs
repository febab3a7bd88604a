//! Memory that can be read without asking the kernel.
//!
//! A path's pointer has to be tried before it is followed: a bad one must give the
//! program `EFAULT`, not a crash in the shim. The trial is a system call
//! ([`crate::sys::readable`]), a tenth of what a creation takes. Most paths lie
//! where no trial is needed, because what is mapped there stays so:
//! - the program's own segments that cannot be written (string literals);
//! - the heap between the first program break and the present one;
//! - the first thread's stack from the present frame upwards.
//!
//! Of all other memory the kernel is asked.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::real::{name, Slot};
use crate::{lookup, sys};

const PAGE: usize = 4096;

// All written before there is a second thread.

/// Start and end of the readable segments of the program; the rest is zero.
static SEGMENTS: [[AtomicUsize; 2]; 4] = [const { [AtomicUsize::new(0), AtomicUsize::new(0)] }; 4];
static FIRST_BREAK: AtomicUsize = AtomicUsize::new(0);
static STACK_TOP: AtomicUsize = AtomicUsize::new(0);

/// How far below its top the first stack is believed. The kernel keeps this much
/// free below a stack (`stack_guard_gap`, 256 pages), so no other thread's stack
/// is so near.
const STACK: usize = 256 * PAGE;

/// One more readable segment of the program, with its memory's address and size.
pub fn program_segment(address: usize, size: usize) {
    let free = SEGMENTS
        .iter()
        .find(|[_, end]| end.load(Ordering::Relaxed) == 0);
    if let Some([start, end]) = free {
        start.store(address, Ordering::Relaxed);
        end.store(address.wrapping_add(size), Ordering::Relaxed);
    }
}

/// At load, in the first thread: `highest` is something that the kernel put on
/// its stack, above all frames. Its page is readable to the end.
pub fn prepare(highest: usize) {
    STACK_TOP.store((highest | (PAGE - 1)).wrapping_add(1), Ordering::Relaxed);
    FIRST_BREAK.store(sys::program_break(), Ordering::Relaxed);
}

/// Where the heap ends, as libc's brk(2) keeps it (`misc/brk.c`); `None` as long
/// as libc has not asked the kernel.
fn heap_end() -> Option<usize> {
    static SLOT: Slot = Slot::new();
    const NAME: &core::ffi::CStr = name("__curbrk\0");
    let address = SLOT.address(NAME, const { lookup::hash(NAME) })?;
    // SAFETY: libc's variable, a pointer, which is only ever replaced as a whole.
    let now = unsafe { &*(address as *const AtomicUsize) }.load(Ordering::Relaxed);
    (now != 0).then_some(now)
}

/// Is this certainly readable, as far as its page goes?
pub fn readable(address: usize) -> bool {
    let frame = core::ptr::addr_of!(address) as usize;
    let top = STACK_TOP.load(Ordering::Relaxed);
    if (frame..top).contains(&address) && top - frame < STACK {
        return true;
    }
    let in_program = SEGMENTS.iter().any(|[start, end]| {
        let end = end.load(Ordering::Relaxed);
        (start.load(Ordering::Relaxed)..end).contains(&address)
    });
    in_program || {
        let first = FIRST_BREAK.load(Ordering::Relaxed);
        first != 0 && first <= address && heap_end().is_some_and(|now| address < now)
    }
}

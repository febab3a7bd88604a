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

use crate::{lookup, sys};
use redhook::{Slot, name};

const PAGE: usize = 4096;

#[cfg(target_pointer_width = "64")]
type Header = libc::Elf64_Phdr;
#[cfg(target_pointer_width = "32")]
type Header = libc::Elf32_Phdr;

// All written before there is a second thread.

/// Start and end of the readable segments of the program; the rest is zero.
static SEGMENTS: [[AtomicUsize; 2]; 4] = [const { [AtomicUsize::new(0), AtomicUsize::new(0)] }; 4];
static FIRST_BREAK: AtomicUsize = AtomicUsize::new(0);
static STACK_TOP: AtomicUsize = AtomicUsize::new(0);

/// How far below its top the first stack is believed. The kernel keeps this much
/// free below a stack (`stack_guard_gap`, 256 pages), so no other thread's stack
/// is so near.
const STACK: usize = 256 * PAGE;

/// At load, in the first thread. `highest` is what the kernel put on its stack last, above
/// all frames; its page is readable to the end. `headers` are `AT_PHDR` and `AT_PHNUM`
/// (getauxval(3)).
///
/// # Safety
/// These are the kernel's own values.
pub unsafe fn prepare(highest: usize, [headers, count]: [usize; 2]) {
    let top = (highest | (PAGE - 1)).wrapping_add(1);
    STACK_TOP.store(top, Ordering::Relaxed);
    FIRST_BREAK.store(sys::program_break(), Ordering::Relaxed);
    if headers != 0 {
        // SAFETY: the kernel says that the program's headers are mapped there; nobody
        // unmaps or writes them.
        segments(unsafe { core::slice::from_raw_parts(headers as *const Header, count) });
    }
}

/// Notes the program's segments that cannot be written.
fn segments(headers: &[Header]) {
    // One of them says where they were to be mapped; without it, nothing is known.
    let Some(own) = headers.iter().find(|one| one.p_type == libc::PT_PHDR) else {
        return;
    };
    let base = (headers.as_ptr() as usize).wrapping_sub(own.p_vaddr as usize);
    let fixed = headers.iter().filter(|one| {
        let access = one.p_flags & (libc::PF_R | libc::PF_W);
        one.p_type == libc::PT_LOAD && access == libc::PF_R
    });
    for (header, [start, end]) in fixed.zip(&SEGMENTS) {
        let first = base.wrapping_add(header.p_vaddr as usize);
        start.store(first, Ordering::Relaxed);
        end.store(
            first.wrapping_add(header.p_memsz as usize),
            Ordering::Relaxed,
        );
    }
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

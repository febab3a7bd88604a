//! Memory: mapped, and tried before it is read.

use libc::{c_int, c_uint, c_void};
use syscalls::Sysno;

use super::Result;

/// Anonymous memory of this size, or nothing.
pub fn map(size: usize) -> Option<*mut u8> {
    #[cfg(target_pointer_width = "64")]
    let number = Sysno::mmap;
    #[cfg(target_pointer_width = "32")]
    let number = Sysno::mmap2;
    const NO_FILE: c_int = -1;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let none = core::ptr::null_mut::<c_void>();
    let address = raw!(number, none, size, protection, flags, NO_FILE, 0).ok()?;
    Some(address as *mut u8)
}

/// Gives back what `map` gave.
///
/// # Safety
/// `address` and `size` are those of one `map`, and nothing refers to it.
pub unsafe fn unmap(address: *mut u8, size: usize) {
    let _ = raw!(Sysno::munmap, address, size);
}

/// `mprotect(2)`.
pub fn protect(address: usize, size: usize, protection: c_int) -> Result<()> {
    raw!(Sysno::mprotect, address, size, protection).map(drop)
}

/// Where the heap would grow: brk(2) as the kernel answers, which never fails.
pub fn program_break() -> usize {
    raw!(Sysno::brk, 0usize).unwrap_or(0)
}

/// Can the eight bytes around `address` (aligned down) be read? A bad pointer
/// must give the program `EFAULT` from the kernel, not a crash in the shim.
///
/// `rt_sigprocmask` with an unknown `how` copies the set in and then refuses:
/// `EFAULT` or `EINVAL`, and nothing is changed (`kernel/signal.c`).
pub fn readable(address: usize) -> bool {
    if address < 8 {
        // A null set is not read at all, so it is not `EFAULT` there.
        return false;
    }
    const UNKNOWN_HOW: c_uint = c_uint::MAX;
    const KERNEL_SET_SIZE: usize = 8;
    let none = core::ptr::null_mut::<c_void>();
    let probed = raw!(
        Sysno::rt_sigprocmask,
        UNKNOWN_HOW,
        address & !7,
        none,
        KERNEL_SET_SIZE
    );
    probed != Err(libc::EFAULT)
}

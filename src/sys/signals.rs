//! Signals of this task.

use libc::{c_int, c_void};
use syscalls::Sysno;

use super::{Result, write};

/// `write(2)`, but neither a pipe without a reader nor a limit on file sizes ends
/// the program by a signal that is for a record and not for it.
pub fn write_unsignalled(fd: c_int, bytes: &[u8]) -> Result<usize> {
    /// Bytes of the kernel's signal set.
    const SIZE: usize = 8;
    let signals: u64 = 1 << (libc::SIGPIPE - 1) | 1 << (libc::SIGXFSZ - 1);
    let set = &raw const signals;
    let none = core::ptr::null_mut::<c_void>();
    let (mut before, mut pending) = (0_u64, 0_u64);
    let mask = &raw mut before;
    raw!(Sysno::rt_sigprocmask, libc::SIG_BLOCK, set, mask, SIZE)?;
    // One that was not blocked cannot have been pending.
    let asked = match before & signals {
        0 => Ok(0),
        _ => raw!(Sysno::rt_sigpending, &raw mut pending, SIZE),
    };
    let written = write(fd, bytes);
    let raised = matches!(written, Err(libc::EPIPE | libc::EFBIG));
    if raised && asked.is_ok() && pending & signals == 0 {
        let now = [0_u64; 2];
        let _ = raw!(Sysno::rt_sigtimedwait, set, none, &raw const now, SIZE);
    }
    let _ = raw!(Sysno::rt_sigprocmask, libc::SIG_SETMASK, mask, none, SIZE);
    written
}

/// Blocks every signal for this task; the mask before.
pub fn block_signals() -> u64 {
    let mut before = 0u64;
    let all = u64::MAX;
    let _ = raw!(
        Sysno::rt_sigprocmask,
        libc::SIG_SETMASK,
        core::ptr::addr_of!(all),
        core::ptr::addr_of_mut!(before),
        size_of::<u64>()
    );
    before
}

/// Sets this task's signal mask.
pub fn set_signals(mask: u64) {
    let none = core::ptr::null_mut::<u64>();
    let _ = raw!(
        Sysno::rt_sigprocmask,
        libc::SIG_SETMASK,
        core::ptr::addr_of!(mask),
        none,
        size_of::<u64>()
    );
}

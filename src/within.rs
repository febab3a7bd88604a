//! What a library without `std` has to have of its own: what becomes of a panic.
//!
//! No hook has one on its way. If there were one after all, it would be a fault of ours:
//! it says so and ends the process, by system calls alone and without the program's
//! handler: what is left of this process is not fit to run one.
//!
//! Nothing unwinds from here (`panic = "abort"`). A thread that is cancelled in a hook is
//! unwound by the process's own libgcc, through our tables; those of `core`'s own frames,
//! which was compiled to unwind, name the functions below.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

use syscalls::{Sysno, syscall};

use crate::jump::stands_for;
use crate::sys;

struct Stderr;

impl Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        sys::write(2, text.as_bytes()).map_or(Err(fmt::Error), |_| Ok(()))
    }
}

// Clippy compiles the library for a test as well, which has `std`'s.
#[cfg_attr(not(test), panic_handler)]
#[cfg_attr(test, allow(dead_code))]
fn panicked(panic: &PanicInfo) -> ! {
    let _ = writeln!(Stderr, "umaskclamp: {panic}");
    abort()
}

extern "C" fn abort() -> ! {
    /// The kernel's `struct sigaction`, all zero: `SIG_DFL`.
    const DEFAULT: [usize; 5] = [0; 5];
    const SET_SIZE: usize = 8;
    let unblocked: u64 = 1 << (libc::SIGABRT - 1);
    let (action, set) = (DEFAULT.as_ptr(), &raw const unblocked);
    let none = core::ptr::null_mut::<c_void>();
    // SAFETY: the kernel reads two values as large as it takes them to be.
    unsafe {
        let _ = syscall!(Sysno::rt_sigaction, libc::SIGABRT, action, none, SET_SIZE);
        let _ = syscall!(
            Sysno::rt_sigprocmask,
            libc::SIG_UNBLOCK,
            set,
            none,
            SET_SIZE
        );
        let thread = syscall!(Sysno::gettid).unwrap_or(0);
        let _ = syscall!(Sysno::tgkill, sys::process_id(), thread, libc::SIGABRT);
    }
    sys::exit(127)
}

/// `_URC_CONTINUE_UNWIND`: nothing is to be done in this frame. Any other answer would
/// end a process whose thread is cancelled in it. A release build has no such frame.
unsafe extern "C" fn personality() -> c_int {
    8
}

stands_for!("_Unwind_Resume" => abort);
stands_for!("rust_eh_personality" => personality);

// On armhf every entry of a table names one of these two; the unwinder calls its own.
#[cfg(target_arch = "arm")]
stands_for!("__aeabi_unwind_cpp_pr0" => personality);
#[cfg(target_arch = "arm")]
stands_for!("__aeabi_unwind_cpp_pr1" => personality);

//! liburing's functions that make a ring: they call the kernel by instructions of their
//! own. A ring's calls are made by the kernel's own threads, past every hook; a program
//! that is told that there are none falls back to plain calls.

use core::ffi::c_void;

use libc::{ENOSYS, c_int, c_uint, size_t};
use umaskclamp_policy::settings::Mode;

use crate::{errno, records, state};

/// Is a ring refused?
fn refuses() -> bool {
    let Some(state) = state::active() else {
        return false;
    };
    let audit = state.settings.mode == Mode::Audit;
    records::refused_io_uring(audit);
    !audit
}

family! { |symbol, real|
    #[symbol]
    unsafe fn io_uring_queue_init(entries: c_uint, ring: *mut c_void, flags: c_uint) -> c_int {
        if refuses() {
            return -ENOSYS;
        }
        real(entries, ring, flags)
    }

    #[symbol]
    unsafe fn io_uring_queue_init_params(entries: c_uint, ring: *mut c_void, parameters: *mut c_void) -> c_int {
        if refuses() {
            return -ENOSYS;
        }
        real(entries, ring, parameters)
    }

    #[symbol]
    unsafe fn io_uring_queue_init_mem(entries: c_uint, ring: *mut c_void, parameters: *mut c_void, buffer: *mut c_void, size: size_t) -> c_int {
        if refuses() {
            return -ENOSYS;
        }
        real(entries, ring, parameters, buffer, size)
    }

    #[symbol]
    unsafe fn io_uring_setup(entries: c_uint, parameters: *mut c_void) -> c_int {
        if refuses() {
            return -ENOSYS;
        }
        real(entries, parameters)
    }

    // The same of libc's `syscall`, which tells errors by `errno`.
    #[number]
    unsafe fn io_uring_setup() -> c_int {
        if refuses() {
            errno::set(ENOSYS);
            return -1;
        }
        real()
    }
}

//! `prctl` and `seccomp` (prctl(2), seccomp(2)): they change nothing, but by them a program
//! puts itself under a filter of system calls, which may kill it for one that it does not
//! make by itself.

use libc::{PR_SET_SECCOMP, c_int, c_ulong};

use crate::enforce::nolinks::filter_comes;

family! { |symbol, real|
    #[symbol, number]
    unsafe fn prctl(option: c_int, b: c_ulong, c: c_ulong, d: c_ulong, e: c_ulong) -> c_int {
        if option == PR_SET_SECCOMP {
            filter_comes();
        }
        real(option, b, c, d, e)
    }

    #[number]
    unsafe fn seccomp() -> c_int {
        filter_comes();
        real()
    }
}

//! `prctl` (prctl(2)): changes nothing, but by it a program puts itself under a filter
//! of system calls, which may kill it for one that it does not make by itself.

use libc::{PR_SET_SECCOMP, c_int, c_ulong};

use crate::enforce::nolinks::filter_comes;
use redhook::{hook, real};

hook! {
    unsafe fn prctl(option: c_int, b: c_ulong, c: c_ulong, d: c_ulong, e: c_ulong) -> c_int => hook_prctl {
        if option == PR_SET_SECCOMP {
            filter_comes();
        }
        real!(prctl)(option, b, c, d, e)
    }
}

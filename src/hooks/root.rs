//! What changes the root or what is mounted (chroot(2), pivot_root(2), mount(2),
//! move_mount(2), umount(2), setns(2)): it is left alone, but behind it paths mean
//! something else, and there may be no `/proc`.

use core::ffi::c_void;
use core::ptr::null;

use libc::{c_char, c_int, c_uint, c_ulong};

use crate::children::enter;
use crate::enforce::root::leave;

family! { |symbol, real|
    #[symbol, number]
    unsafe fn chroot(path: *const c_char) -> c_int {
        enter(symbol, path);
        real(path)
    }

    #[symbol, number]
    unsafe fn pivot_root(new: *const c_char, old: *const c_char) -> c_int {
        leave(symbol, new);
        real(new, old)
    }

    #[symbol, number]
    unsafe fn mount(source: *const c_char, target: *const c_char, system: *const c_char, flags: c_ulong, data: *const c_void) -> c_int {
        leave(symbol, null());
        real(source, target, system, flags, data)
    }

    #[symbol, number]
    unsafe fn move_mount(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_uint) -> c_int {
        leave(symbol, null());
        real(olddirfd, old, newdirfd, new, flags)
    }

    #[symbol, number if target_arch = "x86"]
    unsafe fn umount(path: *const c_char) -> c_int {
        leave(symbol, null());
        real(path)
    }

    #[symbol, number]
    unsafe fn umount2(path: *const c_char, flags: c_int) -> c_int {
        leave(symbol, null());
        real(path, flags)
    }

    #[symbol, number]
    unsafe fn setns(fd: c_int, kind: c_int) -> c_int {
        leave(symbol, null());
        real(fd, kind)
    }
}

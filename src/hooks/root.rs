//! What changes the root or what is mounted (chroot(2), pivot_root(2), mount(2),
//! move_mount(2), umount(2), setns(2)): it is left alone, but behind it paths mean
//! something else, and there may be no `/proc`.

use core::ffi::c_void;
use core::ptr::null;

use libc::{c_char, c_int, c_uint, c_ulong};

use crate::enforce::root::{enter, leave};
use redhook::{hook, real};

hook! {
    unsafe fn chroot(path: *const c_char) -> c_int => hook_chroot {
        enter("chroot", path);
        real!(chroot)(path)
    }
}

hook! {
    unsafe fn pivot_root(new: *const c_char, old: *const c_char) -> c_int => hook_pivot_root {
        leave("pivot_root", new);
        real!(pivot_root)(new, old)
    }
}

hook! {
    unsafe fn mount(
        source: *const c_char,
        target: *const c_char,
        system: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> c_int => hook_mount {
        leave("mount", null());
        real!(mount)(source, target, system, flags, data)
    }
}

hook! {
    unsafe fn move_mount(
        olddirfd: c_int,
        old: *const c_char,
        newdirfd: c_int,
        new: *const c_char,
        flags: c_uint,
    ) -> c_int => hook_move_mount {
        leave("move_mount", null());
        real!(move_mount)(olddirfd, old, newdirfd, new, flags)
    }
}

hook! {
    unsafe fn umount(path: *const c_char) -> c_int => hook_umount {
        leave("umount", null());
        real!(umount)(path)
    }
}

hook! {
    unsafe fn umount2(path: *const c_char, flags: c_int) -> c_int => hook_umount2 {
        leave("umount2", null());
        real!(umount2)(path, flags)
    }
}

hook! {
    unsafe fn setns(fd: c_int, kind: c_int) -> c_int => hook_setns {
        leave("setns", null());
        real!(setns)(fd, kind)
    }
}

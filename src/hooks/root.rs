//! `chroot`, `umount`, `setns` (chroot(2), umount(2), setns(2)): they are left alone,
//! but behind them there may be no `/proc`.

use libc::{c_char, c_int};

use crate::enforce::root::leave;
use crate::real::{hook, real};

hook! {
    unsafe fn chroot(path: *const c_char) -> c_int => hook_chroot {
        leave("chroot");
        real!(chroot)(path)
    }
}

hook! {
    unsafe fn umount(path: *const c_char) -> c_int => hook_umount {
        leave("umount");
        real!(umount)(path)
    }
}

hook! {
    unsafe fn umount2(path: *const c_char, flags: c_int) -> c_int => hook_umount2 {
        leave("umount2");
        real!(umount2)(path, flags)
    }
}

hook! {
    unsafe fn setns(fd: c_int, kind: c_int) -> c_int => hook_setns {
        leave("setns");
        real!(setns)(fd, kind)
    }
}

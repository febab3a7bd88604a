//! `mknod`, `mkfifo` and their twins (mknod(2), mkfifo(3)). None follows a final
//! link.

use libc::{AT_FDCWD, c_char, c_int, dev_t, mode_t};

use crate::call::{Call, Subject};
use crate::enforce::create::{create, widens};
use redhook::{Symbol, hook, real};

/// `_MKNOD_VER`, the only version `__xmknod` knows.
#[cfg(target_arch = "x86_64")]
const VERSION: c_int = 0;
#[cfg(not(target_arch = "x86_64"))]
const VERSION: c_int = if cfg!(target_arch = "x86") { 1 } else { 0 };

hook! {
    unsafe fn mknod(path: *const c_char, mode: mode_t, device: dev_t) -> c_int => hook_mknod {
        let real = |mode| {
            // A symbol since glibc 2.33; before, headers made it a call of `__xmknod`.
            if mknod::is_there() {
                real!(mknod)(path, mode, device)
            } else {
                let mut device = device;
                real!(__xmknod)(VERSION, path, mode, &mut device)
            }
        };
        if !widens(mode) {
            return real(mode);
        }
        let call = Call::at("mknod", AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut &real)
    }
}

hook! {
    unsafe fn mknodat(dirfd: c_int, path: *const c_char, mode: mode_t, device: dev_t) -> c_int => hook_mknodat {
        let real = |mode| {
            if mknodat::is_there() {
                real!(mknodat)(dirfd, path, mode, device)
            } else {
                let mut device = device;
                real!(__xmknodat)(VERSION, dirfd, path, mode, &mut device)
            }
        };
        if !widens(mode) {
            return real(mode);
        }
        let call = Call::at("mknodat", dirfd, path, false);
        create(call, Subject::Other, mode, &mut &real)
    }
}

hook! {
    unsafe fn __xmknod(version: c_int, path: *const c_char, mode: mode_t, device: *mut dev_t) -> c_int => hook___xmknod {
        if !widens(mode) {
            return real!(__xmknod)(version, path, mode, device);
        }
        let call = Call::at("__xmknod", AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real!(__xmknod)(version, path, mode, device))
    }
}

hook! {
    unsafe fn __xmknodat(version: c_int, dirfd: c_int, path: *const c_char, mode: mode_t, device: *mut dev_t) -> c_int => hook___xmknodat {
        if !widens(mode) {
            return real!(__xmknodat)(version, dirfd, path, mode, device);
        }
        let call = Call::at("__xmknodat", dirfd, path, false);
        create(call, Subject::Other, mode, &mut |mode| {
            real!(__xmknodat)(version, dirfd, path, mode, device)
        })
    }
}

hook! {
    unsafe fn mkfifo(path: *const c_char, mode: mode_t) -> c_int => hook_mkfifo {
        if !widens(mode) {
            return real!(mkfifo)(path, mode);
        }
        let call = Call::at("mkfifo", AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real!(mkfifo)(path, mode))
    }
}

hook! {
    unsafe fn mkfifoat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int => hook_mkfifoat {
        if !widens(mode) {
            return real!(mkfifoat)(dirfd, path, mode);
        }
        let call = Call::at("mkfifoat", dirfd, path, false);
        create(call, Subject::Other, mode, &mut |mode| real!(mkfifoat)(dirfd, path, mode))
    }
}

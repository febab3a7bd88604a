//! `mknod`, `mkfifo` and their twins (mknod(2), mkfifo(3)). None follows a final
//! link.

use libc::{c_char, c_int, dev_t, mode_t, AT_FDCWD};
use redhook::real;

use crate::call::{Call, Subject};
use crate::enforce::create::{create, widens};
use crate::real::Optional;

// Symbols since glibc 2.33; before, headers made them calls of `__xmknod`.
static MKNOD: Optional = Optional::new(c"mknod");
static MKNODAT: Optional = Optional::new(c"mknodat");

/// `_MKNOD_VER`, the only version `__xmknod` knows.
#[cfg(target_arch = "x86_64")]
const VERSION: c_int = 0;
#[cfg(not(target_arch = "x86_64"))]
const VERSION: c_int = if cfg!(target_arch = "x86") { 1 } else { 0 };

redhook::hook! {
    unsafe fn mknod(path: *const c_char, mode: mode_t, device: dev_t) -> c_int => hook_mknod {
        let real = |mode| {
            if MKNOD.is_there() {
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

redhook::hook! {
    unsafe fn mknodat(dirfd: c_int, path: *const c_char, mode: mode_t, device: dev_t) -> c_int => hook_mknodat {
        let real = |mode| {
            if MKNODAT.is_there() {
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

redhook::hook! {
    unsafe fn __xmknod(version: c_int, path: *const c_char, mode: mode_t, device: *mut dev_t) -> c_int => hook___xmknod {
        if !widens(mode) {
            return real!(__xmknod)(version, path, mode, device);
        }
        let call = Call::at("__xmknod", AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real!(__xmknod)(version, path, mode, device))
    }
}

redhook::hook! {
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

redhook::hook! {
    unsafe fn mkfifo(path: *const c_char, mode: mode_t) -> c_int => hook_mkfifo {
        if !widens(mode) {
            return real!(mkfifo)(path, mode);
        }
        let call = Call::at("mkfifo", AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real!(mkfifo)(path, mode))
    }
}

redhook::hook! {
    unsafe fn mkfifoat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int => hook_mkfifoat {
        if !widens(mode) {
            return real!(mkfifoat)(dirfd, path, mode);
        }
        let call = Call::at("mkfifoat", dirfd, path, false);
        create(call, Subject::Other, mode, &mut |mode| real!(mkfifoat)(dirfd, path, mode))
    }
}

/// Resolves what every libc has, and the newer symbols where they are.
pub fn resolve() {
    let _ = real!(__xmknod);
    let _ = real!(__xmknodat);
    let _ = real!(mkfifo);
    let _ = real!(mkfifoat);
    if MKNOD.look() {
        let _ = real!(mknod);
    }
    if MKNODAT.look() {
        let _ = real!(mknodat);
    }
}

//! `mknod`, `mkfifo` and their twins (mknod(2), mkfifo(3)). None follows a final
//! link.

use libc::{AT_FDCWD, c_char, c_int, dev_t, mode_t};

use crate::call::{Call, Subject};
use crate::enforce::create::{create, widens};
use redhook::real;

/// `_MKNOD_VER`, the only version `__xmknod` knows.
const VERSION: c_int = if cfg!(target_arch = "x86") { 1 } else { 0 };

/// `mknod` is a symbol since glibc 2.33; before, headers made it a call of `__xmknod`.
unsafe extern "C" fn by_xmknod(path: *const c_char, mode: mode_t, mut device: dev_t) -> c_int {
    // SAFETY: arguments of `mknod`, which mean the same to it.
    unsafe { real!(__xmknod)(VERSION, path, mode, &raw mut device) }
}

unsafe extern "C" fn by_xmknodat(
    dirfd: c_int,
    path: *const c_char,
    mode: mode_t,
    mut device: dev_t,
) -> c_int {
    // SAFETY: arguments of `mknodat`, which mean the same to it.
    unsafe { real!(__xmknodat)(VERSION, dirfd, path, mode, &raw mut device) }
}

family! { |symbol, real|
    #[symbol or by_xmknod, number if old_calls]
    unsafe fn mknod(path: *const c_char, mode: mode_t, device: dev_t) -> c_int {
        if !widens(mode) {
            return real(path, mode, device);
        }
        let call = Call::at(symbol, AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real(path, mode, device))
    }

    #[symbol or by_xmknodat, number]
    unsafe fn mknodat(dirfd: c_int, path: *const c_char, mode: mode_t, device: dev_t) -> c_int {
        if !widens(mode) {
            return real(dirfd, path, mode, device);
        }
        let call = Call::at(symbol, dirfd, path, false);
        create(call, Subject::Other, mode, &mut |mode| real(dirfd, path, mode, device))
    }

    #[symbol]
    unsafe fn __xmknod(version: c_int, path: *const c_char, mode: mode_t, device: *mut dev_t) -> c_int {
        if !widens(mode) {
            return real(version, path, mode, device);
        }
        let call = Call::at(symbol, AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real(version, path, mode, device))
    }

    #[symbol]
    unsafe fn __xmknodat(version: c_int, dirfd: c_int, path: *const c_char, mode: mode_t, device: *mut dev_t) -> c_int {
        if !widens(mode) {
            return real(version, dirfd, path, mode, device);
        }
        let call = Call::at(symbol, dirfd, path, false);
        create(call, Subject::Other, mode, &mut |mode| real(version, dirfd, path, mode, device))
    }

    #[symbol]
    unsafe fn mkfifo(path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(path, mode);
        }
        let call = Call::at(symbol, AT_FDCWD, path, false);
        create(call, Subject::Other, mode, &mut |mode| real(path, mode))
    }

    #[symbol]
    unsafe fn mkfifoat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(dirfd, path, mode);
        }
        let call = Call::at(symbol, dirfd, path, false);
        create(call, Subject::Other, mode, &mut |mode| real(dirfd, path, mode))
    }
}

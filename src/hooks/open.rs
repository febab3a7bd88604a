//! `open`, `openat`, `creat` and their twins (open(2)).
//!
//! The mode is declared as a fixed third or fourth argument: stable Rust defines
//! no variadic function, and on x86-64, i386, aarch64, armhf and riscv64 a
//! variadic caller passes it in the same place. It is used only where the flags
//! say that it is there.

use libc::{AT_FDCWD, O_CREAT, O_TRUNC, O_WRONLY, c_char, c_int, mode_t};

use crate::call::Call;
use crate::enforce::open::{open as enforce, opens_for_writing};
use crate::sys::LARGE_FILE;
use redhook::{hook, real};

/// What the functions ending in 64 add to the flags where files are limited to
/// 2 GiB without it.
pub const LARGE: c_int = if cfg!(target_pointer_width = "32") {
    LARGE_FILE
} else {
    0
};

macro_rules! open_hook {
    ($name:ident, $large:expr => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, flags: c_int, mode: mode_t) -> c_int => $hook {
                if !opens_for_writing(flags) {
                    return real!($name)(path, flags, mode);
                }
                let flags = flags | $large;
                let call = Call::opening(stringify!($name), AT_FDCWD, path, flags);
                enforce(call, flags, mode, &|flags, mode| real!($name)(path, flags, mode))
            }
        }
    };
}

macro_rules! openat_hook {
    ($name:ident, $large:expr => $hook:ident) => {
        hook! {
            unsafe fn $name(dirfd: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int => $hook {
                if !opens_for_writing(flags) {
                    return real!($name)(dirfd, path, flags, mode);
                }
                let flags = flags | $large;
                let call = Call::opening(stringify!($name), dirfd, path, flags);
                enforce(call, flags, mode, &|flags, mode| real!($name)(dirfd, path, flags, mode))
            }
        }
    };
}

open_hook!(open, 0 => hook_open);
open_hook!(open64, LARGE => hook_open64);
open_hook!(__open, 0 => hook___open);
open_hook!(__open64, LARGE => hook___open64);
openat_hook!(openat, 0 => hook_openat);
openat_hook!(openat64, LARGE => hook_openat64);

/// The fortified twins take no mode and abort the program on `O_CREAT`: they can
/// only write to what is there.
macro_rules! open_2_hook {
    ($name:ident => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, flags: c_int) -> c_int => $hook {
                if !opens_for_writing(flags) || flags & O_CREAT != 0 {
                    return real!($name)(path, flags);
                }
                let call = Call::opening(stringify!($name), AT_FDCWD, path, flags);
                enforce(call, flags, 0, &|flags, _| real!($name)(path, flags))
            }
        }
    };
}

macro_rules! openat_2_hook {
    ($name:ident => $hook:ident) => {
        hook! {
            unsafe fn $name(dirfd: c_int, path: *const c_char, flags: c_int) -> c_int => $hook {
                if !opens_for_writing(flags) || flags & O_CREAT != 0 {
                    return real!($name)(dirfd, path, flags);
                }
                let call = Call::opening(stringify!($name), dirfd, path, flags);
                enforce(call, flags, 0, &|flags, _| real!($name)(dirfd, path, flags))
            }
        }
    };
}

open_2_hook!(__open_2 => hook___open_2);
open_2_hook!(__open64_2 => hook___open64_2);
openat_2_hook!(__openat_2 => hook___openat_2);
openat_2_hook!(__openat64_2 => hook___openat64_2);

/// `creat` is `open` with these flags (creat(2)).
const CREAT_FLAGS: c_int = O_CREAT | O_WRONLY | O_TRUNC;

macro_rules! creat_hook {
    ($name:ident => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, mode: mode_t) -> c_int => $hook {
                let asked = CREAT_FLAGS | LARGE;
                let call = Call::opening(stringify!($name), AT_FDCWD, path, asked);
                enforce(call, asked, mode, &|flags, mode| {
                    if flags == asked {
                        real!($name)(path, mode)
                    } else {
                        // A wide file is there and is to be narrowed first. By
                        // `open64`, because a 64-bit kernel's creat(2) sets no
                        // limit of 2 GiB to a 32-bit program either.
                        real!(open64)(path, flags, mode)
                    }
                })
            }
        }
    };
}

creat_hook!(creat => hook_creat);
creat_hook!(creat64 => hook_creat64);

/// `open` for streams: the real symbol, at whatever this mode string asked.
///
/// # Safety
/// `path` is the program's own argument.
pub unsafe fn real_open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the program's own call.
    unsafe { real!(open)(path, flags, mode) }
}

/// The same without a limit of 2 GiB on 32-bit machines.
///
/// # Safety
/// As for [`real_open`].
pub unsafe fn real_open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the program's own call.
    unsafe { real!(open64)(path, flags, mode) }
}

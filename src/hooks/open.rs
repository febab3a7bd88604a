//! `open`, `openat`, `creat`, their twins, and `openat2` (open(2), openat2(2)).
//!
//! The mode is declared as a fixed third or fourth argument: stable Rust defines
//! no variadic function, and on x86-64, i386, aarch64, armhf and riscv64 a
//! variadic caller passes it in the same place. It is used only where the flags
//! say that it is there.

use libc::{AT_FDCWD, O_CREAT, O_TRUNC, O_WRONLY, c_char, c_int, mode_t, size_t};
#[cfg(libc_has_openat2)]
use syscalls::{Errno, Sysno, syscall};

use crate::call::Call;
use crate::cancel;
use crate::enforce::decide::Depth;
use crate::enforce::how;
use crate::enforce::open::{open as enforce, open_from, opens_for_writing};
#[cfg(libc_has_openat2)]
use crate::errno;
use crate::sys::LARGE_FILE;
use redhook::real;

/// What the functions ending in 64 add to the flags where files are limited to
/// 2 GiB without it.
pub const LARGE: c_int = if cfg!(target_pointer_width = "32") {
    LARGE_FILE
} else {
    0
};

family! { |symbol, real|
    #[symbol, number if old_calls]
    unsafe fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        if !opens_for_writing(flags) {
            return real(path, flags, mode);
        }
        let call = Call::opening(symbol, AT_FDCWD, path, flags);
        enforce(call, flags, mode, &|flags, mode| real(path, flags, mode))
    }

    #[symbol]
    unsafe fn __open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        if !opens_for_writing(flags) {
            return real(path, flags, mode);
        }
        let call = Call::opening(symbol, AT_FDCWD, path, flags);
        enforce(call, flags, mode, &|flags, mode| real(path, flags, mode))
    }

    #[symbol]
    unsafe fn open64, __open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        if !opens_for_writing(flags) {
            return real(path, flags, mode);
        }
        let call = Call::opening(symbol, AT_FDCWD, path, flags | LARGE);
        enforce(call, flags | LARGE, mode, &|flags, mode| real(path, flags, mode))
    }

    #[symbol, number]
    unsafe fn openat(dirfd: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        if !opens_for_writing(flags) {
            return real(dirfd, path, flags, mode);
        }
        let call = Call::opening(symbol, dirfd, path, flags);
        enforce(call, flags, mode, &|flags, mode| real(dirfd, path, flags, mode))
    }

    #[symbol]
    unsafe fn openat64(dirfd: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        if !opens_for_writing(flags) {
            return real(dirfd, path, flags, mode);
        }
        let call = Call::opening(symbol, dirfd, path, flags | LARGE);
        enforce(call, flags | LARGE, mode, &|flags, mode| real(dirfd, path, flags, mode))
    }

    // The fortified twins take no mode and abort the program on `O_CREAT`: they can
    // only write to what is there.
    #[symbol]
    unsafe fn __open_2, __open64_2(path: *const c_char, flags: c_int) -> c_int {
        if !opens_for_writing(flags) || flags & O_CREAT != 0 {
            return real(path, flags);
        }
        let call = Call::opening(symbol, AT_FDCWD, path, flags);
        enforce(call, flags, 0, &|flags, _| real(path, flags))
    }

    #[symbol]
    unsafe fn __openat_2, __openat64_2(dirfd: c_int, path: *const c_char, flags: c_int) -> c_int {
        if !opens_for_writing(flags) || flags & O_CREAT != 0 {
            return real(dirfd, path, flags);
        }
        let call = Call::opening(symbol, dirfd, path, flags);
        enforce(call, flags, 0, &|flags, _| real(dirfd, path, flags))
    }

    #[symbol]
    unsafe fn creat, creat64(path: *const c_char, mode: mode_t) -> c_int {
        let call = Call::opening(symbol, AT_FDCWD, path, CREAT);
        enforce(call, CREAT, mode, &|flags, mode| match flags {
            CREAT => real(path, mode),
            // A wide file is there and is to be narrowed first. By `open64`, because a
            // 64-bit kernel's creat(2) sets no limit of 2 GiB to a 32-bit program either.
            _ => real!(open64)(path, flags, mode),
        })
    }

    #[number if old_calls]
    unsafe fn creat(path: *const c_char, mode: mode_t) -> c_int {
        let call = Call::opening(symbol, AT_FDCWD, path, CREAT);
        enforce(call, CREAT, mode, &|flags, mode| match flags {
            CREAT => real(path, mode),
            // By its number it is no place where a thread ends.
            _ => cancel::without(|| real!(open64)(path, flags, mode)),
        })
    }

    // `build.rs` looks whether the libc that is linked has the symbol (glibc 2.43 on): a
    // program that asks whether there is one must be told what plain libc would tell it.
    #[symbol if libc_has_openat2 or by_kernel, number]
    unsafe fn openat2(dirfd: c_int, path: *const c_char, given: *const u8, size: size_t) -> c_int {
        let how = how::read(given, size).filter(|how| opens_for_writing(how.flags()));
        let Some(how) = how else {
            return real(dirfd, path, given, size);
        };
        let depth = match how.says_as_openat() {
            true => Depth::of_open(how.flags()),
            false => Depth::Resolved,
        };
        let call = Call::at(symbol, dirfd, path, how.follows());
        let call = call.map(|call| how.below_root(call));
        open_from(&call, depth, how.flags(), how.mode(), &|flags, mode| {
            let copy = how.with(flags, mode);
            real(dirfd, path, copy.as_ptr(), copy.size())
        })
    }
}

/// `creat` is `open` with these flags (creat(2)).
const CREAT: c_int = O_CREAT | O_WRONLY | O_TRUNC | LARGE;

/// The library may run with an older libc than it was linked with.
#[cfg(libc_has_openat2)]
unsafe extern "C" fn by_kernel(
    dirfd: c_int,
    path: *const c_char,
    how: *const u8,
    size: size_t,
) -> c_int {
    // SAFETY: arguments of `openat2` as the program gave them, or a copy of its struct.
    let opened = unsafe { syscall!(Sysno::openat2, dirfd, path, how, size) };
    errno::of(opened.map(|fd| fd as c_int).map_err(Errno::into_raw))
}

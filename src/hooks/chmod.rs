//! The `chmod` family (chmod(2)).

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, c_char, c_int, mode_t};

use crate::call::{Call, Given};
use crate::enforce::chmod::{chmod as enforce, widens};

family! { |symbol, real|
    #[symbol, number if old_calls]
    unsafe fn chmod(path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(path, mode);
        }
        enforce(Call::at(symbol, AT_FDCWD, path, true), mode, &|mode| real(path, mode))
    }

    #[symbol]
    unsafe fn lchmod(path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(path, mode);
        }
        enforce(Call::at(symbol, AT_FDCWD, path, false), mode, &|mode| real(path, mode))
    }

    #[symbol, number]
    unsafe fn fchmod(fd: c_int, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(fd, mode);
        }
        enforce(Call::on(symbol, fd), mode, &|mode| real(fd, mode))
    }

    #[symbol]
    unsafe fn fchmodat(dirfd: c_int, path: *const c_char, mode: mode_t, flags: c_int) -> c_int {
        if !widens(mode) {
            return real(dirfd, path, mode, flags);
        }
        enforce(with_flags(symbol, dirfd, path, flags), mode, &|mode| real(dirfd, path, mode, flags))
    }

    // The kernel's has no flags.
    #[number]
    unsafe fn fchmodat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(dirfd, path, mode);
        }
        enforce(Call::at(symbol, dirfd, path, true), mode, &|mode| real(dirfd, path, mode))
    }

    #[number]
    unsafe fn fchmodat2(dirfd: c_int, path: *const c_char, mode: mode_t, flags: c_int) -> c_int {
        if !widens(mode) {
            return real(dirfd, path, mode, flags);
        }
        enforce(with_flags(symbol, dirfd, path, flags), mode, &|mode| real(dirfd, path, mode, flags))
    }
}

/// What a call with these flags acts on.
///
/// # Safety
/// As for [`Call::at_or_on`].
unsafe fn with_flags<'a>(
    symbol: &'static str,
    dirfd: c_int,
    path: *const c_char,
    flags: c_int,
) -> Given<'a> {
    let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
    // SAFETY: dirfd and path as the program gave them.
    unsafe { Call::at_or_on(symbol, dirfd, path, follow, flags & AT_EMPTY_PATH != 0) }
}

//! `rename`, `link` and their twins (rename(2), link(2)). The link itself is
//! meant, not what it points to, but for `AT_SYMLINK_FOLLOW`.

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, c_char, c_int, c_uint};

use crate::call::Call;
use crate::enforce::{links, moves};
use crate::{errno, sys};

/// `renameat2` is a symbol since glibc 2.28.
unsafe extern "C" fn by_kernel(
    olddirfd: c_int,
    old: *const c_char,
    newdirfd: c_int,
    new: *const c_char,
    flags: c_uint,
) -> c_int {
    errno::result(sys::rename(olddirfd, old, newdirfd, new, flags))
}

family! { |symbol, real|
    #[symbol, number if old_calls]
    unsafe fn rename(old: *const c_char, new: *const c_char) -> c_int {
        let from = Call::at(symbol, AT_FDCWD, old, false);
        let to = Call::at(symbol, AT_FDCWD, new, false);
        moves::rename(from, to, 0, &|| real(old, new))
    }

    #[symbol, number if not(target_arch = "riscv64")]
    unsafe fn renameat(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char) -> c_int {
        let from = Call::at(symbol, olddirfd, old, false);
        let to = Call::at(symbol, newdirfd, new, false);
        moves::rename(from, to, 0, &|| real(olddirfd, old, newdirfd, new))
    }

    #[symbol or by_kernel, number]
    unsafe fn renameat2(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_uint) -> c_int {
        let from = Call::at(symbol, olddirfd, old, false);
        let to = Call::at(symbol, newdirfd, new, false);
        moves::rename(from, to, flags, &|| real(olddirfd, old, newdirfd, new, flags))
    }

    #[symbol, number if old_calls]
    unsafe fn link(old: *const c_char, new: *const c_char) -> c_int {
        let from = Call::at(symbol, AT_FDCWD, old, false);
        let to = Call::at(symbol, AT_FDCWD, new, false);
        links::link(from, to, &|| real(old, new))
    }

    #[symbol, number]
    unsafe fn linkat(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_int) -> c_int {
        if flags & !(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) != 0 {
            return real(olddirfd, old, newdirfd, new, flags);
        }
        let follow = flags & AT_SYMLINK_FOLLOW != 0;
        let from = Call::at_or_on(symbol, olddirfd, old, follow, flags & AT_EMPTY_PATH != 0);
        let to = Call::at(symbol, newdirfd, new, false);
        links::link(from, to, &|| real(olddirfd, old, newdirfd, new, flags))
    }
}

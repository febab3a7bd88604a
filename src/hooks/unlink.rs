//! `unlink`, `unlinkat`, `remove` (unlink(2), remove(3)): of an inode that was linked to
//! a sensitive place and kept its mode, the last plain name may go.

use libc::{AT_FDCWD, c_char, c_int};

use crate::call::Call;
use crate::enforce::links::{any_linked, unlink as enforce};

family! { |symbol, real|
    #[symbol, number if old_calls]
    unsafe fn unlink(path: *const c_char) -> c_int {
        if !any_linked() {
            return real(path);
        }
        enforce(Call::at(symbol, AT_FDCWD, path, false), &|| real(path))
    }

    #[symbol, number]
    unsafe fn unlinkat(dirfd: c_int, path: *const c_char, flags: c_int) -> c_int {
        if !any_linked() {
            return real(dirfd, path, flags);
        }
        enforce(Call::at(symbol, dirfd, path, false), &|| real(dirfd, path, flags))
    }

    #[symbol]
    unsafe fn remove(path: *const c_char) -> c_int {
        if !any_linked() {
            return real(path);
        }
        enforce(Call::at(symbol, AT_FDCWD, path, false), &|| real(path))
    }
}

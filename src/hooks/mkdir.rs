//! `mkdir` and `mkdirat` (mkdir(2)). Neither follows a final link.

use libc::{AT_FDCWD, c_char, c_int, mode_t};

use crate::call::{Call, Subject};
use crate::enforce::create::{create, widens};

family! { |symbol, real|
    #[symbol, number if old_calls]
    unsafe fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(path, mode);
        }
        let call = Call::at(symbol, AT_FDCWD, path, false);
        create(call, Subject::Directory, mode, &mut |mode| real(path, mode))
    }

    #[symbol, number]
    unsafe fn mkdirat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int {
        if !widens(mode) {
            return real(dirfd, path, mode);
        }
        let call = Call::at(symbol, dirfd, path, false);
        create(call, Subject::Directory, mode, &mut |mode| real(dirfd, path, mode))
    }
}

//! `mkdir` and `mkdirat` (mkdir(2)). Neither follows a final link.

use libc::{AT_FDCWD, c_char, c_int, mode_t};

use crate::call::{Call, Subject};
use crate::enforce::create::{create, widens};
use redhook::{hook, real};

hook! {
    unsafe fn mkdir(path: *const c_char, mode: mode_t) -> c_int => hook_mkdir {
        if !widens(mode) {
            return real!(mkdir)(path, mode);
        }
        let call = Call::at("mkdir", AT_FDCWD, path, false);
        create(call, Subject::Directory, mode, &mut |mode| real!(mkdir)(path, mode))
    }
}

hook! {
    unsafe fn mkdirat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int => hook_mkdirat {
        if !widens(mode) {
            return real!(mkdirat)(dirfd, path, mode);
        }
        let call = Call::at("mkdirat", dirfd, path, false);
        create(call, Subject::Directory, mode, &mut |mode| real!(mkdirat)(dirfd, path, mode))
    }
}

//! The `chmod` family (chmod(2)).

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, c_char, c_int, mode_t};

use crate::call::Call;
use crate::enforce::chmod::{chmod as enforce, widens};
use redhook::{hook, real};

hook! {
    unsafe fn chmod(path: *const c_char, mode: mode_t) -> c_int => hook_chmod {
        if !widens(mode) {
            return real!(chmod)(path, mode);
        }
        let call = Call::at("chmod", AT_FDCWD, path, true);
        enforce(call, mode, &|mode| real!(chmod)(path, mode))
    }
}

hook! {
    unsafe fn lchmod(path: *const c_char, mode: mode_t) -> c_int => hook_lchmod {
        if !widens(mode) {
            return real!(lchmod)(path, mode);
        }
        let call = Call::at("lchmod", AT_FDCWD, path, false);
        enforce(call, mode, &|mode| real!(lchmod)(path, mode))
    }
}

hook! {
    unsafe fn fchmod(fd: c_int, mode: mode_t) -> c_int => hook_fchmod {
        if !widens(mode) {
            return real!(fchmod)(fd, mode);
        }
        enforce(Call::on("fchmod", fd), mode, &|mode| real!(fchmod)(fd, mode))
    }
}

hook! {
    unsafe fn fchmodat(dirfd: c_int, path: *const c_char, mode: mode_t, flags: c_int) -> c_int => hook_fchmodat {
        if !widens(mode) {
            return real!(fchmodat)(dirfd, path, mode, flags);
        }
        let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
        let call = Call::at_or_on("fchmodat", dirfd, path, follow, flags & AT_EMPTY_PATH != 0);
        enforce(call, mode, &|mode| real!(fchmodat)(dirfd, path, mode, flags))
    }
}

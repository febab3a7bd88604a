//! `unlink`, `unlinkat`, `remove` (unlink(2), remove(3)): of an inode that was linked to
//! a sensitive place and kept its mode, the last plain name may go.

use libc::{AT_FDCWD, c_char, c_int};

use crate::call::Call;
use crate::enforce::links::{any_linked, unlink as enforce};
use redhook::{hook, real};

hook! {
    unsafe fn unlink(path: *const c_char) -> c_int => hook_unlink {
        if !any_linked() {
            return real!(unlink)(path);
        }
        enforce(Call::at("unlink", AT_FDCWD, path, false), &|| real!(unlink)(path))
    }
}

hook! {
    unsafe fn unlinkat(dirfd: c_int, path: *const c_char, flags: c_int) -> c_int => hook_unlinkat {
        if !any_linked() {
            return real!(unlinkat)(dirfd, path, flags);
        }
        enforce(Call::at("unlinkat", dirfd, path, false), &|| real!(unlinkat)(dirfd, path, flags))
    }
}

hook! {
    unsafe fn remove(path: *const c_char) -> c_int => hook_remove {
        if !any_linked() {
            return real!(remove)(path);
        }
        enforce(Call::at("remove", AT_FDCWD, path, false), &|| real!(remove)(path))
    }
}

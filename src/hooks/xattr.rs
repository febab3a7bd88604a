//! `setxattr` and its twins (setxattr(2)): a POSIX ACL is an attribute, and
//! setting one is a `chmod`. `cp -p`, `sed -i` and `install` widen so.

use core::ffi::c_void;

use libc::{AT_FDCWD, c_char, c_int, size_t};

use crate::call::Call;
use crate::enforce::chmod::{acl, names_acl};
use redhook::{hook, real};

hook! {
    unsafe fn setxattr(path: *const c_char, name: *const c_char, value: *const c_void, size: size_t, flags: c_int) -> c_int => hook_setxattr {
        if !names_acl(name) {
            return real!(setxattr)(path, name, value, size, flags);
        }
        let call = Call::at("setxattr", AT_FDCWD, path, true);
        acl(call, value, size, &|value| real!(setxattr)(path, name, value, size, flags))
    }
}

hook! {
    unsafe fn lsetxattr(path: *const c_char, name: *const c_char, value: *const c_void, size: size_t, flags: c_int) -> c_int => hook_lsetxattr {
        if !names_acl(name) {
            return real!(lsetxattr)(path, name, value, size, flags);
        }
        let call = Call::at("lsetxattr", AT_FDCWD, path, false);
        acl(call, value, size, &|value| real!(lsetxattr)(path, name, value, size, flags))
    }
}

hook! {
    unsafe fn fsetxattr(fd: c_int, name: *const c_char, value: *const c_void, size: size_t, flags: c_int) -> c_int => hook_fsetxattr {
        if !names_acl(name) {
            return real!(fsetxattr)(fd, name, value, size, flags);
        }
        let call = Call::on("fsetxattr", fd);
        acl(call, value, size, &|value| real!(fsetxattr)(fd, name, value, size, flags))
    }
}

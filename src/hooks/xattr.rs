//! `setxattr` and its twins (setxattr(2)): a POSIX ACL is an attribute, and
//! setting one is a `chmod`. `cp -p`, `sed -i` and `install` widen so.

use core::ffi::c_void;

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, c_char, c_int, size_t};

use crate::call::Call;
use crate::enforce::chmod::{acl, names_acl};
use crate::enforce::how;

family! { |symbol, real|
    #[symbol, number]
    unsafe fn setxattr(path: *const c_char, name: *const c_char, value: *const c_void, size: size_t, flags: c_int) -> c_int {
        if !names_acl(name) {
            return real(path, name, value, size, flags);
        }
        let call = Call::at(symbol, AT_FDCWD, path, true);
        acl(call, value, size, &|value| real(path, name, value, size, flags))
    }

    #[symbol, number]
    unsafe fn lsetxattr(path: *const c_char, name: *const c_char, value: *const c_void, size: size_t, flags: c_int) -> c_int {
        if !names_acl(name) {
            return real(path, name, value, size, flags);
        }
        let call = Call::at(symbol, AT_FDCWD, path, false);
        acl(call, value, size, &|value| real(path, name, value, size, flags))
    }

    #[symbol, number]
    unsafe fn fsetxattr(fd: c_int, name: *const c_char, value: *const c_void, size: size_t, flags: c_int) -> c_int {
        if !names_acl(name) {
            return real(fd, name, value, size, flags);
        }
        acl(Call::on(symbol, fd), value, size, &|value| real(fd, name, value, size, flags))
    }

    #[number]
    unsafe fn setxattrat(dirfd: c_int, path: *const c_char, flags: c_int, name: *const c_char, given: *const u8, size: size_t) -> c_int {
        let acl_in = if names_acl(name) { how::read_xattr(given, size) } else { None };
        let Some(asked) = acl_in else {
            return real(dirfd, path, flags, name, given, size);
        };
        let may_be_empty = flags & AT_EMPTY_PATH != 0;
        let call = if path.is_null() && may_be_empty {
            // This call takes no path for an empty one.
            Call::on(symbol, dirfd)
        } else {
            let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
            Call::at_or_on(symbol, dirfd, path, follow, may_be_empty)
        };
        acl(call, asked.value(), asked.size(), &|value| {
            let copy = asked.with(value);
            real(dirfd, path, flags, name, (&raw const copy).cast(), size)
        })
    }
}

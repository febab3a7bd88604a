//! The `exec` family (execve(2), exec(3)). In glibc each calls the kernel by
//! itself, so each has a hook; the short names take `environ`. Only `execve` and
//! `execvpe` are called in libc: the short names are these two with `environ`, and
//! `fexecve` and `execveat` no more than the kernel's call (`fexecve.c` of glibc).
//!
//! The variadic ones are in [`super::execl`].

use libc::{AT_EMPTY_PATH, EINVAL, ENOSYS, c_char, c_int};

use crate::children::envp::Array;
use crate::children::{at, at_path, exec, searched};
use crate::environment::current;
use crate::errno;
use crate::sys::DescriptorName;
use crate::sys::programs;
use redhook::real;

/// `execveat` is a symbol since glibc 2.34.
unsafe extern "C" fn by_kernel(
    dirfd: c_int,
    path: *const c_char,
    arguments: Array,
    environment: Array,
    flags: c_int,
) -> c_int {
    errno::result(programs::execveat(
        dirfd,
        path,
        arguments,
        environment,
        flags,
    ))
}

family! { |symbol, real|
    #[symbol, number]
    unsafe fn execve(path: *const c_char, arguments: Array, environment: Array) -> c_int {
        exec(at_path(symbol, path), environment, &|environment| real(path, arguments, environment))
    }

    #[symbol]
    unsafe fn execv(path: *const c_char, arguments: Array) -> c_int {
        exec(at_path(symbol, path), current(), &|environment| real!(execve)(path, arguments, environment))
    }

    #[symbol]
    unsafe fn execvpe(file: *const c_char, arguments: Array, environment: Array) -> c_int {
        exec(searched(symbol, file), environment, &|environment| real(file, arguments, environment))
    }

    #[symbol]
    unsafe fn execvp(file: *const c_char, arguments: Array) -> c_int {
        exec(searched(symbol, file), current(), &|environment| real!(execvpe)(file, arguments, environment))
    }

    #[symbol]
    unsafe fn fexecve(fd: c_int, arguments: Array, environment: Array) -> c_int {
        if fd < 0 || arguments.is_null() || environment.is_null() {
            errno::set(EINVAL);
            return -1;
        }
        let empty = c"".as_ptr();
        exec(at(symbol, fd, empty, AT_EMPTY_PATH), environment, &|environment| {
            match programs::execveat(fd, empty, arguments, environment, AT_EMPTY_PATH) {
                // Before Linux 3.19.
                Err(ENOSYS) => {
                    let name = DescriptorName::in_self(fd);
                    real!(execve)(name.as_ptr(), arguments, environment)
                }
                outcome => errno::result(outcome),
            }
        })
    }

    #[symbol or by_kernel, number]
    unsafe fn execveat(dirfd: c_int, path: *const c_char, arguments: Array, environment: Array, flags: c_int) -> c_int {
        exec(at(symbol, dirfd, path, flags), environment, &|environment| {
            real(dirfd, path, arguments, environment, flags)
        })
    }
}

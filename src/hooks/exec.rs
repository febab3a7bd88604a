//! The `exec` family (execve(2), exec(3)). In glibc each calls the kernel by
//! itself, so each has a hook; the short names take `environ`.
//!
//! The variadic ones are in [`super::execl`].

use libc::{c_char, c_int, AT_EMPTY_PATH};
use redhook::real;

use crate::children::envp::Array;
use crate::children::{at, at_path, exec, searched};
use crate::errno;
use crate::real::Optional;

extern "C" {
    /// The program's environment (environ(7)).
    static environ: Array;
}

/// The environment as it is now.
pub fn current() -> Array {
    // SAFETY: libc sets it before `main` and the program's threads do not change
    // it while one of them execs.
    unsafe { core::ptr::addr_of!(environ).read() }
}

redhook::hook! {
    unsafe fn execve(path: *const c_char, arguments: Array, environment: Array) -> c_int => hook_execve {
        exec(at_path("execve", path), environment, &|environment| real!(execve)(path, arguments, environment))
    }
}

redhook::hook! {
    unsafe fn execv(path: *const c_char, arguments: Array) -> c_int => hook_execv {
        exec(at_path("execv", path), current(), &|environment| real!(execve)(path, arguments, environment))
    }
}

redhook::hook! {
    unsafe fn execvpe(file: *const c_char, arguments: Array, environment: Array) -> c_int => hook_execvpe {
        exec(searched("execvpe", file), environment, &|environment| real!(execvpe)(file, arguments, environment))
    }
}

redhook::hook! {
    unsafe fn execvp(file: *const c_char, arguments: Array) -> c_int => hook_execvp {
        exec(searched("execvp", file), current(), &|environment| real!(execvpe)(file, arguments, environment))
    }
}

redhook::hook! {
    unsafe fn fexecve(fd: c_int, arguments: Array, environment: Array) -> c_int => hook_fexecve {
        // No descriptor and no arguments are faults that libc finds first.
        let start = at("fexecve", fd, c"".as_ptr(), AT_EMPTY_PATH);
        exec(start, environment, &|environment| real!(fexecve)(fd, arguments, environment))
    }
}

static EXECVEAT: Optional = Optional::new(c"execveat");

redhook::hook! {
    unsafe fn execveat(dirfd: c_int, path: *const c_char, arguments: Array, environment: Array, flags: c_int) -> c_int => hook_execveat {
        let start = at("execveat", dirfd, path, flags);
        exec(start, environment, &|environment| {
            if EXECVEAT.is_there() {
                return real!(execveat)(dirfd, path, arguments, environment, flags);
            }
            errno::result(crate::sys::programs::execveat(dirfd, path, arguments, environment, flags))
        })
    }
}

/// The real `execve`.
///
/// # Safety
/// As for `execve(2)`.
pub unsafe fn real_execve(path: *const c_char, arguments: Array, environment: Array) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { real!(execve)(path, arguments, environment) }
}

/// The real `execvpe`.
///
/// # Safety
/// As for `execvpe(3)`.
pub unsafe fn real_execvpe(file: *const c_char, arguments: Array, environment: Array) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { real!(execvpe)(file, arguments, environment) }
}

/// Resolves what every libc has, and the newer symbol where it is.
pub fn resolve() {
    let _ = real!(execve);
    let _ = real!(execvpe);
    let _ = real!(fexecve);
    if EXECVEAT.look() {
        let _ = real!(execveat);
    }
}

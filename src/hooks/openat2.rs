//! `openat2` (openat2(2)): by number through `syscall` and, where libc has it
//! (glibc 2.43 on), by name.

use libc::{c_char, c_int};

use crate::call::Call;
use crate::enforce::how;
use crate::enforce::open::{open_as_told, opens_for_writing};

/// What the program passed: dirfd, path, struct and its size.
pub type Arguments = (c_int, *const c_char, *const u8, usize);

/// Makes the call by `real`, which takes a struct and its size: the program's own
/// or a copy.
///
/// # Safety
/// The program's own arguments, read as the kernel would.
pub unsafe fn openat2(
    (dirfd, path, given, size): Arguments,
    real: &dyn Fn(*const u8, usize) -> c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let how = unsafe { how::read(given, size) };
    let Some(how) = how.filter(|how| opens_for_writing(how.flags())) else {
        return real(given, size);
    };
    let call = if how.says_as_openat() {
        // SAFETY: the caller's promise.
        unsafe { Call::opening("openat2", dirfd, path, how.flags()) }
    } else {
        // SAFETY: the caller's promise.
        let call = unsafe { Call::at("openat2", dirfd, path, how.follows()) };
        call.map(|call| how.below_root(call))
    };
    open_as_told(call, how.flags(), how.mode(), &|flags, mode| {
        let copy = how.with(flags, mode);
        real(copy.as_ptr(), copy.size())
    })
}

/// `build.rs` looks whether the libc that is linked has the symbol: a program
/// that asks whether there is one must be told what plain libc would tell it.
#[cfg(libc_has_openat2)]
mod by_name {
    use libc::{c_char, c_int, c_long};

    use crate::hooks::syscall::real_syscall;
    use redhook::{Symbol, hook, real};

    hook! {
        unsafe fn openat2(dirfd: c_int, path: *const c_char, given: *const u8, size: usize) -> c_int => hook_openat2 {
            let real = |how: *const u8, size: usize| {
                // The library may run with an older libc than it was linked with.
                if openat2::is_there() {
                    return real!(openat2)(dirfd, path, how, size);
                }
                let (dirfd, path, how) = (c_long::from(dirfd), path as c_long, how as c_long);
                let arguments = [dirfd, path, how, size as c_long, 0, 0];
                real_syscall(libc::SYS_openat2, arguments) as c_int
            };
            super::openat2((dirfd, path, given, size), &real)
        }
    }
}

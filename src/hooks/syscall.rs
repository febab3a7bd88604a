//! `syscall` (syscall(2)): programs that name the kernel's calls by number, among
//! them allocators at their own start, long before our constructor.
//!
//! A number that a family has goes the way of its row.

use libc::c_long;

use super::number::{Numbered, Numbers};
use crate::state;
use redhook::{hook, real};

macro_rules! families {
    ($($family:ident)*) => {
        /// Every number that a hook has.
        const HOOKED: Numbers = {
            let numbers = Numbers::NONE;
            $(let numbers = super::$family::numbers(numbers);)*
            numbers
        };

        /// Makes the call as its family does.
        #[inline(never)]
        fn dispatch(call: &Numbered) -> c_long {
            $(if let Some(result) = super::$family::by_number(call) {
                return result;
            })*
            call.make()
        }
    };
}

families! {
    accounts chmod exec filter handle ioctl ipc mkdir mknod moves open root shell socket
    spawn stdio streams truncate unlink uring xattr
}

hook! {
    unsafe fn syscall(number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long) -> c_long {
        // The kernel looks at the low half only (`do_syscall_64`).
        if !HOOKED.has(number as i32) || state::active().is_none() {
            return real!(syscall)(number, a, b, c, d, e, f);
        }
        dispatch(&Numbered {
            number: number as i32,
            registers: [a, b, c, d, e, f],
            real: real!(syscall),
        })
    }
}

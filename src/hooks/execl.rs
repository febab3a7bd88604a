//! `execl`, `execlp`, `execle` (exec(3)): variadic, so their bodies are C
//! (`csrc/execl.c`).
//!
//! Only what Rust defines leaves the library, so the names that programs call are
//! defined here, as jumps to the C side; it comes back by hidden names, which are
//! jumps as well and leave the list of exports alone.

use core::arch::naked_asm;

use libc::{c_char, c_int};

use super::exec::{execve, execvpe};
use crate::children::envp::Array;
use crate::children::{at_path, exec, searched};
use crate::environment::current;
use crate::jump::{jump, stands_for};
use redhook::real;

macro_rules! variadic {
    ($name:ident => $collect:ident, $hidden:literal => $then:ident) => {
        unsafe extern "C" {
            fn $collect();
        }

        /// Jumps to the C side, the arguments untouched.
        ///
        /// # Safety
        /// As for the function of this name in exec(3).
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name() {
            naked_asm!(jump!(), sym $collect)
        }

        stands_for!($hidden => $then);
    };
}

variadic!(execl => umaskclamp_collect_execl, "umaskclamp_execl" => collected_execl);
variadic!(execlp => umaskclamp_collect_execlp, "umaskclamp_execlp" => collected_execlp);
variadic!(execle => umaskclamp_collect_execle, "umaskclamp_execle" => collected_execle);

unsafe extern "C" fn collected_execl(path: *const c_char, arguments: Array) -> c_int {
    let real = |environment| {
        // SAFETY: the path as the program gave it, its arguments as `csrc/execl.c` collected
        // them, and an environment of the program's or of `exec`.
        unsafe { real!(execve)(path, arguments, environment) }
    };
    // SAFETY: one thread's call, during which the program leaves its environment alone.
    unsafe { exec(at_path("execl", path), current(), &real) }
}

unsafe extern "C" fn collected_execlp(file: *const c_char, arguments: Array) -> c_int {
    let real = |environment| {
        // SAFETY: the path as the program gave it, its arguments as `csrc/execl.c` collected
        // them, and an environment of the program's or of `exec`.
        unsafe { real!(execvpe)(file, arguments, environment) }
    };
    // SAFETY: one thread's call, during which the program leaves its environment alone.
    unsafe { exec(searched("execlp", file), current(), &real) }
}

unsafe extern "C" fn collected_execle(
    path: *const c_char,
    arguments: Array,
    environment: Array,
) -> c_int {
    let real = |environment| {
        // SAFETY: the path as the program gave it, its arguments as `csrc/execl.c` collected
        // them, and an environment of the program's or of `exec`.
        unsafe { real!(execve)(path, arguments, environment) }
    };
    // SAFETY: one thread's call, during which the program leaves its environment alone.
    unsafe { exec(at_path("execle", path), environment, &real) }
}

//! `posix_spawn` and `posix_spawnp` (posix_spawn(3)): Python, Java, Rust, make.

use libc::{AT_FDCWD, POSIX_SPAWN_RESETIDS};
use libc::{c_char, c_int, c_short, pid_t, posix_spawn_file_actions_t, posix_spawnattr_t};

use crate::children::envp::Array;
use crate::children::target::At;
use crate::children::{Start, Target, spawn};
use crate::enforce::spawn::with_clamped_actions;
use crate::late::posix_spawnattr_getflags;
use redhook::real;

/// Do the attributes say that the effective ids become the real ones?
fn resets(attributes: *const posix_spawnattr_t) -> bool {
    let mut flags: c_short = 0;
    if !attributes.is_null() {
        // SAFETY: the program's own attribute object.
        unsafe { real!(posix_spawnattr_getflags)(attributes, &mut flags) };
    }
    c_int::from(flags) & POSIX_SPAWN_RESETIDS != 0
}

family! { |symbol, real|
    #[symbol]
    unsafe fn posix_spawn(pid: *mut pid_t, path: *const c_char, actions: *const posix_spawn_file_actions_t, attributes: *const posix_spawnattr_t, arguments: Array, environment: Array) -> c_int {
        let target = Target::At(At { dirfd: AT_FDCWD, path, flags: 0, reset: resets(attributes) });
        let start = Start { name: symbol, target, actions: actions.cast() };
        with_clamped_actions(actions.cast(), &mut |actions| {
            spawn(start, attributes, environment, &|attributes, environment| {
                real(pid, path, actions.cast(), attributes, arguments, environment)
            })
        })
    }

    #[symbol]
    unsafe fn posix_spawnp(pid: *mut pid_t, file: *const c_char, actions: *const posix_spawn_file_actions_t, attributes: *const posix_spawnattr_t, arguments: Array, environment: Array) -> c_int {
        let target = Target::Search { file, reset: resets(attributes), shell: false };
        let start = Start { name: symbol, target, actions: actions.cast() };
        with_clamped_actions(actions.cast(), &mut |actions| {
            spawn(start, attributes, environment, &|attributes, environment| {
                real(pid, file, actions.cast(), attributes, arguments, environment)
            })
        })
    }
}

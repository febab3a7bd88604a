//! SIGPIPE as `run` was started with it.
//!
//! Rust ignores it before `main`, and sets it back to its default in every program that
//! it starts: one that a service or `trap '' PIPE` keeps from it would die of it.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

static IGNORED: AtomicBool = AtomicBool::new(false);

/// The loader calls what stands there before `main`, and so before Rust's start.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is set (null), and `action` has room for what is asked; all its
    // bytes zero is a `sigaction` as well, should the call fail.
    let action = unsafe {
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    IGNORED.store(action.sa_sigaction == libc::SIG_IGN, Ordering::Relaxed);
}

/// Starts the program with it. Because of the closure, `spawn` starts it as `exec` does,
/// by `execvp` and not by `posix_spawnp`: a file without `#!` is run by a shell.
pub fn as_started(command: &mut Command) {
    let ignored = IGNORED.load(Ordering::Relaxed);
    // SAFETY: between fork and exec the closure makes one system call, which takes no
    // lock and allocates nothing, and installs no handler.
    unsafe {
        command.pre_exec(move || {
            if ignored {
                libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            }
            Ok(())
        });
    }
}

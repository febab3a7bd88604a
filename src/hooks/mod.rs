//! The doors: what libc's callers reach instead of the real symbols.
//!
//! A hook says which place the call names and how the real call is made; what is
//! allowed is decided in [`crate::enforce`].
//!
//! # Hazards of `redhook`, and what fences them
//! - It resolves a symbol at its first call, under a `Once`: in a signal handler
//!   or a `vfork` child that would be too late. The constructor resolves all.
//! - It panics where libc has no such symbol: those are asked for first
//!   ([`crate::real`]), and what they do goes to the kernel instead.
//! - After a caught panic it would make the real call unclamped: the library is
//!   built with `panic = "abort"`, and no hook has a panic on its way.

// What redhook's macro expands to.
#![allow(non_camel_case_types, non_snake_case, static_mut_refs, missing_abi)]

/// Makes a family's `resolve`: it resolves every symbol named, so that no call
/// of the program pays for it or takes redhook's lock.
macro_rules! resolved_at_load {
    ($($symbol:ident),* $(,)?) => {
        pub fn resolve() {
            $( let _ = redhook::real!($symbol); )*
        }
    };
}

pub mod accounts;
pub mod chmod;
pub mod exec;
pub mod execl;
pub mod ipc;
pub mod mkdir;
pub mod mknod;
pub mod moves;
pub mod open;
pub mod shell;
pub mod socket;
pub mod spawn;
pub mod stdio;
pub mod streams;
pub mod syscall;
pub mod truncate;
pub mod xattr;

/// Resolves the real symbol behind every hook, and the one function of libc that
/// hooks call besides: bound at its first call, it would take the dynamic loader
/// 3 KiB of stack there, which a signal handler may not have.
pub fn resolve() {
    let _ = crate::errno::get();
    open::resolve();
    stdio::resolve();
    mkdir::resolve();
    mknod::resolve();
    chmod::resolve();
    xattr::resolve();
    moves::resolve();
    socket::resolve();
    truncate::resolve();
    syscall::resolve();
    exec::resolve();
    spawn::resolve();
}

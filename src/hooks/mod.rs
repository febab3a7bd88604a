//! Interposed libc functions: what a program's calls reach instead of the real symbols.
//!
//! A hook says which place the call names and how the real call is made; what is
//! allowed is decided in [`crate::enforce`].
//!
//! # Hazards of `redhook`, and what fences them
//! - It resolves a symbol at its first call, under a `Once` that a child of a
//!   threaded program may find taken, and panics where libc has none: the real
//!   symbols come from [`crate::real`], which does neither.
//! - After a caught panic it would make the real call unclamped: the library is
//!   built with `panic = "abort"`, and no hook has a panic on its way.

// What redhook's macro expands to.
#![allow(non_camel_case_types, non_snake_case, static_mut_refs, missing_abi)]

pub mod accounts;
pub mod chmod;
pub mod exec;
pub mod execl;
pub mod filter;
pub mod handle;
pub mod ioctl;
pub mod ipc;
pub mod loader;
pub mod mkdir;
pub mod mknod;
pub mod moves;
pub mod open;
pub mod openat2;
pub mod root;
pub mod shell;
pub mod socket;
pub mod spawn;
pub mod stdio;
pub mod streams;
pub mod syscall;
pub mod truncate;
pub mod unlink;
pub mod uring;
pub mod xattr;

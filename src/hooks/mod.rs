//! Interposed libc functions: what a program's calls reach instead of the real symbols.
//!
//! A hook says which place the call names and how the real call is made; what is
//! allowed is decided in [`crate::enforce`].
//!
//! Each is declared by [`redhook::hook!`], which is this project's own (`crates/redhook`).

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

//! `libumaskclamp.so`: whatever a preloaded program puts at a sensitive path is
//! owner-only from its first instant.
//!
//! # Contract
//! At a place that the patterns protect, in every dynamically linked glibc
//! program that loads this library:
//! 1. An inode never has, at no instant, a mode bit that the mask clears,
//!    whatever the umask or a default ACL says: the mode is clamped before the
//!    real symbol runs.
//! 2. The program cannot widen it afterwards (`chmod` family, POSIX ACLs).
//! 3. What is renamed or linked there is narrowed before it gets the name.
//! 4. A wide file that is there already is narrowed before the program writes.
//! 5. Everywhere else, and for every failing call, results, `errno`, modes,
//!    descriptor numbers and the process umask are those of plain libc.
//!
//! # Honest scope
//! Static and setuid programs, raw system calls (Go) and io_uring never pass
//! here. A file reached through a bind mount has the mount's name.
//!
//! # The way of one path
//! hook (which place, which real symbol) → enforce (what is allowed) → place
//! (where it really is) and the policy crate (is that sensitive) → the real call
//! → record. A hook never matches, policy never calls, place never decides.
//!
//! # The rooms
//! - `hooks`: the doors, one file a family of symbols.
//! - `call`: what a hook was called with, as one value.
//! - `enforce`: from a request to a mode, one file a kind of request.
//! - `children`: what a program that is started finds, and whether this library
//!   can enter it.
//! - `place`: dirfd and path to the absolute paths they come to.
//! - `records`: lines about what was done.
//! - `load`, `environment`, `state`: the constructor, and what it leaves behind.
//! - `redhook` (a crate), `late`: the symbols behind the hooks, and others of libc's,
//!   found when first called.
//! - `slots`: what objects opened with `RTLD_DEEPBIND` were bound to.
//! - `within`, `jump`: what becomes of a panic; names that mean something inside alone.
//! - `sys`, `scratch`, `arena`, `memory`, `errno`, `cancel`: system calls and memory
//!   of the library's own; `known`: which of the program's is readable.
//!
//! # House rules
//! This library lives in other people's processes: in signal handlers, between
//! `vfork` and `exec`, inside `malloc`. After load no hook takes a lock,
//! allocates, touches `std::fs` or `std::env`, or can panic; system calls of our
//! own are raw (`sys`) and leave `errno` alone.

// No panic may be on a hook's way. Arithmetic is left out: lengths are bounded by
// the buffers they index, which `get` checks, and a release build does not check
// for overflow.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::string_slice
)]
#![no_std]

extern crate alloc;

use redhook::lookup;

mod arena;
mod call;
mod cancel;
mod children;
mod enforce;
mod environment;
mod errno;
mod hooks;
mod jump;
mod known;
mod late;
mod load;
mod memory;
mod place;
mod records;
mod scratch;
mod slots;
mod state;
mod sys;
mod within;

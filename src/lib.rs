//! `libumaskclamp.so`: whatever a preloaded program puts at a sensitive path is
//! owner-only from its first instant.
//!
//! # Contract
//! At a place that the patterns protect, in every dynamically linked glibc
//! program that loads this library:
//! 1. An inode that the program creates never has, at no instant, a mode bit that
//!    the mask clears, whatever the umask or a default ACL says: the mode is
//!    clamped before the real symbol runs.
//! 2. The program cannot widen it afterwards (`chmod` family, POSIX ACLs), by none
//!    of its names. Another process can, by a plain name: the record of such a
//!    link warns.
//! 3. A file that is renamed there is narrowed before it gets the name, and a file
//!    that is linked there if others can reach that name. A directory is closed
//!    itself, by one `chmod`: that closes all that lies in it, whose modes stay.
//!    No rename and no link is refused.
//! 4. A wide file that is there already is narrowed before the program writes.
//! 5. Everywhere else, and for every failing call, results, `errno`, modes,
//!    descriptor numbers and the process umask are those of plain libc.
//!
//! 3 and 4 hold for inodes whose owner the program is, or root: nobody else may
//! change a mode. What could not be narrowed is recorded, and the call is made.
//!
//! # Honest scope
//! Static and setuid programs, raw system calls (Go, inline assembly) and what an
//! io_uring does never pass here; a ring that is asked for by `syscall` or liburing is
//! refused. A file reached through a bind mount has the mount's name. Who has a
//! descriptor, or a cwd below a directory, keeps it when that is closed. The
//! docs/limits.md has the whole list; `umaskclamp doctor` and records tell of it.
//!
//! # The way of one path
//! hook (which place, which real symbol) → enforce (what is allowed) → place
//! (where it really is) and the policy crate (is that sensitive) → the real call
//! → record. A hook never matches, policy never calls, place never decides.
//!
//! # The rooms
//! `ARCHITECTURE.md` has a picture of them, and what each may call.
//! - `hooks`: interposed functions, one file a family, in rows that have the numbers of
//!   system calls as well; `syscall` leads numbers to their rows, `loader` what `dlsym`
//!   and `dlopen` give, `uring` what is refused, `unlink` names that go.
//! - `call`: what a hook was called with, as one value.
//! - `enforce`: from a request to a mode, one file a kind of request. Of names that
//!   an inode gets: `moves` and `links` (the calls), `arrival` and `departure` (the
//!   inode), `outlook` (can it but fail, can others reach the name), `held` (the inode, by a descriptor), `content` and
//!   `tree` (what lies in a directory, where its names gain a rule).
//! - `children`: what a program that is started finds, and whether this library
//!   can enter it.
//! - `place`: dirfd and path to the absolute paths they come to; `place::outside`:
//!   those that lie outside of a root that was changed.
//! - `records`: lines about what was done.
//! - `load`, `environment`, `state`: the constructor, and what it leaves behind.
//! - `redhook` (a crate), `late`: the symbols behind the hooks, and others of libc's,
//!   found when first called.
//! - `slots`: relocations of objects opened with `RTLD_DEEPBIND`, pointed at hooks.
//! - `within`, `jump`: what becomes of a panic; names that mean something inside alone.
//! - `sys`: system calls of the library's own; `sys::filter`: may a filter kill for
//!   one; `sys::task`: a task with an umask, root or descriptor table of its own.
//! - `scratch`, `arena`, `memory`, `errno`, `cancel`: memory of the library's own,
//!   and what belongs to the calling thread; `known`: which of the program's memory
//!   is readable.
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

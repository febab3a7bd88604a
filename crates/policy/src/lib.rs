//! The decisions of umaskclamp, and nothing but decisions.
//!
//! Which path is sensitive, what is left of a mode or an ACL there, what the
//! settings mean and how a record reads. The preload library and the command
//! are both built from this crate, so that they cannot disagree.
//!
//! # Contract
//! - No system call, no environment, no file: bytes come in, values go out.
//! - Reading the settings allocates, once, at load. Deciding, reducing an ACL
//!   and formatting a record allocate nothing, and no input makes them panic:
//!   they run inside another program's `open`, in its signal handlers and
//!   between its `vfork` and `exec`.
//! - Paths and patterns are bytes. Case counts, and nothing is decoded.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod acl;
pub mod builtin;
pub mod elf;
pub mod escape;
pub mod home;
mod index;
mod join;
pub mod list;
pub mod mode;
pub mod path;
pub mod pattern;
pub mod program;
mod reach;
mod read;
pub mod record;
pub mod resolve;
mod rule;
pub mod rules;
pub mod settings;
mod source;
pub mod surface;

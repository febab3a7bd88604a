//! `umaskclamp`: runs programs under `libumaskclamp.so`, and tells what it does.
//!
//! The verdicts come from the crate that the library is built from, so the two
//! cannot disagree; finding a place is done here once more with `std` and held
//! against the library by a test.
//! Unsafe code is in `run/pipe.rs` alone.
#![deny(unsafe_code)]

mod arguments;
mod calls;
mod doctor;
mod doubts;
mod elf;
mod entry;
mod explain;
mod failure;
mod files;
mod library;
mod pages;
mod patterns;
mod place;
mod preload;
mod records;
mod report;
mod run;
mod scan;
mod settings;
mod show;
mod site;
mod suggest;
mod unit;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::run() {
        Ok(code) => code,
        Err(failure) => {
            eprint!("{failure}");
            ExitCode::from(failure.status)
        }
    }
}

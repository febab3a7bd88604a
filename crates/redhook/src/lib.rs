//! `hook!` and `real!`: functions of a preloaded library in place of libc's, and libc's
//! own behind them.
//!
//! ```ignore
//! redhook::hook! {
//!     unsafe fn chdir(path: *const c_char) -> c_int => hook_chdir {
//!         redhook::real!(chdir)(path)
//!     }
//! }
//! ```
//!
//! # Why not the published crate
//! The crate of this name on crates.io is the known one for this, and its two macros are
//! kept as they are called. They are written anew here, and taken in its place by
//! `[patch.crates-io]`, since what the published ones expand to cannot run in every
//! process of a job:
//! - They need `std`, the most of what a library pays for at its start: tables of
//!   relocations, thread-local storage, thirty symbols of libc.
//! - They look for the real function under a `Once`. A thread that forks while another
//!   one is in there leaves its child waiting for ever.
//! - They ask `dlsym`, which takes the loader's lock and may allocate, and panic where
//!   libc has no such function.
//! - After a panic they would make the real call, as if the hook were not there.
//!
//! Here a hook is a plain function, and the real one is looked for when it is first
//! called, by [`lookup`], which takes no lock and no memory: that holds in a signal handler
//! and in a `vfork` child as well, and a start does not pay for eighty symbols of which a
//! program uses five. Where there is none, a call fails with `ENOSYS`.
#![no_std]

extern crate alloc;

#[macro_use]
mod macros;
pub mod errno;
pub mod lookup;
mod published;

use core::ffi::{CStr, c_int};
use core::sync::atomic::{AtomicUsize, Ordering};

use lookup::loaded;
pub use published::Published;

/// A function behind this library; [`hook!`] and [`symbol!`] make each one.
pub trait Symbol {
    /// Pointer to a function with the symbol's arguments.
    type Function: Copy;

    /// The symbol.
    const NAME: &'static CStr;

    /// What is called where no library has the symbol: it fails with `ENOSYS`.
    const MISSING: Self::Function;

    /// Where it was found.
    fn slot() -> &'static Slot;

    /// The real function.
    fn function() -> Self::Function {
        let address = Self::slot().anywhere(Self::NAME, const { lookup::hash(Self::NAME) });
        address.map_or(Self::MISSING, Self::at)
    }

    /// The real function, if any library behind this one has it.
    fn there() -> Option<Self::Function> {
        let address = Self::slot().address(Self::NAME, const { lookup::hash(Self::NAME) });
        address.map(Self::at)
    }

    /// Has any library behind this one the symbol?
    fn is_there() -> bool {
        Self::there().is_some()
    }

    #[doc(hidden)]
    fn at(address: usize) -> Self::Function {
        const { assert!(size_of::<Self::Function>() == size_of::<usize>()) };
        // SAFETY: the address is that of the symbol of this name, and `Function`
        // is a pointer to a function as its manual page declares it.
        unsafe { core::mem::transmute_copy::<usize, Self::Function>(&address) }
    }
}

/// Where a symbol was found.
pub struct Slot(AtomicUsize);

/// Not yet looked for.
const UNKNOWN: usize = 0;
/// Looked for in vain. No function is at so low an address.
const NOWHERE: usize = 1;

impl Slot {
    /// Nowhere yet.
    #[allow(clippy::new_without_default)] // for statics
    pub const fn new() -> Self {
        Slot(AtomicUsize::new(UNKNOWN))
    }

    /// Where the next symbol of this name is; `hash` is that of the name.
    #[inline]
    pub fn address(&self, name: &'static CStr, hash: u32) -> Option<usize> {
        let address = match self.0.load(Ordering::Relaxed) {
            UNKNOWN => self.look(name, hash),
            address => address,
        };
        (address != NOWHERE).then_some(address)
    }

    /// The same, and if nothing had it at the start, where it is now: what was opened
    /// since, such as a library of old glibc's beside libc, was bound to the hook.
    #[inline]
    fn anywhere(&self, name: &'static CStr, hash: u32) -> Option<usize> {
        let address = match self.0.load(Ordering::Relaxed) {
            UNKNOWN | NOWHERE => self.look_everywhere(name, hash),
            address => address,
        };
        (address != NOWHERE).then_some(address)
    }

    /// Not kept if it was opened since: it may go again.
    #[cold]
    fn look_everywhere(&self, name: &'static CStr, hash: u32) -> usize {
        match self.look(name, hash) {
            NOWHERE => loaded::find(name, hash).unwrap_or(NOWHERE),
            address => address,
        }
    }

    /// Two threads that look at once find the same.
    #[cold]
    fn look(&self, name: &'static CStr, hash: u32) -> usize {
        let address = lookup::next(name, hash).unwrap_or(NOWHERE);
        self.0.store(address, Ordering::Relaxed);
        address
    }
}

/// A symbol's name, which the caller ends with a NUL.
#[allow(clippy::panic)] // The compiler runs this: it stops the build, not a program.
pub const fn name(terminated: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(terminated.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a symbol's name ends with its one NUL"),
    }
}

/// What a function of this type returns when it fails.
pub trait Failed {
    /// `-1`, a null pointer, or nothing.
    const FAILED: Self;
}

impl Failed for () {
    const FAILED: Self = ();
}

impl Failed for c_int {
    const FAILED: Self = -1;
}

#[cfg(target_pointer_width = "64")]
impl Failed for core::ffi::c_long {
    const FAILED: Self = -1;
}

impl<T> Failed for *mut T {
    const FAILED: Self = core::ptr::null_mut();
}

/// What a function does that no library has.
#[doc(hidden)]
#[cold]
pub fn missing<T: Failed>() -> T {
    errno::set(libc::ENOSYS);
    T::FAILED
}

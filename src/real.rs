//! The real symbols behind the hooks.
//!
//! Each is looked for when it is first called, by [`crate::lookup`], which takes
//! no lock and no memory: that holds in a signal handler and in a `vfork` child as
//! well, and a start does not pay for eighty symbols of which a program uses five.
//! That is why `redhook::real!`, which asks `dlsym` under a `Once` and panics if it
//! is answered in vain, is not used: a thread that forks while another one is in
//! there would leave its child waiting for ever.

use core::ffi::CStr;
use core::sync::atomic::{AtomicUsize, Ordering};

use libc::c_int;

use crate::lookup::{self, loaded};

/// A symbol that a hook stands before; [`hook!`] makes each one.
pub trait Symbol {
    /// Pointer to a function with the symbol's arguments.
    type Function: Copy;

    const NAME: &'static CStr;

    /// What is called where no library has the symbol: it fails with `ENOSYS`.
    const MISSING: Self::Function;

    fn slot() -> &'static Slot;

    /// The real function.
    fn function() -> Self::Function {
        let address = Self::slot().anywhere(Self::NAME, const { lookup::hash(Self::NAME) });
        let Some(address) = address else {
            return Self::MISSING;
        };
        const { assert!(size_of::<Self::Function>() == size_of::<usize>()) };
        // SAFETY: the address is that of the symbol of this name, and `Function`
        // is a pointer to a function as its manual page declares it.
        unsafe { core::mem::transmute_copy::<usize, Self::Function>(&address) }
    }

    /// Has any library behind this one the symbol?
    fn is_there() -> bool {
        Self::slot()
            .address(Self::NAME, const { lookup::hash(Self::NAME) })
            .is_some()
    }
}

/// Where a symbol was found.
pub struct Slot(AtomicUsize);

/// Not yet looked for.
const UNKNOWN: usize = 0;
/// Looked for in vain. No function is at so low an address.
const NOWHERE: usize = 1;

impl Slot {
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
    const FAILED: Self;
}

impl Failed for () {
    const FAILED: Self = ();
}

impl Failed for c_int {
    const FAILED: Self = -1;
}

#[cfg(target_pointer_width = "64")]
impl Failed for libc::c_long {
    const FAILED: Self = -1;
}

impl<T> Failed for *mut T {
    const FAILED: Self = core::ptr::null_mut();
}

/// Declares a hook, by redhook, and the real symbol behind it.
macro_rules! hook {
    (unsafe fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty => $hook:ident $body:block) => {
        redhook::hook! { unsafe fn $name($($argument: $type),*) -> $result => $hook $body }

        impl $crate::real::Symbol for $name {
            type Function = unsafe extern "C" fn($($type),*) -> $result;

            const NAME: &'static core::ffi::CStr =
                $crate::real::name(concat!(stringify!($name), "\0"));

            const MISSING: Self::Function = {
                unsafe extern "C" fn missing($(_: $type),*) -> $result {
                    $crate::errno::set(libc::ENOSYS);
                    <$result as $crate::real::Failed>::FAILED
                }
                missing
            };

            fn slot() -> &'static $crate::real::Slot {
                static SLOT: $crate::real::Slot = $crate::real::Slot::new();
                &SLOT
            }
        }
    };
}

/// The real function behind the hook of this name.
macro_rules! real {
    ($name:ident) => {
        <$name as $crate::real::Symbol>::function()
    };
}

pub(crate) use {hook, real};

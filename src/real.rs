//! Real symbols that not every libc has.
//!
//! redhook panics when it looks for a symbol in vain, and the panic ends the
//! program; so these are asked for first, at load, where `dlsym` may allocate
//! its error message.

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, Ordering};

/// A symbol that came with a later glibc.
pub struct Optional {
    name: &'static CStr,
    there: AtomicBool,
}

impl Optional {
    pub const fn new(name: &'static CStr) -> Self {
        Optional {
            name,
            there: AtomicBool::new(false),
        }
    }

    /// The same where it was not asked for at load, because hardly any program
    /// uses it: in a call that may allocate and take locks itself.
    pub fn is_there_now(&self) -> bool {
        self.is_there() || self.look()
    }

    /// Asks the libc behind us.
    pub fn look(&self) -> bool {
        // SAFETY: `dlsym` takes any terminated name.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.there.store(!found.is_null(), Ordering::Relaxed);
        !found.is_null()
    }

    /// What `look` found.
    pub fn is_there(&self) -> bool {
        self.there.load(Ordering::Relaxed)
    }
}

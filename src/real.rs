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

    /// Asks the libc behind us; at load only.
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

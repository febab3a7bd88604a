//! What is made once, and then there for good.

use core::sync::atomic::{AtomicPtr, Ordering};

/// A reference that one thread puts here and all read, without a lock.
pub struct Published<T: 'static>(AtomicPtr<T>);

impl<T: Sync> Published<T> {
    /// None yet.
    #[allow(clippy::new_without_default)] // for statics
    pub const fn new() -> Self {
        Published(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// What was put here, if something was.
    pub fn get(&self) -> Option<&'static T> {
        // SAFETY: null, or a reference for good that `set` was given; acquired, so what
        // it leads to is as the other thread wrote it.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// Puts it here if nothing is; the first one stays. Says whether it is this one.
    pub fn set(&self, value: &'static T) -> bool {
        let (none, value) = (core::ptr::null_mut(), core::ptr::from_ref(value).cast_mut());
        (self.0)
            .compare_exchange(none, value, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }
}

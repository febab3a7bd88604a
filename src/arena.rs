//! The shim's allocator: memory for the settings, given out once at load.
//!
//! Why not the program's `malloc`: the shim is loaded before the program's
//! allocator has set itself up, and a sanitizer's or jemalloc's `malloc` called
//! at that moment crashed more than one preload. Nothing is ever given back;
//! after load nothing is asked for, so this does not grow.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::sys;

/// Enough for the settings of most; more comes from the kernel.
const SIZE: usize = 64 * 1024;

#[repr(align(16))]
struct Store(UnsafeCell<[u8; SIZE]>);

// SAFETY: `USED` hands out each byte once.
unsafe impl Sync for Store {}

static STORE: Store = Store(UnsafeCell::new([0; SIZE]));
static USED: AtomicUsize = AtomicUsize::new(0);

struct Arena;

#[global_allocator]
static ARENA: Arena = Arena;

// SAFETY: every block is a part of `STORE` that no other block overlaps, or a
// mapping of its own; both are aligned as asked (a mapping to a page).
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let mut used = USED.load(Ordering::Relaxed);
        while let Some(start) = used.checked_next_multiple_of(layout.align().min(16)) {
            let end = start.saturating_add(layout.size());
            if end > SIZE || layout.align() > 16 {
                break;
            }
            match USED.compare_exchange_weak(used, end, Ordering::Relaxed, Ordering::Relaxed) {
                // SAFETY: `start` is inside the store.
                Ok(_) => return unsafe { STORE.0.get().cast::<u8>().add(start) },
                Err(now) => used = now,
            }
        }
        sys::map(layout.size()).unwrap_or(core::ptr::null_mut())
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}

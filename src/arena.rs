//! The shim's allocator: memory for the settings, given out once at load, and for the index
//! of the rules, when they are first asked.
//!
//! Why not the program's `malloc`: the shim is loaded before the program's
//! allocator has set itself up, and a sanitizer's or jemalloc's `malloc` called
//! at that moment crashed more than one preload. What load took is never given back, and
//! after it nothing is asked for but that index, so this does not grow.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use redhook::Published;

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
        take(layout).unwrap_or(core::ptr::null_mut())
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}

/// Memory that is zero and that nobody else has.
fn take(layout: Layout) -> Option<*mut u8> {
    let mut used = USED.load(Ordering::Relaxed);
    while let Some(start) = used.checked_next_multiple_of(layout.align().min(16)) {
        let end = start.saturating_add(layout.size());
        if end > SIZE || layout.align() > 16 {
            break;
        }
        match USED.compare_exchange_weak(used, end, Ordering::Relaxed, Ordering::Relaxed) {
            // SAFETY: `start` is inside the store.
            Ok(_) => return Some(unsafe { STORE.0.get().cast::<u8>().add(start) }),
            Err(now) => used = now,
        }
    }
    sys::map(layout.size())
}

/// Gives back what [`take`] gave, if it is a mapping, or the last that was taken of the
/// store.
///
/// # Safety
/// `block` is what `take` gave for this layout, and nothing refers to it.
unsafe fn give_back(block: *mut u8, layout: Layout) {
    let start = (block as usize).wrapping_sub(STORE.0.get() as usize);
    if start >= SIZE {
        // SAFETY: it lies outside of the store, so it is a mapping of that size.
        return unsafe { sys::unmap(block, layout.size()) };
    }
    // SAFETY: the caller's promise; whoever takes it next is to find zeros.
    unsafe { block.write_bytes(0, layout.size()) };
    let end = start + layout.size();
    let _ = USED.compare_exchange(end, start, Ordering::Relaxed, Ordering::Relaxed);
}

/// Makes a value with so many bytes of memory of its own, all zero, and publishes it: the one
/// that is there then, which may be another thread's, or of a signal handler's that came
/// between. `None` without memory.
///
/// Safe wherever a hook is: there is no lock and nothing that says that it is being made.
/// Who dies meanwhile, as a child of `vfork` may, leaves some memory behind.
pub fn publish<T: Sync>(
    slot: &Published<T>,
    count: usize,
    make: impl FnOnce(&'static mut [u8]) -> T,
) -> Option<&'static T> {
    let (layout, behind) = Layout::new::<T>()
        .extend(Layout::array::<u8>(count).ok()?)
        .ok()?;
    let block = take(layout)?;
    // SAFETY: the block is this function's alone, zero, aligned for `T`, and has `count`
    // bytes behind it.
    let value = unsafe {
        let bytes = core::slice::from_raw_parts_mut(block.add(behind), count);
        let value = block.cast::<T>();
        value.write(make(bytes));
        &*value
    };
    if !slot.set(value) {
        // SAFETY: nobody else has seen the value, and it is not used any more.
        unsafe { give_back(block, layout) };
    }
    slot.get()
}

//! Working memory for a hook: claimed without a lock, never from the heap.
//!
//! A hook may run on a 16 KiB thread stack or an 8 KiB alternate signal stack,
//! inside `malloc`, or in a `vfork` child. So paths are resolved in one of a few
//! static slots, claimed by an atomic bit. Waiting for a slot is no option: the
//! holder may be the very thread that a signal handler interrupted. When all are
//! taken (or leaked by a handler that jumped out of a hook) the kernel is asked
//! for memory; when it has none either, the caller goes on with what is known of
//! the place without resolving it.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::sys;

/// `PATH_MAX`: the longest path the kernel takes, its NUL included.
pub const PATH_MAX: usize = 4096;

/// A path below the longest cwd: what one place can come to, in bytes.
pub const PLACE_MAX: usize = 2 * PATH_MAX;

/// `XATTR_SIZE_MAX`: the longest value of an extended attribute.
pub const XATTR_MAX: usize = 65536;

/// The buffers of one claim. Plain bytes: any content is valid.
pub struct Buffers {
    /// The place as named.
    pub named: [u8; PLACE_MAX],
    /// The place as it really is.
    pub real: [u8; PLACE_MAX],
    /// What is still to be walked while the real place is found.
    pub ahead: [u8; PLACE_MAX],
    /// The target of one link.
    pub link: [u8; PATH_MAX],
    /// A record, or a copy of an ACL.
    pub text: [u8; XATTR_MAX],
}

/// Slots in the pool. They lie in `.bss`: a page that no hook ever wrote costs
/// no memory.
const SLOTS: usize = 8;

struct Pool(UnsafeCell<[Buffers; SLOTS]>);

// SAFETY: a slot is reached only by the claim that holds its bit in `TAKEN`.
unsafe impl Sync for Pool {}

// SAFETY: all-zero bytes are a valid `Buffers`.
static POOL: Pool = unsafe { core::mem::zeroed() };
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A claim of one set of buffers, given back when dropped.
pub struct Scratch {
    buffers: *mut Buffers,
    from: Source,
}

enum Source {
    Slot(usize),
    Mapped,
}

impl Scratch {
    /// Claims buffers; their content is undefined. `None` if the pool is taken
    /// and the kernel has no memory (`RLIMIT_AS`).
    pub fn claim() -> Option<Self> {
        let mut taken = TAKEN.load(Ordering::Relaxed);
        loop {
            let slot = (!taken).trailing_zeros() as usize;
            if slot >= SLOTS {
                return Self::mapped();
            }
            match TAKEN.compare_exchange_weak(
                taken,
                taken | 1 << slot,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    let pool = POOL.0.get().cast::<Buffers>();
                    return Some(Scratch {
                        // SAFETY: `slot` is below `SLOTS`, so inside the pool.
                        buffers: unsafe { pool.add(slot) },
                        from: Source::Slot(slot),
                    });
                }
                Err(now) => taken = now,
            }
        }
    }

    fn mapped() -> Option<Self> {
        Some(Scratch {
            buffers: sys::map(size_of::<Buffers>())?.cast(),
            from: Source::Mapped,
        })
    }

    /// The buffers of this claim.
    pub fn buffers(&mut self) -> &mut Buffers {
        // SAFETY: the pointer is a slot whose bit this claim holds, or a mapping
        // of its own; `&mut self` makes it the only reference. Any bytes are a
        // valid `Buffers`.
        unsafe { &mut *self.buffers }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match self.from {
            Source::Slot(slot) => {
                TAKEN.fetch_and(!(1 << slot), Ordering::Release);
            }
            // SAFETY: this claim made the mapping, and its last reference ends here.
            Source::Mapped => unsafe { sys::unmap(self.buffers.cast(), size_of::<Buffers>()) },
        }
    }
}

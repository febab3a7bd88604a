//! What was recorded of programs that are started: each once in a process.

use core::sync::atomic::{AtomicU64, Ordering};

const SLOTS: usize = 64;

static SEEN: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];

/// Is this the first time for these three? A table that is full forgets, and they
/// are then recorded again.
pub fn first(device: u64, number: u64, what: u64) -> bool {
    let mixed = device.rotate_left(32) ^ number ^ what.rotate_left(16);
    let mark = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let slot = SEEN.get((mark >> 32) as usize % SLOTS);
    slot.is_some_and(|slot| slot.swap(mark, Ordering::Relaxed) != mark)
}

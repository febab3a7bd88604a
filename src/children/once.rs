//! Which programs were recorded as unreachable: each once in a process.

use core::sync::atomic::{AtomicU64, Ordering};

use super::target::Reason;

const SLOTS: usize = 64;

static SEEN: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];

/// Is this the first time? A table that is full forgets, and a program is then
/// recorded again.
pub fn first(inode: (u64, u64), reason: Reason) -> bool {
    let (device, number) = inode;
    let mixed = device.rotate_left(32) ^ number ^ (reason as u64).rotate_left(16);
    let mark = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let slot = SEEN.get((mark >> 32) as usize % SLOTS);
    slot.is_some_and(|slot| slot.swap(mark, Ordering::Relaxed) != mark)
}

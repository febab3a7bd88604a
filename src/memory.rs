//! Which inodes were seen at sensitive places: for `fchmod` and `fsetxattr` in a
//! chroot without `/proc`, where a descriptor tells no path.
//!
//! A fixed table of fingerprints, overwritten when full: a lock or an allocation
//! has no place in a hook. A file that was pushed out is not recognised.

use core::sync::atomic::{AtomicU64, Ordering};

use libc::c_int;

use crate::sys::{self, Inode};

const SLOTS: usize = 512;

static SEEN: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];

/// Device and inode number as one number that is never 0.
fn fingerprint(inode: &Inode) -> u64 {
    let (device, number) = inode.id;
    // The multiplier of Knuth's multiplicative hashing spreads small numbers.
    let mixed = device.rotate_left(32) ^ number;
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
}

fn slot(fingerprint: u64) -> Option<&'static AtomicU64> {
    SEEN.get((fingerprint >> 32) as usize % SLOTS)
}

/// Remembers what a new descriptor refers to.
pub fn remember(fd: c_int) {
    if let Ok(inode) = sys::stat_of(fd) {
        remember_inode(&inode);
    }
}

/// Remembers an inode.
pub fn remember_inode(inode: &Inode) {
    let fingerprint = fingerprint(inode);
    if let Some(slot) = slot(fingerprint) {
        slot.store(fingerprint, Ordering::Relaxed);
    }
}

/// Was this inode seen at a sensitive place?
pub fn remembers(inode: &Inode) -> bool {
    let fingerprint = fingerprint(inode);
    slot(fingerprint).is_some_and(|slot| slot.load(Ordering::Relaxed) == fingerprint)
}

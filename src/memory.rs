//! What is remembered of inodes: which ones got a second name at a sensitive place, and
//! which ones were seen at sensitive places: for `fchmod` and `fsetxattr` in a
//! chroot without `/proc`, where a descriptor tells no path. As long as there is a
//! `/proc` what is created anew need not be remembered ([`can_be_told`]).
//!
//! A fixed table of fingerprints, overwritten when full: a lock or an allocation
//! has no place in a hook. A file that was pushed out is not recognised.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicU8, Ordering};

use libc::c_int;

use crate::place;
use crate::sys::{self, Inode};

const SLOTS: usize = 512;

type Table = [AtomicU64; SLOTS];

static SEEN: Table = [const { AtomicU64::new(0) }; SLOTS];

/// Those that got a second name by a link of this process: by the other name, or
/// by a descriptor, they could be widened.
static LINKED: Table = [const { AtomicU64::new(0) }; SLOTS];
static ANY_LINKED: AtomicBool = AtomicBool::new(false);

/// Device and inode number as one number that is never 0.
fn fingerprint(inode: &Inode) -> u64 {
    let (device, number) = inode.id;
    // The multiplier of Knuth's multiplicative hashing spreads small numbers.
    let mixed = device.rotate_left(32) ^ number;
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
}

fn slot(table: &'static Table, fingerprint: u64) -> Option<&'static AtomicU64> {
    table.get((fingerprint >> 32) as usize % SLOTS)
}

fn store(table: &'static Table, inode: &Inode) {
    let fingerprint = fingerprint(inode);
    if let Some(slot) = slot(table, fingerprint) {
        slot.store(fingerprint, Ordering::Relaxed);
    }
}

fn has(table: &'static Table, inode: &Inode) -> bool {
    let fingerprint = fingerprint(inode);
    slot(table, fingerprint).is_some_and(|slot| slot.load(Ordering::Relaxed) == fingerprint)
}

/// Has the program changed its root, or what is mounted below it?
static LEFT: AtomicBool = AtomicBool::new(false);

/// From now on paths may lead elsewhere than at the start.
pub fn leave() {
    LEFT.store(true, Ordering::Relaxed);
}

/// May paths lead elsewhere than at the start?
pub fn has_left() -> bool {
    LEFT.load(Ordering::Relaxed)
}

/// Does `/proc` tell where descriptors lead? Asked once.
static TOLD: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const TELLS: u8 = 1;
const DOES_NOT: u8 = 2;

/// Does `/proc` tell where every descriptor leads, now and, but for what
/// [`cannot_be_told`] is called for, later?
pub fn can_be_told() -> bool {
    match TOLD.load(Ordering::Relaxed) {
        UNKNOWN => {
            let told = if place::has_proc() { TELLS } else { DOES_NOT };
            // Not over what a signal handler found meanwhile.
            let (new, order) = (told, Ordering::Relaxed);
            let stored = TOLD.compare_exchange(UNKNOWN, new, order, order);
            stored.is_ok() && told == TELLS
        }
        told => told == TELLS,
    }
}

/// From now on that is not certain.
pub fn cannot_be_told() {
    TOLD.store(DOES_NOT, Ordering::Relaxed);
}

/// Remembers what a new descriptor refers to.
pub fn remember(fd: c_int) {
    if let Ok(inode) = sys::stat_of(fd) {
        remember_inode(&inode);
    }
}

/// Remembers an inode.
pub fn remember_inode(inode: &Inode) {
    store(&SEEN, inode);
}

/// Was this inode seen at a sensitive place?
pub fn remembers(inode: &Inode) -> bool {
    has(&SEEN, inode)
}

/// Remembers an inode that was linked to a sensitive place.
pub fn remember_linked(inode: &Inode) {
    store(&LINKED, inode);
    ANY_LINKED.store(true, Ordering::Release);
}

/// Remembers a message queue: `/proc` tells its descriptor's path without the directory
/// that it is in, so that it is known like what has two names.
pub fn remember_queue(fd: c_int) {
    if let Ok(inode) = sys::stat_of(fd) {
        remember_linked(&inode);
    }
}

/// Has this process linked anything to a sensitive place?
pub fn any_linked() -> bool {
    ANY_LINKED.load(Ordering::Acquire)
}

/// Was this inode linked to a sensitive place?
pub fn was_linked(inode: &Inode) -> bool {
    has(&LINKED, inode)
}

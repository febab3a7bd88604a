//! What is remembered of inodes ([`Remembered`]): a name alone does not tell it.
//!
//! - Which ones were seen at sensitive places: for `fchmod` and `fsetxattr` in a
//!   chroot without `/proc`, where a descriptor tells no path. As long as there is a
//!   `/proc` what is created anew need not be remembered ([`can_be_told`]).
//! - Which ones have a sensitive name and another one: by that the program could widen
//!   them.
//!
//! One table of fingerprints, from the kernel when the first is stored: a lock or an
//! allocation has no place in a hook. Pages that are never written cost nothing, so it
//! is larger than what a job links or opens without `/proc`.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicU8, Ordering};

use crate::place;
use crate::sys::{self, Inode};

/// Inodes that there is room for: 8 MiB of address space.
const SLOTS: usize = 1 << 20;

/// Slots that are looked at for one inode.
const NEAR: usize = 64;

type Table = [AtomicU64; SLOTS];

static TABLE: AtomicPtr<Table> = AtomicPtr::new(core::ptr::null_mut());

/// All that was ever remembered, so that nobody looks for what there is none of.
static EVER: AtomicU8 = AtomicU8::new(0);

/// What is remembered of an inode, as the bits that its entry has.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Remembered {
    /// It was seen at a sensitive place.
    Seen = 1,
    /// It has a name at a sensitive place and is narrow: so it stays, by any other name.
    Narrow = 2,
    /// It was linked to a sensitive name that nobody else can reach, and kept its mode.
    Linked = 4,
}

/// The bits of an entry that say what is remembered.
const WHAT: u64 = 7;

/// There is no room for another one.
pub struct Full;

/// Device and inode number as one number that is never 0 and has none of `WHAT`.
fn fingerprint(inode: &Inode) -> u64 {
    let (device, number) = inode.id;
    // The multiplier of Knuth's multiplicative hashing spreads small numbers.
    let mixed = device.rotate_left(32) ^ number;
    let mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed & !WHAT | (WHAT + 1)
}

/// The slots in which this one may be, if there is a table.
fn near(fingerprint: u64) -> impl Iterator<Item = &'static AtomicU64> {
    let table = TABLE.load(Ordering::Acquire);
    // SAFETY: the mapping is of this size, all zero at first, which is a valid table,
    // and never given back.
    let table = unsafe { table.as_ref() };
    let first = (fingerprint >> 32) as usize;
    let slots = (first..first + NEAR).map(|slot| slot % SLOTS);
    table
        .into_iter()
        .flat_map(move |table| slots.clone().filter_map(move |slot| table.get(slot)))
}

/// Has a table made, if there is none yet.
fn provide() {
    if !TABLE.load(Ordering::Acquire).is_null() {
        return;
    }
    let Some(table) = sys::map(size_of::<Table>()) else {
        return;
    };
    let (none, order) = (core::ptr::null_mut(), Ordering::AcqRel);
    let stored = TABLE.compare_exchange(none, table.cast(), order, Ordering::Acquire);
    if stored.is_err() {
        // Another thread, or a signal handler, was faster.
        // SAFETY: the mapping of above, to which nothing refers.
        unsafe { sys::unmap(table, size_of::<Table>()) };
    }
}

/// Remembers an inode.
pub fn remember(inode: &Inode, what: Remembered) -> Result<(), Full> {
    provide();
    let fingerprint = fingerprint(inode);
    let bits = what as u8;
    for slot in near(fingerprint) {
        let (new, order) = (fingerprint | u64::from(bits), Ordering::Relaxed);
        let found = match slot.compare_exchange(0, new, order, order) {
            Ok(_) => new,
            Err(found) => found,
        };
        if found & !WHAT == fingerprint {
            slot.fetch_or(u64::from(bits), order);
            EVER.fetch_or(bits, Ordering::Release);
            return Ok(());
        }
    }
    Err(Full)
}

/// Is this remembered of any inode?
#[inline]
pub fn any(what: Remembered) -> bool {
    EVER.load(Ordering::Acquire) & what as u8 != 0
}

/// Is it of this one?
pub fn is(inode: &Inode, what: Remembered) -> bool {
    let fingerprint = fingerprint(inode);
    any(what)
        && near(fingerprint)
            .map(|slot| slot.load(Ordering::Relaxed))
            .take_while(|&entry| entry != 0)
            .any(|entry| entry & !WHAT == fingerprint && entry & u64::from(what as u8) != 0)
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

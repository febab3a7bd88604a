//! What is remembered of inodes ([`Remembered`]): a name alone does not tell it.
//!
//! - Which ones were seen at sensitive places: for `fchmod` and `fsetxattr` in a
//!   chroot without `/proc`, where a descriptor tells no path. As long as there is a
//!   `/proc` what is created anew need not be remembered ([`proc_fd_readable`]).
//! - Which ones have a sensitive name and another one: by that the program could widen
//!   them.
//!
//! One table of fingerprints, from the kernel when the first is stored: a lock or an
//! allocation has no place in a hook. Pages that are never written cost nothing, so it
//! is larger than what a job links or opens without `/proc`.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering};

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

/// How many sensitive names an inode has by a call of this process, as far as is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The one that a call names, which may be counted already.
    Known,
    /// One more.
    New,
}

/// The bits of an entry that are not the fingerprint; those of the number of names.
const WHAT: u64 = 0xff;
const COUNT: u64 = WHAT & !7;
const ONE: u64 = 8;

/// There is no room for another one.
pub struct Full;

/// Which inode it is: device, number, and when it was made, since numbers are used
/// again.
#[derive(Clone, Copy)]
pub struct Identity(u64);

impl Identity {
    /// `born` is as [`sys::born`] tells it.
    pub fn new(inode: &Inode, born: u64) -> Self {
        let (device, number) = inode.id;
        // The multiplier of Knuth's multiplicative hashing spreads small numbers.
        let spread = |number: u64| {
            let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            mixed ^ mixed >> 32
        };
        let mixed = spread(spread(device.rotate_left(32) ^ number) ^ born);
        // Never 0, and none of `WHAT`.
        Identity(mixed & !WHAT | (WHAT + 1))
    }
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
pub fn remember(identity: Identity, what: Remembered, names: Names) -> Result<(), Full> {
    provide();
    let (Identity(fingerprint), order) = (identity, Ordering::Relaxed);
    for slot in near(fingerprint) {
        let found = slot.compare_exchange(0, fingerprint, order, order);
        if found.map_or_else(|found| found & !WHAT, |_| fingerprint) != fingerprint {
            continue;
        }
        let _ = slot.fetch_update(order, order, |entry| {
            let counts = names == Names::New || entry & COUNT == 0;
            let more = if counts && entry & COUNT != COUNT {
                ONE
            } else {
                0
            };
            Some((entry + more) | what as u64)
        });
        EVER.fetch_or(what as u8, Ordering::Release);
        return Ok(());
    }
    Err(Full)
}

/// Is this remembered of any inode?
#[inline]
pub fn any(what: Remembered) -> bool {
    EVER.load(Ordering::Acquire) & what as u8 != 0
}

/// Has any inode a name that it had better lose in sight?
#[inline]
pub fn any_named() -> bool {
    EVER.load(Ordering::Acquire) & (Remembered::Narrow as u8 | Remembered::Linked as u8) != 0
}

/// Is it remembered of this one?
pub fn is(identity: Identity, what: Remembered) -> bool {
    any(what) && entry(identity).is_some_and(|slot| slot.load(Ordering::Relaxed) & what as u64 != 0)
}

/// How many sensitive names it has; 0 if it is not known, and of too many nothing is.
pub fn names(identity: Identity) -> u64 {
    match entry(identity).map_or(0, |slot| slot.load(Ordering::Relaxed) & COUNT) {
        COUNT => u64::MAX,
        count => count / ONE,
    }
}

/// One of these names is gone. With the last one goes what was remembered.
pub fn unnamed(identity: Identity) {
    let order = Ordering::Relaxed;
    if let Some(slot) = entry(identity) {
        let _ = slot.fetch_update(order, order, |entry| match entry & COUNT {
            0 | COUNT => None,
            ONE => Some(entry & !WHAT | Remembered::Seen as u64 & entry),
            _ => Some(entry - ONE),
        });
    }
}

fn entry(Identity(fingerprint): Identity) -> Option<&'static AtomicU64> {
    near(fingerprint)
        .take_while(|slot| slot.load(Ordering::Relaxed) != 0)
        .find(|slot| slot.load(Ordering::Relaxed) & !WHAT == fingerprint)
}

static ROOT_CHANGED: AtomicBool = AtomicBool::new(false);

/// From now on paths may lead elsewhere than at the start: the program changes its root,
/// or what is mounted below it.
pub fn note_root_change() {
    ROOT_CHANGED.store(true, Ordering::Relaxed);
}

/// May paths lead elsewhere than at the start?
pub fn root_changed() -> bool {
    ROOT_CHANGED.load(Ordering::Relaxed)
}

/// Asked once.
static PROC: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const TELLS: u8 = 1;
const DOES_NOT: u8 = 2;

/// Does `/proc` tell where every descriptor leads, now and, unless
/// [`note_proc_lost`] is called, later?
pub fn proc_fd_readable() -> bool {
    match PROC.load(Ordering::Relaxed) {
        UNKNOWN => {
            let told = if sys::has_proc() { TELLS } else { DOES_NOT };
            // Not over what a signal handler found meanwhile.
            let (new, order) = (told, Ordering::Relaxed);
            let stored = PROC.compare_exchange(UNKNOWN, new, order, order);
            stored.is_ok() && told == TELLS
        }
        told => told == TELLS,
    }
}

/// From now on that is not certain.
pub fn note_proc_lost() {
    PROC.store(DOES_NOT, Ordering::Relaxed);
}

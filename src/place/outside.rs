//! Names that the process cannot see any more: of its root, of a working directory or a
//! descriptor that was left outside by chroot(2), pivot_root(2) or umount(2).
//!
//! Before such a call directories are noted under their inode, in a fixed table. Of new
//! roots and of all others the oldest note goes first. The root is looked up by its inode as well: so a
//! call that failed, a thread with a root of its own, the parent of a `vfork` child and
//! a root that is left again are each told the right thing.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};

use libc::AT_FDCWD;

use crate::scratch::PATH_MAX;
use crate::sys;

/// Untouched, they cost no memory. The first ones are those of roots.
const NOTES: usize = 24;
const ROOTS: usize = 8;

/// Which directory it is, and the length of its path: 0 while there is none.
struct Head {
    device: AtomicU64,
    number: AtomicU64,
    length: AtomicUsize,
}

impl Head {
    const fn new() -> Self {
        Head {
            device: AtomicU64::new(0),
            number: AtomicU64::new(0),
            length: AtomicUsize::new(0),
        }
    }

    fn is_of(&self, id: (u64, u64)) -> bool {
        let order = Ordering::Relaxed;
        (self.device.load(order), self.number.load(order)) == id
    }
}

static HEADS: [Head; NOTES] = [const { Head::new() }; NOTES];
static PATHS: [[AtomicU8; PATH_MAX]; NOTES] =
    [const { [const { AtomicU8::new(0) }; PATH_MAX] }; NOTES];
static ANY: AtomicBool = AtomicBool::new(false);

/// Is anything noted?
pub fn any() -> bool {
    ANY.load(Ordering::Acquire)
}

/// Notes the absolute path of a directory, which is to be a root or not.
pub fn note(id: (u64, u64), path: &[u8], is_root: bool) {
    static NEXT: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    let [root, other] = &NEXT;
    let (next, first, count) = match is_root {
        true => (root, 0, ROOTS),
        false => (other, ROOTS, NOTES - ROOTS),
    };
    let mut heads = HEADS.iter().skip(first).take(count);
    let known = heads.position(|head| head.is_of(id));
    let slot = first + known.unwrap_or_else(|| next.fetch_add(1, Ordering::Relaxed) % count);
    let (Some(head), Some(room)) = (HEADS.get(slot), PATHS.get(slot)) else {
        return;
    };
    if path.len() > room.len() {
        return;
    }
    // Whoever reads meanwhile sees that the length has changed.
    head.length.store(0, Ordering::Relaxed);
    fence(Ordering::Release);
    head.device.store(id.0, Ordering::Relaxed);
    head.number.store(id.1, Ordering::Relaxed);
    for (byte, &new) in room.iter().zip(path) {
        byte.store(new, Ordering::Relaxed);
    }
    head.length.store(path.len(), Ordering::Release);
    ANY.store(true, Ordering::Release);
}

/// Writes what was noted of a directory to `out`; gives its length.
pub fn recall(id: (u64, u64), out: &mut [u8]) -> Option<usize> {
    let slot = HEADS.iter().position(|head| head.is_of(id))?;
    let (head, path) = (HEADS.get(slot)?, PATHS.get(slot)?);
    let length = head.length.load(Ordering::Acquire);
    for (to, byte) in out.get_mut(..length)?.iter_mut().zip(path) {
        *to = byte.load(Ordering::Relaxed);
    }
    fence(Ordering::Acquire);
    let whole = head.is_of(id) && head.length.load(Ordering::Relaxed) == length;
    (whole && length > 0).then_some(length)
}

/// The name outside of a folded path, written to `room`: of an absolute one, if the
/// root's is known; of another one, if it is `beyond` the root.
pub fn name<'r>(path: &[u8], beyond: bool, room: &'r mut [u8]) -> Option<&'r [u8]> {
    let (before, rest) = match path.split_first() {
        Some((b'/', rest)) => (root(room)?, rest),
        _ if beyond => (0, path),
        _ => return None,
    };
    let mut length = before;
    if before == 0 || !rest.is_empty() {
        *room.get_mut(length)? = b'/';
        length += 1;
    }
    let end = length.checked_add(rest.len())?;
    room.get_mut(length..end)?.copy_from_slice(rest);
    room.get(..end)
}

/// The path outside of what is `/` for this thread.
fn root(room: &mut [u8]) -> Option<usize> {
    if !any() {
        return None;
    }
    let root = sys::stat_at(AT_FDCWD, c"/".as_ptr(), 0).ok()?;
    // Not if it is `/` there as well.
    recall(root.id, room.get_mut(..PATH_MAX)?).filter(|&length| length > 1)
}

//! Memory for a large environment, that comes back when the exec works.
//!
//! A `vfork` child shares its parent's memory and leaves it by exec: what it
//! mapped would stay with the parent, for each child anew. So the child takes one
//! of a few static rooms and names it to the kernel as a robust futex of its own:
//! the kernel marks those of a task that is gone, and exec counts as that
//! (`futex_exec_release` in `kernel/futex/core.c`, get_robust_list(2)). A room
//! whose owner is gone is free again.
//!
//! A task that has a list of robust futexes is a thread of libc's, not a `vfork`
//! child: its exec takes all of the memory away, and a mapping is good enough.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::{addr_of_mut, null_mut};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::environment::Array;
use crate::sys::{self, programs};

/// Words of a room: an environment of some four thousand entries.
const WORDS: usize = 4096;

/// `FUTEX_TID_MASK` and `FUTEX_OWNER_DIED` of `<linux/futex.h>`.
const OWNER: u32 = 0x3fff_ffff;
const OWNER_DIED: u32 = 0x4000_0000;

struct Room {
    /// The task that has it, as the kernel marks robust futexes.
    owner: AtomicU32,
    words: UnsafeCell<[MaybeUninit<usize>; WORDS]>,
}

// SAFETY: the words are reached only by the task whose id is in `owner`.
unsafe impl Sync for Room {}

static ROOMS: [Room; 4] = [const {
    Room {
        owner: AtomicU32::new(0),
        words: UnsafeCell::new([const { MaybeUninit::uninit() }; WORDS]),
    }
}; 4];

/// `struct robust_list_head` and its one entry (`<linux/futex.h>`).
#[repr(C)]
struct RobustList {
    first: *mut Entry,
    /// From an entry to its futex.
    offset: isize,
    pending: *mut Entry,
    entry: Entry,
}

#[repr(C)]
struct Entry {
    next: *mut Entry,
}

/// Calls `start` with what `write` makes of so many words. `None` if there is no
/// memory for them.
pub fn with(
    words: usize,
    write: &dyn Fn(&mut [MaybeUninit<usize>]) -> Option<Array>,
    start: &dyn Fn(Option<Array>) -> i32,
) -> i32 {
    if words <= WORDS && programs::has_robust_list() == Ok(false) {
        let task = programs::task_id();
        if let Some(room) = ROOMS.iter().find(|room| claim(room, task)) {
            return lent(room, write, start);
        }
    }
    let Some(slots) = map(words) else {
        return start(None);
    };
    let result = start(write(slots));
    // SAFETY: the mapping of above, which nothing refers to any more.
    unsafe { sys::unmap(slots.as_mut_ptr().cast(), size_of_val(slots)) };
    result
}

/// So many words of fresh memory.
pub fn map(words: usize) -> Option<&'static mut [MaybeUninit<usize>]> {
    let room = sys::map(words.checked_mul(size_of::<usize>())?)?;
    // SAFETY: a fresh mapping of that size, aligned to a page.
    Some(unsafe { core::slice::from_raw_parts_mut(room.cast(), words) })
}

fn claim(room: &Room, task: u32) -> bool {
    let owner = room.owner.load(Ordering::Relaxed);
    (owner == 0 || owner & OWNER_DIED != 0)
        && room
            .owner
            .compare_exchange(owner, task & OWNER, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
}

fn lent(
    room: &Room,
    write: &dyn Fn(&mut [MaybeUninit<usize>]) -> Option<Array>,
    start: &dyn Fn(Option<Array>) -> i32,
) -> i32 {
    let mut list = RobustList {
        first: null_mut(),
        offset: 0,
        pending: null_mut(),
        entry: Entry { next: null_mut() },
    };
    let entry = addr_of_mut!(list.entry);
    list.first = entry;
    // The list is a ring: the last entry leads back to the head, whose first
    // field is the pointer to the first.
    list.entry.next = addr_of_mut!(list).cast();
    list.offset = (room.owner.as_ptr() as isize).wrapping_sub(entry as isize);
    // SAFETY: `list` is above the frames of `write` and `start`, and no longer named when it
    // goes; its one entry leads to `owner`, a static's.
    unsafe { programs::set_robust_list(addr_of_mut!(list).cast()) };
    // SAFETY: this task's id is in `owner`.
    let result = start(write(unsafe { &mut *room.words.get() }));
    // SAFETY: none.
    unsafe { programs::set_robust_list(null_mut()) };
    room.owner.store(0, Ordering::Release);
    result
}

//! `system`, `popen` and `wordexp` start `/bin/sh` inside libc, with `environ` as
//! it is. Where the program emptied or changed that, our entries are put back into
//! it before the call: nothing else reaches the shell.
//!
//! They stay in `environ`: taking them out afterwards could undo what another
//! thread set meanwhile, for as long as the command runs. The array is a new one,
//! so that a thread that is reading the old one is not disturbed; `setenv` takes
//! it for one of the program's own and copies it before it changes anything.
//!
//! A `/bin/sh` that a preload cannot enter is recorded or refused, but does not
//! get the narrowed umask: these calls are not ours to make from another task.

use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use super::envp::{Array, Copy, Preloaded};
use super::room::map;
use super::{active, at_path, plan, Plan};

/// Makes `environ` fit for a shell that `name` will start: the array that is to
/// be `environ` from now on, or none if it may stay.
///
/// `Err` if the shell cannot be entered and is not to be started.
///
/// # Safety
/// Other threads leave the environment alone meanwhile, as these calls demand of
/// them anyway (environ is not locked against its readers).
pub unsafe fn prepare(name: &'static str, environ: Array) -> Result<Option<Array>, ()> {
    let Some((state, snapshot)) = active() else {
        return Ok(None);
    };
    let start = at_path(name, c"/bin/sh".as_ptr());
    if matches!(plan(state, snapshot, &start), Plan::Refuse) {
        return Err(());
    }
    // SAFETY: the caller's promise.
    let copy = unsafe { Copy::needed(name, snapshot, environ, Preloaded::Keep) };
    Ok(copy.and_then(|copy| lasting(&copy, environ)))
}

/// Memory for an array that stays. Two of them take turns: the one that is not
/// `environ` may be written.
struct Room {
    start: AtomicPtr<MaybeUninit<usize>>,
    words: AtomicUsize,
}

impl Room {
    /// A program that cleared its environment may have none (`clearenv`).
    fn is(&self, array: Array) -> bool {
        let start = self.start.load(Ordering::Relaxed);
        !start.is_null() && start.cast_const().cast() == array
    }
}

static ROOMS: [Room; 2] = [const {
    Room {
        start: AtomicPtr::new(null_mut()),
        words: AtomicUsize::new(0),
    }
}; 2];
static BUSY: AtomicBool = AtomicBool::new(false);

fn lasting(copy: &Copy, environ: Array) -> Option<Array> {
    let words = copy.words();
    // Two threads at once, or a signal handler in between: the second one takes
    // memory of its own.
    if BUSY.swap(true, Ordering::Acquire) {
        return copy.write(map(words)?);
    }
    let array = turn(copy, words, environ);
    BUSY.store(false, Ordering::Release);
    array
}

fn turn(copy: &Copy, words: usize, environ: Array) -> Option<Array> {
    let room = ROOMS.iter().find(|room| !room.is(environ))?;
    if room.words.load(Ordering::Relaxed) < words {
        let words = words.checked_next_power_of_two()?.max(512);
        // The smaller one stays: the program may have kept a pointer to it.
        room.start
            .store(map(words)?.as_mut_ptr(), Ordering::Relaxed);
        room.words.store(words, Ordering::Relaxed);
    }
    // SAFETY: a mapping of so many words, which only the holder of `BUSY` writes
    // and which is not the present environment.
    let slots = unsafe {
        core::slice::from_raw_parts_mut(
            room.start.load(Ordering::Relaxed),
            room.words.load(Ordering::Relaxed),
        )
    };
    copy.write(slots)
}

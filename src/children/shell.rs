//! `system`, `popen` and `wordexp` start `/bin/sh` inside libc, with `environ` as
//! it is. Where the program emptied that, our entries are put back into
//! it before the call: nothing else reaches the shell.
//!
//! They stay in `environ`: taking them out afterwards could undo what another
//! thread set meanwhile, for as long as the command runs. The array is a new one,
//! so that a thread that is reading the old one is not disturbed; `setenv` takes
//! it for one of the program's own and copies it before it changes anything.
//!
//! A `/bin/sh` that a preload cannot enter gets the narrowed umask by its own builtin,
//! put before the command: these calls are not ours to make from another task, and
//! the other threads' umask is not ours to change. `wordexp` takes words and no
//! command: there the process has the narrowed umask meanwhile, if it is this thread
//! alone.

use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use libc::{AT_FDCWD, c_char, c_int};

use super::envp::{Array, Copy};
use super::reader::Reader;
use super::room::map;
use super::{Child, Plan, at_path};
use crate::sys::{self, Text, helper};

/// How a shell is to be started.
#[derive(Default)]
pub struct Prepared {
    /// The array that is to be `environ` from now on; none if it may stay.
    pub environ: Option<Array>,
    /// Bits to be set in the shell's umask.
    pub mask: Option<u32>,
}

/// Makes `environ` fit for a shell that `name` will start.
///
/// `Err` if the shell cannot be entered and is not to be started.
///
/// # Safety
/// Other threads leave the environment alone meanwhile, as these calls demand of
/// them anyway (environ is not locked against its readers).
pub unsafe fn prepare(name: &'static str, environ: Array) -> Result<Prepared, ()> {
    let start = at_path(name, c"/bin/sh".as_ptr());
    // SAFETY: the caller's promise.
    let Some(child) = (unsafe { Child::of(&start, environ) }) else {
        return Ok(Prepared::default());
    };
    let Plan::Go { preloaded, mask } = child.plan(&start) else {
        return Err(());
    };
    let copy = child.copy(environ, preloaded);
    Ok(Prepared {
        environ: copy.and_then(|copy| lasting(&copy, environ)),
        mask,
    })
}

/// Calls `real` with a command that narrows the shell's umask by `mask` first. With
/// the command as it is, where there is nothing to narrow or no memory.
///
/// # Safety
/// `command` is null or a string that is left alone meanwhile.
pub unsafe fn with_umask<R>(
    mask: Option<u32>,
    command: *const c_char,
    real: impl FnOnce(*const c_char) -> R,
) -> R {
    // SAFETY: the caller's promise.
    let given = mask.and_then(|mask| Some((mask, unsafe { Reader::new().string(command) }?)));
    let Some((mask, given)) = given else {
        return real(command);
    };
    let size = given.len().saturating_add(UMASK_MAX);
    let Some(start) = sys::map(size) else {
        return real(command);
    };
    // SAFETY: a fresh mapping of this size, zeroed, which nobody else knows.
    let room = unsafe { core::slice::from_raw_parts_mut(start, size) };
    let written = write_umask(room, mask, given);
    let result = real(match written {
        Some(()) => start.cast_const().cast(),
        None => command,
    });
    // SAFETY: mapped above. libc's shells are started when these calls return, with
    // a copy of their arguments.
    unsafe { sys::unmap(start, size) };
    result
}

/// More than the longest builtin call, `umask g-rwx,o-rwx; `, takes with a NUL.
const UMASK_MAX: usize = 32;

/// Symbolic modes, relative to what the shell has: they say `umask | mask` and need
/// not know the umask (umask(1p)).
fn write_umask(room: &mut [u8], mask: u32, command: &[u8]) -> Option<()> {
    let mut text = Text::new(room);
    let mut put = |bytes: &[u8]| text.put(bytes);
    let mut before: &[u8] = b"umask ";
    for (class, shift) in [(b"g-", 3u32), (b"o-", 0)] {
        let bits = mask >> shift & 7;
        if bits == 0 {
            continue;
        }
        put(before)?;
        put(class)?;
        for (bit, letter) in [(4, b"r"), (2, b"w"), (1, b"x")] {
            if bits & bit != 0 {
                put(letter)?;
            }
        }
        before = b",";
    }
    if before == b"," {
        put(b"; ")?;
    }
    put(command)
}

/// Calls `real` with the umask of this process narrowed, if no other thread would
/// have it as well.
pub fn under_umask(mask: Option<u32>, real: &dyn Fn() -> c_int) -> c_int {
    // The directory has one more link for each thread, beside its own two.
    let threads = || sys::stat_at(AT_FDCWD, c"/proc/self/task".as_ptr(), 0);
    match mask {
        Some(mask) if threads().is_ok_and(|tasks| tasks.links == 3) => {
            helper::under(mask, &mut || real())
        }
        _ => real(),
    }
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

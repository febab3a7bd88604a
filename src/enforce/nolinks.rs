//! Creating a file at a plain place without following a link that was not judged.
//!
//! The kernel can be told to follow no link at all (openat2(2), since Linux 5.6): by
//! a path without links the file is where its name says, or nowhere. That is of use
//! twice.
//! - Most files that are created are new, and most paths have no link. So at a place
//!   whose name is plain such a file is tried first ([`create_new`]), and nobody has
//!   to look for links along the path. If there is one, or something is there
//!   already, the place is looked at in full.
//! - Whoever may write to a directory of the path can put a link there between that
//!   look and the kernel's, so that the file comes to be at a sensitive place, wide,
//!   for him to open and to wait for what is written there later. There, too, no
//!   link is followed that was not judged. If one turns up, the place is judged
//!   again.
//!
//! Where another preload stands between, which may open elsewhere than it is told,
//! its call is the one that is made, and the race is left to be; so where the program
//! is under a filter of system calls, which may kill it for one that it does not make
//! by itself.
//!
//! This is a system call of our own, in which `pthread_cancel` does not end a
//! thread: nothing that may block for long goes this way (a fifo: `Guard::end`).

use core::sync::atomic::{AtomicU8, Ordering};

use libc::{EEXIST, EINTR, ELOOP, ENOSYS, O_EXCL, c_int, mode_t};

use umaskclamp_policy::record::Action;

use super::decide::{Decision, Depth, Route, decide};
use super::opening::{Opening, Real};
use crate::call::{Call, Subject};
use crate::records::{self, NO_MODES};
use crate::{cancel, errno, lookup, sys};

/// How often a place is judged that somebody keeps changing.
const TRIES: u32 = 8;

/// Are system calls of our own to create files? Found out at the first creation.
static OURS: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

/// May files be created by an openat2(2) of the library's own?
pub fn openat2_usable() -> bool {
    match OURS.load(Ordering::Relaxed) {
        UNKNOWN => {
            let ours = lookup::opens_by_libc() && !sys::may_be_filtered() && sys::has_openat2();
            let first = if ours { YES } else { NO };
            // Not over the `NO` of a `disable_openat2`, in a signal handler meanwhile.
            let stored =
                OURS.compare_exchange(UNKNOWN, first, Ordering::Relaxed, Ordering::Relaxed);
            stored.is_ok() && first == YES
        }
        known => known == YES,
    }
}

/// None are from now on: the kernel has no openat2(2), or a filter may kill for it.
fn disable_openat2() {
    OURS.store(NO, Ordering::Relaxed);
}

/// The program puts itself under a filter of system calls (seccomp(2)).
pub fn filter_comes() {
    sys::filter_comes();
    disable_openat2();
}

/// Makes a new file by a path without links, or fails as open(2) does. `None` if the
/// place has to be looked at in full.
pub fn create_new(call: &Call, flags: c_int, mode: mode_t) -> Option<sys::Result<c_int>> {
    if call.state.is_audit() {
        return None;
    }
    if call.is_cancellation_point() {
        cancel::here();
    }
    let (dirfd, path) = call.place.name();
    match sys::create_without_links(dirfd, path, flags | O_EXCL, mode) {
        Err(ELOOP) => None,
        Err(EEXIST) if flags & O_EXCL == 0 => None,
        Err(ENOSYS) => {
            disable_openat2();
            None
        }
        opened => {
            records::record(call, None, Action::Verdict, NO_MODES, "plain");
            Some(opened)
        }
    }
}

/// Opens with `O_CREAT` by a route that others may change.
#[cold]
#[inline(never)]
pub fn create(call: &Call, mut route: Route, flags: c_int, mode: mode_t, real: Real) -> c_int {
    if !openat2_usable() {
        return real.make(flags, mode);
    }
    if call.is_cancellation_point() {
        cancel::here();
    }
    for _ in 0..TRIES {
        // The route ends here: the program's own call may block.
        let opened = match route {
            Route::Program => return real.make(flags, mode),
            Route::NoLinks => {
                let (dirfd, path) = call.place.name();
                sys::create_without_links(dirfd, path, flags, mode)
            }
            Route::At(dirfd, path) => {
                let opened = sys::create_without_links(dirfd, path.as_ptr(), flags, mode);
                // An error is told by the path that the program gave.
                if !matches!(opened, Ok(_) | Err(EINTR | ELOOP | ENOSYS)) {
                    break;
                }
                opened
            }
            Route::Clamped => break,
        };
        match opened {
            Err(ELOOP) => {}
            Err(ENOSYS) => {
                disable_openat2();
                return real.make(flags, mode);
            }
            opened => return errno::of(opened),
        }
        route = match decide(call, Subject::Other, Depth::Routed) {
            Decision::Sensitive(sensitive) => {
                return Opening::new(sensitive, flags, mode).open(real);
            }
            Decision::Plain(route) => route,
        };
    }
    // Another user keeps changing the path, or it cannot be walked. The mode counts only
    // if a file is made, and then that is on the safe side.
    real.make(flags, call.state.widest.clamp(mode))
}

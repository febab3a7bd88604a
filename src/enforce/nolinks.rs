//! Creating a file at a plain place without following a link that was not judged.
//!
//! The kernel can be told to follow no link at all (openat2(2), since Linux 5.6): by
//! a path without links the file is where its name says, or nowhere. That is of use
//! twice.
//! - Most files that are created are new, and most paths have no link. So at a place
//!   whose name is plain such a file is tried first ([`Route::New`]), and nobody has
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

use super::opening::open_at;
use super::{Judged, look};
use crate::call::{Call, Sensitive, Subject};
use crate::place::resolve::{self, Resolved};
use crate::sys::{self, PathCopy};
use crate::{cancel, errno, lookup, records, state};

/// How often a place is judged that somebody keeps changing.
const TRIES: u32 = 8;

/// Are system calls of our own to create files? Found out at the first creation.
static OURS: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

/// Can files be created by an openat2(2) of the library's own?
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

/// How a file gets to the plain place that was judged.
pub enum Route {
    /// As a new file, by the path as given, if that has no link: only the name of
    /// the place was judged.
    New,
    /// By the program's own call.
    Own,
    /// By the path as given.
    Straight,
    /// By this path, below this directory.
    Real(c_int, PathCopy),
    /// By the program's own call, with the mode clamped: where it leads is not known.
    Narrow,
}

impl Route {
    /// `path` is the place as it really is.
    pub fn of(real: &Resolved, path: &[u8]) -> Self {
        match real.route {
            resolve::Route::Program => Route::Own,
            resolve::Route::NoLinks => Route::Straight,
            resolve::Route::At { dirfd, tail } => path
                .get(tail..)
                .and_then(PathCopy::of)
                .map_or(Route::Narrow, |path| Route::Real(dirfd, path)),
            resolve::Route::Clamped => Route::Narrow,
        }
    }
}

/// Opens with `O_CREAT`; `real` is the program's own call.
#[inline(never)]
pub fn create(
    mut call: Call,
    mut route: Route,
    flags: c_int,
    mode: mode_t,
    real: &dyn Fn(c_int, mode_t) -> c_int,
) -> c_int {
    if matches!(route, Route::New) {
        if let Some(opened) = new(&call, flags, mode) {
            records::verdict(&call, None);
            return errno::of(opened);
        }
        call.tries = false;
        route = match look(&call, Subject::Other) {
            Judged::Sensitive(sensitive) => return open_at(sensitive, call, flags, mode, real),
            Judged::Plain(route) => route,
        };
    }
    if matches!(route, Route::Own) || !openat2_usable() {
        return real(flags, mode);
    }
    match tried(&call, route, flags, mode) {
        Tried::Done(opened) => errno::of(opened),
        Tried::Own => real(flags, mode),
        Tried::Sensitive(sensitive) => open_at(sensitive, call, flags, mode, real),
        // The mode counts only if a file is made, and then that is on the safe side.
        Tried::InVain => {
            let narrow = state::active().map_or(mode, |state| state.settings.mask.clamp(mode));
            real(flags, narrow)
        }
    }
}

/// Makes a new file by a path without links, or fails as open(2) does. `None` if the
/// place has to be looked at in full.
fn new(call: &Call, flags: c_int, mode: mode_t) -> Option<sys::Result<c_int>> {
    if call.cancels {
        cancel::here();
    }
    let exclusive = flags | O_EXCL;
    match sys::create_without_links(call.place.dirfd, call.path, exclusive, mode) {
        Err(ELOOP) => None,
        Err(EEXIST) if exclusive != flags => None,
        Err(ENOSYS) => {
            disable_openat2();
            None
        }
        opened => Some(opened),
    }
}

/// What came of it without the program's own call.
enum Tried {
    Done(sys::Result<c_int>),
    /// The program's own call makes it.
    Own,
    /// It turned out to be sensitive.
    Sensitive(Sensitive),
    /// Another user keeps changing the path, or the real path cannot be walked: the
    /// program's own call makes the file, narrow.
    InVain,
}

/// Opens by a route that others may change; it ends here: the program's own call may
/// block.
#[cold]
fn tried(call: &Call, mut route: Route, flags: c_int, mode: mode_t) -> Tried {
    if call.cancels {
        cancel::here();
    }
    for _ in 0..TRIES {
        let opened = match &route {
            Route::Own | Route::New => return Tried::Own,
            Route::Straight => sys::create_without_links(call.place.dirfd, call.path, flags, mode),
            Route::Real(from, path) => {
                let opened = sys::create_without_links(*from, path.as_ptr(), flags, mode);
                // An error is told by the path that the program gave.
                if !matches!(opened, Ok(_) | Err(EINTR | ELOOP | ENOSYS)) {
                    return Tried::InVain;
                }
                opened
            }
            Route::Narrow => return Tried::InVain,
        };
        match opened {
            Err(ELOOP) => {}
            Err(ENOSYS) => {
                disable_openat2();
                return Tried::Own;
            }
            opened => return Tried::Done(opened),
        }
        route = match look(call, Subject::Other) {
            Judged::Sensitive(sensitive) => return Tried::Sensitive(sensitive),
            Judged::Plain(route) => route,
        };
    }
    Tried::InVain
}

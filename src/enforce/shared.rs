//! Creating at a plain place to which others may change the way.
//!
//! Whoever may write to a directory of the path can put a link there between our
//! look and the kernel's, so that the file comes to be at a sensitive place, wide,
//! for him to open and to wait for what is written there later. So the kernel is
//! told to follow no link at all (openat2(2), since Linux 5.6): by a path without
//! links the file is where its name says, or nowhere. If one turns up, the place
//! is judged again.
//!
//! Where another preload stands between, which may open elsewhere than it is told,
//! the race is left to be: its call is the one that is made.
//!
//! This is a system call of our own, in which `pthread_cancel` does not end a
//! thread: nothing that may block for long goes this way, see [`Way`].

use libc::{c_int, mode_t, EINTR, ELOOP, ENOSYS};

use super::open::open_at;
use super::{look, Judged};
use crate::call::{Call, Sensitive, Subject};
use crate::place::{Real, Way};
use crate::sys::{self, PathCopy};
use crate::{errno, lookup, state};

/// How often a place is judged that somebody keeps changing.
const TRIES: u32 = 8;

/// How a file gets to the plain place that was judged.
pub enum Route {
    /// By the program's own call.
    Own,
    /// By the path as given.
    Straight,
    /// By this path, below this directory.
    Real(c_int, PathCopy),
    /// By the program's own call; what that creates is narrow.
    Narrow,
}

impl Route {
    /// `path` is the place as it really is.
    pub fn of(real: &Real, path: &[u8]) -> Self {
        match real.way {
            Way::Own => Route::Own,
            Way::Straight => Route::Straight,
            Way::Real { from, tail } => path
                .get(tail..)
                .and_then(PathCopy::of)
                .map_or(Route::Narrow, |path| Route::Real(from, path)),
            Way::Unsure => Route::Narrow,
        }
    }
}

/// What came of it without the program's own call.
enum Tried {
    Done(sys::Result<c_int>),
    /// The program's own call makes it.
    Own,
    /// It turned out to be sensitive.
    Sensitive(Sensitive),
    /// Somebody keeps changing the way, or it cannot be told.
    InVain,
}

/// Opens with `O_CREAT`; `real` is the program's own call.
#[cold]
#[inline(never)]
pub fn create(
    mut call: Call,
    route: Route,
    flags: c_int,
    mode: mode_t,
    real: &dyn Fn(c_int, mode_t) -> c_int,
) -> c_int {
    if !lookup::opens_by_libc() {
        return real(flags, mode);
    }
    match tried(&mut call, route, flags, mode) {
        Tried::Done(Ok(fd)) => fd,
        Tried::Done(Err(error)) => {
            errno::set(error);
            -1
        }
        Tried::Own => real(flags, mode),
        Tried::Sensitive(sensitive) => open_at(sensitive, call, flags, mode, real),
        // The mode counts only if a file is made, and then that is on the safe side.
        Tried::InVain => {
            let narrow = state::active().map_or(mode, |state| state.settings.mask.clamp(mode));
            real(flags, narrow)
        }
    }
}

/// The route ends here: the program's own call may block.
fn tried(call: &mut Call, mut route: Route, flags: c_int, mode: mode_t) -> Tried {
    for _ in 0..TRIES {
        let opened = match &route {
            Route::Own => return Tried::Own,
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
            Err(ENOSYS) => return Tried::Own,
            opened => return Tried::Done(opened),
        }
        call.look_again();
        route = match look(call, Subject::Other) {
            Judged::Sensitive(sensitive) => return Tried::Sensitive(sensitive),
            Judged::Plain(route) => route,
        };
    }
    Tried::InVain
}

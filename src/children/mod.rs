//! Programs that are started: they keep the protection, or a record says that
//! they cannot.
//!
//! Before each exec and spawn two things are seen to. The child's environment
//! gets back what the program dropped or changed of `LD_PRELOAD` and the settings
//! ([`envp`]). And the program is looked at ([`target`]): one that a preload
//! cannot enter gets what `UMASKCLAMP_UNREACHABLE` says ([`fallback`]).
//!
//! All of this runs between `vfork` and `exec`, where memory is the parent's: no
//! heap, and nothing claimed when the real call is made. A `vfork` child that
//! execs never comes back to give back.

pub mod envp;
pub mod fallback;
mod library;
mod once;
mod output;
mod reader;
pub mod room;
mod search;
pub mod shell;
pub mod snapshot;
pub mod target;

use core::ffi::c_void;
use core::ptr::null;

use libc::{c_char, c_int, posix_spawnattr_t, E2BIG, EPERM, X_OK};
use umaskclamp_policy::settings::{Mode, Unreachable};

use crate::call::Call;
use crate::enforce::spawn::directory;
use crate::place::{self, Place};
use crate::scratch::{Buffers, Scratch};
use crate::state::{self, State};
use crate::sys::programs;
use crate::{errno, records};
use envp::{Array, Preloaded};
use snapshot::Snapshot;
use target::{At, Found, Reason, Room};

/// Which program a call starts.
#[derive(Clone, Copy)]
pub enum Target {
    At(At),
    /// Searched in `PATH`, and given to the shell if it has no format.
    Search {
        file: *const c_char,
        reset: bool,
        shell: bool,
    },
}

/// A call that starts a program.
#[derive(Clone, Copy)]
pub struct Start {
    /// Name of the symbol, for records.
    pub name: &'static str,
    pub target: Target,
    /// File actions of `posix_spawn`, or null: the child may change its directory
    /// before it comes to a relative path.
    pub actions: *const c_void,
}

/// How the program is to be started.
enum Plan {
    Go {
        preloaded: Preloaded,
        /// Bits to be set in the child's umask.
        mask: Option<u32>,
    },
    Refuse,
}

const AS_EVER: Plan = Plan::Go {
    preloaded: Preloaded::Keep,
    mask: None,
};

/// Makes a call of the `exec` family: -1 and `errno` if it returns at all. `real`
/// takes the environment that the program is to get.
///
/// # Safety
/// `given` and what it points to are left alone meanwhile.
pub unsafe fn exec(start: Start, given: Array, real: &dyn Fn(Array) -> c_int) -> c_int {
    let Some((state, snapshot)) = active() else {
        return real(given);
    };
    let (preloaded, mask) = match plan(state, snapshot, &start) {
        Plan::Go { preloaded, mask } => (preloaded, mask),
        Plan::Refuse => {
            errno::set(EPERM);
            return -1;
        }
    };
    let under = |mask: Option<u32>, array| match mask {
        Some(mask) => fallback::exec(mask, &|| real(array)),
        None => real(array),
    };
    let call = |array: Array| {
        let result = under(mask, array);
        if array == given || errno::get() != E2BIG {
            return result;
        }
        match no_room(state, &start) {
            Plan::Go { mask, .. } => under(mask, given),
            Plan::Refuse => result,
        }
    };
    // SAFETY: the caller's promise.
    unsafe { envp::with(start.name, snapshot, given, preloaded, &call) }
}

/// Makes a call of the `posix_spawn` family: 0 or an error number. `real` takes
/// attributes and environment.
///
/// # Safety
/// As for [`exec`], and `attributes` is null or a valid attribute object.
pub unsafe fn spawn(
    start: Start,
    attributes: *const posix_spawnattr_t,
    given: Array,
    real: &dyn Fn(*const posix_spawnattr_t, Array) -> c_int,
) -> c_int {
    let Some((state, snapshot)) = active() else {
        return real(attributes, given);
    };
    let (preloaded, mask) = match plan(state, snapshot, &start) {
        Plan::Go { preloaded, mask } => (preloaded, mask),
        Plan::Refuse => return EPERM,
    };
    let under = |mask: Option<u32>, array| match mask {
        // SAFETY: the caller's promise.
        Some(mask) => unsafe {
            fallback::spawn(mask, attributes, &|attributes| real(attributes, array))
        },
        None => real(attributes, array),
    };
    let call = |array: Array| {
        let result = under(mask, array);
        if array == given || result != E2BIG {
            return result;
        }
        match no_room(state, &start) {
            Plan::Go { mask, .. } => under(mask, given),
            Plan::Refuse => result,
        }
    };
    // SAFETY: the caller's promise.
    unsafe { envp::with(start.name, snapshot, given, preloaded, &call) }
}

/// What is known since load, unless the mode is `off`.
fn active() -> Option<(&'static State, &'static Snapshot)> {
    state::active().zip(snapshot::taken())
}

/// Looks at the program, records what cannot be entered, and decides.
fn plan(state: &'static State, snapshot: &Snapshot, start: &Start) -> Plan {
    let mut room = Room::new();
    let mut claimed = None;
    let (found, at) = match start.target {
        Target::At(at) if moves(start, at.path) => {
            let Some(scratch) = claimed.insert(Scratch::claim()) else {
                return AS_EVER;
            };
            match below(start, at, &mut scratch.buffers().real) {
                Some(at) => (target::look(snapshot, at, &mut room), at),
                None => return AS_EVER,
            }
        }
        Target::At(at) => (target::look(snapshot, at, &mut room), at),
        Target::Search { file, reset, shell } => {
            // SAFETY: the program's own argument.
            let file = unsafe { place::read_path(file) };
            let scratch = claimed.insert(Scratch::claim());
            let (Some(file), Some(scratch)) = (file, scratch) else {
                return AS_EVER;
            };
            let Buffers { named, real, .. } = scratch.buffers();
            let mut last = None;
            let mut look = |path, executable: bool| {
                let at = At {
                    reset,
                    ..At::path(path)
                };
                let at = match moves(start, path) {
                    true => below(start, at, real),
                    false => Some(at),
                };
                last = at;
                // Of one that cannot be told: it counts as entered.
                let Some(at) = at else { return Found::Enters };
                match target::look(snapshot, at, &mut room) {
                    found if !executable || programs::may(at.dirfd, at.path, X_OK) => found,
                    _ => Found::Nothing,
                }
            };
            let found = match search::search(file, named, &mut look) {
                Found::NoFormat if shell => look(c"/bin/sh".as_ptr(), false),
                found => found,
            };
            let Some(at) = last else { return AS_EVER };
            (found, at)
        }
    };
    let Found::Cannot(reason, inode) = found else {
        return AS_EVER;
    };
    let at = room.interpreter().map_or(at, At::path);
    let first = once::first(inode, reason);
    unreachable(state, start.name, first.then_some(&at), reason)
}

/// Is this a relative path, and does the child change its directory before?
fn moves(start: &Start, path: *const c_char) -> bool {
    // SAFETY: `posix_spawn` would take the actions.
    if !unsafe { directory::changes(start.actions) } {
        return false;
    }
    // SAFETY: the program's own argument.
    let path = unsafe { place::read_path(path) };
    path.is_some_and(|path| path.first() != Some(&b'/'))
}

/// Such a path from where the child is then, written to `room`. `None` if that
/// cannot be told before the call.
fn below(start: &Start, at: At, room: &mut [u8]) -> Option<At> {
    // SAFETY: the program's own argument.
    let path = unsafe { place::read_path(at.path) }?;
    // SAFETY: `posix_spawn` would take the actions.
    let dirfd = unsafe { directory::of(start.actions, path, room) }?;
    Some(At {
        dirfd,
        path: room.as_ptr().cast(),
        ..at
    })
}

/// The arguments leave no room for what we put back (execve(2), "Limits on size of
/// arguments and environment"): without it the program starts as it would without
/// the shim, but is not entered.
fn no_room(state: &'static State, start: &Start) -> Plan {
    let at = match start.target {
        Target::At(at) => at,
        Target::Search { file, .. } => At::path(file),
    };
    unreachable(state, start.name, Some(&at), Reason::NoRoom)
}

/// What becomes of a program that cannot be entered. It is recorded if `at` says
/// which it is.
fn unreachable(state: &'static State, name: &'static str, at: Option<&At>, reason: Reason) -> Plan {
    let refuse = state.settings.unreachable == Unreachable::Refuse;
    if let Some(at) = at {
        record(state, name, at, refuse, reason);
    }
    if refuse && state.settings.mode == Mode::Enforce {
        return Plan::Refuse;
    }
    let narrow =
        state.settings.mode == Mode::Enforce && state.settings.unreachable == Unreachable::Umask;
    Plan::Go {
        preloaded: match reason.bars_preload() {
            true => Preloaded::TakeOut,
            false => Preloaded::Keep,
        },
        mask: narrow.then(|| state.settings.mask.bits()),
    }
}

fn record(state: &'static State, name: &'static str, at: &At, refuse: bool, reason: Reason) {
    // SAFETY: the kernel took this path a moment ago.
    let given = unsafe { place::read_path(at.path) }.unwrap_or_default();
    let place = Place {
        dirfd: at.dirfd,
        given,
        follow: true,
        in_root: false,
        creates: false,
    };
    let call = Call {
        name,
        place,
        path: at.path,
        tries: false,
        cancels: true,
    };
    records::unreachable(state, &call, refuse, reason.text());
}

/// A program at a path below the cwd.
pub fn at_path(name: &'static str, path: *const c_char) -> Start {
    Start {
        name,
        target: Target::At(At::path(path)),
        actions: null(),
    }
}

/// A program as `execveat(2)` names it.
pub fn at(name: &'static str, dirfd: c_int, path: *const c_char, flags: c_int) -> Start {
    let at = At {
        dirfd,
        flags: flags & (libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW),
        ..At::path(path)
    };
    Start {
        name,
        target: Target::At(at),
        actions: null(),
    }
}

/// A program that is searched.
pub fn searched(name: &'static str, file: *const c_char) -> Start {
    Start {
        name,
        target: Target::Search {
            file,
            reset: false,
            shell: true,
        },
        actions: null(),
    }
}

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

use libc::{c_char, c_int, posix_spawnattr_t, E2BIG, EPERM};
use umaskclamp_policy::settings::{Mode, Unreachable};

use crate::call::Call;
use crate::place::{self, Place};
use crate::scratch::Scratch;
use crate::state::{self, State};
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
    let under = |mask: Option<u32>, array| {
        let narrowed = mask.and_then(|mask| {
            // SAFETY: the caller's promise.
            unsafe { fallback::spawn(mask, attributes, &|attributes| real(attributes, array)) }
        });
        narrowed.unwrap_or_else(|| real(attributes, array))
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
    let mut searched = None;
    let (found, at) = match start.target {
        Target::At(at) => (target::look(snapshot, at, &mut room), at),
        Target::Search { file, reset, shell } => {
            // SAFETY: the program's own argument.
            let file = unsafe { place::read_path(file) };
            let candidates = searched.insert(Scratch::claim());
            let (Some(file), Some(candidates)) = (file, candidates) else {
                return AS_EVER;
            };
            let mut look = |path| {
                let at = At {
                    reset,
                    ..At::path(path)
                };
                (target::look(snapshot, at, &mut room), at)
            };
            let candidate = &mut candidates.buffers().named;
            let found = search::search(file, candidate, &mut |path| look(path).0);
            match found {
                Found::NoFormat if shell => look(c"/bin/sh".as_ptr()),
                found => (found, At::path(candidate.as_ptr().cast())),
            }
        }
    };
    let Found::Cannot(reason, inode) = found else {
        return AS_EVER;
    };
    let at = room.interpreter().map_or(at, At::path);
    let first = once::first(inode, reason);
    unreachable(state, start.name, first.then_some(&at), reason)
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
    };
    let call = Call {
        name,
        place,
        path: at.path,
    };
    records::unreachable(state, &call, refuse, reason.text());
}

/// A program at a path below the cwd.
pub fn at_path(name: &'static str, path: *const c_char) -> Start {
    Start {
        name,
        target: Target::At(At::path(path)),
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
    }
}

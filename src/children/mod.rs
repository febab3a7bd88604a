//! Programs that are started: they keep the protection, or a record says that
//! they cannot.
//!
//! Before each exec and spawn two things are seen to. The child's environment
//! gets back what the program dropped of `LD_PRELOAD` and the settings
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
mod root;
mod search;
pub mod shell;
pub mod snapshot;
mod start;
mod survey;
pub mod target;

use libc::{E2BIG, EPERM, X_OK, c_int, posix_spawnattr_t};
use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::program::{Found, Reason};
use umaskclamp_policy::record::Action;
use umaskclamp_policy::settings::{Mode, Unreachable, variables};

use crate::errno;
use crate::place;
use crate::scratch::{Buffers, Scratch};
use crate::state;
use crate::sys::{self, helper};
use envp::{Array, Preloaded};
pub use root::enter;
use snapshot::Snapshot;
pub use start::{Start, Target, at, at_path, searched};
use start::{below, moves, record};
use survey::Survey;
use target::{At, Look};

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

/// The program that is started, as far as its environment says what is to become of
/// it if it cannot be entered: what is not said there is as for this process.
struct Child {
    snapshot: &'static Snapshot,
    /// None where its environment cannot be read, and the kernel will say `EFAULT`.
    survey: Option<Survey>,
    mode: Mode,
    unreachable: Unreachable,
    mask: Mask,
}

/// Makes a call of the `exec` family: -1 and `errno` if it returns at all. `real`
/// takes the environment that the program is to get.
///
/// # Safety
/// `given` and what it points to are left alone meanwhile.
pub unsafe fn exec(start: Start, given: Array, real: &dyn Fn(Array) -> c_int) -> c_int {
    let real = |mask: Option<u32>, array| match mask {
        Some(mask) => helper::under(mask, &mut || real(array)),
        None => real(array),
    };
    // SAFETY: the caller's promise.
    let result = unsafe { begin(&start, given, &real, &|_| errno::get()) };
    result.unwrap_or_else(|| {
        errno::set(EPERM);
        -1
    })
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
    let real = |mask: Option<u32>, array| match mask {
        // SAFETY: the caller's promise.
        Some(mask) => unsafe {
            fallback::spawn(mask, attributes, &|attributes| real(attributes, array))
        },
        None => real(attributes, array),
    };
    // SAFETY: the caller's promise.
    unsafe { begin(&start, given, &real, &|result| result) }.unwrap_or(EPERM)
}

/// Starts the program by `real`, which takes bits to be set in its umask and its
/// environment; `error` is what a result of it means. `None` if it is not to be
/// started.
///
/// # Safety
/// As for [`exec`].
unsafe fn begin(
    start: &Start,
    given: Array,
    real: &dyn Fn(Option<u32>, Array) -> c_int,
    error: &dyn Fn(c_int) -> c_int,
) -> Option<c_int> {
    // SAFETY: the caller's promise.
    let Some(child) = (unsafe { Child::of(start, given) }) else {
        return Some(real(None, given));
    };
    let Plan::Go { preloaded, mask } = child.plan(start) else {
        return None;
    };
    let copy = child.copy(given, preloaded);
    Some(envp::with(copy.as_ref(), given, &|array| {
        let result = real(mask, array);
        if array == given || error(result) != E2BIG {
            return result;
        }
        match child.no_room(start) {
            Plan::Go { mask, .. } => real(mask, given),
            Plan::Refuse => result,
        }
    }))
}

impl Child {
    /// `None` if nothing is done: in mode `off`.
    ///
    /// # Safety
    /// `given` and what it points to are left alone while the result is in use.
    unsafe fn of(start: &Start, given: Array) -> Option<Child> {
        let (state, snapshot) = state::active().zip(snapshot::taken())?;
        // SAFETY: the caller's promise.
        let survey = unsafe { Survey::of(start, snapshot, given) };
        let settings = &state.settings;
        let said = |name| variables::of(&survey.as_ref()?.settings, name);
        let mode = said(variables::MODE).and_then(Mode::parse);
        let unreachable = said(variables::UNREACHABLE).and_then(Unreachable::parse);
        let mask = said(variables::MASK).and_then(|mask| Mask::parse(mask).ok());
        Some(Child {
            snapshot,
            mode: mode.unwrap_or(settings.mode),
            unreachable: unreachable.unwrap_or(settings.unreachable),
            mask: settings.rules.union(mask.unwrap_or(settings.mask)),
            survey,
        })
    }

    /// Its environment, if that is to be another one.
    fn copy(&self, given: Array, preloaded: Preloaded) -> Option<envp::Copy<'_>> {
        envp::Copy::needed(self.snapshot, given, self.survey.as_ref()?, preloaded)
    }

    /// Looks at the program, records what cannot be entered, and decides.
    fn plan(&self, start: &Start) -> Plan {
        let mut programs = Look::new(self.snapshot);
        let mut claimed = None;
        let (found, at) = match start.target {
            Target::At(at) if moves(start, at.path) => {
                let Some(scratch) = claimed.insert(Scratch::claim()) else {
                    return AS_EVER;
                };
                match below(start, at, &mut scratch.buffers().real) {
                    Some(at) => (programs.at(at), at),
                    None => return AS_EVER,
                }
            }
            Target::At(at) => (programs.at(at), at),
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
                    match programs.at(at) {
                        found if !executable || sys::programs::may(at.dirfd, at.path, X_OK) => {
                            found
                        }
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
        let Found::Cannot(reason) = found else {
            return AS_EVER;
        };
        let at = programs.interpreter().unwrap_or(at);
        let (device, number) = programs.inode.map_or((0, 0), |inode| inode.id);
        let first = self.mode != Mode::Off && once::first(device, number, reason as u64);
        self.unreachable(start.name, first.then_some(&at), reason)
    }

    /// The arguments leave no room for what we put back (execve(2), "Limits on size of
    /// arguments and environment"): without it the program starts as it would without
    /// the shim, but is not entered.
    fn no_room(&self, start: &Start) -> Plan {
        let at = (self.mode != Mode::Off).then(|| start.at());
        self.unreachable(start.name, at.as_ref(), Reason::NoRoom)
    }

    /// What becomes of a program that cannot be entered. It is recorded if `at` says
    /// which it is.
    fn unreachable(&self, name: &'static str, at: Option<&At>, reason: Reason) -> Plan {
        let enforce = self.mode == Mode::Enforce;
        let refuse = self.unreachable == Unreachable::Refuse;
        if let Some(at) = at {
            let action = match (refuse, enforce) {
                (true, true) => Action::Refused,
                (true, false) => Action::WouldRefuse,
                (false, _) => Action::Unreachable,
            };
            record(name, at, action, reason.text());
        }
        if refuse && enforce {
            return Plan::Refuse;
        }
        let narrow = enforce && self.unreachable == Unreachable::Umask;
        Plan::Go {
            preloaded: match reason.bars_preload() {
                true => Preloaded::TakeOut,
                false => Preloaded::Keep,
            },
            mask: narrow.then(|| self.mask.bits()),
        }
    }
}

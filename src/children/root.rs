//! Programs that are started below another root.

use libc::{AT_FDCWD, c_char, c_int};
use umaskclamp_policy::elf::Machine;
use umaskclamp_policy::record::Action;

use super::{library, snapshot};
use crate::call::Call;
use crate::enforce::root::leave;
use crate::scratch::Scratch;
use crate::sys::{helper, programs};
use crate::{records, state};

/// Before chroot(2).
///
/// # Safety
/// `root` is the program's own argument.
pub unsafe fn enter(call: &'static str, root: *const c_char) {
    // SAFETY: the caller's promise.
    if let Ok(call) = unsafe { Call::at(call, AT_FDCWD, root, true) } {
        tell_lost(&call);
    }
    // SAFETY: the caller's promise.
    unsafe { leave(call, root) }
}

/// Programs that are started below a root without the library cannot
/// be entered, and if the log is not there either, nobody can say so then: it is said
/// now. A helper that has a root of its own tries what will be there.
fn tell_lost(call: &Call) {
    let known = state::active().zip(snapshot::taken());
    let Some((state, snapshot)) = known.filter(|_| records::tells(Action::Unreachable)) else {
        return;
    };
    let lost = || {
        let inside = programs::change_root(call.place.path.as_ptr()).is_ok();
        inside && !state.reaches_log() && !library::is_there(snapshot) && {
            let mut scratch = Scratch::claim();
            let room = scratch.as_mut().map(|scratch| &mut scratch.buffers().text);
            room.is_some_and(|room| library::missing(snapshot, Machine::HERE, room).is_some())
        }
    };
    if helper::with_own_root(&mut || c_int::from(lost())) == Some(1) {
        let reason = "programs started below it cannot find the library";
        records::record(call, None, Action::Unreachable, records::NO_MODES, reason);
    }
}

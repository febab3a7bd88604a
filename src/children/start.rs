//! Which program a call starts, and what is recorded of it.

use core::ffi::c_void;
use core::ptr::null;

use libc::{c_char, c_int};
use umaskclamp_policy::path;
use umaskclamp_policy::record::Action;

use super::once;
use super::target::At;
use crate::call::Call;
use crate::enforce::spawn::directory;
use crate::place;
use crate::records;
use crate::state;
use crate::sys::Text;

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

impl Start {
    /// The program, or its name where it is searched.
    pub fn at(&self) -> At {
        match self.target {
            Target::At(at) => at,
            Target::Search { file, .. } => At::path(file),
        }
    }

    /// Is it the command `umaskclamp`?
    pub fn is_own_command(&self) -> bool {
        // SAFETY: the program's own argument.
        let path = unsafe { place::read_path(self.at().path) };
        path.is_some_and(|path| path::last(path) == b"umaskclamp")
    }

    /// Records that the program does not get a variable.
    #[cold]
    pub fn drops(&self, variable: &[u8]) {
        let mut room = [0; 128];
        let mut text = Text::new(&mut room);
        // A long name is cut.
        let _ = text.put(b"unknown variable ");
        let _ = text.put(variable.get(..100).unwrap_or(variable));
        let length = text.len();
        let reason = room.get(..length).unwrap_or_default();
        let hash = variable.iter().fold(0u64, |hash, &byte| {
            hash.wrapping_mul(31).wrapping_add(byte.into())
        });
        if once::first(hash, 0, u64::MAX) {
            let text = reason.utf8_chunks().next();
            let reason = text.map_or("", |text| text.valid());
            record(self.name, &self.at(), Action::Dropped, reason);
        }
    }
}

/// Is this a relative path, and does the child change its directory before?
pub fn moves(start: &Start, path: *const c_char) -> bool {
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
pub fn below(start: &Start, at: At, room: &mut [u8]) -> Option<At> {
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

/// A program at a path below the cwd.
pub fn at_path(name: &'static str, path: *const c_char) -> Start {
    start(name, Target::At(At::path(path)))
}

/// A program as `execveat(2)` names it.
pub fn at(name: &'static str, dirfd: c_int, path: *const c_char, flags: c_int) -> Start {
    let flags = flags & (libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW);
    let at = At::path(path);
    start(name, Target::At(At { dirfd, flags, ..at }))
}

/// A program that is searched.
pub fn searched(name: &'static str, file: *const c_char) -> Start {
    let (reset, shell) = (false, true);
    start(name, Target::Search { file, reset, shell })
}

fn start(name: &'static str, target: Target) -> Start {
    let actions = null();
    Start {
        name,
        target,
        actions,
    }
}

/// Records what is done about a program that `name` starts.
pub fn record(symbol: &'static str, at: &At, action: Action, reason: &str) {
    // SAFETY: the program's own argument, or a path that the kernel took a moment ago.
    let path = unsafe { place::read_string(at.path) }.unwrap_or_default();
    if let Some(state) = state::active() {
        let call = Call::of(symbol, state, at.dirfd, path);
        records::record(&call, None, action, records::NO_MODES, reason);
    }
}

//! Which file `execvp` and `posix_spawnp` will start: the search of
//! `posix/execvpe.c` of glibc, without its attempts.

use libc::c_char;
use umaskclamp_policy::program::Found;

use crate::environment::{Environment, current};
use crate::sys::join;

/// `CS_PATH`, which glibc takes where `PATH` is not set.
const STANDARD: &[u8] = b"/bin:/usr/bin";

/// Looks at one candidate after the other with `look`, and leaves the path of
/// the one that will be started in `room`. `look` is told whether the program has to
/// be one that may be executed.
pub fn search(
    file: &[u8],
    room: &mut [u8],
    look: &mut dyn FnMut(*const c_char, bool) -> Found,
) -> Found {
    if file.is_empty() {
        return Found::Nothing;
    }
    if file.contains(&b'/') {
        return join(room, &[file]).map_or(Found::Nothing, |path| look(path, false));
    }
    // SAFETY: the environment, which the caller of `execvp` leaves alone meanwhile; it is
    // only read.
    let environment = unsafe { Environment::of(current().cast_mut()) };
    let path = environment.value(b"PATH").unwrap_or(STANDARD);
    for directory in path.split(|&byte| byte == b':') {
        let slash: &[u8] = if directory.is_empty() { b"" } else { b"/" };
        let Some(candidate) = join(room, &[directory, slash, file]) else {
            continue;
        };
        // What is not there, or may not be executed, is passed over.
        let found = look(candidate, true);
        if found != Found::Nothing {
            return found;
        }
    }
    Found::Nothing
}

//! What a child is to find in its environment: copied once, at load.
//!
//! Copied, because a program may write over the memory that its environment came
//! in (`setproctitle`), and because it may change or clear the environment.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::CStr;

use redhook::Published;
use umaskclamp_policy::path;
use umaskclamp_policy::settings::variables::{self, Each, LIST, VARIABLES};

use crate::environment::Environment;
pub use crate::environment::SETTING;
use crate::lookup;
use crate::scratch::{PATH_MAX, PLACE_MAX};
use crate::sys;

/// How the list of preloads begins.
pub const PRELOAD: &[u8] = b"LD_PRELOAD=";

/// The copy.
pub struct Snapshot {
    /// The `UMASKCLAMP_*` entries that are handed on.
    pub settings: Each<&'static CStr>,
    /// How this library was preloaded; `None` if not by `LD_PRELOAD` (but by
    /// `/etc/ld.so.preload`, which no program can drop).
    pub preload: Option<Preload>,
}

impl Snapshot {
    /// Is this entry the list as it is handed on?
    pub fn is_list(&self, entry: &[u8]) -> bool {
        self.settings[LIST].is_some_and(|list| list.to_bytes() == entry)
    }
}

/// Our part of `LD_PRELOAD`.
pub struct Preload {
    /// As the variable says it, or as an absolute path: see [`take`].
    pub entry: &'static [u8],
    /// The file that the dynamic loader took for it, NUL-terminated.
    pub file: &'static [u8],
}

static SNAPSHOT: Published<Snapshot> = Published::new();

/// The snapshot, once the constructor has run.
pub fn taken() -> Option<&'static Snapshot> {
    SNAPSHOT.get()
}

/// Takes the snapshot of what the environment hands on
/// ([`Environment::hand_on`]).
///
/// A relative path in `LD_PRELOAD`, and a name that was found by `LD_LIBRARY_PATH`,
/// is made an absolute path in the environment itself: behind a `chdir`, or without
/// that variable, the dynamic loader would not find it and complain on stderr at
/// every exec.
pub fn take(environment: &mut Environment) {
    let mut settings: Each<&'static CStr> = [None; VARIABLES.len()];
    for entry in environment.starting(SETTING) {
        let place = variables::split(entry).and_then(|(name, _)| variables::place(name));
        if let Some(ours) = place.and_then(|place| settings.get_mut(place)) {
            let copy = [entry, b"\0"].concat().leak();
            // SAFETY: the entry is a string of the environment, without its zero byte.
            *ours = Some(unsafe { CStr::from_bytes_with_nul_unchecked(copy) });
        }
    }
    let preload = find(environment);
    let snapshot = Snapshot { settings, preload };
    SNAPSHOT.set(Box::leak(Box::new(snapshot)));
}

/// The entries of a value of `LD_PRELOAD` (ld.so(8)).
pub fn entries(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b':' || byte == b' ')
        .filter(|entry| !entry.is_empty())
}

fn find(environment: &mut Environment) -> Option<Preload> {
    let file = lookup::own_file();
    let (entry, file) = listed(environment, file).or_else(|| by_argument(environment, file))?;
    Some(Preload {
        entry: entry.leak(),
        file: [file.as_slice(), b"\0"].concat().leak(),
    })
}

/// Our entry in `LD_PRELOAD`, and the file.
fn listed(environment: &mut Environment, file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let value = environment.last_value(b"LD_PRELOAD")?;
    let name = path::last(file);
    // Exactly, or with `$LIB` and the like still to be expanded in a directory,
    // or without a directory.
    let entry = entries(value)
        .find(|&entry| entry == file)
        .or_else(|| entries(value).find(|&entry| path::last(entry) == name))?;
    let named = !entry.contains(&b'/');
    let moves = if named {
        // Who has another `LD_LIBRARY_PATH` looks for the name in standard
        // directories alone.
        let searched = environment.value(b"LD_LIBRARY_PATH");
        !is_standard(file)
            && (searched.is_some_and(|list| !list.is_empty()) || by_loader(environment))
    } else {
        !entry.starts_with(b"/") && !entry.starts_with(b"$")
    };
    let path = if named { file } else { entry };
    match moves.then(|| absolute(path)).flatten() {
        Some(absolute) => {
            let value = replaced(value, entry, &absolute);
            environment.set_last(b"LD_PRELOAD", &value);
            Some((absolute.clone(), absolute))
        }
        None => Some((entry.to_vec(), file.to_vec())),
    }
}

/// Was the dynamic loader started as a program, with this one as its argument? Then
/// the kernel had no loader to map beside it.
fn by_loader(environment: &Environment) -> bool {
    environment.auxiliary(libc::AT_BASE) == 0
}

/// An entry for children, and the file, where the loader was told of this library by
/// its own argument `--preload`.
fn by_argument(environment: &Environment, file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut line = [0; 4096];
    let line = by_loader(environment)
        .then(|| command_line(&mut line))
        .flatten()?;
    let mut arguments = line.split(|&byte| byte == 0);
    arguments.find(|&argument| argument == b"--preload")?;
    let name = path::last(file);
    entries(arguments.next()?).find(|&entry| path::last(entry) == name)?;
    let absolute = absolute(file)?;
    match is_standard(&absolute) {
        true => Some((name.to_vec(), absolute)),
        false => Some((absolute.clone(), absolute)),
    }
}

/// The beginning of the arguments as the kernel got them, where the loader's own are.
#[cold]
#[inline(never)]
fn command_line(line: &mut [u8]) -> Option<&[u8]> {
    let fd = sys::open(c"/proc/self/cmdline".as_ptr(), libc::O_RDONLY, 0).ok()?;
    let length = sys::read(fd, line);
    sys::close(fd);
    line.get(..length.ok()?)
}

/// Is this file where loaders look for a name without being told?
fn is_standard(file: &[u8]) -> bool {
    let below = file.strip_prefix(b"/usr").unwrap_or(file);
    let below = below.strip_prefix(b"/local").unwrap_or(below);
    below.starts_with(b"/lib")
}

/// The path below the cwd. `None` where that cannot be said in `LD_PRELOAD`, whose
/// entries are separated by colons and spaces, and may have a `$LIB`.
#[cold]
#[inline(never)]
fn absolute(given: &[u8]) -> Option<Vec<u8>> {
    let mut cwd = [0; PATH_MAX];
    let length = sys::current_directory(&mut cwd).ok()?;
    let cwd = cwd.get(..length).filter(|cwd| cwd.starts_with(b"/"))?;
    let mut folded = [0; PLACE_MAX];
    let length = path::fold(cwd, given, &mut folded)?;
    let folded = folded.get(..length)?;
    let sayable = entries(folded).count() == 1 && !folded.contains(&b'$');
    sayable.then(|| folded.to_vec())
}

fn replaced(value: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let separators = value.split_inclusive(|&byte| byte == b':' || byte == b' ');
    let mut result = Vec::new();
    for piece in separators {
        match piece.strip_prefix(old) {
            Some(separator) if separator.len() < 2 => {
                result.extend_from_slice(new);
                result.extend_from_slice(separator);
            }
            _ => result.extend_from_slice(piece),
        }
    }
    result
}

//! What a child is to find in its environment: copied once, at load.
//!
//! Copied, because a program may write over the memory that its environment came
//! in (`setproctitle`), and because it may change or clear the environment.

use libc::c_char;
use once_cell::race::OnceRef;
use umaskclamp_policy::path;

use crate::environment::Environment;
use crate::lookup;
use crate::scratch::{PATH_MAX, PLACE_MAX};
use crate::sys;

/// How the names of the settings begin.
pub const SETTING: &[u8] = b"UMASKCLAMP_";

/// How the list of preloads begins.
pub const PRELOAD: &[u8] = b"LD_PRELOAD=";

/// More settings than there are variables. A `u64` has a bit for each.
pub const SETTINGS_MAX: usize = 64;

/// The copy.
pub struct Snapshot {
    /// The `UMASKCLAMP_*` entries, each with its terminating NUL.
    pub settings: Vec<&'static [u8]>,
    /// How this library was preloaded; `None` if not by `LD_PRELOAD` (but by
    /// `/etc/ld.so.preload`, which no program can drop).
    pub preload: Option<Preload>,
}

/// Our part of `LD_PRELOAD`.
pub struct Preload {
    /// As the variable says it, but for a relative path, which is made absolute.
    pub entry: &'static [u8],
    /// `LD_PRELOAD=` with nothing but that entry, and a NUL.
    pub alone: &'static [u8],
    /// The file that the dynamic loader took for it, NUL-terminated.
    pub file: &'static [u8],
}

static SNAPSHOT: OnceRef<'static, Snapshot> = OnceRef::new();

/// The snapshot, once the constructor has run.
pub fn taken() -> Option<&'static Snapshot> {
    SNAPSHOT.get()
}

/// Takes the snapshot. A program that runs with more rights than its caller has no
/// settings: it did not take the caller's, and putting them back where such a
/// program dropped them (`sudo`) would let the caller name files for root to write.
///
/// A relative path in `LD_PRELOAD` is made absolute in the
/// environment itself: behind a `chdir` the dynamic loader would not find it and
/// complain on stderr at every exec.
pub fn take(environment: &mut Environment) {
    // SAFETY: `getauxval` only reads.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    let settings = environment
        .starting(SETTING)
        .filter(|entry| !secure && entry.contains(&b'='))
        .take(SETTINGS_MAX)
        .map(|entry| &*[entry, b"\0"].concat().leak())
        .collect();
    let preload = find(environment);
    let snapshot = Snapshot { settings, preload };
    let _ = SNAPSHOT.set(Box::leak(Box::new(snapshot)));
}

/// The entries of a value of `LD_PRELOAD` (ld.so(8)).
pub fn entries(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b':' || byte == b' ')
        .filter(|entry| !entry.is_empty())
}

fn find(environment: &mut Environment) -> Option<Preload> {
    let value = environment.last_value(b"LD_PRELOAD")?;
    let file = lookup::own_file();
    let name = path::last(file);
    // Exactly, or with `$LIB` and the like still to be expanded in a directory,
    // or without a directory.
    let entry = entries(value)
        .find(|&entry| entry == file)
        .or_else(|| entries(value).find(|&entry| path::last(entry) == name))?;
    let relative = entry.contains(&b'/') && !entry.starts_with(b"/") && !entry.starts_with(b"$");
    let (entry, file) = match relative.then(|| absolute(entry)).flatten() {
        Some(absolute) => {
            let value = replaced(value, entry, &absolute);
            environment.set(b"LD_PRELOAD", &value);
            let file = [absolute.as_slice(), b"\0"].concat();
            (absolute, file)
        }
        None => (entry.to_vec(), [file, b"\0"].concat()),
    };
    Some(Preload {
        alone: [PRELOAD, &entry, b"\0"].concat().leak(),
        entry: entry.leak(),
        file: file.leak(),
    })
}

/// The entry below the cwd. `None` where that cannot be said in `LD_PRELOAD`,
/// whose entries are separated by colons and spaces.
#[cold]
#[inline(never)]
fn absolute(entry: &[u8]) -> Option<Vec<u8>> {
    let mut cwd = [0; PATH_MAX];
    let length = sys::current_directory(&mut cwd).ok()?;
    let cwd = cwd.get(..length).filter(|cwd| cwd.starts_with(b"/"))?;
    let mut folded = [0; PLACE_MAX];
    let length = path::fold(cwd, entry, &mut folded)?;
    let folded = folded.get(..length)?;
    (entries(folded).count() == 1).then(|| folded.to_vec())
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

/// The pointer that an environment array holds for a NUL-terminated entry.
pub fn pointer(entry: &'static [u8]) -> *const c_char {
    entry.as_ptr().cast()
}

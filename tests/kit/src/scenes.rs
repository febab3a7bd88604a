//! What no single row can say: threads, full tables, odd places, long runs.
//!
//! A scene is a function of the program `doors`. It returns lines of facts; a
//! test compares them with those of a bare run, or with what must hold.

mod flips;
mod places;
mod tables;
mod threads;

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

type Scene = (&'static str, fn(&Path) -> String);

const SCENES: &[Scene] = &[
    ("chroot", places::chroot),
    ("chroot-cwd-outside", places::chroot_cwd_outside),
    ("chroot-left-outside", places::chroot_left_outside),
    ("chroot-nested", places::chroot_nested),
    ("chroot-by-number", places::chroot_by_number),
    ("detached", places::detached),
    ("unnamed", places::unnamed),
    ("utmp", places::utmp),
    ("deep", places::deep),
    ("longest", places::longest),
    ("removed", places::removed),
    ("full-table", tables::full),
    ("one-free", tables::one_free),
    ("closed-012", tables::closed),
    ("locks", tables::locks),
    ("mixed-threads", threads::mixed),
    ("writer", threads::writer),
    ("reader", threads::reader),
    ("flip-last", flips::last),
    ("flip-kind", flips::kind),
    ("flip-way", flips::way),
    ("swap-last", flips::swap_last),
    ("swap-kind", flips::swap_kind),
    ("swap-way", flips::swap_way),
    ("flip-via", flips::via),
    ("rivals", flips::rivals),
    ("theirs", flips::theirs),
    ("stdout", tables::reopened),
    ("owner-only", places::owner_only),
    ("small-stacks", threads::small_stacks),
];

/// Plays a scene in the tree `dir`; `None` if there is none of this name.
pub fn play(name: &str, dir: &Path) -> Option<String> {
    SCENES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, scene)| scene(dir))
}

/// `path` for a call.
fn c(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_bytes()).expect("no NUL in a path")
}

/// A result and the errno it left, as a fact.
fn fact(call: &str, result: i64) -> String {
    let error = io::Error::last_os_error().raw_os_error().unwrap_or(0);
    if result < 0 {
        format!("{call}: errno {error}\n")
    } else {
        format!("{call}: done\n")
    }
}

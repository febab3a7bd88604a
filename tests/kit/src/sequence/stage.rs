//! Two trees that are alike: one for the bare run, one for the run under the shim.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::ptr;

use crate::Who;

/// Where trees are laid out, with file systems of their own inside if that is possible.
pub struct Stage {
    home: tempfile::TempDir,
    mounts: bool,
}

/// What is there at the start: a path, and its mode; with a `/` a directory.
const THINGS: &[(&str, u32)] = &[
    ("d/", 0o755),
    ("d/a", 0o644),
    ("d/x.iso", 0o644),
    ("d/m/", 0o755),
    ("d/m/a", 0o644),
    ("d/m/sub/", 0o755),
    ("d/m/sub/y.sql", 0o664),
    ("s/", 0o755),
    ("s/a", 0o664),
    ("s/in/", 0o755),
    ("s/in/y.sql", 0o644),
    ("pub/", 0o755),
    ("pub/x.iso", 0o644),
    ("dumps/", 0o755),
    ("dumps/a", 0o644),
    ("b/", 0o755),
    ("b/a", 0o644),
    ("e/", 0o755),
    ("e/n/", 0o755),
    ("e/k/", 0o775),
    ("e/k/y.sql", 0o664),
    ("p/", 0o700),
    ("p/a", 0o644),
];

/// What belongs to root, whoever runs.
const OF_ROOT: &[(&str, u32)] = &[("o/", 0o755), ("o/r", 0o644), ("d/r", 0o644)];

impl Stage {
    /// As root in a mount namespace of this thread's own; else without mounts.
    pub fn new() -> Stage {
        let home = tempfile::Builder::new()
            .prefix("umc-")
            .tempdir()
            .expect("temporary directory");
        fs::set_permissions(&home, Permissions::from_mode(0o755)).expect("chmod");
        let mounts = Who::am_root() && own_namespace().is_ok();
        Stage { home, mounts }
    }

    /// Whether there are mounts inside the trees.
    pub fn has_mounts(&self) -> bool {
        self.mounts
    }

    /// Lays out the tree `name` for `who`; gives its path.
    pub fn lay_out(&self, name: &str, who: Who) -> Set<'_> {
        let base = self.home.path().join(name);
        fs::create_dir(&base).expect("a new directory");
        let set = Set { stage: self, base };
        let tree = set.tree();
        if self.mounts {
            mount(Some("tmpfs"), &set.base, 0);
        }
        fs::create_dir(&tree).expect("a new directory");
        own(&tree, 0o755, Some(who));
        for &(path, mode) in THINGS {
            make(&tree, path, mode, Some(who));
            match path {
                "d/m/" if self.mounts => {
                    mount(Some("tmpfs"), &tree.join(path), 0);
                    own(&tree.join(path), mode, Some(who));
                }
                "e/n/" if self.mounts => mount(None, &tree.join("e/n"), libc::MS_BIND),
                _ => {}
            }
        }
        for &(path, mode) in OF_ROOT {
            make(&tree, path, mode, None);
        }
        set
    }
}

impl Default for Stage {
    fn default() -> Self {
        Stage::new()
    }
}

/// A tree, gone with all that is mounted in it when dropped.
pub struct Set<'a> {
    stage: &'a Stage,
    base: PathBuf,
}

impl Set<'_> {
    pub fn tree(&self) -> PathBuf {
        self.base.join("t")
    }
}

impl Drop for Set<'_> {
    fn drop(&mut self) {
        if self.stage.mounts {
            let path = text(&self.base);
            // SAFETY: a string that lives.
            unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
        } else {
            open_up(&self.base);
        }
        // What is left is no fault of what was tested; the next tree finds it.
        let _ = fs::remove_dir_all(&self.base);
    }
}

/// Makes everything removable again for an ordinary user.
fn open_up(directory: &Path) {
    let _ = fs::set_permissions(directory, Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

fn make(tree: &Path, path: &str, mode: u32, who: Option<Who>) {
    let full = tree.join(path);
    if path.ends_with('/') {
        fs::create_dir(&full).expect("a new directory");
    } else {
        fs::write(&full, path).expect("a new file");
    }
    own(&full, mode, who);
}

fn own(path: &Path, mode: u32, who: Option<Who>) {
    if let Some(uid) = who.and_then(Who::uid) {
        chown(path, Some(uid), Some(uid)).expect("chown");
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}

fn text(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).expect("no NUL")
}

fn own_namespace() -> io::Result<()> {
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: no memory is passed but a string that lives.
    let result = unsafe {
        match libc::unshare(libc::CLONE_NEWNS) {
            0 => libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), flags, ptr::null()),
            error => error,
        }
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A file system of type `kind` at `at`, or, if none is named, the tree's `b` once more.
fn mount(kind: Option<&str>, at: &Path, flags: libc::c_ulong) {
    let source = match kind {
        Some(kind) => CString::new(kind).expect("no NUL"),
        None => text(&at.join("../../b")),
    };
    let at = text(at);
    // SAFETY: strings that live; neither tmpfs nor a bind mount wants data.
    let result = unsafe {
        libc::mount(
            source.as_ptr(),
            at.as_ptr(),
            source.as_ptr(),
            flags,
            ptr::null(),
        )
    };
    assert_eq!(result, 0, "mount: {}", io::Error::last_os_error());
}

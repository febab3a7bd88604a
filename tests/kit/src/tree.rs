//! The tree that every row acts in: a `secret` side that the patterns protect,
//! a `plain` side of the same shape, and an `outside` full of ways to either.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::who::Who;

/// The tree, removed when dropped.
pub struct Tree {
    /// Canonical absolute path.
    pub root: PathBuf,
    _temporary: tempfile::TempDir,
}

/// The two sides and the name endings that stand for them.
pub const SIDES: [(&str, &str); 2] = [("secret", "iso"), ("plain", "txt")];

impl Tree {
    /// An empty directory, mode 0755, that belongs to `who`.
    pub fn empty(who: Who) -> Tree {
        let temporary = tempfile::Builder::new()
            .prefix("umaskclamp-")
            .tempdir()
            .expect("temporary directory");
        let root = temporary.path().canonicalize().expect("canonical");
        mode(&root, 0o755);
        let tree = Tree {
            root,
            _temporary: temporary,
        };
        tree.own(&tree.root, who);
        tree
    }

    /// The whole tree, everything in it `who`'s:
    ///
    /// * `SIDE/{sub,a/b,gone}` directories, 0755; `SIDE/exit` leads to `outside`
    /// * `wide` (0644) and `narrow` (0600) in `SIDE`, `SIDE/a/b`, `outside` and
    ///   `outside/box.END`; `outside/{wide,narrow}.END`
    /// * `SIDE/loop`, a link to itself; `SIDE/fifo` (0600)
    /// * `SIDE/shut` (0700, with `wide` in it)
    /// * `outside/SIDE-into`, `-twice`, `-jump` (leads to `SIDE/sub`) and
    ///   `outside/SIDE-{new,wide,narrow}`, `-again`, `-absolute`: links
    /// * `outside/from` (0644), `outside/fromdir` (0755, with `child`, 0644)
    pub fn full(who: Who) -> Tree {
        Tree::of(who, &SIDES)
    }

    /// As [`Tree::full`], with one side only: less to make and to look at.
    pub fn with(who: Who, side: &str) -> Tree {
        let sides: Vec<_> = SIDES
            .into_iter()
            .filter(|(name, _)| *name == side)
            .collect();
        Tree::of(who, &sides)
    }

    fn of(who: Who, sides: &[(&str, &str)]) -> Tree {
        let tree = Tree::empty(who);
        let at = |p: &str| tree.root.join(p);
        directory(&at("outside"));
        pair(&at("outside"), "");
        for &(side, end) in sides {
            for dir in ["", "/sub", "/a", "/a/b", "/gone", "/shut"] {
                directory(&at(&format!("{side}{dir}")));
            }
            directory(&at(&format!("outside/box.{end}")));
            for dir in [
                side.to_owned(),
                format!("{side}/a/b"),
                format!("outside/box.{end}"),
            ] {
                pair(&at(&dir), "");
            }
            file(&at(&format!("{side}/shut/wide")), 0o644);
            mode(&at(&format!("{side}/shut")), 0o700);
            pair(&at("outside"), &format!(".{end}"));
            let link = |to: &str, name: &str| {
                symlink(to, at(&format!("outside/{side}-{name}"))).expect("symlink");
            };
            link(&format!("../{side}"), "into");
            link(&format!("{side}-into"), "twice");
            link(&format!("../{side}/sub"), "jump");
            for leaf in ["new", "wide", "narrow"] {
                link(&format!("../{side}/{leaf}"), leaf);
                link(&format!("{side}-{leaf}"), &format!("again-{leaf}"));
                let target = at(&format!("{side}/{leaf}"));
                link(target.to_str().expect("UTF-8"), &format!("absolute-{leaf}"));
                symlink(
                    format!("../outside/{leaf}"),
                    at(&format!("{side}/out-{leaf}")),
                )
                .expect("symlink");
                symlink(
                    format!("{leaf}.{end}"),
                    at(&format!("outside/{side}-name-{leaf}")),
                )
                .expect("symlink");
            }
            symlink("../outside", at(&format!("{side}/exit"))).expect("symlink");
            symlink("loop", at(&format!("{side}/loop"))).expect("symlink");
            fifo(&at(&format!("{side}/fifo")));
        }
        file(&at("outside/from"), 0o644);
        directory(&at("outside/fromdir"));
        file(&at("outside/fromdir/child"), 0o644);
        tree.own(&tree.root, who);
        tree
    }

    /// `path` below the root.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Makes a file with these permission bits, whatever the umask.
    pub fn file(&self, path: &str, bits: u32, who: Who) -> PathBuf {
        let path = self.at(path);
        file(&path, bits);
        self.own(&path, who);
        path
    }

    /// Makes a directory, with its parents, 0755.
    pub fn dir(&self, path: &str, who: Who) -> PathBuf {
        let path = self.at(path);
        directory(&path);
        self.own(&path, who);
        path
    }

    /// The permission bits of `path` now, not following a link.
    pub fn mode(&self, path: &str) -> u32 {
        let meta = fs::symlink_metadata(self.at(path));
        meta.unwrap_or_else(|e| panic!("{path}: {e}"))
            .permissions()
            .mode()
            & 0o7777
    }

    /// Lets everybody give names in every directory of the tree (but `shut`).
    pub fn share(&self) {
        share(&self.root);
    }

    /// Gives `path` and all beneath it to `who`.
    pub fn own(&self, path: &Path, who: Who) {
        let Some(uid) = who.uid() else { return };
        std::os::unix::fs::lchown(path, Some(uid), Some(uid)).expect("lchown");
        let meta = fs::symlink_metadata(path).expect("lstat");
        if meta.is_dir() {
            for entry in fs::read_dir(path).expect("readdir").flatten() {
                self.own(&entry.path(), who);
            }
        }
    }
}

fn share(dir: &Path) {
    mode(dir, 0o777);
    for entry in fs::read_dir(dir).expect("readdir").flatten() {
        let is_dir = entry.file_type().expect("type").is_dir();
        if is_dir && entry.file_name() != "shut" {
            share(&entry.path());
        }
    }
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("chmod");
}

fn file(path: &Path, bits: u32) {
    fs::write(path, "old\n").expect("write");
    mode(path, bits);
}

fn directory(path: &Path) {
    fs::create_dir_all(path).expect("mkdir");
    mode(path, 0o755);
}

fn fifo(path: &Path) {
    let name = CString::new(path.as_os_str().as_bytes()).expect("no NUL in a path");
    // SAFETY: the name ends in NUL.
    let made = unsafe { libc::mkfifo(name.as_ptr(), 0o600) };
    assert_eq!(made, 0, "mkfifo: {}", io::Error::last_os_error());
}

fn pair(dir: &Path, end: &str) {
    file(&dir.join(format!("wide{end}")), 0o644);
    file(&dir.join(format!("narrow{end}")), 0o600);
}

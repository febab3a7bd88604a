//! The tree as it is at one instant, and what is remembered of all instants.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::acl;

/// What is remembered of one inode under one name.
///
/// Modes are permission bits (07777). No ACL can hide behind them: with a
/// mask, the group bits of the mode are the mask, which no named entry
/// exceeds (acl(5), "Correspondence between ACL entries and permission bits").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Below the tree.
    pub path: PathBuf,
    /// `S_IFMT` bits.
    pub kind: u32,
    /// The mode before the program started; `None` if it was not there.
    pub before: Option<u32>,
    /// The mode at the first instant under this name.
    pub first: u32,
    /// All bits that it ever had under this name.
    pub loosest: u32,
    /// The system call after which the last new bit was seen.
    pub by: &'static str,
    /// The mode at the end; `None` if the name is gone.
    pub last: Option<u32>,
    /// Rights that a directory's default ACL ever gave to others than the owner.
    pub default: u32,
}

impl Seen {
    /// The same whichever system call opens: that is not for a program to see.
    pub fn however_opened(mut self) -> Self {
        if self.by == "creat" || self.by.starts_with("open") {
            self.by = "open";
        }
        self
    }
}

type Key = (PathBuf, u64, u64);

pub(super) struct Tree {
    root: PathBuf,
    also: Vec<PathBuf>,
    /// In the order of their appearance.
    seen: Vec<Seen>,
    /// Those that were there when last looked at: an inode number may be used
    /// again for the next file, which is another one.
    there: HashMap<Key, usize>,
    next: HashMap<Key, usize>,
}

impl Tree {
    pub(super) fn new(root: &Path, also: &[String]) -> Tree {
        Tree {
            root: root.to_owned(),
            also: also.iter().map(PathBuf::from).collect(),
            seen: Vec::new(),
            there: HashMap::new(),
            next: HashMap::new(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn into_seen(mut self) -> Vec<Seen> {
        self.scan("(after)");
        // Stable: several inodes of one name stay in the order of appearance.
        self.seen.sort_by(|a, b| a.path.cmp(&b.path));
        self.seen
    }

    /// Looks at every inode of the tree; `call` is what just happened.
    pub(super) fn scan(&mut self, call: &'static str) {
        for seen in &mut self.seen {
            seen.last = None;
        }
        let root = self.root.clone();
        self.walk(&root, call);
        for path in self.also.clone() {
            self.one(&path, call);
        }
        self.there = std::mem::take(&mut self.next);
    }

    fn walk(&mut self, dir: &Path, call: &'static str) {
        // A directory that vanishes or cannot be read while the program's
        // other threads run is looked at again after their next call.
        let Ok(entries) = fs::read_dir(dir) else {
            return;
        };
        for entry in entries.flatten() {
            // A symbolic link's own mode is always 0777 and means nothing.
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                continue;
            }
            let path = entry.path();
            if self.one(&path, call) {
                self.walk(&path, call);
            }
        }
    }

    /// Looks at one inode; true if it is a directory.
    fn one(&mut self, path: &Path, call: &'static str) -> bool {
        let Ok(meta) = fs::symlink_metadata(path) else {
            return false;
        };
        if meta.file_type().is_symlink() {
            return false;
        }
        let default = if meta.is_dir() {
            acl::loose(&acl::get(path, acl::DEFAULT))
        } else {
            0
        };
        let name = path.strip_prefix(&self.root).unwrap_or(path).to_owned();
        self.look((name, meta.dev(), meta.ino()), meta.mode(), default, call);
        meta.is_dir()
    }

    /// Remembers an inode that has no name in the tree.
    pub(super) fn note(&mut self, name: &str, mode: u32, call: &'static str) {
        self.seen.push(Seen::new(PathBuf::from(name), mode, call));
    }

    fn look(&mut self, key: Key, mode: u32, default: u32, call: &'static str) {
        let index = self.there.get(&key).copied().unwrap_or_else(|| {
            self.seen.push(Seen::new(key.0.clone(), mode, call));
            self.seen.len() - 1
        });
        self.next.insert(key, index);
        let bits = mode & 0o7777;
        let seen = &mut self.seen[index];
        if bits & !seen.loosest != 0 {
            seen.loosest |= bits;
            seen.by = call;
        }
        seen.default |= default;
        seen.last = Some(bits);
    }
}

impl Seen {
    fn new(path: PathBuf, mode: u32, call: &'static str) -> Seen {
        let bits = mode & 0o7777;
        Seen {
            path,
            kind: mode & libc::S_IFMT,
            before: (call == "(before)").then_some(bits),
            first: bits,
            loosest: bits,
            by: call,
            last: None,
            default: 0,
        }
    }
}

//! What has to hold of the tree of the run under the shim.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::look::{Entry, Id, Snapshot, entry};
use super::{Case, Sensitive};
use crate::who::USER;

/// A step's words, as far as the model cares.
pub struct Told<'a> {
    pub words: Vec<&'a str>,
    /// Which of them are paths of the tree.
    pub paths: Vec<&'a str>,
}

impl<'a> Told<'a> {
    pub fn of(line: &'a str) -> Told<'a> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let paths = match words[0] {
            "next" | "fchmod" => vec![],
            "symlink" => vec![words[2]],
            "rename" | "rename2" | "link" | "linkat" | "nameless" => vec![words[1], words[2]],
            _ => vec![words[1]],
        };
        Told { words, paths }
    }

    pub fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.words[0])
    }

    pub fn moves(&self) -> bool {
        self.is(&["rename", "rename2"])
    }

    pub fn widens(&self) -> bool {
        self.is(&["chmod", "chmodat", "fchmod"])
    }

    fn writes(&self) -> bool {
        match self.words[0] {
            "open" | "hold" => self.words[2].contains(['w', '+']),
            "fopen" => self.words[2] != "r",
            "truncate" => true,
            _ => false,
        }
    }
}

pub struct Model<'a> {
    pub case: &'a Case,
    root: PathBuf,
    rules: Vec<Vec<u8>>,
    sensitive: Sensitive<'a>,
    known: RefCell<HashMap<(PathBuf, bool), bool>>,
    /// Had a sensitive name at some time.
    ever: HashSet<Id>,
    /// Directories that moved while their owner could not look at all that is in
    /// them: they stay closed, whatever the mask leaves to others.
    closed: HashSet<Id>,
    /// Wide at a sensitive place, and nothing has been done about it yet that would
    /// have to narrow it.
    excused: HashSet<Id>,
    /// Has the process been another one before?
    pub later: bool,
    held: Option<Id>,
}

/// What a step may touch: found before it, and completed after it.
#[derive(Default)]
pub struct Targets {
    pub ids: HashSet<Id>,
    /// Directories that move, with their mounts.
    directories: Vec<(Id, u64)>,
    /// The inode of each path, before the step.
    each: Vec<Option<Id>>,
}

impl<'a> Model<'a> {
    pub fn new(case: &'a Case, root: &Path, rules: &[String], sensitive: Sensitive<'a>) -> Self {
        Model {
            case,
            root: root.to_owned(),
            rules: rules.iter().map(|rule| rule.as_bytes().to_vec()).collect(),
            sensitive,
            known: RefCell::default(),
            ever: HashSet::new(),
            closed: HashSet::new(),
            excused: HashSet::new(),
            later: false,
            held: None,
        }
    }

    fn is_sensitive(&self, path: &Path, directory: bool) -> bool {
        let key = (path.to_owned(), directory);
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let found = (self.sensitive)(&self.rules, path.as_os_str().as_bytes(), directory);
        self.known.borrow_mut().insert(key, found);
        found
    }

    fn at(&self, path: &Path, entry: &Entry) -> bool {
        self.is_sensitive(&self.root.join(path), entry.is_directory())
    }

    fn wide(&self, entry: &Entry) -> bool {
        entry.counts() && entry.bits() & self.case.mask != 0
    }

    /// Notes every inode that has a sensitive name now.
    fn mark(&mut self, now: &Snapshot) {
        let ids: Vec<Id> = now
            .iter()
            .filter(|(path, entry)| self.at(path, entry))
            .map(|(_, entry)| entry.id)
            .collect();
        self.ever.extend(ids);
    }

    /// What is wide at the start stays so until somebody does something about it.
    pub fn begin(&mut self, now: &Snapshot) {
        self.mark(now);
        for (path, entry) in now {
            if self.wide(entry) && self.at(path, entry) {
                self.excused.insert(entry.id);
            }
        }
    }

    /// The first thing that others could get at, if there is one.
    pub fn reachable(&self, now: &Snapshot) -> Option<String> {
        let mut reach: HashMap<&Path, u32> = HashMap::new();
        for (path, entry) in now {
            let through = match path.parent() {
                None => 0o77,
                Some(parent) => {
                    let above = now.get(parent).map_or(0, Entry::bits);
                    let group = if above & 0o010 != 0 { 0o70 } else { 0 };
                    let others = if above & 0o001 != 0 { 0o07 } else { 0 };
                    reach.get(parent).copied().unwrap_or(0) & (group | others)
                }
            };
            reach.insert(path, through);
            let open = entry.bits() & self.case.mask & through;
            let own = self.case.who.is_root() || entry.user == self.runner();
            if open != 0
                && own
                && entry.counts()
                && !self.excused.contains(&entry.id)
                && self.at(path, entry)
            {
                return Some(format!("{} is {:04o}", path.display(), entry.bits()));
            }
        }
        None
    }

    /// The bits that may be missing of this inode's mode.
    pub fn mask(&self, id: Id) -> u32 {
        match (self.ever.contains(&id), self.closed.contains(&id)) {
            (false, _) => 0,
            (true, false) => self.case.mask,
            (true, true) => 0o077,
        }
    }

    fn runner(&self) -> u32 {
        match self.case.who.uid() {
            Some(_) => USER,
            // SAFETY: reads a number of the process and cannot fail.
            None => unsafe { libc::geteuid() },
        }
    }

    fn named(&self, word: &str) -> PathBuf {
        let rest = if word == "-" { "" } else { word };
        self.root.join(rest.trim_start_matches('/'))
    }

    /// The path as named, `.` and `..` taken as written.
    fn folded(&self, word: &str) -> PathBuf {
        let mut out = PathBuf::from("/");
        for part in self.named(word).components() {
            match part {
                Component::Normal(name) => out.push(name),
                Component::ParentDir => {
                    out.pop();
                }
                _ => {}
            }
        }
        out
    }

    fn collect(&mut self, told: &Told, now: &Snapshot, targets: &mut Targets) {
        for word in &told.paths {
            let folded = self.folded(word);
            for follow in [false, true] {
                let Some(found) = entry(&self.named(word), follow) else {
                    continue;
                };
                targets.ids.insert(found.id);
                if [false, true].map(|kind| self.is_sensitive(&folded, kind)) != [false; 2] {
                    self.ever.insert(found.id);
                }
                if told.moves() && found.is_directory() && !follow {
                    targets.directories.push((found.id, found.mount));
                    // By that name, what is in it may be sensitive as well.
                    for (inner, entry) in below(now, found.id, found.mount) {
                        if self.is_sensitive(&folded.join(inner), entry.is_directory()) {
                            self.ever.insert(entry.id);
                        }
                    }
                }
            }
        }
        if told.is(&["nameless"]) {
            let inside = self.folded(told.paths[0]).join("#1");
            let real = self.named(told.paths[0]).canonicalize().ok();
            let real = real.map(|real| real.join("#1"));
            let named = self.is_sensitive(&inside, false);
            if named || real.is_some_and(|real| self.is_sensitive(&real, false)) {
                let last = entry(&self.named(told.paths[1]), false);
                self.ever.extend(last.map(|entry| entry.id));
            }
        }
        targets
            .ids
            .extend(self.held.filter(|_| told.is(&["fchmod"])));
    }

    /// Before a step: what it may touch, and what it need not narrow.
    pub fn before(&mut self, told: &Told, now: &Snapshot) -> Targets {
        let inode = |word: &&str| entry(&self.named(word), false).map(|entry| entry.id);
        let mut targets = Targets {
            each: told.paths.iter().map(inode).collect(),
            ..Targets::default()
        };
        self.collect(told, now, &mut targets);
        let mut excused = Vec::new();
        for entry in now.values().filter(|entry| targets.ids.contains(&entry.id)) {
            let inside = below(now, entry.id, entry.mount);
            if told.moves() {
                // Mounts are not what is moved: what is in them stays as it is.
                let other = inside.filter(|(_, inner)| inner.mount != entry.mount);
                excused.extend(other.map(|(_, inner)| inner.id));
            } else if told.widens() {
                // What is wide in a closed directory shows when that is opened.
                let wide = inside.filter(|(_, inner)| self.wide(inner));
                excused.extend(wide.map(|(_, inner)| inner.id));
                // Another process, or another mount, knows nothing of other names.
                let mounts = now.values().filter(|other| other.id == entry.id);
                let mounts: HashSet<u64> = mounts.map(|other| other.mount).collect();
                if self.later || mounts.len() > 1 {
                    excused.push(entry.id);
                }
            }
        }
        self.excused.extend(excused);
        targets
    }

    /// Completes what the step may have touched, with what lies below.
    pub fn touched(&mut self, told: &Told, before: &Snapshot, now: &Snapshot, all: &mut Targets) {
        self.collect(told, now, all);
        let blind = |entry: &Entry| entry.is_directory() && entry.bits() & 0o500 != 0o500;
        for snapshot in [before, now] {
            for &(id, mount) in &all.directories {
                if below(snapshot, id, mount).any(|(_, entry)| blind(entry)) {
                    self.closed.insert(id);
                }
                let inside = below(snapshot, id, mount);
                let same = inside.filter(|(_, entry)| entry.mount == mount);
                all.ids.extend(same.map(|(_, entry)| entry.id));
            }
        }
    }

    /// After a step that succeeded or not: what has to be narrow from now on.
    pub fn after(&mut self, told: &Told, done: bool, now: &Snapshot, targets: &Targets) {
        self.mark(now);
        let narrow: Vec<Id> = now
            .values()
            .filter(|entry| !self.wide(entry))
            .map(|entry| entry.id)
            .collect();
        for id in narrow {
            self.excused.remove(&id);
        }
        if !done {
            return;
        }
        if told.is(&["hold"]) {
            self.held = entry(&self.named(told.paths[0]), true).map(|entry| entry.id);
        }
        let moved = told.moves() && targets.each[0] != targets.each[1];
        for word in &told.paths {
            let Some(found) = entry(&self.named(word), !moved) else {
                continue;
            };
            let file = found.kind() == libc::S_IFREG;
            // A plain name that moves says nothing about the sensitive one beside it.
            let arrives = moved && self.is_sensitive(&self.named(word), found.is_directory());
            if arrives || file && told.writes() {
                self.excused.remove(&found.id);
            }
        }
    }
}

/// What lies below the directory of this inode on this mount, by its path from there.
fn below(now: &Snapshot, id: Id, mount: u64) -> impl Iterator<Item = (&Path, &Entry)> {
    let tops: Vec<&PathBuf> = now
        .iter()
        .filter(|(_, entry)| entry.id == id && entry.mount == mount && entry.is_directory())
        .map(|(path, _)| path)
        .collect();
    now.iter().filter_map(move |(path, entry)| {
        let inner = tops.iter().find_map(|top| path.strip_prefix(top).ok())?;
        (!inner.as_os_str().is_empty()).then_some((inner, entry))
    })
}

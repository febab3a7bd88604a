//! Can another user swap a component of a path between a look at it and the kernel's own
//! (TOCTOU)?
//!
//! A name that is looked up in a directory can be given to something else by whoever may
//! write to that directory. Where that is only the program's own user or root, nobody
//! else can swap anything. The root directory is taken for such: who may write there may
//! give the program another `/lib`.

use super::Tree;

const S_IFMT: u32 = 0o170_000;
const S_IFLNK: u32 = 0o120_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_ISVTX: u32 = 0o1000;

/// Write permission for others than the owner. Where there is an ACL the group's
/// bits are its mask.
const OTHERS_WRITE: u32 = 0o022;

/// By which route a file is created at the place that was judged, although other users
/// may swap links meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// By the program's own call: nobody but its user and root can change what leads
    /// there, or that was not asked.
    Program,
    /// By the path as given, which has no link.
    NoLinks,
    /// By the resolved path, which has no link, from its byte `tail` on, below `dirfd`.
    At {
        /// `AT_FDCWD` or the directory that the request began with.
        dirfd: i32,
        /// Where the path that is looked up there begins.
        tail: usize,
    },
    /// By the program's own call with the mode clamped: where it will lead is not known.
    Clamped,
}

/// As much of an inode as decides that.
#[derive(Clone, Copy)]
pub struct Stat {
    /// `st_mode`.
    pub mode: u32,
    /// `st_uid`.
    pub user: u32,
}

impl Stat {
    pub(super) const ROOT: Stat = Stat {
        mode: S_IFDIR | 0o755,
        user: 0,
    };

    /// For a directory of which nothing is known.
    pub(super) const OPEN: Stat = Stat {
        mode: S_IFDIR | 0o777,
        user: 0,
    };

    fn kind(&self) -> u32 {
        self.mode & S_IFMT
    }

    pub(super) fn is_link(&self) -> bool {
        self.kind() == S_IFLNK
    }

    pub(super) fn is_directory(&self) -> bool {
        self.kind() == S_IFDIR
    }

    fn is_trusted(&self, tree: &impl Tree) -> bool {
        self.user == 0 || tree.trusts(self.user)
    }

    fn is_sticky(&self) -> bool {
        self.mode & S_ISVTX != 0
    }

    /// May others give names in this directory?
    fn is_open(&self, tree: &impl Tree) -> bool {
        self.mode & OTHERS_WRITE != 0 || !self.is_trusted(tree)
    }

    /// May others give the name of `inside`, which is there, to something else?
    fn lets_swap(&self, tree: &impl Tree, inside: &Stat) -> bool {
        self.is_open(tree)
            && !(self.is_sticky() && self.is_trusted(tree) && inside.is_trusted(tree))
    }
}

/// What was seen on the way so far.
pub(super) struct Exposure {
    tracked: bool,
    /// The directory in which the next name is looked up, if that is known.
    here: Option<Stat>,
    /// May others swap something on the way?
    exposed: bool,
    /// Is a link on the way?
    links: bool,
    /// Can the kernel not be asked for the resolved path instead?
    unsure: bool,
}

impl Exposure {
    pub(super) fn new(tracked: bool) -> Self {
        Exposure {
            tracked,
            here: None,
            exposed: false,
            links: false,
            unsure: false,
        }
    }

    /// Only for calls that may create a file.
    pub(super) fn is_tracked(&self) -> bool {
        self.tracked
    }

    /// Has the directory that the next name is looked up in still to be looked at?
    pub(super) fn wants_directory(&self) -> bool {
        self.tracked && self.here.is_none()
    }

    pub(super) fn enter(&mut self, directory: Stat) {
        self.here = Some(directory);
    }

    pub(super) fn leave(&mut self) {
        self.here = None;
    }

    /// A directory that the way goes through.
    pub(super) fn pass(&mut self, tree: &impl Tree, directory: &Stat) {
        self.expose(|here| here.lets_swap(tree, directory));
        self.here = Some(*directory);
    }

    /// A link that the way follows.
    pub(super) fn follow(&mut self, tree: &impl Tree, link: &Stat) {
        self.expose(|here| here.lets_swap(tree, link));
        // In a sticky directory the kernel may refuse to follow it
        // (fs.protected_symlinks): that must not be got round.
        self.unsure |= self.here.is_some_and(|here| {
            here.is_sticky() && here.user != link.user && !link.is_trusted(tree)
        });
    }

    /// That link was read. Those of `/proc` are followed by the kernel in its own
    /// way: what they lead to may have another path or none.
    pub(super) fn turn(&mut self, in_proc: bool) {
        self.links = true;
        if in_proc {
            self.unsure = true;
            self.tracked &= self.exposed;
        }
    }

    /// The last name, or one that is not there.
    pub(super) fn end(&mut self, tree: &impl Tree, there: Option<&Stat>) {
        self.expose(|here| here.is_open(tree));
        // A fifo: the call may block, and then has to be the program's own, which
        // `pthread_cancel` ends.
        self.unsure |= there.is_some_and(|stat| stat.kind() != S_IFREG && !stat.is_directory());
    }

    fn expose(&mut self, by: impl FnOnce(&Stat) -> bool) {
        self.exposed = self.exposed || self.here.as_ref().is_some_and(by);
    }

    /// `named`: the path ends in a name. `resolved`: the route by the resolved path, if
    /// that is known to its end.
    pub(super) fn route(&self, named: bool, resolved: Option<Route>) -> Route {
        match self {
            _ if !self.exposed => Route::Program,
            _ if self.unsure => Route::Clamped,
            _ if self.links => resolved.unwrap_or(Route::Clamped),
            _ if named => Route::NoLinks,
            _ => Route::Clamped,
        }
    }
}

//! Where a path leads: resolved one component at a time, as the kernel does.
//!
//! Links are followed one by one, `..` is taken where the kernel takes it, and a
//! dangling final link leads to what it would create (path_resolution(7)). Where a step
//! cannot be taken (no permission, no `/proc`, nothing there) the rest of the path is
//! appended as it stands. Who asks brings the system calls: a [`Tree`].
//!
//! Lengths are added up with `wrapping_add`: they are below those of the buffers, and
//! each is tried by `get` before it is used.

mod exposure;

use crate::path::position;
use exposure::Exposure;
pub use exposure::{Route, Stat};

/// `MAXSYMLINKS` of Linux: so many links are followed in one path.
const LINKS_MAX: u32 = 40;

/// `AT_FDCWD` (openat(2)).
const CWD: i32 = -100;

const ENOENT: i32 = 2;
const EINVAL: i32 = 22;

/// What the kernel appends to the path of a directory or file whose name is gone
/// (proc_pid_fd(5)).
const DELETED: &[u8] = b" (deleted)";

/// The file system as one process sees it. Errors are `errno` values.
pub trait Tree {
    /// What has this name; a link itself.
    fn stat(&self, name: Name<'_>) -> Result<Stat, i32>;

    /// readlink(2): the length of the target in `out`. `EINVAL` of what is no link.
    fn read_link(&self, name: Name<'_>, out: &mut [u8]) -> Result<usize, i32>;

    /// Is this the user of the process, so that it gains nothing by swapping what it
    /// owns? Not asked of root.
    fn trusts(&self, user: u32) -> bool;
}

/// A name as system calls take it.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    /// `AT_FDCWD` or the directory that the request began with.
    pub dirfd: i32,
    /// With its NUL, and what lies behind it.
    path: &'a [u8],
}

impl<'a> Name<'a> {
    /// The path, without its NUL.
    pub fn path(&self) -> &'a [u8] {
        let end = position(0, self.path);
        end.and_then(|end| self.path.get(..end)).unwrap_or_default()
    }

    /// Is it what `dirfd` refers to (`AT_EMPTY_PATH`)?
    pub fn is_empty(&self) -> bool {
        self.path.first() == Some(&0)
    }

    /// The path as C takes it: it has a NUL.
    pub fn as_ptr(&self) -> *const u8 {
        self.path.as_ptr()
    }
}

/// Which path is to be resolved, and how.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `AT_FDCWD` or a directory; ignored if the path is absolute.
    pub dirfd: i32,
    /// The path; empty stands for what `dirfd` itself refers to.
    pub given: &'a [u8],
    /// Is a link in the last component followed?
    pub follow: bool,
    /// Is `dirfd` the root of the path (`RESOLVE_IN_ROOT` of openat2(2))? Then neither `/`
    /// nor `..` leads out of it.
    pub in_root: bool,
    /// Is the [`Route`] of a creation found out as well?
    pub creates: bool,
}

/// Memory to resolve in.
pub struct Room<'b> {
    /// Gets the resolved path.
    pub resolved: &'b mut [u8],
    /// For what is still to be walked.
    pub ahead: &'b mut [u8],
    /// For the target of a link. A target that fills it was perhaps cut.
    pub link: &'b mut [u8],
}

/// What a path was resolved to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// Length of the path.
    pub length: usize,
    /// How a creation gets there, if that was asked.
    pub route: Route,
    /// Does a link of `/proc` lead there? It leads elsewhere for another process.
    pub through_proc: bool,
}

impl Request<'_> {
    /// Does the path start at the root of the process?
    pub fn is_absolute(&self) -> bool {
        self.given.first() == Some(&b'/') && !self.in_root
    }

    /// Resolves the path. The first `base` bytes of `room.link` are the path of the
    /// directory that it starts from: empty if that is unknown or not needed, and
    /// without a leading `/` if it lies beyond the root.
    ///
    /// `None`: `room` is too small.
    pub fn resolve(&self, tree: &impl Tree, base: usize, room: Room<'_>) -> Option<Resolved> {
        let Room {
            resolved,
            ahead,
            link,
        } = room;
        let base = link.get(..base)?;
        let absolute = self.is_absolute();
        let mut walk = Walk {
            tree,
            next: ahead.len(),
            ahead,
            dirfd: if absolute { CWD } else { self.dirfd },
            tail: 0,
            absolute: absolute || base.first() == Some(&b'/'),
            resolved,
            length: 0,
            root: 0,
            blind: false,
            named: false,
            exposure: Exposure::new(self.creates),
            through_proc: false,
        };
        walk.start(base)?;
        walk.put_ahead(self.given)?;
        if self.in_root {
            walk.root = walk.length;
        }
        walk.run(self.follow, link)?;
        Some(walk.finish())
    }
}

struct Walk<'b, T> {
    tree: &'b T,
    /// Where we are: no link in it, no trailing `/`; the root is empty.
    resolved: &'b mut [u8],
    length: usize,
    /// No `/` or `..` leads above this length of `resolved`.
    root: usize,
    /// What is still to be walked lies at the end of this buffer, from `next`,
    /// so that a link's target can be put before it.
    ahead: &'b mut [u8],
    next: usize,
    /// The kernel is asked for `resolved` from `tail` on, below this directory: the
    /// start is where the kernel has it, even if its own path cannot be walked.
    dirfd: i32,
    tail: usize,
    absolute: bool,
    /// Set when the file system cannot be asked any further.
    blind: bool,
    /// Did the walk end with a name, and not with `/`, `.` or `..`?
    named: bool,
    exposure: Exposure,
    through_proc: bool,
}

impl<T: Tree> Walk<'_, T> {
    fn start(&mut self, base: &[u8]) -> Option<()> {
        if base != b"/" && base != b"." {
            self.resolved.get_mut(..base.len())?.copy_from_slice(base);
            self.length = base.len();
        }
        if self.absolute && !base.is_empty() || self.length > 0 {
            self.tail = self.length.wrapping_add(1);
        }
        Some(())
    }

    fn put_ahead(&mut self, text: &[u8]) -> Option<()> {
        let start = self.next.checked_sub(text.len())?;
        self.ahead.get_mut(start..self.next)?.copy_from_slice(text);
        self.next = start;
        Some(())
    }

    fn run(&mut self, follow: bool, link: &mut [u8]) -> Option<()> {
        let mut links = 0u32;
        loop {
            let ahead = self.ahead.get(self.next..)?;
            let Some(start) = ahead.iter().position(|&byte| byte != b'/') else {
                return Some(());
            };
            let ahead = ahead.get(start..)?;
            let size = position(b'/', ahead);
            let start = self.next.wrapping_add(start);
            let end = size.map_or(self.ahead.len(), |size| start.wrapping_add(size));
            self.next = end;
            match self.ahead.get(start..end)? {
                b"." => continue,
                b".." => {
                    self.up();
                    self.exposure.leave();
                    continue;
                }
                _ => {}
            }
            // A trailing slash makes the kernel follow a final link always.
            let is_final = size.is_none();
            let is_walked = !self.blind && (follow || !is_final);
            if is_walked && self.exposure.wants_directory() {
                let here = self.directory(follow)?;
                self.exposure.enter(here);
            }
            self.down(start, end)?;
            self.named = is_final;
            if !is_walked {
                continue;
            }
            // To read what is no link costs less than to look at it first.
            if self.exposure.is_tracked() && !self.is_link(is_final)? {
                continue;
            }
            match self.tree.read_link(self.name()?, link) {
                Ok(size) if links < LINKS_MAX => {
                    links = links.wrapping_add(1);
                    self.turn(link.get(..size)?)?;
                }
                // Not a link: the usual case.
                Err(EINVAL) if !self.exposure.is_tracked() => {}
                // Nothing there, or nobody lets us look: the rest stands as it is.
                _ => self.blind = true,
            }
        }
    }

    /// Goes where a link points to.
    fn turn(&mut self, target: &[u8]) -> Option<()> {
        let in_proc = self.resolved.get(..self.length)?.starts_with(b"/proc/");
        self.exposure.turn(in_proc);
        self.through_proc |= in_proc;
        self.named = false;
        self.up();
        if target.first() != Some(&b'/') {
            return self.put_ahead(target);
        }
        self.length = self.root;
        if self.root == 0 {
            self.absolute = true;
            self.restart();
            self.exposure.enter(Stat::ROOT);
        }
        self.put_ahead(if in_proc {
            without_suffix(target)
        } else {
            target
        })
    }

    fn up(&mut self) {
        let here = self.resolved.get(..self.length).unwrap_or_default();
        match here.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => self.length = slash.max(self.root),
            None => {
                // Above the start of an unknown directory nothing can be asked.
                self.blind |= !self.absolute && self.length == 0;
                self.length = 0;
            }
        }
        if self.length.wrapping_add(1) < self.tail {
            // Beyond the root no path leads there.
            self.blind |= !self.absolute;
            self.restart();
        }
    }

    /// From here on the kernel is asked for the whole path.
    fn restart(&mut self) {
        self.dirfd = CWD;
        self.tail = 0;
    }

    fn down(&mut self, start: usize, end: usize) -> Option<()> {
        let name = self.ahead.get(start..end)?;
        if self.absolute || self.length > 0 {
            *self.resolved.get_mut(self.length)? = b'/';
            self.length = self.length.wrapping_add(1);
        }
        let end = self.length.wrapping_add(name.len());
        let room = self.resolved.get_mut(self.length..end)?;
        room.copy_from_slice(name);
        self.length = end;
        *self.resolved.get_mut(end)? = 0;
        Some(())
    }

    /// Where we are, as the kernel is asked for it. `down` has put the NUL there.
    fn name(&self) -> Option<Name<'_>> {
        Some(Name {
            dirfd: self.dirfd,
            path: self.resolved.get(self.tail..)?,
        })
    }

    /// Tells the exposure what is here: is it a link?
    fn is_link(&mut self, is_final: bool) -> Option<bool> {
        match self.tree.stat(self.name()?) {
            Ok(stat) if stat.is_link() => {
                self.exposure.follow(self.tree, &stat);
                return Some(true);
            }
            Ok(stat) if is_final => self.exposure.end(self.tree, Some(&stat)),
            Ok(stat) if stat.is_directory() => self.exposure.pass(self.tree, &stat),
            Err(ENOENT) if is_final => self.exposure.end(self.tree, None),
            // No way on.
            _ => {
                self.exposure.end(self.tree, None);
                self.blind = true;
            }
        }
        Some(false)
    }

    /// The directory that the walk is in, before a name is put behind it. For a call that
    /// does not follow a final link, others are assumed to be able to write to it: that
    /// saves an fstatat(2).
    fn directory(&mut self, follow: bool) -> Option<Stat> {
        if self.absolute && self.length == 0 {
            return Some(Stat::ROOT);
        }
        if !follow {
            return Some(Stat::OPEN);
        }
        *self.resolved.get_mut(self.length)? = 0;
        let name = if self.length < self.tail || self.length == 0 {
            Name {
                dirfd: self.dirfd,
                path: b"\0",
            }
        } else {
            self.name()?
        };
        Some(self.tree.stat(name).unwrap_or(Stat::OPEN))
    }

    fn finish(self) -> Resolved {
        // The resolved path is right only if it was walked to its end; and a path that
        // does not end in a name creates nothing.
        let whole = self.named && !self.blind;
        let at = Route::At {
            dirfd: self.dirfd,
            tail: self.tail,
        };
        let mut length = self.length;
        if let (true, 0, Some(first)) = (self.absolute, length, self.resolved.first_mut()) {
            *first = b'/';
            length = 1;
        }
        Resolved {
            length,
            route: self.exposure.route(self.named, whole.then_some(at)),
            through_proc: self.through_proc,
        }
    }
}

/// A path of `/proc` without what says that its name is gone.
pub fn without_suffix(path: &[u8]) -> &[u8] {
    path.strip_suffix(DELETED).unwrap_or(path)
}

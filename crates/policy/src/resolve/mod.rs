//! Where a path leads: resolved one component at a time, as the kernel does.
//!
//! Links are followed one by one, `..` is taken where the kernel takes it, and a
//! dangling final link leads to what it would create (path_resolution(7)). Where a step
//! cannot be taken (no permission, no `/proc`, nothing there) the rest of the path is
//! appended as it stands. Who asks brings the system calls: a [`Tree`].

mod exposure;
mod walk;

use crate::path::position;
use exposure::Exposure;
pub use exposure::{Route, Stat};
use walk::Walk;

/// `AT_FDCWD` (openat(2)).
const CWD: i32 = -100;

const ENOSYS: i32 = 38;

/// What the kernel appends to the path of a directory or file whose name is gone
/// (proc_pid_fd(5)).
const DELETED: &[u8] = b" (deleted)";

/// The file system as one process sees it. Errors are `errno` values.
pub trait Tree {
    /// What has this name; a link itself. Asked for a [`Route`] alone.
    fn stat(&self, _: Name<'_>) -> Result<Stat, i32> {
        Err(ENOSYS)
    }

    /// readlink(2): the length of the target in `out`. `EINVAL` of what is no link.
    fn read_link(&self, name: Name<'_>, out: &mut [u8]) -> Result<usize, i32>;

    /// Is this the user of the process, so that it gains nothing by swapping what it
    /// owns? Asked for a [`Route`] alone, and not of root.
    fn trusts(&self, _: u32) -> bool {
        false
    }
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

    /// Resolves the path. `buffers` are for the result, for what is still to be walked
    /// and for the target of a link. The first `base` bytes of the last one are the path
    /// of the directory that it starts from: empty if that is unknown or not needed, and
    /// without a leading `/` if it lies beyond the root.
    ///
    /// `None`: a buffer is too small.
    pub fn resolve(
        &self,
        tree: &impl Tree,
        base: usize,
        [resolved, ahead, link]: [&mut [u8]; 3],
    ) -> Option<Resolved> {
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

/// A path of `/proc` without what says that its name is gone.
pub fn without_suffix(path: &[u8]) -> &[u8] {
    path.strip_suffix(DELETED).unwrap_or(path)
}

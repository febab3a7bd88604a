//! The walk along a path.
//!
//! Lengths are added up with `wrapping_add`: they are below those of the buffers, and
//! each is tried by `get` before it is used.

use super::exposure::{Exposure, Route, Stat};
use super::{CWD, Name, Resolved, Tree, without_suffix};
use crate::path::position;

/// `MAXSYMLINKS` of Linux: so many links are followed in one path.
const LINKS_MAX: u32 = 40;

const ENOENT: i32 = 2;
const EINVAL: i32 = 22;

pub(super) struct Walk<'b, T> {
    pub(super) tree: &'b T,
    /// Where we are: no link in it, no trailing `/`; the root is empty.
    pub(super) resolved: &'b mut [u8],
    pub(super) length: usize,
    /// No `/` or `..` leads above this length of `resolved`.
    pub(super) root: usize,
    /// What is still to be walked lies at the end of this buffer, from `next`,
    /// so that a link's target can be put before it.
    pub(super) ahead: &'b mut [u8],
    pub(super) next: usize,
    /// The kernel is asked for `resolved` from `tail` on, below this directory: the
    /// start is where the kernel has it, even if its own path cannot be walked.
    pub(super) dirfd: i32,
    pub(super) tail: usize,
    pub(super) absolute: bool,
    /// Set when the file system cannot be asked any further.
    pub(super) blind: bool,
    /// Did the walk end with a name, and not with `/`, `.` or `..`?
    pub(super) named: bool,
    pub(super) exposure: Exposure,
    pub(super) through_proc: bool,
}

impl<T: Tree> Walk<'_, T> {
    pub(super) fn start(&mut self, base: &[u8]) -> Option<()> {
        if base != b"/" && base != b"." {
            self.resolved.get_mut(..base.len())?.copy_from_slice(base);
            self.length = base.len();
        }
        if self.absolute && !base.is_empty() || self.length > 0 {
            self.tail = self.length.wrapping_add(1);
        }
        Some(())
    }

    pub(super) fn put_ahead(&mut self, text: &[u8]) -> Option<()> {
        let start = self.next.checked_sub(text.len())?;
        self.ahead.get_mut(start..self.next)?.copy_from_slice(text);
        self.next = start;
        Some(())
    }

    pub(super) fn run(&mut self, follow: bool, link: &mut [u8]) -> Option<()> {
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

    pub(super) fn finish(self) -> Resolved {
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

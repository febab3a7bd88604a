//! The walk along a path, one component at a time, as the kernel goes.

use libc::{AT_EMPTY_PATH, AT_FDCWD, EINVAL, ENOENT, S_IFDIR, S_IFLNK, c_char, c_int};

use super::Place;
use super::base::without_suffix;
use super::guard::{Guard, Seen};
use crate::scratch::PATH_MAX;
use crate::sys;

/// As many links as the kernel follows in one path (`MAXSYMLINKS`).
const LINKS_MAX: u32 = 40;

/// A place as it really is.
pub struct Real {
    /// Its length in the buffer.
    pub length: usize,
    /// How a creation gets there, if that was asked.
    pub way: Way,
    /// Does a link of `/proc` lead there? It leads elsewhere for another process.
    pub through_proc: bool,
}

/// By which route a file is created at the place that was judged, although other users
/// may swap links meanwhile. `Own` where that was not to be found out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the program's own call: nobody but its user and root can change what
    /// leads there.
    Own,
    /// By the path as given, which has no link.
    Straight,
    /// By the real path, which has no link: `from` and what follows `tail`.
    Real { from: c_int, tail: usize },
    /// By the path as given alone, whatever that comes to then.
    Unsure,
}

pub struct Walk<'b> {
    /// Where we are: no link in it, no trailing `/`; the root is empty.
    real: &'b mut [u8],
    length: usize,
    /// No `/` or `..` leads above this length of `real`.
    root: usize,
    /// What is still to be walked lies at the end of this buffer, from `next`,
    /// so that a link's target can be put before it.
    ahead: &'b mut [u8],
    next: usize,
    /// The kernel is asked for `real` from `tail` on, below this directory: the
    /// start is where the kernel has it, even if its own path cannot be walked.
    from: c_int,
    tail: usize,
    absolute: bool,
    /// Set when the file system cannot be asked any further.
    blind: bool,
    /// Did the walk end with a name, and not with `/`, `.` or `..`?
    named: bool,
    guard: Guard,
    through_proc: bool,
}

impl<'b> Walk<'b> {
    pub fn new(place: &Place, absolute: bool, real: &'b mut [u8], ahead: &'b mut [u8]) -> Walk<'b> {
        let from = if place.is_absolute() {
            AT_FDCWD
        } else {
            place.dirfd
        };
        Walk {
            real,
            length: 0,
            root: 0,
            ahead,
            next: 0,
            from,
            tail: 0,
            absolute,
            blind: false,
            named: false,
            guard: Guard::new(place.creates),
            through_proc: false,
        }
    }

    pub fn start(&mut self, base: &[u8], given: &[u8]) -> Option<()> {
        let is_root = base == b"/" || base == b".";
        if !is_root {
            self.real.get_mut(..base.len())?.copy_from_slice(base);
            self.length = base.len();
        }
        if self.absolute && !base.is_empty() || self.length > 0 {
            self.tail = self.length + 1;
        }
        self.next = self.ahead.len();
        self.put_ahead(given)
    }

    /// From here on neither `/` nor `..` leads above the directory that the walk is in.
    pub fn keep_below(&mut self) {
        self.root = self.length;
    }

    fn put_ahead(&mut self, text: &[u8]) -> Option<()> {
        let start = self.next.checked_sub(text.len())?;
        self.ahead.get_mut(start..self.next)?.copy_from_slice(text);
        self.next = start;
        Some(())
    }

    pub fn run(&mut self, follow: bool, link: &mut [u8; PATH_MAX]) -> Option<()> {
        let mut links = 0;
        loop {
            let ahead = self.ahead.get(self.next..)?;
            let Some(start) = ahead.iter().position(|&byte| byte != b'/') else {
                return Some(());
            };
            let ahead = ahead.get(start..)?;
            let size = ahead.iter().position(|&byte| byte == b'/');
            let name_start = self.next + start;
            let name_end = size.map_or(self.ahead.len(), |size| name_start + size);
            self.next = name_end;
            match self.ahead.get(name_start..name_end)? {
                b"." => continue,
                b".." => {
                    self.up();
                    self.guard.leave();
                    continue;
                }
                _ => {}
            }
            // A trailing slash makes the kernel follow a final link always.
            let is_final = size.is_none();
            let is_walked = !self.blind && (follow || !is_final);
            if is_walked && self.guard.is_lost() {
                let here = self.directory(follow)?;
                self.guard.enter(here);
            }
            self.down(name_start, name_end)?;
            self.named = is_final;
            if !is_walked {
                continue;
            }
            // To read what is no link costs less than to look at it first.
            if self.guard.is_asked() && !self.is_link(is_final) {
                continue;
            }
            match self.read_link(link) {
                Ok(size) if links < LINKS_MAX => {
                    links += 1;
                    self.turn(link.get(..size)?)?;
                }
                // Not a link: the usual case.
                Err(EINVAL) if !self.guard.is_asked() => {}
                // Nothing there, or nobody lets us look: the rest stands as it is.
                _ => self.blind = true,
            }
        }
    }

    /// Goes where a link points to.
    fn turn(&mut self, target: &[u8]) -> Option<()> {
        let in_proc = self.real.get(..self.length)?.starts_with(b"/proc/");
        self.guard.turn(in_proc);
        self.through_proc |= in_proc;
        self.named = false;
        self.up();
        if target.first() == Some(&b'/') {
            self.length = self.root;
            if self.root == 0 {
                self.absolute = true;
                self.restart();
                self.guard.enter(Seen::ROOT);
            }
            let length = if in_proc {
                without_suffix(target, target.len())
            } else {
                target.len()
            };
            return self.put_ahead(target.get(..length)?);
        }
        self.put_ahead(target)
    }

    fn up(&mut self) {
        let here = self.real.get(..self.length).unwrap_or_default();
        match here.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => self.length = slash.max(self.root),
            None => {
                // Above the start of an unknown directory nothing can be asked.
                self.blind |= !self.absolute && self.length == 0;
                self.length = 0;
            }
        }
        if self.length + 1 < self.tail {
            // Beyond the root no path leads there.
            self.blind |= !self.absolute;
            self.restart();
        }
    }

    /// From here on the kernel is asked for the whole path.
    fn restart(&mut self) {
        self.from = AT_FDCWD;
        self.tail = 0;
    }

    fn down(&mut self, name_start: usize, name_end: usize) -> Option<()> {
        let name = self.ahead.get(name_start..name_end)?;
        if self.absolute || self.length > 0 {
            *self.real.get_mut(self.length)? = b'/';
            self.length += 1;
        }
        let end = self.length.checked_add(name.len())?;
        self.real.get_mut(self.length..end)?.copy_from_slice(name);
        self.length = end;
        // The terminator for the kernel.
        *self.real.get_mut(end)? = 0;
        Some(())
    }

    /// What is asked for in `from`.
    fn asked(&self) -> *const c_char {
        let tail = self.real.get(self.tail..).unwrap_or_default();
        tail.as_ptr().cast()
    }

    /// Tells the guard what is here: is it a link?
    fn is_link(&mut self, is_final: bool) -> bool {
        match Seen::at(self.from, self.asked(), 0) {
            Ok(seen) if seen.is(S_IFLNK) => {
                self.guard.follow(&seen);
                return true;
            }
            Ok(seen) if is_final => self.guard.end(Some(&seen)),
            Ok(seen) if seen.is(S_IFDIR) => self.guard.pass(&seen),
            Err(ENOENT) if is_final => self.guard.end(None),
            // No way on.
            _ => {
                self.guard.end(None);
                self.blind = true;
            }
        }
        false
    }

    /// The directory that the walk is in, before a name is put behind it. For a call that
    /// does not follow a final link, others are assumed to be able to write to it: that
    /// saves an `fstatat`.
    fn directory(&mut self, follow: bool) -> Option<Seen> {
        if self.absolute && self.length == 0 {
            return Some(Seen::ROOT);
        }
        if !follow {
            return Some(Seen::OPEN);
        }
        *self.real.get_mut(self.length)? = 0;
        let seen = if self.length < self.tail || self.length == 0 {
            Seen::at(self.from, c"".as_ptr(), AT_EMPTY_PATH)
        } else {
            Seen::at(self.from, self.asked(), 0)
        };
        Some(seen.unwrap_or(Seen::OPEN))
    }

    fn read_link(&self, link: &mut [u8; PATH_MAX]) -> sys::Result<usize> {
        sys::read_link(self.from, self.asked(), link)
    }

    pub fn finish(self) -> Real {
        let (from, tail) = (self.from, self.tail);
        let way = match self.guard.way() {
            // The real path is right only if it was walked to its end.
            Way::Real { .. } if self.named && !self.blind => Way::Real { from, tail },
            Way::Real { .. } => Way::Unsure,
            // A path that does not end in a name creates nothing.
            Way::Straight if !self.named => Way::Unsure,
            way => way,
        };
        let mut length = self.length;
        if self.absolute && length == 0 {
            if let Some(first) = self.real.first_mut() {
                *first = b'/';
            }
            length = 1;
        }
        Real {
            length,
            way,
            through_proc: self.through_proc,
        }
    }
}

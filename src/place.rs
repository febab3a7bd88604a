//! Where a call would act: dirfd and path, and the absolute paths they come to.
//!
//! A place has two: as *named* (the path put behind the cwd or the dirfd's
//! directory, `.` `..` `//` folded) and as it *really* is (links followed one by
//! one, `..` taken where the kernel takes it, a dangling final link followed to
//! what it would create). Both are found by `getcwd`, `fstatat` and `readlinkat`; where
//! others may write to a directory, by `geteuid` too, and the pointer is tried before.
//! No descriptor is opened: a full descriptor table does not matter, and the lowest free
//! number stays the program's. No cwd is changed, so other threads see nothing.
//!
//! This module finds out; it decides nothing.

mod base;
mod kernel;
pub mod outside;

use core::ffi::CStr;

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, ENOENT, c_char, c_int};
use umaskclamp_policy::path;
use umaskclamp_policy::resolve::{Request, Resolved};

use crate::known;
use crate::scratch::{Buffers, PATH_MAX, Scratch};
use crate::sys;
pub use base::descriptor_path;
use kernel::Kernel;
pub use umaskclamp_policy::resolve;

/// A dirfd and a path as the program gave them.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// `AT_FDCWD` or a directory; ignored if the path is absolute.
    pub dirfd: c_int,
    /// Empty: what `dirfd` itself refers to.
    pub path: &'a CStr,
    /// Does the call follow a link in the last component?
    pub follow: bool,
    /// Is the directory of `dirfd` the root of the path (`RESOLVE_IN_ROOT` of
    /// openat2(2))? Then neither `/` nor `..` leads out of it.
    pub in_root: bool,
}

/// Why a path of the program's could not be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// The kernel would say `EFAULT`.
    Fault,
    /// The kernel would say `ENAMETOOLONG`.
    TooLong,
}

/// Reads the program's path without trusting the pointer: where it cannot be read, the
/// real call says so.
///
/// # Safety
/// As for the call itself: if the memory is readable, nobody writes to it or
/// unmaps it before the hook returns.
pub unsafe fn read_string<'a>(pointer: *const c_char) -> Result<&'a CStr, Unread> {
    const PAGE: usize = 4096;
    let start = pointer as usize;
    let mut length = 0;
    while length < PATH_MAX {
        let at = start.checked_add(length).ok_or(Unread::Fault)?;
        if !(known::readable(at) || sys::readable(at)) {
            return Err(Unread::Fault);
        }
        let in_page = PAGE - at % PAGE;
        // SAFETY: the page at `at` was just seen to be readable, and the chunk
        // ends where it does.
        let chunk = unsafe { core::slice::from_raw_parts(at as *const u8, in_page) };
        if let Some(end) = path::position(0, chunk) {
            length += end;
            if length >= PATH_MAX {
                break;
            }
            // SAFETY: every page from `start` to the terminator was seen readable, and
            // the first zero byte is at `length`.
            return Ok(unsafe {
                let bytes = core::slice::from_raw_parts(start as *const u8, length + 1);
                CStr::from_bytes_with_nul_unchecked(bytes)
            });
        }
        length += in_page;
    }
    Err(Unread::TooLong)
}

/// The same without the terminator, where it does not matter why not.
///
/// # Safety
/// As for [`read_string`].
pub unsafe fn read_path<'a>(pointer: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    unsafe { read_string(pointer) }.ok().map(CStr::to_bytes)
}

/// Reads memory of the program's without trusting the pointer: `None` if the
/// kernel would say `EFAULT`.
///
/// # Safety
/// As for [`read_path`].
pub unsafe fn read_bytes<'a>(pointer: *const u8, size: usize) -> Option<&'a [u8]> {
    const PAGE: usize = 4096;
    if size == 0 {
        return Some(&[]);
    }
    let start = pointer as usize;
    let last = start.checked_add(size)?.checked_sub(1)?;
    let pages = (start..last).step_by(PAGE).chain([last]);
    if !pages
        .into_iter()
        .all(|at| known::readable(at) || sys::readable(at))
    {
        return None;
    }
    // SAFETY: every page from the first to the last byte was seen to be readable.
    Some(unsafe { core::slice::from_raw_parts(pointer, size) })
}

impl<'a> Place<'a> {
    pub const fn at(dirfd: c_int, path: &'a CStr, follow: bool) -> Self {
        Place {
            dirfd,
            path,
            follow,
            in_root: false,
        }
    }

    /// The path without its terminator.
    pub fn given(&self) -> &'a [u8] {
        self.path.to_bytes()
    }

    /// As system calls take it.
    pub fn name(&self) -> sys::Name {
        (self.dirfd, self.path.as_ptr())
    }

    /// `AT_*` flags by which a system call acts on what this place names.
    pub fn flags(&self) -> c_int {
        match self.follow {
            true => AT_EMPTY_PATH,
            false => AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
        }
    }

    /// What is there.
    pub fn inode(&self) -> sys::Result<sys::Inode> {
        sys::stat_at(self.dirfd, self.path.as_ptr(), self.flags())
    }

    /// Writes the place as named into `out`. Where the cwd or dirfd cannot be
    /// told, the result has no leading `/` and starts with what is known.
    pub fn named<'b>(&self, out: &'b mut [u8], link: &mut [u8; PATH_MAX]) -> &'b [u8] {
        let base = self.base(link);
        let known = link.get(..base).unwrap_or_default();
        let beyond = known.first().is_some_and(|&byte| byte != b'/');
        let Some((slash, rest)) = out.split_first_mut().filter(|_| beyond) else {
            return self.named_from(known, out);
        };
        *slash = b'/';
        let length = self.named_from(known, rest).len();
        out.get(..=length).unwrap_or_default()
    }

    /// The same with what `base` found.
    pub fn named_from<'b>(&self, base: &[u8], out: &'b mut [u8]) -> &'b [u8] {
        let folded = match self.in_root {
            true => path::fold_in_root(base, self.given(), out),
            false => path::fold_below(base, self.given(), out),
        };
        match folded {
            Some(length) => out.get(..length).unwrap_or_default(),
            None => &[],
        }
    }

    /// Writes the place as it really is into `buffers.real`.
    ///
    /// `base` is what `base` found in `buffers.link`, where it still is: asking
    /// the kernel twice would be a system call more for each creation.
    pub fn real_from(&self, base: usize, buffers: &mut Buffers) -> Option<Resolved> {
        self.real_and_route(base, false, buffers)
    }

    /// The same, and how a creation gets there, if that is asked for.
    #[inline]
    pub fn real_and_route(
        &self,
        base: usize,
        route: bool,
        buffers: &mut Buffers,
    ) -> Option<Resolved> {
        let Buffers {
            real, ahead, link, ..
        } = buffers;
        self.request(route)
            .resolve(&Kernel, base, [real, ahead, link])
    }

    fn request(&self, creates: bool) -> Request<'a> {
        Request {
            dirfd: self.dirfd,
            given: self.given(),
            follow: self.follow,
            in_root: self.in_root,
            creates,
        }
    }

    /// Is this inode what the place's real path names? Not if the name that a
    /// descriptor was opened by has gone, or it never had one (`O_TMPFILE`), by a
    /// link of `/proc` as well. Where that cannot be told, it is.
    pub fn names(&self, inode: &sys::Inode) -> bool {
        let Some(mut scratch) = Scratch::claim() else {
            return true;
        };
        let buffers = scratch.buffers();
        let base = self.base(&mut buffers.link);
        let real = self.real_from(base, buffers).map(|real| real.length);
        let Some(end) = real.and_then(|length| buffers.real.get_mut(length)) else {
            return true;
        };
        *end = 0;
        if buffers.real.first() != Some(&b'/') {
            return true;
        }
        let path = buffers.real.as_ptr().cast();
        match sys::stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW) {
            Ok(there) => there.id == inode.id,
            Err(error) => error != ENOENT,
        }
    }

    /// Does a link of `/proc` lead to the place, so that another process comes to
    /// another one?
    pub fn through_proc(&self) -> bool {
        let Some(mut scratch) = Scratch::claim() else {
            return false;
        };
        let buffers = scratch.buffers();
        let base = self.base(&mut buffers.link);
        let Some(real) = self.real_from(base, buffers) else {
            return true;
        };
        // What the other process will have there need not be here yet.
        let path = buffers.real.get(..real.length).unwrap_or_default();
        real.through_proc || path.starts_with(b"/proc/")
    }
}

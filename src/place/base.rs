//! The directory that a relative path starts from.

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, EBADF, ENOENT, c_int};
use umaskclamp_policy::path;
use umaskclamp_policy::resolve::without_suffix;

use super::{Place, outside};
use crate::scratch::PATH_MAX;
use crate::sys::{self, DescriptorName};

impl Place<'_> {
    /// The absolute path of the directory that a relative path starts from (or
    /// of what the descriptor refers to): its length in `out`, 0 if unknown. What is
    /// beyond the root has no leading `/`: the kernel finds nothing by that path.
    pub fn base(&self, out: &mut [u8; PATH_MAX]) -> usize {
        if self.request(false).is_absolute() {
            return 0;
        }
        let found = if self.dirfd == AT_FDCWD {
            match sys::current_directory(out) {
                Ok(length) if out.first() == Some(&b'/') => return length,
                Ok(length) => return self.beyond(out, length),
                // A deleted cwd has no path, but `..` of it may still exist.
                Err(ENOENT) => sys::read_link(AT_FDCWD, c"/proc/thread-self/cwd".as_ptr(), out),
                error => error,
            }
        } else {
            descriptor_path(self.dirfd, out)
        };
        match found {
            Ok(told) if out.first() == Some(&b'/') => {
                let length = self.nameless(out, told);
                // `/proc` does not say so of what is beyond the root. Of what has no
                // name any more nobody can tell: it is taken for inside.
                if length == told && outside::any() && !self.leads_to(out, length) {
                    return self.beyond(out, length);
                }
                length
            }
            _ => self.beyond(out, 0),
        }
    }

    /// The same for what is beyond the root: as it was noted before, or as the kernel
    /// tells it, "(unreachable)/…".
    fn beyond(&self, out: &mut [u8; PATH_MAX], told: usize) -> usize {
        let noted = outside::any()
            .then(|| sys::stat_at(self.dirfd, c"".as_ptr(), AT_EMPTY_PATH).ok())
            .flatten()
            .and_then(|inode| outside::recall(inode.id, out));
        let length = noted.unwrap_or(told);
        let path = out.get_mut(..length).unwrap_or_default();
        let Some(slash) = path::position(b'/', path) else {
            return 0;
        };
        let behind = path.len().min(slash + 1);
        path.copy_within(behind.., 0);
        match path.len() - behind {
            // The root there.
            0 => {
                let (first, _) = out.split_at_mut(1);
                first.fill(b'.');
                1
            }
            length => length,
        }
    }

    /// Does this path lead to what the descriptor refers to?
    fn leads_to(&self, path: &mut [u8; PATH_MAX], length: usize) -> bool {
        if let Some(end) = path.get_mut(length) {
            *end = 0;
        }
        let at = path.as_ptr().cast();
        let itself = sys::stat_at(self.dirfd, c"".as_ptr(), AT_EMPTY_PATH);
        let named = sys::stat_at(AT_FDCWD, at, AT_SYMLINK_NOFOLLOW);
        matches!((itself, named), (Ok(itself), Ok(named)) if itself.id == named.id)
    }

    /// The length of a descriptor's path without what the kernel appends if the name
    /// that it was opened by is gone; 0 if there never was one.
    fn nameless(&self, path: &mut [u8; PATH_MAX], length: usize) -> usize {
        let told = path.get(..length).unwrap_or_default();
        let without = without_suffix(told).len();
        if without == length {
            return length;
        }
        match self.leads_to(path, length) {
            // A name may end so by itself.
            true => length,
            // memfd_create(2): what follows is no path.
            false if path.starts_with(b"/memfd:") => 0,
            false => without,
        }
    }
}

/// What the descriptor refers to, as `/proc` tells: not always a path
/// (`pipe:[7]`). `Err(ENOENT)` where there is no `/proc`.
pub fn descriptor_path(fd: c_int, out: &mut [u8]) -> sys::Result<usize> {
    if fd < 0 {
        return Err(EBADF);
    }
    let thread = sys::read_link(AT_FDCWD, DescriptorName::in_thread(fd).as_ptr(), out);
    if thread != Err(ENOENT) {
        return thread;
    }
    // Only where there is no `thread-self` (before Linux 3.17): in a thread that
    // left its process's descriptor table `/proc/self` tells of another file.
    if sys::read_link(AT_FDCWD, c"/proc/thread-self".as_ptr(), out).is_ok() {
        return Err(ENOENT);
    }
    sys::read_link(AT_FDCWD, DescriptorName::in_self(fd).as_ptr(), out)
}

//! Directories, opened and read by the shim itself.

use libc::{c_char, c_int};
use syscalls::Sysno;

use super::Result;

/// Opens a directory for reading; never what a link points to.
pub fn open_directory(dirfd: c_int, path: *const c_char) -> Result<c_int> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    raw!(Sysno::openat, dirfd, path, flags, 0).map(|fd| fd as c_int)
}

/// `getdents64(2)`: bytes of entries in `out`, 0 at the end.
pub fn directory_entries(fd: c_int, out: &mut [u8]) -> Result<usize> {
    raw!(Sysno::getdents64, fd, out.as_mut_ptr(), out.len())
}

//! Creating by a path that must have no link in it.

use core::ffi::c_void;

use libc::{EINVAL, ENOSYS, EPERM, c_char, c_int, mode_t};
use libc::{O_ACCMODE, O_APPEND, O_ASYNC, O_CLOEXEC, O_CREAT, O_DIRECT, O_DSYNC, O_EXCL};
use libc::{O_NOATIME, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_SYNC, O_TRUNC};
use syscalls::Sysno;

use super::Result;

/// `O_LARGEFILE` as the kernel has it; libc's is 0 where it is always meant.
#[cfg(any(target_arch = "arm", target_arch = "aarch64"))]
pub const LARGE_FILE: c_int = 0o400_000;
/// `O_LARGEFILE` as the kernel has it; libc's is 0 where it is always meant.
#[cfg(not(any(target_arch = "arm", target_arch = "aarch64")))]
pub const LARGE_FILE: c_int = 0o100_000;

/// What openat2(2) takes beside `O_CREAT`; open(2) ignores what it does not know.
const KNOWN: c_int = O_ACCMODE
    | O_CREAT
    | O_EXCL
    | O_NOCTTY
    | O_TRUNC
    | O_APPEND
    | O_NONBLOCK
    | O_SYNC
    | O_DSYNC
    | O_ASYNC
    | O_DIRECT
    | LARGE_FILE
    | O_NOFOLLOW
    | O_NOATIME
    | O_CLOEXEC;

/// Do these flags of open(2) create a file, and mean the same to openat2(2)? That
/// one opens every file for more than 2 GiB on a 64-bit kernel.
pub fn creates(flags: c_int) -> bool {
    let large = cfg!(target_pointer_width = "64") || flags & LARGE_FILE != 0;
    flags & O_CREAT != 0 && flags & !KNOWN == 0 && large
}

/// Opens as openat(2) with flags that [`creates`] knows, but fails with `ELOOP` at
/// any link. `ENOSYS` where the kernel is older than 5.6 or a filter of system
/// calls does not let it through.
///
/// Not by `O_NOFOLLOW`, which holds for the last name alone and stays in the flags
/// that `F_GETFL` shows.
pub fn create_without_links(
    dirfd: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> Result<c_int> {
    /// `RESOLVE_NO_SYMLINKS` (linux/openat2.h).
    const NO_LINKS: u64 = 0x04;
    // `struct open_how`; openat(2) drops the other bits of a mode by itself.
    let how = [u64::from(flags as u32), u64::from(mode & 0o7777), NO_LINKS];
    let opened = raw!(
        Sysno::openat2,
        dirfd,
        path,
        how.as_ptr(),
        core::mem::size_of_val(&how)
    );
    match opened {
        Err(EPERM) if !has_openat2() => Err(ENOSYS),
        opened => opened.map(|fd| fd as c_int),
    }
}

/// Is there an openat2(2), and no filter that answers in the kernel's place?
pub fn has_openat2() -> bool {
    const NO_DIRECTORY: c_int = -1;
    let none = core::ptr::null::<c_void>();
    raw!(Sysno::openat2, NO_DIRECTORY, none, none, 0) == Err(EINVAL)
}

//! Directories, opened and read by the shim itself.

use libc::{c_char, c_int};
use syscalls::Sysno;

use super::Result;

/// Opens a directory for reading; never what a link points to.
pub fn open_directory(dirfd: c_int, path: *const c_char) -> Result<c_int> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    raw!(Sysno::openat, dirfd, path, flags, 0).map(|fd| fd as c_int)
}

/// Opens the directory above this one.
pub fn open_parent(directory: c_int) -> Result<c_int> {
    open_directory(directory, c"..".as_ptr())
}

/// Goes on reading a directory behind the entry that gave this `d_off`.
pub fn seek_directory(fd: c_int, offset: u64) -> Result<()> {
    #[cfg(target_pointer_width = "64")]
    return raw!(Sysno::lseek, fd, offset, libc::SEEK_SET).map(drop);
    #[cfg(target_pointer_width = "32")]
    {
        let mut result = 0u64;
        let (high, low) = ((offset >> 32) as u32, offset as u32);
        raw!(
            Sysno::_llseek,
            fd,
            high,
            low,
            &raw mut result,
            libc::SEEK_SET
        )
        .map(drop)
    }
}

/// `d_type` of an entry as `S_IFMT` bits; 0 where the file system does not tell it.
pub fn entry_type(entry: &[u8]) -> u32 {
    // `DT_` constants are these bits (`IFTODT` of dirent.h).
    u32::from(entry.get(18).copied().unwrap_or(0)) << 12
}

/// `d_off` of an entry: where the next one begins.
pub fn entry_offset(entry: &[u8]) -> Option<u64> {
    let bytes = entry.get(8..16)?.try_into().ok()?;
    Some(u64::from_ne_bytes(bytes))
}

/// `d_reclen` of `struct linux_dirent64` (getdents64(2)).
const LENGTH_AT: usize = 16;

/// `d_name`: where an entry's name begins.
pub const NAME_AT: usize = 19;

/// The first of these entries: its length, and its name's.
pub fn entry(entries: &[u8]) -> Option<(usize, usize)> {
    let &[low, high] = entries.get(LENGTH_AT..LENGTH_AT + 2)? else {
        return None;
    };
    let size = usize::from(u16::from_ne_bytes([low, high]));
    let name = entries.get(NAME_AT..size)?;
    Some((size, name.iter().position(|&byte| byte == 0)?))
}

/// The names of entries that were read.
pub fn entry_names(entries: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = entries;
    core::iter::from_fn(move || {
        let (size, length) = entry(rest)?;
        let name = rest.get(NAME_AT..NAME_AT + length)?;
        rest = rest.get(size..)?;
        Some(name)
    })
}

/// `getdents64(2)`: bytes of entries in `out`, 0 at the end.
pub fn directory_entries(fd: c_int, out: &mut [u8]) -> Result<usize> {
    raw!(Sysno::getdents64, fd, out.as_mut_ptr(), out.len())
}

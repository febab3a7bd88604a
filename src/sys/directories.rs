//! Directories, opened and read by the shim itself.

use libc::{c_char, c_int, c_void};
use syscalls::Sysno;

use super::{DescriptorName, Owned, Result};

/// Opens a directory for reading; never what a link points to.
pub fn open_directory(dirfd: c_int, path: *const c_char) -> Result<c_int> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    raw!(Sysno::openat, dirfd, path, flags, 0).map(|fd| fd as c_int)
}

/// Opens the directory above this one.
pub fn open_parent(directory: c_int) -> Result<c_int> {
    open_directory(directory, c"..".as_ptr())
}

/// The number of the mount that a descriptor's file lies on, as
/// `/proc/self/mountinfo` has it: two mounts of one file system differ in it, and only
/// in it. `None` where it cannot be told.
///
/// By `/proc/thread-self/fdinfo` (since Linux 3.15), which takes no call that a
/// program would not make; without a `/proc` by statx(2) (since Linux 5.8).
pub fn mount_of(fd: c_int) -> Option<u64> {
    match super::open(DescriptorName::about(fd).as_ptr(), libc::O_RDONLY, 0) {
        Ok(about) => {
            let mut text = [0; 256];
            let about = Owned(about);
            let length = super::read(about.0, &mut text).ok()?;
            let mut lines = text.get(..length)?.split(|&byte| byte == b'\n');
            let number = lines.find_map(|line| line.strip_prefix(b"mnt_id:"))?;
            core::str::from_utf8(number).ok()?.trim().parse().ok()
        }
        Err(libc::ENOENT) => mount_by_statx(fd),
        Err(_) => None,
    }
}

/// `STATX_MNT_ID` of statx(2).
fn mount_by_statx(fd: c_int) -> Option<u64> {
    const MOUNT: u32 = 0x1000;
    /// `stx_mnt_id` as a word of 64 bits.
    const AT: usize = 0x90 / 8;
    let mut about = [0u64; 32];
    let (empty, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
    let place = about.as_mut_ptr().cast::<c_void>();
    raw!(Sysno::statx, fd, empty, flags, MOUNT, place).ok()?;
    let [mask, ..] = about;
    let told = mask.to_ne_bytes();
    let [a, b, c, d, ..] = told;
    (u32::from_ne_bytes([a, b, c, d]) & MOUNT != 0)
        .then(|| about.get(AT).copied())
        .flatten()
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

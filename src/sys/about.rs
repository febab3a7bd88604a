//! What stat(2) does not tell of an inode: statx(2), since Linux 4.11.
//!
//! Under a filter, which may kill for it, it is not made. Where that cannot be told, for
//! want of a descriptor, it is: nothing else needs none.

use libc::{AT_EMPTY_PATH, c_char, c_int};
use syscalls::Sysno;

use super::{DescriptorName, Owned, filter};

/// `STATX_BTIME` and `STATX_MNT_ID` (linux/stat.h).
const BORN: u32 = 0x800;
const MOUNT: u32 = 0x1000;

/// `struct statx` as words of 64 bits; the words in which its members are.
type About = [u64; 32];
const BORN_AT: usize = 0x50 / 8;
const MOUNT_AT: usize = 0x90 / 8;

/// `None` where the kernel does not tell this, or is not to be asked.
fn ask(dirfd: c_int, path: *const c_char, flags: c_int, what: u32) -> Option<About> {
    if filter::is_filtered() {
        return None;
    }
    let mut about: About = [0; 32];
    raw!(Sysno::statx, dirfd, path, flags, what, about.as_mut_ptr()).ok()?;
    // `stx_mask` is the first half of the first word.
    let [first, ..] = about;
    let [a, b, c, d, ..] = first.to_ne_bytes();
    (u32::from_ne_bytes([a, b, c, d]) & what != 0).then_some(about)
}

/// When an inode was made: two that had the same number one after the other differ in
/// it. 0 where that cannot be told. `flags` are `AT_*`.
pub fn born(dirfd: c_int, path: *const c_char, flags: c_int) -> u64 {
    let about = ask(dirfd, path, flags, BORN);
    let word = |at| about.and_then(|about| about.get(at).copied()).unwrap_or(0);
    // Seconds, then nanoseconds in one half of the next word.
    word(BORN_AT).rotate_left(32) ^ word(BORN_AT + 1)
}

/// The number of the mount that a descriptor's file lies on, as
/// `/proc/self/mountinfo` has it: two mounts of one file system differ in it, and only
/// in it. `None` where it cannot be told: before Linux 5.8 by `/proc` alone (since
/// Linux 3.15).
pub fn mount_of(fd: c_int) -> Option<u64> {
    if let Some(mount) = mount_at(fd, c"".as_ptr(), AT_EMPTY_PATH) {
        return Some(mount);
    }
    let about = super::open(DescriptorName::about(fd).as_ptr(), libc::O_RDONLY, 0);
    let about = Owned(about.ok()?);
    let mut text = [0; 256];
    let length = super::read(about.0, &mut text).ok()?;
    let mut lines = text.get(..length)?.split(|&byte| byte == b'\n');
    let number = lines.find_map(|line| line.strip_prefix(b"mnt_id:"))?;
    core::str::from_utf8(number).ok()?.trim().parse().ok()
}

/// The same for what has a name; `flags` are `AT_*`.
pub fn mount_at(dirfd: c_int, path: *const c_char, flags: c_int) -> Option<u64> {
    let about = ask(dirfd, path, flags, MOUNT)?;
    about.get(MOUNT_AT).copied()
}

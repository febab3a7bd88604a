//! System calls of the shim's own, straight to the kernel.
//!
//! Why not libc: our own definition of `openat`, `fchmod`, … comes first in the
//! symbol lookup, so a call through libc would come back to our hook; libc's
//! wrappers write `errno`, which belongs to the program; and some of them are
//! cancellation points. A raw call does none of that. Every function returns the
//! kernel's own result; a failure is the positive errno value.

use libc::{c_char, c_int, c_uint};
use syscalls::Sysno;

/// Outcome of a raw system call; the error is a positive `errno` value.
pub type Result<T> = core::result::Result<T, c_int>;

macro_rules! raw {
    ($number:expr $(, $argument:expr)*) => {
        // SAFETY: forwarded to the caller of each function below, which states
        // what the kernel may read or write through its arguments.
        unsafe { syscalls::syscall!($number $(, $argument)*) }.map_err(|error| error.into_raw())
    };
}

/// What is asked before a program is started.
pub mod programs;

mod about;
mod create;
mod descriptor;
mod directories;
mod filter;
pub mod helper;
mod memory;
mod paths;
mod signals;
mod sockets;
mod task;
pub use about::{born, mount_at, mount_of};
pub use create::{LARGE_FILE, create_without_links, creates, has_openat2};
pub use descriptor::{DescriptorName, Owned, has_proc};
pub use directories::{
    NAME_AT, directory_entries, entry, entry_names, entry_offset, entry_type, open_directory,
    open_parent, seek_directory,
};
pub use filter::{filter_comes, may_be_filtered};
pub use memory::{map, program_break, protect, readable, unmap};
pub use paths::{PathCopy, Text, join};
pub use signals::write_unsignalled;
pub use sockets::{SYSLOG, send_datagram};

/// What `stat(2)` tells, as far as the shim asks.
#[derive(Clone, Copy)]
pub struct Inode {
    /// `st_mode`: file type and permission bits.
    pub mode: u32,
    /// `st_dev` and `st_ino`: which inode this is.
    pub id: (u64, u64),
    /// `st_uid`.
    pub user: u32,
    /// `st_gid`.
    pub group: u32,
    /// `st_nlink`: how many names it has.
    pub links: u64,
    /// `st_ctim`: when anything about it changed last.
    pub changed: (i64, i64),
    /// `st_mtim`: when its content was written last.
    pub written: (i64, i64),
}

impl Inode {
    /// Is it of this `S_IFMT` type?
    pub fn is(&self, file_type: u32) -> bool {
        self.mode & libc::S_IFMT == file_type
    }

    /// Is it the same inode, with the same owner?
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.user == other.user && self.group == other.group
    }

    /// The bits that `chmod` sets.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }
}

#[cfg(target_pointer_width = "64")]
mod layout {
    use syscalls::Sysno;
    /// `struct stat` of these machines is the kernel's own.
    pub type Stat = libc::stat;
    #[cfg(target_arch = "x86_64")]
    pub const AT: Sysno = Sysno::newfstatat;
    #[cfg(not(target_arch = "x86_64"))]
    pub const AT: Sysno = Sysno::fstatat;
    pub const OF: Sysno = Sysno::fstat;
    pub const TRUNCATE: Sysno = Sysno::ftruncate;
    pub const FCNTL: Sysno = Sysno::fcntl;
}

#[cfg(target_pointer_width = "32")]
mod layout {
    use syscalls::Sysno;
    /// glibc's `struct stat64` is the kernel's on 32-bit machines.
    pub type Stat = libc::stat64;
    pub const AT: Sysno = Sysno::fstatat64;
    pub const OF: Sysno = Sysno::fstat64;
    pub const TRUNCATE: Sysno = Sysno::ftruncate;
    pub const FCNTL: Sysno = Sysno::fcntl64;
}

fn inode(stat: &layout::Stat) -> Inode {
    #[allow(clippy::unnecessary_cast)] // the widths differ from machine to machine
    Inode {
        mode: stat.st_mode as u32,
        id: (stat.st_dev as u64, stat.st_ino as u64),
        user: stat.st_uid,
        group: stat.st_gid,
        links: stat.st_nlink as u64,
        changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        written: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
    }
}

/// `fstatat(2)`; `flags` are `AT_*`. The kernel checks `path` itself (`EFAULT`).
pub fn stat_at(dirfd: c_int, path: *const c_char, flags: c_int) -> Result<Inode> {
    // SAFETY: all-zero is a valid `struct stat`.
    let mut stat: layout::Stat = unsafe { core::mem::zeroed() };
    raw!(
        layout::AT,
        dirfd,
        path,
        core::ptr::addr_of_mut!(stat),
        flags
    )?;
    Ok(inode(&stat))
}

/// `fstat(2)`.
pub fn stat_of(fd: c_int) -> Result<Inode> {
    // SAFETY: all-zero is a valid `struct stat`.
    let mut stat: layout::Stat = unsafe { core::mem::zeroed() };
    raw!(layout::OF, fd, core::ptr::addr_of_mut!(stat))?;
    Ok(inode(&stat))
}

/// `readlinkat(2)`: the length of the target in `out`, which is not terminated.
/// A target that fills `out` may have been cut by the kernel: `ENAMETOOLONG`.
pub fn read_link(dirfd: c_int, path: *const c_char, out: &mut [u8]) -> Result<usize> {
    let length = raw!(Sysno::readlinkat, dirfd, path, out.as_mut_ptr(), out.len())?;
    if length < out.len() {
        Ok(length)
    } else {
        Err(libc::ENAMETOOLONG)
    }
}

/// `getcwd(2)`: the length without the terminating NUL. Unlike `getcwd(3)` it
/// answers "(unreachable)/…" for a directory outside the root.
pub fn current_directory(out: &mut [u8]) -> Result<usize> {
    let length = raw!(Sysno::getcwd, out.as_mut_ptr(), out.len())?;
    Ok(length.saturating_sub(1))
}

/// `fchmod(2)`.
pub fn chmod_fd(fd: c_int, mode: u32) -> Result<()> {
    raw!(Sysno::fchmod, fd, mode).map(drop)
}

/// A name, as system calls take it: a dirfd and a terminated path.
pub type Name = (c_int, *const c_char);

/// A descriptor of an inode that is good for nothing else: no permission is
/// needed, no device is touched, and closing it does not drop record locks.
pub fn hold((dirfd, path): Name, follow: bool) -> Result<Owned> {
    let no_follow = if follow { 0 } else { libc::O_NOFOLLOW };
    let flags = libc::O_PATH | libc::O_CLOEXEC | no_follow;
    raw!(Sysno::openat, dirfd, path, flags, 0).map(|fd| Owned(fd as c_int))
}

/// Opens what has this name, no link, for its mode to be changed.
pub fn open_to_change((dirfd, path): Name) -> Result<Owned> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    raw!(Sysno::openat, dirfd, path, flags, 0).map(|fd| Owned(fd as c_int))
}

/// `fchmodat(2)`; without following a link only since Linux 6.6 (`ENOSYS`).
pub fn chmod_by_name((dirfd, path): Name, follow: bool, mode: u32) -> Result<()> {
    if follow {
        return raw!(Sysno::fchmodat, dirfd, path, mode).map(drop);
    }
    if filter::is_filtered() {
        return Err(libc::ENOSYS);
    }
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    raw!(Sysno::fchmodat2, dirfd, path, mode, flags).map(drop)
}

/// Changes the mode of what an `O_PATH` descriptor refers to. `ENOSYS` where there is
/// no `/proc` and the kernel is older than 6.6.
pub fn chmod_path_fd(fd: c_int, mode: u32) -> Result<()> {
    // Not `/proc/self`: in a thread that left its process's descriptor table it
    // would be another file.
    let name = DescriptorName::in_thread(fd);
    match raw!(Sysno::fchmodat, libc::AT_FDCWD, name.as_ptr(), mode) {
        Err(libc::ENOENT) if filter::is_filtered() => return Err(libc::ENOSYS),
        Err(libc::ENOENT) => {}
        done => return done.map(drop),
    }
    // Second, for a filter of system calls may kill who makes it: those of before
    // Linux 6.6 do not know it.
    let flags = libc::AT_EMPTY_PATH;
    raw!(Sysno::fchmodat2, fd, c"".as_ptr(), mode, flags).map(drop)
}

/// `renameat2(2)`.
pub fn rename(
    olddirfd: c_int,
    old: *const c_char,
    newdirfd: c_int,
    new: *const c_char,
    flags: c_uint,
) -> Result<()> {
    raw!(Sysno::renameat2, olddirfd, old, newdirfd, new, flags).map(drop)
}

/// `ftruncate(2)` to length 0.
pub fn truncate_fd(fd: c_int) -> Result<()> {
    raw!(layout::TRUNCATE, fd, 0).map(drop)
}

/// `openat(2)` for a descriptor of the shim's own. `O_CLOEXEC` is added.
pub fn open(path: *const c_char, flags: c_int, mode: u32) -> Result<c_int> {
    let flags = flags | libc::O_CLOEXEC | libc::O_NOCTTY;
    raw!(Sysno::openat, libc::AT_FDCWD, path, flags, mode).map(|fd| fd as c_int)
}

/// `close(2)`. A failing close of a descriptor of ours leaves nothing to do.
pub fn close(fd: c_int) {
    let _ = raw!(Sysno::close, fd);
}

/// `fcntl(F_DUPFD_CLOEXEC)`: a copy with a number greater than `floor`.
pub fn duplicate_above(fd: c_int, floor: c_int) -> Result<c_int> {
    raw!(layout::FCNTL, fd, libc::F_DUPFD_CLOEXEC, floor + 1).map(|fd| fd as c_int)
}

/// Is this the number of an open descriptor? `fcntl(F_GETFD)`.
pub fn is_open(fd: c_int) -> bool {
    raw!(layout::FCNTL, fd, libc::F_GETFD).is_ok()
}

/// `dup3(2)`.
pub fn dup3(from: c_int, to: c_int, flags: c_int) -> Result<()> {
    raw!(Sysno::dup3, from, to, flags).map(drop)
}

/// `read(2)`.
pub fn read(fd: c_int, out: &mut [u8]) -> Result<usize> {
    raw!(Sysno::read, fd, out.as_mut_ptr(), out.len())
}

/// `write(2)`, once: a record is one call or nothing.
pub fn write(fd: c_int, bytes: &[u8]) -> Result<usize> {
    raw!(Sysno::write, fd, bytes.as_ptr(), bytes.len())
}

/// `getpid(2)`: asked anew each time, since a child of `fork` keeps our memory.
pub fn process_id() -> u32 {
    raw!(Sysno::getpid).map_or(0, |pid| pid as u32)
}

/// `geteuid(2)`.
pub fn effective_user() -> u32 {
    #[cfg(target_pointer_width = "64")]
    let number = Sysno::geteuid;
    #[cfg(target_pointer_width = "32")]
    let number = Sysno::geteuid32;
    raw!(number).map_or(0, |uid| uid as u32)
}

/// `exit_group(2)`: no `atexit` handler and no destructor of the program runs.
pub fn exit(status: c_int) -> ! {
    loop {
        let _ = raw!(Sysno::exit_group, status);
    }
}

//! Which system calls matter, and how to read one out of a stopped thread.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Write;

/// A system call as it was entered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    pub(super) number: i64,
    pub(super) args: [u64; 6],
}

pub(super) enum Stop {
    Entry(Entry),
    Exit(i64),
}

/// `struct ptrace_syscall_info` of ptrace(2), as far as it is used here.
#[repr(C)]
struct Info {
    op: u8,
    pad: [u8; 3],
    arch: u32,
    instruction: u64,
    stack: u64,
    /// Entry: number and six arguments. Exit: result first.
    data: [u64; 8],
}

/// PTRACE_GET_SYSCALL_INFO (Linux 5.3): the same on every architecture.
const GET_SYSCALL_INFO: libc::c_uint = 0x420e;

pub(super) fn info(pid: libc::pid_t) -> Option<Stop> {
    let mut info = MaybeUninit::<Info>::zeroed();
    let size = std::mem::size_of::<Info>();
    // SAFETY: the kernel writes at most `size` bytes to `info`.
    let got = unsafe { libc::ptrace(GET_SYSCALL_INFO as _, pid, size, info.as_mut_ptr()) };
    if got <= 0 {
        return None;
    }
    // SAFETY: it was zeroed, and every bit pattern is a value of this type.
    let info = unsafe { info.assume_init() };
    let [number, args @ ..] = info.data;
    match info.op {
        1 => Some(Stop::Entry(Entry {
            number: number as i64,
            args: [args[0], args[1], args[2], args[3], args[4], args[5]],
        })),
        2 => Some(Stop::Exit(number as i64)),
        _ => None,
    }
}

macro_rules! table {
    ($($name:ident)*) => {
        &[$((libc::$name, stringify!($name))),*]
    };
}

/// Calls after which the tree is looked at.
const TOUCHING: &[(i64, &str)] = table! {
    SYS_openat SYS_openat2 SYS_mkdirat SYS_mknodat SYS_fchmod SYS_fchmodat SYS_fchmodat2
    SYS_renameat SYS_renameat2 SYS_linkat SYS_setxattr SYS_lsetxattr SYS_fsetxattr
    SYS_bind SYS_mq_open SYS_truncate SYS_ftruncate SYS_execve SYS_execveat SYS_fallocate
    SYS_open_by_handle_at SYS_removexattr SYS_lremovexattr SYS_fremovexattr
    SYS_unlinkat
};

/// The older twins, which newer architectures have no numbers for.
#[cfg(target_arch = "x86_64")]
const LEGACY: &[(i64, &str)] = table! { SYS_open SYS_creat SYS_mkdir SYS_mknod SYS_chmod SYS_rename SYS_link SYS_unlink SYS_rmdir };
#[cfg(not(target_arch = "x86_64"))]
const LEGACY: &[(i64, &str)] = &[];

/// `setxattrat` (Linux 6.13), the same number everywhere.
const SETXATTRAT: i64 = 463;

fn short(name: &'static str) -> &'static str {
    name.strip_prefix("SYS_").unwrap_or(name)
}

/// The name of the call if it can change what is in a tree.
pub(super) fn touches(entry: &Entry) -> Option<&'static str> {
    if entry.number == SETXATTRAT {
        return Some("setxattrat");
    }
    let found = TOUCHING
        .iter()
        .chain(LEGACY)
        .find(|(number, _)| *number == entry.number)?;
    let reads = match found.1 {
        "SYS_openat" => idle(entry.args[2]),
        "SYS_open" => idle(entry.args[1]),
        _ => false,
    };
    (!reads).then(|| short(found.1))
}

/// Open flags that neither create nor write.
fn idle(flags: u64) -> bool {
    let flags = flags as i32;
    flags & libc::O_ACCMODE == libc::O_RDONLY
        && flags & (libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE & !libc::O_DIRECTORY) == 0
}

/// The descriptor that the call is about to write to, if it writes.
fn target(entry: &Entry) -> Option<(u64, &'static str)> {
    let a = &entry.args;
    Some(match entry.number {
        libc::SYS_write => (a[0], "write"),
        libc::SYS_writev => (a[0], "writev"),
        libc::SYS_pwrite64 => (a[0], "pwrite64"),
        libc::SYS_pwritev => (a[0], "pwritev"),
        libc::SYS_pwritev2 => (a[0], "pwritev2"),
        libc::SYS_ftruncate => (a[0], "ftruncate"),
        libc::SYS_fallocate => (a[0], "fallocate"),
        libc::SYS_sendfile => (a[0], "sendfile"),
        libc::SYS_copy_file_range => (a[2], "copy_file_range"),
        libc::SYS_splice => (a[2], "splice"),
        libc::SYS_mmap
            if a[2] & libc::PROT_WRITE as u64 != 0 && a[3] & libc::MAP_SHARED as u64 != 0 =>
        {
            (a[4], "mmap")
        }
        _ => return None,
    })
}

/// The write that the thread is about to do to a regular file of the tree.
pub(super) fn writes(pid: libc::pid_t, entry: &Entry, root: &Path) -> Option<Write> {
    let (link, call) = match target(entry) {
        Some((fd, call)) => (format!("/proc/{pid}/fd/{}", fd as i32), call),
        None if entry.number == libc::SYS_truncate => (truncated(pid, entry)?, "truncate"),
        None => return None,
    };
    let meta = fs::metadata(&link).ok().filter(|m| m.is_file())?;
    let path = fs::canonicalize(&link)
        .ok()?
        .strip_prefix(root)
        .ok()?
        .to_owned();
    Some(Write {
        path,
        mode: meta.mode() & 0o7777,
        call,
    })
}

/// The path argument of truncate(2), as this process can use it.
fn truncated(pid: libc::pid_t, entry: &Entry) -> Option<String> {
    let mut buffer = vec![0u8; 4096];
    let mine = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // The string may end just before an unmapped page: read to the page's end.
    let room = 4096 - (entry.args[0] as usize & 4095);
    let theirs = libc::iovec {
        iov_base: entry.args[0] as *mut _,
        iov_len: room,
    };
    // SAFETY: the kernel writes at most `room` bytes, 4096 or less, to our buffer.
    let got = unsafe { libc::process_vm_readv(pid, &mine, 1, &theirs, 1, 0) };
    buffer.truncate(usize::try_from(got).ok()?);
    let end = buffer.iter().position(|b| *b == 0)?;
    let path = std::str::from_utf8(&buffer[..end]).ok()?;
    Some(if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/proc/{pid}/cwd/{path}")
    })
}

/// An inode that came to be without a name in the tree: `O_TMPFILE`, or a
/// message queue, which has its own file system. Its name here, and its mode.
pub(super) fn nameless(pid: libc::pid_t, entry: &Entry, fd: i64) -> Option<(String, u32)> {
    let flags = match entry.number {
        libc::SYS_openat => entry.args[2] as i32,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => entry.args[1] as i32,
        libc::SYS_mq_open | libc::SYS_openat2 => 0,
        _ => return None,
    };
    let link = format!("/proc/{pid}/fd/{fd}");
    let mode = fs::metadata(&link).ok()?.mode();
    if entry.number == libc::SYS_mq_open {
        return Some(("<mqueue>".to_owned(), mode));
    }
    let gone = fs::read_link(&link)
        .ok()?
        .to_string_lossy()
        .ends_with(" (deleted)");
    let temporary = flags & libc::O_TMPFILE == libc::O_TMPFILE;
    (gone && (temporary || entry.number == libc::SYS_openat2))
        .then(|| ("<tmpfile>".to_owned(), mode))
}

//! Which system calls matter, and how to read one out of a stopped thread.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Write, numbers};

/// A system call as it was entered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    /// Its name, if it is one that matters here.
    pub(crate) name: Option<&'static str>,
    pub(crate) args: [u64; 6],
}

pub(crate) enum Stop {
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

pub(crate) fn info(pid: libc::pid_t) -> Option<Stop> {
    let mut info = MaybeUninit::<Info>::zeroed();
    let size = std::mem::size_of::<Info>();
    // SAFETY: the kernel writes at most `size` bytes to `info`.
    let got = unsafe { libc::ptrace(GET_SYSCALL_INFO as _, pid, size, info.as_mut_ptr()) };
    if got <= 0 {
        return None;
    }
    // SAFETY: it was zeroed, and every bit pattern is a value of this type.
    let info = unsafe { info.assume_init() };
    let [number, a, b, c, d, e, f, _] = info.data;
    let args = [a, b, c, d, e, f];
    match info.op {
        1 => Some(Stop::Entry(Entry {
            name: numbers::name(info.arch, number as i64, &args),
            args,
        })),
        2 => Some(Stop::Exit(number as i64)),
        _ => None,
    }
}

/// The name of the call if it can change what is in a tree.
pub(crate) fn touches(entry: &Entry) -> Option<&'static str> {
    let name = entry.name?;
    let idle = match name {
        "openat" => idle(entry.args[2]),
        "open" => idle(entry.args[1]),
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => true,
        "sendfile" | "copy_file_range" | "splice" | "mmap" => true,
        _ => false,
    };
    (!idle).then_some(name)
}

/// Open flags that neither create nor write.
fn idle(flags: u64) -> bool {
    let flags = flags as i32;
    flags & libc::O_ACCMODE == libc::O_RDONLY
        && flags & (libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE & !libc::O_DIRECTORY) == 0
}

/// The descriptor that the call is about to write to, if it writes.
fn target(entry: &Entry) -> Option<u64> {
    let a = &entry.args;
    match entry.name? {
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => Some(a[0]),
        "ftruncate" | "fallocate" | "sendfile" => Some(a[0]),
        "copy_file_range" | "splice" => Some(a[2]),
        "mmap" => {
            let (rights, flags) = (a[2] as i32, a[3] as i32);
            (rights & libc::PROT_WRITE != 0 && flags & libc::MAP_SHARED != 0).then_some(a[4])
        }
        _ => None,
    }
}

/// The write that the thread is about to do to a regular file of the tree.
pub(super) fn writes(pid: libc::pid_t, entry: &Entry, root: &Path) -> Option<Write> {
    let call = entry.name?;
    let link = match target(entry) {
        Some(fd) => format!("/proc/{pid}/fd/{}", fd as i32),
        None if call == "truncate" => truncated(pid, entry)?,
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
    let flags = match entry.name? {
        "openat" => entry.args[2] as i32,
        "open" => entry.args[1] as i32,
        "mq_open" | "openat2" => 0,
        _ => return None,
    };
    let link = format!("/proc/{pid}/fd/{fd}");
    let mode = fs::metadata(&link).ok()?.mode();
    if entry.name == Some("mq_open") {
        return Some(("<mqueue>".to_owned(), mode));
    }
    let gone = fs::read_link(&link)
        .ok()?
        .to_string_lossy()
        .ends_with(" (deleted)");
    let temporary = flags & libc::O_TMPFILE == libc::O_TMPFILE;
    (gone && (temporary || entry.name == Some("openat2"))).then(|| ("<tmpfile>".to_owned(), mode))
}

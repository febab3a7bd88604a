//! System calls around `exec`: is the program one that a preload can enter, and
//! under which umask does it start.

use libc::{c_char, c_int, c_ulong, c_void};
use syscalls::Sysno;

use umaskclamp_policy::program::Ids;

use super::Result;

#[cfg(target_pointer_width = "64")]
mod number {
    use syscalls::Sysno;
    pub const USERS: Sysno = Sysno::getresuid;
    pub const GROUPS: Sysno = Sysno::getresgid;
}

#[cfg(target_pointer_width = "32")]
mod number {
    use syscalls::Sysno;
    pub const USERS: Sysno = Sysno::getresuid32;
    pub const GROUPS: Sysno = Sysno::getresgid32;
}

/// `getresuid(2)` and `getresgid(2)`.
pub fn ids() -> Ids {
    let three = |number| {
        let [mut real, mut effective, mut saved] = [0u32; 3];
        let _ = raw!(
            number,
            core::ptr::addr_of_mut!(real),
            core::ptr::addr_of_mut!(effective),
            core::ptr::addr_of_mut!(saved)
        );
        (real, effective)
    };
    let (user, effective_user) = three(number::USERS);
    let (group, effective_group) = three(number::GROUPS);
    Ids {
        user,
        effective_user,
        group,
        effective_group,
    }
}

/// `openat(2)` for reading a program: a regular file, or whatever was put in its
/// place, which must neither hold us nor become a terminal.
pub fn open_program(dirfd: c_int, path: *const c_char, flags: c_int) -> Result<c_int> {
    let flags = flags | libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK;
    raw!(Sysno::openat, dirfd, path, flags, 0).map(|fd| fd as c_int)
}

/// `pread(2)`. The offset of the descriptor, which may be the program's, stays.
pub fn read_at(fd: c_int, out: &mut [u8], offset: u64) -> Result<usize> {
    #[cfg(target_pointer_width = "64")]
    return raw!(
        Sysno::pread64,
        fd,
        out.as_mut_ptr(),
        out.len(),
        offset as usize
    );
    // As two registers, of which i386 has the low one first and others, which
    // want an even register to begin with, after one that is not used.
    #[cfg(all(target_pointer_width = "32", target_arch = "x86"))]
    return raw!(
        Sysno::pread64,
        fd,
        out.as_mut_ptr(),
        out.len(),
        offset as u32,
        (offset >> 32) as u32
    );
    #[cfg(all(target_pointer_width = "32", not(target_arch = "x86")))]
    return raw!(
        Sysno::pread64,
        fd,
        out.as_mut_ptr(),
        out.len(),
        0,
        offset as u32,
        (offset >> 32) as u32
    );
}

/// `faccessat(2)` with the real ids, which are the effective ones wherever a
/// preload can be entered at all.
pub fn may(dirfd: c_int, path: *const c_char, wanted: c_int) -> bool {
    raw!(Sysno::faccessat, dirfd, path, wanted).is_ok()
}

/// The same with the rights that the program has now (`AT_EACCESS`): capabilities of a
/// user who is not root are dropped by the older call. Before Linux 5.8, and where a
/// filter may kill for it, nothing is known.
pub fn may_now(dirfd: c_int, path: *const c_char, wanted: c_int) -> Option<bool> {
    if super::may_be_filtered() {
        return None;
    }
    let asked = raw!(Sysno::faccessat2, dirfd, path, wanted, libc::AT_EACCESS);
    (asked != Err(libc::ENOSYS)).then_some(asked.is_ok())
}

/// `fgetxattr(2)`: the length of the value in `out`.
pub fn attribute_of(fd: c_int, name: *const c_char, out: &mut [u8]) -> Result<usize> {
    raw!(Sysno::fgetxattr, fd, name, out.as_mut_ptr(), out.len())
}

/// Are set-user-ID bits and file capabilities ignored: on a file system that is
/// mounted `nosuid`, or since the process gave up new privileges?
pub fn privileges_ignored(fd: c_int) -> bool {
    if raw!(Sysno::prctl, libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == Ok(1) {
        return true;
    }
    // `struct statfs` as words (statfs(2)); libc's binding hides the flags.
    const FLAGS: usize = if cfg!(target_pointer_width = "64") {
        10
    } else {
        11
    };
    let mut about = [0 as c_ulong; 16];
    let asked = raw!(Sysno::fstatfs, fd, about.as_mut_ptr());
    let flags = about.get(FLAGS).copied().unwrap_or_default();
    asked.is_ok() && flags & libc::ST_NOSUID as c_ulong != 0
}

/// `execveat(2)`, for a libc that has none.
pub fn execveat(
    dirfd: c_int,
    path: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    flags: c_int,
) -> Result<()> {
    raw!(Sysno::execveat, dirfd, path, arguments, environment, flags).map(drop)
}

/// `chroot(2)`, for a helper that has a root of its own.
pub fn change_root(path: *const c_char) -> Result<()> {
    raw!(Sysno::chroot, path).map(drop)
}

/// `gettid(2)`.
pub fn task_id() -> u32 {
    raw!(Sysno::gettid).map_or(0, |id| id as u32)
}

/// Has this task a list of robust futexes (get_robust_list(2))? Every thread of
/// libc has one, a `vfork` child has not.
pub fn has_robust_list() -> Result<bool> {
    let mut head = 0usize;
    let mut length = 0usize;
    raw!(
        Sysno::get_robust_list,
        0,
        core::ptr::addr_of_mut!(head),
        core::ptr::addr_of_mut!(length)
    )?;
    Ok(head != 0)
}

/// Names this list to the kernel, or none (set_robust_list(2)).
///
/// # Safety
/// `list` is null, or a `struct robust_list_head` that stays where it is until this task
/// names another one, ends or execs: the kernel follows it then, and writes to the futexes
/// that it leads to.
pub unsafe fn set_robust_list(list: *mut c_void) {
    // `sizeof(struct robust_list_head)`, which the kernel insists on.
    const HEAD: usize = 3 * size_of::<usize>();
    let _ = raw!(Sysno::set_robust_list, list, HEAD);
}

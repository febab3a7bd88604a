//! The names of system calls by their numbers, which each machine has of its own.
//!
//! A tracer sees the numbers of the program that it traces: a 32-bit one on a
//! 64-bit kernel has others than the tracer itself.

/// `AUDIT_ARCH_I386` of linux/audit.h, as ptrace gives it.
const I386: u32 = 0x4000_0003;

macro_rules! table {
    ($($name:ident)*) => {
        &[$((libc::$name as i64, stringify!($name))),*]
    };
}

/// What is looked for, on the machine that this was built for.
const HERE: &[(i64, &str)] = table! {
    SYS_openat SYS_openat2 SYS_mkdirat SYS_mknodat SYS_fchmod SYS_fchmodat
    SYS_renameat SYS_renameat2 SYS_linkat SYS_setxattr SYS_lsetxattr SYS_fsetxattr
    SYS_bind SYS_mq_open SYS_truncate SYS_ftruncate SYS_execve SYS_execveat SYS_fallocate
    SYS_open_by_handle_at SYS_removexattr SYS_lremovexattr SYS_fremovexattr
    SYS_unlinkat SYS_write SYS_writev SYS_pwrite64 SYS_pwritev SYS_pwritev2
    SYS_sendfile SYS_copy_file_range SYS_splice SYS_mmap
};

/// The older twins, which newer machines have no numbers for.
#[cfg(target_arch = "x86_64")]
const LEGACY: &[(i64, &str)] = table! {
    SYS_open SYS_creat SYS_mkdir SYS_mknod SYS_chmod SYS_rename SYS_link SYS_unlink
    SYS_rmdir
};
#[cfg(not(target_arch = "x86_64"))]
const LEGACY: &[(i64, &str)] = &[];

/// The same on i386; `libc` knows no other machine's numbers.
const ON_I386: &[(i64, &str)] = &[
    (4, "write"),
    (5, "open"),
    (8, "creat"),
    (9, "link"),
    (10, "unlink"),
    (11, "execve"),
    (14, "mknod"),
    (15, "chmod"),
    (38, "rename"),
    (39, "mkdir"),
    (40, "rmdir"),
    (92, "truncate"),
    (93, "ftruncate"),
    (94, "fchmod"),
    (102, "socketcall"),
    (146, "writev"),
    (181, "pwrite64"),
    (187, "sendfile"),
    (192, "mmap"),
    (193, "truncate"),
    (194, "ftruncate"),
    (226, "setxattr"),
    (227, "lsetxattr"),
    (228, "fsetxattr"),
    (235, "removexattr"),
    (236, "lremovexattr"),
    (237, "fremovexattr"),
    (239, "sendfile"),
    (277, "mq_open"),
    (295, "openat"),
    (296, "mkdirat"),
    (297, "mknodat"),
    (301, "unlinkat"),
    (302, "renameat"),
    (303, "linkat"),
    (306, "fchmodat"),
    (313, "splice"),
    (324, "fallocate"),
    (334, "pwritev"),
    (342, "open_by_handle_at"),
    (353, "renameat2"),
    (358, "execveat"),
    (361, "bind"),
    (377, "copy_file_range"),
    (379, "pwritev2"),
    (437, "openat2"),
];

/// Since Linux 5.1 a new call has the same number everywhere.
const ANYWHERE: &[(i64, &str)] = &[(452, "fchmodat2"), (463, "setxattrat")];

/// `SYS_BIND` of linux/net.h: what socketcall(2) of i386 has to do.
const BIND: u64 = 2;

/// The name of a call that a tracer wants to know of.
pub(super) fn name(arch: u32, number: i64, args: &[u64; 6]) -> Option<&'static str> {
    let own: [&[(i64, &str)]; 2] = match arch {
        I386 => [ON_I386, &[]],
        _ => [HERE, LEGACY],
    };
    let (_, found) = own
        .into_iter()
        .chain([ANYWHERE])
        .flatten()
        .find(|(known, _)| *known == number)?;
    let found = found.strip_prefix("SYS_").unwrap_or(found);
    match found {
        "socketcall" => (args[0] == BIND).then_some("bind"),
        _ => Some(found),
    }
}

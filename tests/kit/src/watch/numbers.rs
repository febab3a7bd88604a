//! The names of system calls by their numbers, which each machine has of its own.
//!
//! A tracer sees the numbers of the program that it traces: a 32-bit one on a
//! 64-bit kernel has others than the tracer itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use syscalls::Sysno;
use umaskclamp_policy::surface::Treatment::{Refuse, Reinject, Watch};
use umaskclamp_policy::surface::{self, Symbol};

/// `AUDIT_ARCH_I386` of linux/audit.h, as ptrace gives it.
const I386: u32 = 0x4000_0003;

/// What is looked for beside the calls that the library clamps, tightens or narrows for.
const OTHERS: &[&str] = &[
    "unlink",
    "unlinkat",
    "rmdir",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "execve",
    "execveat",
    "ftruncate",
    "fallocate",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "sendfile",
    "copy_file_range",
    "splice",
    "mmap",
];

/// The names of the calls that are looked for, by the numbers of the machine that this was
/// built for.
static HERE: LazyLock<BTreeMap<i64, &str>> = LazyLock::new(|| {
    let acts = |symbol: &Symbol| !matches!(symbol.treatment, Watch | Reinject | Refuse);
    let looked_for = |call: &Sysno| {
        let clamped = surface::is_numbered(call.name());
        let clamped = clamped && surface::symbol(call.name()).is_some_and(acts);
        clamped || OTHERS.contains(&call.name())
    };
    let calls = Sysno::iter().filter(looked_for);
    calls.map(|call| (call.id().into(), call.name())).collect()
});

/// The same on i386; no crate here knows another machine's numbers.
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
    (452, "fchmodat2"),
    (463, "setxattrat"),
];

/// `SYS_BIND` of linux/net.h: what socketcall(2) of i386 has to do.
const BIND: u64 = 2;

/// The name of a call that a tracer wants to know of.
pub(super) fn name(arch: u32, number: i64, args: &[u64; 6]) -> Option<&'static str> {
    if arch != I386 {
        return HERE.get(&number).copied();
    }
    match ON_I386.iter().find(|(known, _)| *known == number)?.1 {
        "socketcall" => (args[0] == BIND).then_some("bind"),
        name => Some(name),
    }
}

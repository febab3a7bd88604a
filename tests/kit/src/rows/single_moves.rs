//! More calls that fail for one reason each: names, ACLs, lengths, IPC.

use super::single::{Single, spot};
use super::spots::PATH_SPOTS;
use super::{Arg, Ret, n, step, t};
use crate::acl;
use libc::{AT_FDCWD, O_CREAT, O_RDWR};

/// One call, one reason.
pub fn rows() -> Vec<Single> {
    use Arg::{Dir, Path};
    let here = || PATH_SPOTS[0].clone();
    let from = |from: &str| step("rename", [t(from), Path], Ret::Int);
    let set = |name: &str, value: Vec<u8>, flags: i32| {
        let size = value.len() as i64;
        step(
            "setxattr",
            [Path, t(name), Arg::Data(value), n(size), n(flags)],
            Ret::Int,
        )
    };
    vec![
        ("source-absent", here(), "new", from("{D}/outside/none")),
        (
            "file-over-directory",
            spot("dir", "{D}/{S}/sub"),
            "new",
            from("{D}/outside/from"),
        ),
        (
            "directory-over-file",
            here(),
            "wide",
            from("{D}/outside/fromdir"),
        ),
        (
            "directory-over-full",
            spot("dir", "{D}/{S}/a"),
            "new",
            from("{D}/outside/fromdir"),
        ),
        (
            "into-itself",
            spot("inner", "{D}/{S}/a/b/c"),
            "new",
            from("{D}/{S}/a"),
        ),
        ("same", here(), "wide", from("{D}/{S}/wide")),
        ("other-device", here(), "new", from("/proc/self/status")),
        (
            "there",
            here(),
            "wide",
            step("link", [t("{D}/outside/from"), Path], Ret::Int),
        ),
        (
            "directory",
            here(),
            "new",
            step("link", [t("{D}/outside/fromdir"), Path], Ret::Int),
        ),
        (
            "other-device",
            here(),
            "new",
            step("link", [t("/proc/self/status"), Path], Ret::Int),
        ),
        (
            "noreplace",
            here(),
            "wide",
            step(
                "renameat2",
                [
                    n(AT_FDCWD),
                    t("{D}/outside/from"),
                    Dir,
                    Path,
                    n(libc::RENAME_NOREPLACE),
                ],
                Ret::Int,
            ),
        ),
        (
            "exchange-absent",
            here(),
            "new",
            step(
                "renameat2",
                [
                    n(AT_FDCWD),
                    t("{D}/outside/from"),
                    Dir,
                    Path,
                    n(libc::RENAME_EXCHANGE),
                ],
                Ret::Int,
            ),
        ),
        (
            "bad-flags",
            here(),
            "new",
            step(
                "renameat2",
                [n(AT_FDCWD), t("{D}/outside/from"), Dir, Path, n(0x100)],
                Ret::Int,
            ),
        ),
        (
            "bad-flags",
            here(),
            "new",
            step(
                "linkat",
                [
                    n(AT_FDCWD),
                    t("{D}/outside/from"),
                    Dir,
                    Path,
                    n(0x4000_0000),
                ],
                Ret::Int,
            ),
        ),
        (
            "malformed",
            here(),
            "wide",
            set(acl::ACCESS, vec![2, 0, 0, 0, 1], 0),
        ),
        ("version", here(), "wide", set(acl::ACCESS, vec![9; 44], 0)),
        (
            "default-on-file",
            here(),
            "wide",
            set(acl::DEFAULT, acl::generous(7), 0),
        ),
        (
            "no-namespace",
            here(),
            "wide",
            set("nothing.here", vec![1], 0),
        ),
        (
            "flags",
            here(),
            "wide",
            set(acl::ACCESS, acl::generous(6), 77),
        ),
        (
            "replace-none",
            here(),
            "wide",
            set("user.none", vec![1], libc::XATTR_REPLACE),
        ),
        (
            "absent",
            here(),
            "new",
            set(acl::ACCESS, acl::generous(6), 0),
        ),
        (
            "bad-fd",
            here(),
            "wide",
            step(
                "fsetxattr",
                [
                    n(99),
                    t(acl::ACCESS),
                    Arg::Data(acl::generous(6)),
                    n(44),
                    n(0),
                ],
                Ret::Int,
            ),
        ),
        (
            "negative",
            here(),
            "wide",
            step("truncate", [Path, n(-1)], Ret::Int),
        ),
        (
            "directory",
            spot("dir", "{D}/{S}/sub"),
            "new",
            step("truncate", [Path, n(0)], Ret::Int),
        ),
        (
            "bind-there",
            here(),
            "wide",
            step("bind", [n(99), Arg::Address, n(110)], Ret::Int),
        ),
        (
            "shm-slash",
            spot("slash", "/a/{U}"),
            "new",
            step("shm_open", [Path, n(O_CREAT | O_RDWR), n(0o666)], Ret::Fd),
        ),
        (
            "shm-empty",
            spot("empty", "/"),
            "new",
            step("shm_open", [Path, n(O_CREAT | O_RDWR), n(0o666)], Ret::Fd),
        ),
        (
            "sem-value",
            spot("value", "/{U}"),
            "new",
            step(
                "sem_open",
                [Path, n(O_CREAT), n(0o666), n(0x8000_0000u32)],
                Ret::Pointer,
            ),
        ),
        (
            "mq-slash",
            spot("slash", "a/{U}"),
            "new",
            step(
                "mq_open",
                [Path, n(O_CREAT | O_RDWR), n(0o666), Arg::Null],
                Ret::Int,
            ),
        ),
        ("nosys", here(), "new", step("syscall", [n(9999)], Ret::Int)),
    ]
}

//! Calls that fail for one reason each: tag, place, leaf and step.

use super::spots::PATH_SPOTS;
use super::{n, step, t, Arg, Ret, Spot, Step};
use crate::acl;
use libc::{
    AT_FDCWD, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR,
    O_TMPFILE, O_TRUNC, O_WRONLY,
};

const NEW: i32 = O_CREAT | O_WRONLY;

fn spot(name: &'static str, path: &'static str) -> Spot {
    Spot {
        name,
        path,
        ..PATH_SPOTS[0].clone()
    }
}

/// One call, one reason.
pub fn rows() -> Vec<(&'static str, Spot, &'static str, Step)> {
    use Arg::{Dir, Path};
    let here = || PATH_SPOTS[0].clone();
    let open = |flags: i32| step("open", [Path, n(flags), n(0o666)], Ret::Fd);
    let openat = |flags: i32| step("openat", [Dir, Path, n(flags), n(0o666)], Ret::Fd);
    let chmod = |mode: u32| step("chmod", [Path, n(mode)], Ret::Int);
    let at = |flags: i32| step("fchmodat", [Dir, Path, n(0o666), n(flags)], Ret::Int);
    let from = |from: &str| step("rename", [t(from), Path], Ret::Int);
    let set = |name: &str, value: Vec<u8>, flags: i32| {
        let size = value.len() as i64;
        step(
            "setxattr",
            [Path, t(name), Arg::Data(value), n(size), n(flags)],
            Ret::Int,
        )
    };
    let bogus = Spot {
        name: "bogus",
        at: Some("#"),
        path: "{S}/new",
        ..here()
    };
    let not_directory = Spot {
        name: "not-directory",
        at: Some("{S}/wide"),
        path: "new",
        ..here()
    };
    vec![
        ("absent", here(), "new", open(O_WRONLY)),
        ("absent", here(), "new", open(O_RDONLY)),
        ("there", here(), "wide", open(NEW | O_EXCL)),
        ("there", here(), "wide", openat(NEW | O_EXCL | O_TRUNC)),
        (
            "directory",
            spot("dir", "{D}/{S}/sub"),
            "new",
            open(O_WRONLY),
        ),
        ("directory", spot("dir", "{D}/{S}/sub"), "new", open(NEW)),
        ("slash", spot("slash", "{D}/{S}/new/"), "new", open(NEW)),
        (
            "slash",
            spot("slash", "{D}/{S}/wide/"),
            "new",
            open(O_WRONLY),
        ),
        (
            "not-directory",
            here(),
            "wide",
            open(O_RDONLY | O_DIRECTORY),
        ),
        ("creat-directory", here(), "new", open(NEW | O_DIRECTORY)),
        (
            "nofollow",
            spot("link", "{D}/outside/{S}-wide"),
            "wide",
            open(O_WRONLY | O_NOFOLLOW),
        ),
        (
            "nofollow",
            spot("link", "{D}/outside/{S}-new"),
            "new",
            open(NEW | O_NOFOLLOW),
        ),
        (
            "excl-dangling",
            spot("link", "{D}/outside/{S}-new"),
            "new",
            open(NEW | O_EXCL),
        ),
        (
            "dangling",
            spot("link", "{D}/outside/{S}-new"),
            "new",
            open(O_WRONLY),
        ),
        ("loop", spot("loop", "{D}/{S}/loop"), "new", open(NEW)),
        (
            "no-reader",
            spot("fifo", "{D}/{S}/fifo"),
            "new",
            open(O_WRONLY | O_NONBLOCK),
        ),
        (
            "tmpfile-rdonly",
            spot("dir", "{D}/{S}"),
            "new",
            open(O_TMPFILE | O_RDONLY),
        ),
        ("tmpfile-on-file", here(), "wide", open(O_TMPFILE | O_RDWR)),
        (
            "tmpfile-absent",
            spot("none", "{D}/{S}/none"),
            "new",
            open(O_TMPFILE | O_RDWR),
        ),
        ("path-only", here(), "new", open(O_PATH | O_CREAT)),
        ("bogus-dirfd", bogus.clone(), "new", openat(NEW)),
        (
            "bogus-dirfd",
            bogus.clone(),
            "new",
            step("mkdirat", [Dir, Path, n(0o777)], Ret::Int),
        ),
        ("bogus-dirfd", bogus.clone(), "new", at(0)),
        (
            "bogus-dirfd",
            bogus.clone(),
            "new",
            step("mkfifoat", [Dir, Path, n(0o666)], Ret::Int),
        ),
        ("dirfd-is-file", not_directory.clone(), "new", openat(NEW)),
        (
            "dirfd-is-file",
            not_directory,
            "new",
            step("mkdirat", [Dir, Path, n(0o777)], Ret::Int),
        ),
        (
            "there",
            here(),
            "wide",
            step("mkdir", [Path, n(0o777)], Ret::Int),
        ),
        (
            "there",
            here(),
            "wide",
            step("mkfifo", [Path, n(0o666)], Ret::Int),
        ),
        (
            "there",
            here(),
            "wide",
            step("mknod", [Path, n(libc::S_IFREG | 0o666), n(0)], Ret::Int),
        ),
        (
            "bad-type",
            here(),
            "new",
            step("mknod", [Path, n(libc::S_IFDIR | 0o777), n(0)], Ret::Int),
        ),
        (
            "bad-type",
            here(),
            "new",
            step("mknod", [Path, n(0o160666), n(0)], Ret::Int),
        ),
        (
            "bad-version",
            here(),
            "new",
            step(
                "__xmknod",
                [n(77), Path, n(0o100666), Arg::Data(vec![0; 8])],
                Ret::Int,
            ),
        ),
        (
            "dangling",
            spot("link", "{D}/outside/{S}-new"),
            "new",
            step("mkdir", [Path, n(0o777)], Ret::Int),
        ),
        (
            "slash",
            spot("slash", "{D}/{S}/new/"),
            "new",
            step("mknod", [Path, n(0o100666), n(0)], Ret::Int),
        ),
        ("absent", here(), "new", chmod(0o666)),
        ("absent", here(), "new", at(0)),
        ("bad-flags", here(), "wide", at(0x4000_0000)),
        (
            "nofollow-link",
            spot("link", "{D}/outside/{S}-wide"),
            "wide",
            at(libc::AT_SYMLINK_NOFOLLOW),
        ),
        (
            "nofollow-link",
            spot("link", "{D}/outside/{S}-wide"),
            "wide",
            step("lchmod", [Path, n(0o666)], Ret::Int),
        ),
        (
            "bad-fd",
            here(),
            "wide",
            step("fchmod", [n(99), n(0o666)], Ret::Int),
        ),
        (
            "bad-fd",
            here(),
            "wide",
            step("fchmod", [n(-1), n(0o666)], Ret::Int),
        ),
        (
            "path-only",
            here(),
            "wide",
            step(
                "fchmod",
                [Arg::Open(O_PATH, "{D}/{S}/{L}".into()), n(0o666)],
                Ret::Int,
            ),
        ),
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

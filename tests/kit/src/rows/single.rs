//! Calls that fail for one reason each: tag, place, leaf and step.

use super::spots::PATH_SPOTS;
use super::{Arg, Ret, Spot, Step, n, step};
use libc::{
    O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_TMPFILE,
    O_TRUNC, O_WRONLY,
};

const NEW: i32 = O_CREAT | O_WRONLY;

pub fn spot(name: &'static str, path: &'static str) -> Spot {
    Spot {
        name,
        path,
        ..PATH_SPOTS[0].clone()
    }
}

/// Tag, place, leaf and step.
pub type Single = (&'static str, Spot, &'static str, Step);

/// One call, one reason.
pub fn rows() -> Vec<Single> {
    [opening_and_making(), super::single_moves::rows()].concat()
}

fn opening_and_making() -> Vec<Single> {
    use Arg::{Dir, Path};
    let here = || PATH_SPOTS[0].clone();
    let open = |flags: i32| step("open", [Path, n(flags), n(0o666)], Ret::Fd);
    let openat = |flags: i32| step("openat", [Dir, Path, n(flags), n(0o666)], Ret::Fd);
    let chmod = |mode: u32| step("chmod", [Path, n(mode)], Ret::Int);
    let at = |flags: i32| step("fchmodat", [Dir, Path, n(0o666), n(flags)], Ret::Int);
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
    ]
}

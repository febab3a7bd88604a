//! Calls that widen an inode that is narrow: the chmod family and ACLs.

use super::spots::{AT_SPOTS, LINK_SPOTS, PATH_SPOTS, few};
use super::{Arg, Ret, Row, Spot, Step, n, step, t};
use crate::acl;
use libc::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_PATH, O_RDONLY, O_RDWR};

const FAMILY: &str = "widen";

fn row(spot: &Spot, step: Step) -> Row {
    Row::new(FAMILY, spot, vec![step]).leaf("narrow")
}

fn chmod(call: &str, mode: u32) -> Step {
    step(call, [Arg::Path, n(mode)], Ret::Int)
}

fn chmodat(mode: u32, flags: i32) -> Step {
    step(
        "fchmodat",
        [Arg::Dir, Arg::Path, n(mode), n(flags)],
        Ret::Int,
    )
}

fn by_fd(flags: i32, mode: u32) -> Step {
    step(
        "fchmod",
        [Arg::Open(flags, "{D}/{S}/{L}".into()), n(mode)],
        Ret::Int,
    )
}

fn attribute(call: &str, name: &str, value: Vec<u8>) -> Step {
    let first = if call == "fsetxattr" {
        Arg::Open(O_RDONLY, "{D}/{S}/{L}".into())
    } else {
        Arg::Path
    };
    let size = value.len() as i64;
    step(
        call,
        [first, t(name), Arg::Data(value), n(size), n(0)],
        Ret::Int,
    )
}

pub fn rows() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let mut rows = Vec::new();
    let paths = || PATH_SPOTS.iter();
    let follow = || PATH_SPOTS.iter().chain(LINK_SPOTS);
    rows.extend(follow().map(|s| row(s, chmod("chmod", 0o666))));
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(follow())
            .map(|s| row(s, chmodat(0o666, 0))),
    );
    rows.extend(few(PATH_SPOTS).map(|s| row(s, chmod("lchmod", 0o666))));
    let spots = few(PATH_SPOTS).chain(few(AT_SPOTS));
    rows.extend(spots.map(|s| row(s, chmodat(0o666, AT_SYMLINK_NOFOLLOW)).tag("nofollow")));

    for mode in [0o644, 0o604, 0o777, 0o640, 0o4711, 0o2755, 0o001, 0o7777] {
        rows.push(row(here, chmod("chmod", mode)).tag(&format!("{mode:04o}")));
        rows.push(row(here, by_fd(O_RDONLY, mode)).tag(&format!("{mode:04o}")));
    }
    rows.push(row(here, by_fd(O_RDWR, 0o666)).tag("rdwr"));
    // The upper half of a register, and bits that are no mode.
    for (tag, mode) in [
        ("upper-half", 0x7eed_beef_0000_01b6),
        ("no-mode-bits", 0o7_000_666i64),
    ] {
        let widen = |call: &str, first| row(here, step(call, [first, n(mode)], Ret::Int)).tag(tag);
        rows.push(widen("chmod", Arg::Path));
        rows.push(widen("fchmod", Arg::Open(O_RDONLY, "{D}/{S}/{L}".into())));
    }
    let file = "{D}/{S}/{L}";
    rows.push(
        row(
            here,
            step(
                "fchmod",
                [Arg::Open(O_RDONLY, "{D}/{S}/sub".into()), n(0o777)],
                Ret::Int,
            ),
        )
        .tag("directory"),
    );
    for (tag, path) in [
        ("linked", "{D}/outside/{S}-into/{L}"),
        ("final-link", "{D}/outside/{S}-{L}"),
        ("jump", "{D}/outside/{S}-jump/../{L}"),
    ] {
        rows.push(
            row(
                here,
                step(
                    "fchmod",
                    [Arg::Open(O_RDONLY, path.into()), n(0o666)],
                    Ret::Int,
                ),
            )
            .tag(tag),
        );
    }
    // A descriptor that stands for the file, opened with no right but the name.
    let held = || step("open", [t(file), n(O_PATH)], Ret::Kept);
    for (tag, spelling) in [
        ("proc-fd", "/proc/self/fd/{R0}"),
        ("dev-fd", "/dev/fd/{R0}"),
        ("pid-fd", "/proc/{P}/fd/{R0}"),
    ] {
        let widen = step("chmod", [t(spelling), n(0o666)], Ret::Int);
        rows.push(
            Row::new(FAMILY, here, vec![held(), widen])
                .leaf("narrow")
                .tag(tag),
        );
    }
    let number = n(syscalls::Sysno::fchmodat2.id());
    let empty = step(
        "syscall",
        [number, Arg::Result(0), t(""), n(0o666), n(AT_EMPTY_PATH)],
        Ret::Int,
    );
    rows.push(
        Row::new(FAMILY, here, vec![held(), empty])
            .leaf("narrow")
            .tag("empty-path"),
    );

    // `system.posix_acl_access` is a chmod by another name: cp -p and sed -i go by it.
    rows.extend(paths().map(|s| row(s, attribute("setxattr", acl::ACCESS, acl::generous(6)))));
    rows.extend(
        few(LINK_SPOTS).map(|s| row(s, attribute("setxattr", acl::ACCESS, acl::generous(6)))),
    );
    rows.extend(
        few(PATH_SPOTS).map(|s| row(s, attribute("lsetxattr", acl::ACCESS, acl::generous(6)))),
    );
    rows.push(row(
        here,
        attribute("fsetxattr", acl::ACCESS, acl::generous(6)),
    ));
    for call in ["setxattr", "lsetxattr", "fsetxattr"] {
        rows.push(row(here, attribute(call, acl::ACCESS, acl::base(0o644))).tag("base"));
        rows.push(row(here, attribute(call, acl::ACCESS, acl::generous(4))).tag("read"));
    }
    rows.extend(default_acl());
    rows
}

/// The default ACL of a sensitive directory: it
/// widens what is created there later, whatever the umask.
fn default_acl() -> Vec<Row> {
    let sub = Spot {
        name: "directory",
        path: "{D}/{S}/sub",
        real: "{S}/sub",
        ..PATH_SPOTS[0].clone()
    };
    ["setxattr", "lsetxattr"]
        .map(|call| row(&sub, attribute(call, acl::DEFAULT, acl::generous(7))).tag("default"))
        .into()
}

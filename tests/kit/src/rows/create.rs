//! Calls that make an inode with a mode.

use super::spots::{AT_SPOTS, LINK_SPOTS, NEW_SPOTS, PATH_SPOTS, few};
use super::{Arg, Needs, Ret, Row, Spot, Step, n, step, t};
use libc::{O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};

const FAMILY: &str = "create";

fn row(spot: &Spot, step: Step) -> Row {
    Row::new(FAMILY, spot, vec![step])
}

fn open(call: &str, flags: i32, mode: u32) -> Step {
    step(call, [Arg::Path, n(flags), n(mode)], Ret::Fd)
}

fn openat(call: &str, flags: i32, mode: u32) -> Step {
    step(call, [Arg::Dir, Arg::Path, n(flags), n(mode)], Ret::Fd)
}

fn stream(call: &str, mode: &str) -> Step {
    step(call, [Arg::Path, t(mode)], Ret::File)
}

fn reopen(call: &str, mode: &str) -> Step {
    step(
        call,
        [
            Arg::Path,
            t(mode),
            Arg::Stream("r", "{D}/outside/wide".into()),
        ],
        Ret::File,
    )
}

fn make(call: &str, mode: u32) -> Step {
    step(call, [Arg::Path, n(mode)], Ret::Int)
}

fn makeat(call: &str, mode: u32) -> Step {
    step(call, [Arg::Dir, Arg::Path, n(mode)], Ret::Int)
}

/// `__xmknod` and `__xmknodat` take a version, 0 on most machines and the only
/// one there is, and a pointer to the device number.
fn node(call: &str, mode: u32) -> Step {
    let device = || Arg::Data(vec![0; 8]);
    let version = if cfg!(target_arch = "x86") { 1 } else { 0 };
    let args = match call {
        "mknod" => vec![Arg::Path, n(mode), n(0)],
        "mknodat" => vec![Arg::Dir, Arg::Path, n(mode), n(0)],
        "__xmknod" => vec![n(version), Arg::Path, n(mode), device()],
        _ => vec![n(version), Arg::Dir, Arg::Path, n(mode), device()],
    };
    step(call, args, Ret::Int)
}

const NEW: i32 = O_CREAT | O_WRONLY;

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let all = || PATH_SPOTS.iter().chain(NEW_SPOTS);
    let follow = || all().chain(LINK_SPOTS);

    // Every spelling, by the symbol of each family that programs use most.
    rows.extend(follow().map(|s| row(s, open("open64", NEW, 0o666))));
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(follow())
            .map(|s| row(s, openat("openat64", NEW, 0o666))),
    );
    rows.extend(follow().map(|s| row(s, stream("fopen64", "w"))));
    rows.extend(all().map(|s| row(s, make("mkdir", 0o777))));
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(all())
            .map(|s| row(s, makeat("mkdirat", 0o777))),
    );

    // Every twin, at the places where a wrong one would show.
    for call in ["open", "__open", "__open64"] {
        rows.extend(few(PATH_SPOTS).map(|s| row(s, open(call, NEW | O_TRUNC, 0o666))));
        rows.extend(
            few(LINK_SPOTS)
                .take(2)
                .map(|s| row(s, open(call, NEW, 0o666))),
        );
    }
    let spots = few(AT_SPOTS).chain(few(PATH_SPOTS)).chain(few(LINK_SPOTS));
    rows.extend(spots.map(|s| row(s, openat("openat", NEW, 0o666))));
    for call in ["creat", "creat64"] {
        let made = |s| row(s, step(call, [Arg::Path, n(0o666)], Ret::Fd));
        rows.extend(few(PATH_SPOTS).chain(few(LINK_SPOTS)).map(made));
    }
    for call in ["fopen", "_IO_fopen"] {
        rows.extend(
            few(PATH_SPOTS)
                .chain(few(LINK_SPOTS))
                .map(|s| row(s, stream(call, "w"))),
        );
    }
    for call in ["freopen", "freopen64"] {
        rows.extend(
            few(PATH_SPOTS)
                .chain(few(LINK_SPOTS))
                .map(|s| row(s, reopen(call, "w"))),
        );
    }
    for (call, spots) in [
        ("mknod", few(PATH_SPOTS).chain(few(&[]))),
        ("__xmknod", few(PATH_SPOTS).chain(few(&[]))),
        ("mknodat", few(PATH_SPOTS).chain(few(AT_SPOTS))),
        ("__xmknodat", few(PATH_SPOTS).chain(few(AT_SPOTS))),
    ] {
        rows.extend(spots.map(|s| row(s, node(call, libc::S_IFREG | 0o666))));
        let first = &PATH_SPOTS[0];
        for (tag, kind) in [
            ("fifo", libc::S_IFIFO),
            ("socket", libc::S_IFSOCK),
            ("none", 0),
        ] {
            rows.push(row(first, node(call, kind | 0o666)).tag(tag));
        }
        let device = node(call, libc::S_IFCHR | 0o666);
        rows.push(row(first, device).tag("device").needs(Needs::Root));
    }
    rows.extend(few(PATH_SPOTS).map(|s| row(s, make("mkfifo", 0o666))));
    let spots = few(PATH_SPOTS).chain(few(AT_SPOTS));
    rows.extend(spots.map(|s| row(s, makeat("mkfifoat", 0o666))));

    rows.extend(modes());
    rows.extend(umasks());
    rows
}

/// Flags, mode strings and mode arguments.
fn modes() -> Vec<Row> {
    let (here, inside) = (&PATH_SPOTS[0], &PATH_SPOTS[1]);
    let mut rows = Vec::new();
    for (tag, flags) in [
        ("rdonly", O_CREAT | O_RDONLY),
        ("rdwr", O_CREAT | O_RDWR),
        ("excl", O_CREAT | O_EXCL | O_WRONLY),
        ("append", O_CREAT | O_APPEND | O_WRONLY),
        ("trunc", O_CREAT | O_TRUNC | O_RDWR),
        ("sync", O_CREAT | O_WRONLY | libc::O_SYNC),
        ("cloexec", O_CREAT | O_WRONLY | libc::O_CLOEXEC),
        ("nofollow", O_CREAT | O_WRONLY | libc::O_NOFOLLOW),
        ("nonblock", O_CREAT | O_WRONLY | libc::O_NONBLOCK),
        ("noctty", O_CREAT | O_WRONLY | libc::O_NOCTTY),
        ("access-3", O_CREAT | 3),
    ] {
        rows.push(row(here, open("open", flags, 0o666)).tag(tag));
        rows.push(row(inside, openat("openat", flags, 0o666)).tag(tag));
    }
    for mode in [
        0o777, 0o644, 0o604, 0o060, 0o007, 0o444, 0o666, 0o1666, 0o4755, 0o2755, 0o7777,
    ] {
        let tag = format!("{mode:04o}");
        rows.push(row(here, open("open", NEW, mode)).tag(&tag));
        rows.push(row(here, make("mkdir", mode)).tag(&tag));
        rows.push(row(here, node("mknod", libc::S_IFREG | mode)).tag(&tag));
        rows.push(row(here, make("mkfifo", mode)).tag(&tag));
    }
    // The upper half of a register, and bits that are no mode: the kernel and
    // libc look at neither.
    for (tag, mode) in [
        ("upper-half", 0x7eed_beef_0000_01b6),
        ("no-mode-bits", 0o7_000_666i64),
    ] {
        let open = step("open", [Arg::Path, n(NEW), n(mode)], Ret::Fd);
        rows.push(row(here, open).tag(tag));
        let make = step("mkdirat", [Arg::Dir, Arg::Path, n(mode)], Ret::Int);
        rows.push(row(here, make).tag(tag));
        rows.push(row(here, step("mkfifo", [Arg::Path, n(mode)], Ret::Int)).tag(tag));
        rows.push(row(here, step("creat", [Arg::Path, n(mode)], Ret::Fd)).tag(tag));
    }
    for mode in [
        "w+",
        "a",
        "a+",
        "wx",
        "w+x",
        "we",
        "wb",
        "ab+",
        "wbe+",
        "w,ccs=UTF-8",
        "a+ex",
    ] {
        rows.push(row(here, stream("fopen", mode)).tag(mode));
        rows.push(row(inside, reopen("freopen", mode)).tag(mode));
    }
    rows.push(
        row(
            &Spot {
                name: "slash",
                path: "{D}/{S}/{L}/",
                ..here.clone()
            },
            make("mkdir", 0o777),
        )
        .tag("trailing"),
    );
    rows
}

/// Umasks, and a default ACL on the parent, under which the kernel does not
/// look at the umask at all (acl(5), "Object creation and default ACLs").
fn umasks() -> Vec<Row> {
    let (here, inside) = (&PATH_SPOTS[0], &PATH_SPOTS[1]);
    let calls = || {
        [
            open("open64", NEW, 0o666),
            openat("openat64", NEW, 0o666),
            stream("fopen", "w"),
            step("creat", [Arg::Path, n(0o666)], Ret::Fd),
            make("mkdir", 0o777),
            makeat("mkdirat", 0o777),
            node("mknod", libc::S_IFREG | 0o666),
            make("mkfifo", 0o666),
        ]
    };
    let mut rows = Vec::new();
    for umask in [0o000, 0o002, 0o007, 0o026, 0o070] {
        rows.extend(calls().map(|c| row(here, c).umask(umask).tag(&format!("umask-{umask:03o}"))));
    }
    for umask in [0o022, 0o077] {
        let tag = format!("acl-{umask:03o}");
        rows.extend(calls().map(|c| row(inside, c).umask(umask).acl().tag(&tag)));
    }
    rows
}

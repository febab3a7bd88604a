//! Doors inside libc that it exports all the same: the methods of its streams,
//! a socket that it makes for old programs, and files opened by a handle.

use super::spots::{PATH_SPOTS, few};
use super::{Arg, Needs, Ret, Row, Spot, Step, n, step, t};
use libc::{AF_UNIX, AT_FDCWD, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SOCK_STREAM};

const FAMILY: &str = "inside";

fn rows_of(spot: &Spot, steps: Vec<Step>) -> Row {
    Row::new(FAMILY, spot, steps)
}

pub fn rows() -> Vec<Row> {
    [services(), methods(), handles()].concat()
}

/// What `svcunix_create` (SunRPC, for old programs only) is called with: a socket
/// or -1, two sizes, a path. The socket is the result of step 0, or libc's own.
pub fn service(own: bool) -> Vec<Step> {
    let socket = step("socket", [n(AF_UNIX), n(SOCK_STREAM), n(0)], Ret::Kept);
    let create = |socket: Arg| {
        let args = [socket, n(0), n(0), Arg::Path];
        step("svcunix_create", args, Ret::Pointer)
    };
    if own {
        vec![create(n(-1))]
    } else {
        vec![socket, create(Arg::Result(0))]
    }
}

fn services() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let mut rows = Vec::new();
    for (tag, own) in [("own", true), ("given", false)] {
        rows.extend(few(PATH_SPOTS).map(|s| rows_of(s, service(own)).tag(tag)));
        rows.push(
            rows_of(here, service(own))
                .umask(0)
                .tag(tag)
                .tag("umask-000"),
        );
        rows.push(rows_of(here, service(own)).acl().tag(tag).tag("acl"));
    }
    rows
}

/// A stream without a file, as `freopen` has one half way (libio/freopen.c), and
/// the method that opens one for it.
pub fn method(call: &str, rest: impl Into<Vec<Arg>>) -> Vec<Step> {
    let args = [vec![Arg::Result(0), Arg::Path], rest.into()].concat();
    vec![
        step("fopen", [t("/dev/null"), t("r")], Ret::Pointer),
        step("_IO_file_close_it", [Arg::Result(0)], Ret::Int),
        step(call, args, Ret::File),
    ]
}

/// The last argument of both methods: no offsets of 32 bits only.
const NOT_32: i32 = 0;

/// By a mode string, as `fopen`.
pub fn by_mode(mode: &str) -> Vec<Step> {
    method("_IO_file_fopen", [t(mode), n(NOT_32)])
}

/// By flags, a mode for the file and what the stream may do.
pub fn by_flags(flags: i32, mode: i64, access: i32) -> Vec<Step> {
    method("_IO_file_open", [n(flags), n(mode), n(access), n(NOT_32)])
}

/// What a stream may not do (libio/libio.h).
pub const NO_READS: i32 = 4;
const APPENDING: i32 = 0x1000;

fn methods() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let mut rows = Vec::new();
    let spots = || few(PATH_SPOTS);
    let new = O_CREAT | O_WRONLY;
    rows.extend(spots().map(|s| rows_of(s, by_mode("w"))));
    rows.extend(spots().map(|s| rows_of(s, by_flags(new, 0o666, NO_READS))));
    for mode in [
        "w+",
        "a",
        "a+",
        "wx",
        "we",
        "wc",
        "ab+",
        "w,ccs=UTF-8",
        "a+,ccs=UTF-8",
    ] {
        rows.push(rows_of(here, by_mode(mode)).tag(mode));
    }
    for mode in ["w", "a", "r+", "a+", "we", "w,ccs=UTF-8", "r+,ccs=UTF-8"] {
        rows.push(
            rows_of(here, by_mode(mode))
                .leaf("wide")
                .tag("wide")
                .tag(mode),
        );
    }
    for (tag, flags, mode, access) in [
        ("rdwr", O_CREAT | O_RDWR, 0o666, 0),
        ("excl", new | O_EXCL, 0o644, NO_READS),
        ("append", new | libc::O_APPEND, 0o640, NO_READS | APPENDING),
        ("special", new, 0o7777, NO_READS),
    ] {
        rows.push(rows_of(here, by_flags(flags, mode, access)).tag(tag));
    }
    for (tag, flags) in [("trunc", O_WRONLY | O_TRUNC), ("wronly", O_WRONLY)] {
        let row = rows_of(here, by_flags(flags, 0, NO_READS)).leaf("wide");
        rows.push(row.tag("wide").tag(tag));
    }
    rows.push(rows_of(here, by_mode("w")).umask(0).tag("umask-000"));
    rows.push(rows_of(here, by_mode("w")).acl().tag("acl"));
    rows
}

/// The handle of the row's path and, by `open`, the file that it stands for. Asked
/// with a length of nothing, the first call says how long the handle is.
fn handle(open: Step) -> Vec<Step> {
    let name = |ret| {
        let args = [n(AT_FDCWD), Arg::Path, Arg::Slot(0), Arg::Slot(1), n(0)];
        step("name_to_handle_at", args, ret)
    };
    vec![name(Ret::Void), name(Ret::Int), open]
}

/// The steps that open the row's path by its handle.
pub fn by_handle(flags: i32) -> Vec<Step> {
    let args = [mount(), Arg::Slot(0), n(flags)];
    handle(step("open_by_handle_at", args, Ret::Fd))
}

fn mount() -> Arg {
    Arg::Open(O_RDONLY | libc::O_CLOEXEC, "{D}".into())
}

/// `open_by_handle_at` names no path: what it opens is at a sensitive place or not.
fn handles() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let mut rows: Vec<Row> = few(PATH_SPOTS)
        .map(|s| rows_of(s, by_handle(O_WRONLY)))
        .collect();
    for (tag, flags) in [
        ("rdwr", O_RDWR),
        ("append", O_WRONLY | libc::O_APPEND),
        ("trunc", O_WRONLY | O_TRUNC),
        ("cloexec", O_RDWR | libc::O_CLOEXEC),
    ] {
        rows.push(rows_of(here, by_handle(flags)).tag(tag));
    }
    let number = n(libc::SYS_open_by_handle_at);
    let args = [number, mount(), Arg::Slot(0), n(O_WRONLY | O_TRUNC)];
    let open = step("syscall", args, Ret::Fd);
    rows.push(rows_of(here, handle(open)).tag("by-handle"));
    rows.into_iter()
        .map(|row| row.leaf("wide").needs(Needs::Root))
        .collect()
}

/// Calls that fail, or that open nothing for writing.
pub fn failing() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let nowhere = Spot {
        name: "no-parent",
        path: "{D}/{S}/none/new",
        ..here.clone()
    };
    let dangling = &super::LINK_SPOTS[0];
    let new = O_CREAT | O_WRONLY;
    let mut rows = Vec::new();
    for own in [true, false] {
        let tag = if own { "own" } else { "given" };
        rows.push(rows_of(&nowhere, service(own)).tag(tag));
        rows.push(
            rows_of(here, service(own))
                .leaf("wide")
                .tag("there")
                .tag(tag),
        );
        rows.push(rows_of(dangling, service(own)).tag(tag));
    }
    for mode in ["w", "a+", "w,ccs=UTF-8"] {
        rows.push(rows_of(&nowhere, by_mode(mode)).tag(mode));
    }
    rows.push(rows_of(dangling, by_mode("wx")).tag("wx"));
    for mode in ["wx", "wx,ccs=UTF-8", "z", "", "w,ccs=NO-SUCH-CHARSET", "r"] {
        rows.push(rows_of(here, by_mode(mode)).leaf("wide").tag(mode));
    }
    rows.push(rows_of(here, by_mode("w,ccs=NO-SUCH-CHARSET")).tag("new-charset"));
    let access = NO_READS;
    rows.push(rows_of(&nowhere, by_flags(new, 0o666, access)));
    rows.push(rows_of(dangling, by_flags(new | libc::O_NOFOLLOW, 0o666, access)).tag("nofollow"));
    let wide = dangling.clone();
    let to_wide = by_flags(O_WRONLY | libc::O_NOFOLLOW, 0, access);
    rows.push(rows_of(&wide, to_wide).leaf("wide").tag("nofollow-wide"));
    // A stream that has a file gets no other.
    for mode in ["w", "w,ccs=UTF-8"] {
        let mut steps = by_mode(mode);
        steps.remove(1);
        rows.push(rows_of(here, steps).tag("open").tag(mode));
    }
    // A stream opened with `e` keeps close-on-exec over a later freopen.
    let mut steps = by_mode("we");
    if let Some(open) = steps.last_mut() {
        open.ret = Ret::Pointer;
    }
    steps.push(step(
        "freopen",
        [Arg::Path, t("w"), Arg::Result(2)],
        Ret::File,
    ));
    rows.push(rows_of(here, steps).tag("e-kept"));

    let open = |mount: Arg, flags: i32| {
        let args = [mount, Arg::Slot(0), n(flags)];
        handle(step("open_by_handle_at", args, Ret::Fd))
    };
    rows.push(rows_of(here, open(n(99), O_WRONLY)).tag("no-mount"));
    rows.push(rows_of(here, open(mount(), O_WRONLY | libc::O_DIRECTORY)).tag("no-directory"));
    for (tag, flags) in [("rdonly", O_RDONLY), ("path", libc::O_PATH)] {
        rows.push(rows_of(here, open(mount(), flags)).tag(tag));
    }
    let empty = step(
        "open_by_handle_at",
        [mount(), Arg::Slot(0), n(O_WRONLY)],
        Ret::Fd,
    );
    rows.push(rows_of(here, vec![empty]).tag("empty"));
    let null = step(
        "open_by_handle_at",
        [mount(), Arg::Null, n(O_WRONLY)],
        Ret::Fd,
    );
    rows.push(rows_of(here, vec![null]).tag("null"));
    let rights = |row: Row| match row.steps.last() {
        Some(last) if last.call == "open_by_handle_at" => row.leaf("wide").needs(Needs::Root),
        _ => row,
    };
    let mut rows: Vec<Row> = rows.into_iter().map(rights).collect();
    let user = rows_of(here, by_handle(O_RDWR)).leaf("wide").tag("EPERM");
    rows.push(user.needs(Needs::NotRoot));
    rows.into_iter().map(|row| row.family("failing")).collect()
}

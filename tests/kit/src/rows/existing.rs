//! Calls that write to a file that is there already, and wide.

use super::spots::{AT_SPOTS, LINK_SPOTS, PATH_SPOTS, few};
use super::{Arg, Ret, Row, Spot, Step, n, step, t};
use libc::{O_APPEND, O_CREAT, O_RDWR, O_TRUNC, O_WRONLY};

const FAMILY: &str = "existing";

fn row(spot: &Spot, step: Step) -> Row {
    Row::new(FAMILY, spot, vec![step]).leaf("wide")
}

fn open(call: &str, flags: i32) -> Step {
    step(call, [Arg::Path, n(flags), n(0o666)], Ret::Fd)
}

fn openat(call: &str, flags: i32) -> Step {
    step(call, [Arg::Dir, Arg::Path, n(flags), n(0o666)], Ret::Fd)
}

fn stream(call: &str, mode: &str) -> Step {
    step(call, [Arg::Path, t(mode)], Ret::File)
}

pub fn rows() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let follow = || PATH_SPOTS.iter().chain(LINK_SPOTS);
    let mut rows = Vec::new();
    rows.extend(follow().map(|s| row(s, open("open64", O_WRONLY | O_TRUNC))));
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(follow())
            .map(|s| row(s, openat("openat64", O_WRONLY))),
    );
    rows.extend(follow().map(|s| row(s, stream("fopen64", "w"))));
    for (tag, flags) in [
        ("wronly", O_WRONLY),
        ("rdwr", O_RDWR),
        ("append", O_WRONLY | O_APPEND),
        ("trunc", O_RDWR | O_TRUNC),
        ("creat", O_WRONLY | O_CREAT),
        ("creat-trunc", O_WRONLY | O_CREAT | O_TRUNC),
    ] {
        for call in ["open", "__open", "__open64"] {
            rows.push(row(here, open(call, flags)).tag(tag));
        }
        rows.push(row(here, openat("openat", flags)).tag(tag));
        if flags & O_CREAT == 0 {
            // The fortified twins take no mode and abort if asked to create.
            for call in ["__open_2", "__open64_2"] {
                rows.push(row(here, step(call, [Arg::Path, n(flags)], Ret::Fd)).tag(tag));
            }
            for call in ["__openat_2", "__openat64_2"] {
                rows.push(row(here, step(call, [Arg::Dir, Arg::Path, n(flags)], Ret::Fd)).tag(tag));
            }
        }
    }
    for call in ["__openat_2", "__openat64_2"] {
        let args = [Arg::Dir, Arg::Path, n(O_WRONLY | O_TRUNC)];
        rows.extend(few(AT_SPOTS).map(|s| row(s, step(call, args.clone(), Ret::Fd))));
    }
    for call in ["creat", "creat64"] {
        let args = [Arg::Path, n(0o666)];
        rows.extend(few(PATH_SPOTS).map(|s| row(s, step(call, args.clone(), Ret::Fd))));
    }
    for mode in ["w", "a", "r+", "w+", "a+", "rb+", "we", "ab", "w,ccs=UTF-8"] {
        for call in ["fopen", "fopen64", "_IO_fopen"] {
            rows.push(row(here, stream(call, mode)).tag(mode));
        }
        // A reopened stream stays narrow whatever `,ccs=` says, and so does
        // not take what is put into it: nothing would be written.
        let reopened = if mode.contains("ccs") { 0 } else { 2 };
        for call in ["freopen", "freopen64"].into_iter().take(reopened) {
            let old = Arg::Stream("r", "{D}/outside/narrow".into());
            rows.push(row(here, step(call, [Arg::Path, t(mode), old], Ret::File)).tag(mode));
        }
    }
    rows
}

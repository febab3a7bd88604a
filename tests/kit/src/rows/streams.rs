//! Streams: every mode string of fopen(3) must give the same stream, whether
//! libc opened it or the shim did.

use super::spots::PATH_SPOTS;
use super::{Arg, Ret, Row, Same, step, t};

const FAMILY: &str = "stream";

/// What glibc looks at in a mode string (libio/fileops.c, `_IO_file_fopen`):
/// the first letter, then up to six of `+ x b m c e`, then `,ccs=`.
pub fn modes() -> Vec<String> {
    let mut modes = Vec::new();
    for first in ["r", "r+", "w", "w+", "a", "a+"] {
        for rest in [
            "",
            "x",
            "e",
            "b",
            "c",
            "m",
            "be",
            "cm",
            ",ccs=UTF-8",
            "e,ccs=UTF-8",
            "q",
        ] {
            modes.push(format!("{first}{rest}"));
        }
    }
    for odd in [
        "wb+", "rb+", "ab+", "wx+", "wbxce+m", "wbxcem+", "w+++++++", "wwwwwwwx", "rw", "aw",
    ] {
        modes.push(odd.to_owned());
    }
    modes
}

/// Mode strings that fail, one of them only after the file was made.
pub fn bad_modes() -> [&'static str; 7] {
    [
        "",
        "x",
        "z",
        "+w",
        " w",
        ",ccs=UTF-8",
        "w,ccs=NO-SUCH-CHARSET",
    ]
}

pub fn rows() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let mut rows = Vec::new();
    let bad = bad_modes().map(str::to_owned);
    for mode in modes().into_iter().chain(bad) {
        for leaf in ["new", "wide"] {
            let open = step("fopen", [Arg::Path, t(&mode)], Ret::File);
            let row = Row::new(FAMILY, here, vec![open])
                .leaf(leaf)
                .tag(leaf)
                .tag(&mode);
            rows.push(row.clone());
            rows.push(row.plain());
        }
        let old = Arg::Stream("r", "{D}/outside/narrow".into());
        let open = step("freopen", [Arg::Path, t(&mode), old], Ret::File);
        let row = Row::new(FAMILY, here, vec![open]).leaf("wide").tag(&mode);
        rows.push(row.clone());
        rows.push(row.plain());
    }
    // freopen with a null path changes the mode of the stream that is there.
    for (from, to) in [("w+", "r"), ("a", "w"), ("r+", "w+"), ("we", "a")] {
        let old = Arg::Stream(from, "{D}/{S}/narrow".into());
        let open = step("freopen", [Arg::Null, t(to), old], Ret::File);
        let row = Row::new(FAMILY, here, vec![open]).tag(from).tag(to);
        rows.push(Row {
            same: Same::Facts,
            ..row.clone()
        });
        rows.push(row.plain());
    }
    // A stream opened with `e` keeps close-on-exec over a later freopen.
    for (from, to) in [
        ("we", "w"),
        ("w", "we"),
        ("a+", "w"),
        ("r", "a"),
        ("w,ccs=UTF-8", "w"),
    ] {
        let old = Arg::Stream(from, "{D}/{S}/narrow".into());
        let open = step("freopen", [Arg::Path, t(to), old], Ret::File);
        let row = Row::new(FAMILY, here, vec![open])
            .tag("over")
            .tag(from)
            .tag(to);
        rows.push(row.clone());
        rows.push(row.plain());
    }
    rows
}

//! Calls that give an inode a sensitive name.

use super::spots::{AT_SPOTS, PATH_SPOTS, few};
use super::{Arg, Ret, Row, Spot, Step, n, step, t};
use crate::acl;
use libc::{AT_FDCWD, AT_SYMLINK_FOLLOW, O_RDONLY, O_TMPFILE, O_WRONLY};

const FAMILY: &str = "arrive";
const FROM: &str = "{D}/outside/from";

fn row(spot: &Spot, step: Step) -> Row {
    Row::new(FAMILY, spot, vec![step])
}

fn two(call: &str, from: &str) -> Step {
    step(call, [t(from), Arg::Path], Ret::Int)
}

fn at(call: &str, from: &str, flags: Option<u32>) -> Step {
    let mut args = vec![n(AT_FDCWD), t(from), Arg::Dir, Arg::Path];
    args.extend(flags.map(n));
    step(call, args, Ret::Int)
}

pub fn rows() -> Vec<Row> {
    let (here, inside) = (&PATH_SPOTS[0], &PATH_SPOTS[1]);
    let every = || PATH_SPOTS.iter().filter(|s| s.name != "exit");
    let mut rows = Vec::new();
    rows.extend(every().map(|s| row(s, two("rename", FROM))));
    rows.extend(every().map(|s| row(s, two("link", FROM))));
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(few(PATH_SPOTS))
            .map(|s| row(s, at("renameat", FROM, None))),
    );
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(few(PATH_SPOTS))
            .map(|s| row(s, at("renameat2", FROM, Some(0)))),
    );
    rows.extend(
        AT_SPOTS
            .iter()
            .chain(few(PATH_SPOTS))
            .map(|s| row(s, at("linkat", FROM, Some(0)))),
    );

    // With an ACL that gives others more: it came by that where it was allowed.
    for call in ["rename", "link"] {
        let value = acl::generous(6);
        let size = value.len() as i64;
        let args = [t(FROM), t(acl::ACCESS), Arg::Data(value), n(size), n(0)];
        let give = step("setxattr", args, Ret::Int);
        rows.push(Row::new(FAMILY, here, vec![give, two(call, FROM)]).tag("acl"));
    }

    // Onto a name that is taken, and with flags.
    for leaf in ["wide", "narrow"] {
        rows.push(row(here, two("rename", FROM)).leaf(leaf).tag(leaf));
        rows.push(row(inside, at("renameat", FROM, None)).leaf(leaf).tag(leaf));
    }
    let noreplace = at("renameat2", FROM, Some(libc::RENAME_NOREPLACE));
    rows.push(row(here, noreplace).tag("noreplace"));
    let exchange = || at("renameat2", FROM, Some(libc::RENAME_EXCHANGE));
    rows.push(row(here, exchange()).leaf("narrow").tag("exchange"));
    // The sensitive name is the first one of the two that are exchanged.
    let reversed = [
        n(AT_FDCWD),
        Arg::Path,
        n(AT_FDCWD),
        t(FROM),
        n(libc::RENAME_EXCHANGE),
    ];
    rows.push(
        row(here, step("renameat2", reversed, Ret::Int))
            .leaf("narrow")
            .tag("exchanged"),
    );

    // The source by other spellings.
    for (tag, from) in [
        ("from-linked", "{D}/{S}/exit/from"),
        ("from-relative", "outside/from"),
        ("from-proc", "/proc/self/cwd/outside/from"),
        ("from-folded", "{D}/{S}/../outside/./from"),
    ] {
        rows.push(row(here, two("rename", from)).tag(tag));
        rows.push(row(here, two("link", from)).tag(tag));
    }
    let fd = || step("open", [t(FROM), n(O_RDONLY)], Ret::Kept);
    let source = [
        n(AT_FDCWD),
        t("/proc/self/fd/{R0}"),
        n(AT_FDCWD),
        Arg::Path,
        n(AT_SYMLINK_FOLLOW),
    ];
    rows.push(
        Row::new(
            FAMILY,
            here,
            vec![fd(), step("linkat", source.clone(), Ret::Int)],
        )
        .tag("by-fd"),
    );
    let empty = [
        Arg::Result(0),
        t(""),
        n(AT_FDCWD),
        Arg::Path,
        n(libc::AT_EMPTY_PATH),
    ];
    rows.push(
        Row::new(
            FAMILY,
            here,
            vec![fd(), step("linkat", empty.clone(), Ret::Int)],
        )
        .tag("empty-path")
        .needs(super::Needs::Root),
    );

    // A file without a name gets one: created at a plain place, named at a
    // sensitive one.
    let nameless = |dir: &str| {
        step(
            "open",
            [t(dir), n(O_TMPFILE | O_WRONLY), n(0o666)],
            Ret::Kept,
        )
    };
    for (tag, dir) in [("tmpfile-plain", "{D}/outside"), ("tmpfile", "{D}/{S}")] {
        let link = step("linkat", source.clone(), Ret::Int);
        rows.push(Row::new(FAMILY, here, vec![nameless(dir), link]).tag(tag));
        let link = step("linkat", empty.clone(), Ret::Int);
        rows.push(
            Row::new(FAMILY, here, vec![nameless(dir), link])
                .tag(&format!("{tag}-empty-path"))
                .needs(super::Needs::Root),
        );
    }
    rows
}

//! `syscall` with the number of any of the calls: what a program says that goes by
//! numbers must be clamped like what it says by names.

use std::collections::BTreeMap;

use super::spots::{AT_SPOTS, PATH_SPOTS, few};
use super::{Arg, Ret, Row, Spot, Step, n, step, t};
use libc::{O_CREAT, O_RDWR, O_WRONLY};
use syscalls::Sysno;
use umaskclamp_policy::surface;

const FAMILY: &str = "number";
const NEW: i32 = O_CREAT | O_WRONLY;

/// How many rows by name of each call are done by number as well.
const OF_EACH: usize = 6;

/// The number of the call of this name, if it has one on this machine that leads to a hook.
pub fn number(call: &str) -> Option<i64> {
    let number: Sysno = call.parse().ok()?;
    surface::is_numbered(call).then(|| number.id().into())
}

/// The same call by its number.
fn by_number(call: &Step) -> Option<Step> {
    let number = n(number(&call.call)?);
    let args = [vec![number], call.args.clone()].concat();
    Some(step("syscall", args, call.ret))
}

/// The row with its last call made by number.
fn numbered(mut row: Row) -> Option<Row> {
    let last = row.steps.last_mut()?;
    *last = by_number(last)?;
    row.name = format!("{FAMILY}/{}", row.name);
    row.family = FAMILY;
    Some(row)
}

/// Some rows of each call that has a number.
pub fn rows() -> Vec<Row> {
    let families = [
        super::create::rows,
        super::widen::rows,
        super::arrive::rows,
        super::existing::rows,
        super::other::rows,
        super::inside::rows,
    ];
    let mut rows = Vec::new();
    for family in families {
        let mut seen = BTreeMap::new();
        rows.extend(family().into_iter().filter_map(numbered).filter(|row| {
            let call = row.steps.last().map(|step| step.args[0].clone());
            let count = seen.entry(format!("{call:?}")).or_insert(0);
            *count += 1;
            *count <= OF_EACH
        }));
    }
    rows.extend(alone());
    rows
}

/// Calls that libc has no function for, or that take other arguments by number.
fn alone() -> Vec<Row> {
    let how = |flags: i32, mode: u64| {
        let words = [flags as u32 as u64, mode, 0];
        Arg::Data(words.iter().flat_map(|word| word.to_ne_bytes()).collect())
    };
    let openat2 = |how| step("openat2", [Arg::Dir, Arg::Path, how, n(24)], Ret::Fd);
    let chmod = [Arg::Dir, Arg::Path, n(0o666), n(0)];
    let calls = [
        (openat2(how(NEW, 0o666)), "new"),
        (openat2(how(O_WRONLY, 0)), "wide"),
        (step("fchmodat2", chmod, Ret::Int), "narrow"),
    ];
    let mut rows = Vec::new();
    for (call, leaf) in calls {
        let spots = few(AT_SPOTS).chain(few(PATH_SPOTS));
        let rows_of = spots.map(|spot| {
            Row::new("alone", spot, vec![call.clone()])
                .leaf(leaf)
                .tag(leaf)
        });
        rows.extend(rows_of.filter_map(numbered));
    }
    // A queue's name has no slash here.
    let queue = Spot {
        name: "mq",
        path: "{U}-{S}",
        real: "<mqueue>",
        ..PATH_SPOTS[0].clone()
    };
    let make = [Arg::Path, n(O_CREAT | O_RDWR), n(0o666), Arg::Null];
    let queue = numbered(Row::new(
        "alone",
        &queue,
        vec![step("mq_open", make, Ret::Int)],
    ));
    rows.extend(queue.map(|mut row| {
        row.steps.push(step("mq_unlink", [t("/{U}-{S}")], Ret::Int));
        row
    }));
    rows
}

//! A program that touches no sensitive path cannot tell that the shim is
//! there, and no failing call tells either.
//!
//! Compared are the result and errno of every call, descriptor numbers and
//! flags, what a stream does, what is open at the end, the umask, each mode at
//! each instant and what was written with which mode.

use umaskclamp_testkit::judge;
use umaskclamp_testkit::rows::{self, Needs, Row};

fn family(name: &str, side: &str) -> Vec<Row> {
    let rows = rows::transparent().into_iter();
    rows.filter(|row| row.family == name && row.side == side)
        .collect()
}

#[test]
fn transparent_create() {
    judge::transparent_in_turn(&family("create", "plain")).check("creating at plain places");
}

#[test]
fn transparent_widen() {
    judge::transparent_in_turn(&family("widen", "plain")).check("widening at plain places");
}

#[test]
fn transparent_arrive() {
    judge::transparent_in_turn(&family("arrive", "plain")).check("renaming at plain places");
}

#[test]
fn transparent_existing() {
    judge::transparent_in_turn(&family("existing", "plain")).check("writing to plain files");
}

#[test]
fn transparent_other_doors() {
    judge::transparent_in_turn(&family("other", "plain")).check("other doors at plain places");
}

#[test]
fn transparent_by_number() {
    judge::transparent_in_turn(&family("number", "plain")).check("by number at plain places");
}

/// The rows of a family that may create a file by opening it.
fn shared(name: &str, side: &str) -> Vec<Row> {
    let opens = |row: &Row| {
        let calls = ["open", "creat", "setmntent", "syscall"];
        row.steps
            .iter()
            .any(|step| calls.iter().any(|call| step.call.contains(call)))
    };
    let rows = family(name, side).into_iter().filter(opens);
    rows.map(Row::shared).collect()
}

/// Where others may change what leads to a place, files are created in another
/// way.
#[test]
fn transparent_where_others_may_give_names() {
    for name in ["create", "existing", "stream", "other", "arrive", "number"] {
        judge::transparent_in_turn(&shared(name, "plain")).check("plain places of others");
    }
    let (for_users, rows): (Vec<Row>, Vec<Row>) = shared("failing", "plain")
        .into_iter()
        .partition(|row| row.needs == Needs::NotRoot);
    judge::transparent_in_turn(&rows).check("failing calls, plain places of others");
    judge::transparent(&for_users).check("what only others than root may not");
}

#[test]
fn transparent_doors_inside_libc() {
    judge::transparent_in_turn(&family("inside", "plain")).check("doors inside libc, plain");
}

#[test]
fn transparent_failing_at_plain_places() {
    let (for_users, rows): (Vec<Row>, Vec<Row>) = family("failing", "plain")
        .into_iter()
        .partition(|row| row.needs == Needs::NotRoot);
    judge::transparent_in_turn(&rows).check("failing calls, plain");
    judge::transparent(&for_users).check("what only others than root may not, plain");
}

#[test]
fn transparent_failing_at_sensitive_places() {
    let (for_users, rows): (Vec<Row>, Vec<Row>) = family("failing", "secret")
        .into_iter()
        .partition(|row| row.needs == Needs::NotRoot);
    judge::transparent_in_turn(&rows).check("failing calls, sensitive");
    judge::transparent(&for_users).check("what only others than root may not, sensitive");
}

#[test]
fn transparent_stream_modes_at_plain_places() {
    judge::transparent_in_turn(&family("stream", "plain")).check("fopen modes, plain");
}

#[test]
fn transparent_stream_modes_at_sensitive_places() {
    judge::transparent_in_turn(&family("stream", "secret")).check("fopen modes, sensitive");
}

//! Every way to make, widen, move or write something at a sensitive place,
//! under the tracer: each leaks without the shim and none does with it.
//!
//! All tests here but the self-check are named `enforce_*`: with
//! `UMASKCLAMP_TEST_WITHOUT=1`, which takes the preload away, they fail.

use umaskclamp_testkit::judge;
use umaskclamp_testkit::rows::{self, Row};

fn family(name: &str) -> Vec<Row> {
    rows::enforce()
        .into_iter()
        .filter(|row| row.family == name)
        .collect()
}

fn calls(name: &str, wanted: &[&str]) -> Vec<Row> {
    let last = |row: &Row| row.steps.last().map(|s| s.call.clone()).unwrap_or_default();
    let rows = family(name).into_iter();
    rows.filter(|row| wanted.contains(&last(row).as_str()))
        .collect()
}

const OPENS: &[&str] = &[
    "open", "open64", "__open", "__open64", "openat", "openat64", "creat", "creat64",
];
const STREAMS: &[&str] = &["fopen", "fopen64", "_IO_fopen", "freopen", "freopen64"];
const NODES: &[&str] = &[
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "__xmknod",
    "__xmknodat",
    "mkfifo",
    "mkfifoat",
];

#[test]
fn enforce_create_open() {
    judge::enforced(&calls("create", OPENS)).check("open and its twins");
}

#[test]
fn enforce_create_streams() {
    judge::enforced(&calls("create", STREAMS)).check("fopen and its twins");
}

#[test]
fn enforce_create_nodes() {
    judge::enforced(&calls("create", NODES)).check("directories, nodes, fifos");
}

#[test]
fn enforce_widen() {
    judge::enforced(&family("widen")).check("chmod and ACLs");
}

#[test]
fn enforce_arrive() {
    judge::enforced(&family("arrive")).check("rename and link");
}

#[test]
fn enforce_existing() {
    judge::enforced(&family("existing")).check("files that are there already");
}

#[test]
fn enforce_other_doors() {
    judge::enforced(&family("other")).check("sockets, IPC, spawn");
}

#[test]
fn enforce_by_number() {
    judge::enforced(&family("number")).check("calls by number");
}

#[test]
fn enforce_doors_inside_libc() {
    judge::enforced(&family("inside")).check("methods of streams, svcunix_create, handles");
}

/// A row that leaks nothing by itself proves nothing. Every row above is
/// checked for that too; these few show it where there is no shim at all.
#[test]
fn rows_leak_without_the_shim() {
    let rows: Vec<Row> = rows::enforce().into_iter().step_by(10).collect();
    judge::wide_without(&rows).check("self-check");
}

#[test]
fn rows_are_many_and_have_names_of_their_own() {
    let mut names: Vec<String> = rows::enforce()
        .into_iter()
        .chain(rows::transparent())
        .map(|row| row.name)
        .collect();
    let (enforce, all) = (rows::enforce().len(), names.len());
    names.sort();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1], "two rows of one name");
    }
    assert!(enforce >= 150, "{enforce} enforcement rows");
    assert!(all - enforce >= 120, "{} transparency rows", all - enforce);
    println!(
        "{enforce} enforcement rows, {} transparency rows",
        all - enforce
    );
    let calls: std::collections::BTreeSet<String> = rows::enforce()
        .iter()
        .flat_map(|row| row.steps.iter().map(|step| step.call.clone()))
        .collect();
    for call in OPENS.iter().chain(STREAMS).chain(NODES) {
        assert!(calls.contains(*call), "no enforcement row calls {call}");
    }
}

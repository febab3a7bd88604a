//! Every way to make, widen, move or write something at a sensitive place,
//! under the tracer: each leaks without the shim and none does with it.
//!
//! All tests here but the self-check are named `enforce_*`: with
//! `UMASKCLAMP_TEST_WITHOUT=1`, which takes the preload away, they fail.

use umaskclamp_policy::surface::{SYMBOLS, Symbol, Treatment, symbol};
use umaskclamp_testkit::judge;
use umaskclamp_testkit::rows::{self, Row};

fn family(name: &str) -> Vec<Row> {
    rows::enforce()
        .into_iter()
        .filter(|row| row.family == name)
        .collect()
}

/// The rows that create by a symbol of these families (`surface.rs`).
fn created_by(families: &[&str]) -> Vec<Row> {
    let is_of = |row: &Row| {
        let call = row.steps.last().and_then(|step| symbol(&step.call));
        call.is_some_and(|call| families.contains(&call.family))
    };
    family("create").into_iter().filter(is_of).collect()
}

#[test]
fn enforce_create_open() {
    judge::enforced(&created_by(&["open"])).check("open and its twins");
}

#[test]
fn enforce_create_streams() {
    judge::enforced(&created_by(&["stdio"])).check("fopen and its twins");
}

#[test]
fn enforce_create_nodes() {
    judge::enforced(&created_by(&["directory", "node"])).check("directories, nodes, fifos");
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
    let others = [
        "openat2", // in no libc of today: tests/doors.rs
        "ioctl",   // of btrfs: tests/mounts.rs
        "login",   // these three write the machine's own files
        "logout", "logwtmp",
    ];
    let acts = |symbol: &&Symbol| {
        matches!(
            symbol.treatment,
            Treatment::Clamp | Treatment::Tighten | Treatment::NarrowBefore
        )
    };
    for symbol in SYMBOLS
        .iter()
        .filter(acts)
        .filter(|symbol| symbol.exported())
    {
        let row = calls.contains(symbol.name) || others.contains(&symbol.name);
        assert!(row, "no enforcement row calls {}", symbol.name);
    }
    let created = created_by(&["open", "stdio", "directory", "node"]);
    assert_eq!(
        created.len(),
        family("create").len(),
        "rows that no test judges"
    );
}

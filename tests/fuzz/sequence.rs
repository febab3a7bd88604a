//! Sequences of calls for names that come, go and are shared.
//!
//! The kit plays each bare and under the shim side by side
//! ([`umaskclamp_testkit::sequence`]); what is sensitive is told by the reference
//! matcher, which shares no code with the library.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use umaskclamp_policy::rules::Kind;
use umaskclamp_testkit::Who;
use umaskclamp_testkit::sequence::{Case, Stage, play};

use crate::reference;

fn path() -> impl Strategy<Value = String> {
    let directories = prop_oneof![
        6 => select(vec!["d", "s", "pub", "dumps", "b", "e", "e/k", "p", "p/dumps"]),
        2 => select(vec!["d/m", "e/n", "d/m/sub", "s/in", "d/dumps", "d/x.iso", "s/k"]),
        1 => select(vec!["k", "o", "", "l", "x.iso", "k/k", "s/..", ".", "d/a", "d/l"]),
    ];
    let last = prop_oneof![
        8 => select(vec!["a", "x.iso", "y.sql"]),
        4 => select(vec!["k", "dumps", "pub", "s", "l"]),
        1 => select(vec!["n", "m", "in", "r", "k/", "x.iso/", ".", "..", ""]),
    ];
    let whole = (directories, last).prop_map(|(directory, last)| match directory {
        "" if last.is_empty() => "-".to_owned(),
        "" => last.to_owned(),
        _ => format!("{directory}/{last}"),
    });
    prop_oneof![
        10 => whole.clone(),
        1 => whole.prop_map(|path| format!("/{path}")),
        // Whole directories, which bring along what is in them.
        5 => select(vec!["d", "s", "pub", "dumps", "b", "e", "p", "d/m", "e/n", "e/k", "x.iso", "k"])
            .prop_map(str::to_owned),
    ]
}

fn mode() -> impl Strategy<Value = &'static str> {
    select(vec![
        "666", "644", "600", "777", "755", "700", "640", "4755", "2775", "1777", "0", "500",
    ])
}

fn flags() -> impl Strategy<Value = &'static str> {
    select(vec![
        "r", "rd", "rn", "w", "+", "wt", "wc", "wct", "wcx", "+ct", "rc", "wca", "wcn", "rcd",
    ])
}

fn step() -> impl Strategy<Value = String> {
    let two = || (path(), path());
    prop_oneof![
        8 => two().prop_map(|(from, to)| format!("rename {from} {to}")),
        3 => (two(), select(vec![0, 1, 1, 2, 2, 2, 3, 4, 5, 6, 8]))
            .prop_map(|((from, to), flags)| format!("rename2 {from} {to} {flags:o}")),
        5 => two().prop_map(|(from, to)| format!("link {from} {to}")),
        1 => (two(), select(vec![0, 0o2000, 0o10000, 0o2]))
            .prop_map(|((from, to), flags)| format!("linkat {from} {to} {flags:o}")),
        1 => (two(), mode()).prop_map(|((at, to), mode)| format!("nameless {at} {to} {mode}")),
        5 => (path(), flags(), mode()).prop_map(|(at, how, mode)| format!("open {at} {how} {mode}")),
        1 => (path(), flags(), mode()).prop_map(|(at, how, mode)| format!("hold {at} {how} {mode}")),
        1 => (path(), select(vec!["r", "t", "a", "r+", "t+"])).prop_map(|(at, how)| format!("fopen {at} {how}")),
        2 => mode().prop_map(|mode| format!("fchmod {mode}")),
        3 => (path(), mode()).prop_map(|(at, mode)| format!("chmod {at} {mode}")),
        1 => (path(), mode()).prop_map(|(at, mode)| format!("chmodat {at} {mode}")),
        1 => path().prop_map(|at| format!("truncate {at}")),
        3 => (path(), mode()).prop_map(|(at, mode)| format!("mkdir {at} {mode}")),
        1 => (path(), mode()).prop_map(|(at, mode)| format!("mkfifo {at} {mode}")),
        2 => path().prop_map(|at| format!("unlink {at}")),
        1 => path().prop_map(|at| format!("rmdir {at}")),
        1 => (select(vec!["../d", "../s", "a", "x.iso", "../pub/x.iso", "../s/new", "nowhere"]), path())
            .prop_map(|(to, at)| format!("symlink {to} {at}")),
        1 => Just("next".to_owned()),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let rules = subsequence(
        vec![
            "s",
            "*.iso",
            "/dumps",
            "dumps/*.sql",
            "!pub/",
            "/k/**",
            "!y.sql",
        ],
        1..5,
    );
    (
        prop::collection::vec(step(), 1..14),
        rules,
        select(vec![0o077, 0o077, 0o027]),
        select(vec![0o022, 0o022, 0o000, 0o027]),
        select(Who::all()),
        prop::option::weighted(0.2, 1usize..60),
    )
        .prop_map(|(steps, rules, mask, umask, who, kill)| Case {
            who,
            rules: rules.into_iter().map(str::to_owned).collect(),
            mask,
            umask,
            steps,
            kill,
        })
}

#[test]
fn enforce_sequences_of_names() {
    let stage = Stage::new();
    if !stage.has_mounts() {
        println!("without mounts inside the trees: they take root");
    }
    let steps = Cell::new(0);
    crate::fuzz(case(), 3, |case| {
        steps.set(steps.get() + case.steps.len());
        let sensitive = |rules: &[Vec<u8>], path: &[u8], directory: bool| {
            let kind = match directory {
                true => Kind::Directory,
                false => Kind::Other,
            };
            let found = reference::verdict(rules, path, kind, None);
            found.is_some_and(|(_, protects)| protects)
        };
        play(&stage, &case, &sensitive).map_err(TestCaseError::fail)
    });
    println!("{} steps", steps.get());
}

//! Ways to lose the environment, each alone and one behind the other, down to a
//! program that is entered and to one that cannot be: the modes that they make, and
//! the records.

use std::fs;
use std::path::Path;

use umaskclamp_testkit::{Run, Tree, Who};

use crate::programs::{clear, modes, start, text, write, write_static};

/// What stands before a command to make it lose its environment. The first three
/// have blanks in their arguments, which a shell started by libc would part; the
/// last takes a few arguments only.
fn ways() -> Vec<(&'static str, Vec<&'static str>)> {
    let start = start().to_str().expect("a path of ours");
    let unset = "unset LD_PRELOAD UMASKCLAMP_PATTERNS UMASKCLAMP_LOG UMASKCLAMP_LOG_FILE";
    let shell = format!("{unset}; exec \"$0\" \"$@\"").leak();
    vec![
        ("env -i", vec!["env", "-i"]),
        ("sh", vec!["sh", "-c", shell]),
        (
            "perl",
            vec!["perl", "-e", "%ENV = (); exec { $ARGV[0] } @ARGV"],
        ),
        ("as sudo does", vec![start, "execvpe", "reset"]),
        ("clearenv", vec![start, "system", "clear"]),
        ("an array of one's own", vec![start, "vfork-execve", "own"]),
        ("unsetenv", vec![start, "posix_spawn", "unset"]),
        ("no entries", vec![start, "popen", "zero"]),
        ("another preload", vec![start, "fexecve", "other"]),
        (
            "its memory written over",
            vec![start, "syscall", "scribble"],
        ),
        ("a long one", vec![start, "clone-execve", "long"]),
        ("settings emptied", vec![start, "execle", "empty"]),
    ]
}

/// The command behind `before` makes two files; what modes they have, and the
/// records.
fn outcome(who: Who, tree: &Tree, before: &[&str], program: &Path) -> (Vec<String>, Vec<String>) {
    let log = tree.at("records");
    let report = Run::new("/usr/bin/env")
        .args(before)
        .arg(program)
        .args(["a.iso", "b.txt"])
        .patterns("*.iso")
        .env("UMASKCLAMP_LOG_FILE", &log)
        .who(who)
        .cwd(&tree.root)
        .umask(0o022)
        .run();
    assert_eq!(text(&report.stderr), "", "{who} {before:?}");
    let records = fs::read_to_string(&log).unwrap_or_default();
    clear(tree, &["a.iso", "b.txt", "records"]);
    (modes(&report), records.lines().map(str::to_owned).collect())
}

/// One record, and what it says.
fn says(records: &[String], parts: &[&str]) -> bool {
    matches!(records, [record] if parts.iter().all(|part| record.contains(part)))
}

fn check(before: &[&str], name: &str) {
    let is_static = write_static();
    for who in Who::all() {
        let tree = Tree::empty(who);
        let (made, records) = outcome(who, &tree, before, write());
        assert_eq!(made, ["0600", "0644"], "{who} {name}: {records:?}");
        let parts = [
            "\"action\":\"clamped\"",
            "/a.iso\"",
            "\"program\":\"write\"",
        ];
        assert!(says(&records, &parts), "{who} {name}: {records:?}");
        if let Some(program) = is_static {
            let (made, records) = outcome(who, &tree, before, program);
            assert_eq!(made, ["0600", "0600"], "{who} {name}: {records:?}");
            let parts = [
                "\"action\":\"unreachable\"",
                "static program",
                "/write-static\"",
            ];
            assert!(says(&records, &parts), "{who} {name}: {records:?}");
        }
    }
}

#[test]
fn enforce_twelve_ways_to_lose_the_environment_each_alone() {
    for (name, before) in ways() {
        check(&before, name);
    }
}

#[test]
fn enforce_twelve_ways_to_lose_the_environment_nested() {
    let all: Vec<_> = ways().into_iter().flat_map(|(_, before)| before).collect();
    check(&all, "all");
}

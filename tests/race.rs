//! Races: a reader under another uid, and threads of one program.

use std::thread;

use umaskclamp_testkit::stage::{command, patterns};
use umaskclamp_testkit::{who, Run, Tree, Who};

/// What the stranger got hold of while the writer worked.
fn race(preload: bool) -> String {
    let tree = Tree::full(Who::User);
    let writer = command("writer", &tree, Who::User, preload);
    let stranger = Run::kit("doors", false)
        .arg("--scene")
        .arg("reader")
        .arg(&tree.root);
    let stranger = stranger.uid(who::STRANGER);
    let (wrote, read) = thread::scope(|scope| {
        let reader = scope.spawn(move || stranger.run());
        (writer.run(), reader.join().expect("reader"))
    });
    assert_eq!(String::from_utf8_lossy(&wrote.stderr), "");
    assert_eq!(String::from_utf8_lossy(&wrote.stdout), "enough true\n");
    let facts = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(facts.starts_with("tried true\n"), "{facts}");
    facts
}

#[test]
fn root_only_a_racing_reader_gets_nothing() {
    if !Who::am_root() {
        println!("root_only_a_racing_reader_gets_nothing: left out: it takes root to be two users");
        return;
    }
    assert_eq!(
        race(false),
        "tried true\ngot some\n",
        "without the shim there is a window"
    );
    assert_eq!(race(true), "tried true\ngot none\n");
}

#[test]
fn enforce_threads_at_sensitive_and_plain_places() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let report = command("mixed-threads", &tree, who, true)
            .patterns(patterns(&tree))
            .run();
        assert_eq!(String::from_utf8_lossy(&report.stderr), "");
        let facts = String::from_utf8_lossy(&report.stdout).into_owned();
        assert_eq!(
            facts, "enough true\nwrong 0\numask changed 0\numask 0022\n",
            "as {who}"
        );
    }
}

//! Races: a reader under another uid, threads of one program, and somebody who
//! swaps links where a program creates.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

use umaskclamp_testkit::stage::{command, patterns};
use umaskclamp_testkit::{Run, Tree, Who, who};

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

/// Somebody else, if there can be one.
fn stranger(scene: &str, tree: &Tree) -> Run {
    let run = Run::kit("doors", false)
        .arg("--scene")
        .arg(scene)
        .arg(&tree.root);
    match Who::am_root() {
        true => run.uid(who::STRANGER),
        false => run,
    }
}

/// Plays how links are swapped, against the one who creates there.
fn against(tree: &Tree, what: &str, who: Who, preload: bool) -> String {
    let victim = command(&format!("flip-{what}"), tree, who, preload);
    let swapped = if what == "via" { "way" } else { what };
    let rival = stranger(&format!("swap-{swapped}"), tree);
    let first = tree.at(if what == "last" {
        "outside/flip"
    } else {
        "outside/aside"
    });
    let (facts, rival) = thread::scope(|scope| {
        let rival = scope.spawn(move || rival.run());
        while first.symlink_metadata().is_err() && !rival.is_finished() {
            thread::yield_now();
        }
        let report = victim.run();
        fs::write(tree.at("outside/stop"), "").expect("stop");
        assert_eq!(String::from_utf8_lossy(&report.stderr), "");
        let facts = String::from_utf8_lossy(&report.stdout).into_owned();
        (facts, rival.join().expect("the rival"))
    });
    assert_eq!(String::from_utf8_lossy(&rival.stderr), "");
    facts
}

/// What each door made at the sensitive place while links were swapped in a
/// directory of these permissions: how much, and how much of it wide.
fn flipped(what: &str, bits: u32, who: Who, preload: bool) -> Vec<(String, u64, u64)> {
    let tree = Tree::full(who);
    tree.dir("outside/flip", who);
    for (name, bits) in [("outside/flip", 0o777), ("outside", bits), ("plain", 0o777)] {
        fs::set_permissions(tree.at(name), Permissions::from_mode(bits)).expect("chmod");
    }
    symlink("flip", tree.at("outside/via")).expect("symlink");
    if !["way", "via"].contains(&what) {
        fs::remove_dir(tree.at("outside/flip")).expect("remove");
    }
    let facts = against(&tree, what, who, preload);
    let doors = facts.lines().map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| fields[index].parse().expect("a number");
        (fields[0].to_owned(), number(1), number(2))
    });
    doors.collect()
}

fn enforce_while_swapped(what: &str, bits: u32) {
    for who in Who::all() {
        let (bare, shim) = (
            flipped(what, bits, who, false),
            flipped(what, bits, who, true),
        );
        println!("{what} {bits:04o} as {who}, bare {bare:?}");
        println!("{what} {bits:04o} as {who}, shim {shim:?}");
        assert_eq!(
            bare.len(),
            if ["way", "via"].contains(&what) { 7 } else { 5 }
        );
        for ((door, there, wide), bare) in shim.iter().zip(&bare) {
            assert!(bare.2 > 0, "{door} as {who}: no race without the shim");
            assert!(*there > 0, "{door} as {who}: no race");
            assert_eq!(*wide, 0, "{door} as {who}: wide at the sensitive place");
        }
    }
}

#[test]
fn enforce_while_a_last_link_is_swapped() {
    enforce_while_swapped("last", 0o777);
}

#[test]
fn place_of_a_last_link_that_is_swapped_in_a_sticky_directory() {
    // Where the kernel refuses to follow such links nobody wins by one, and the
    // rounds would only take their time.
    let protected = fs::read_to_string("/proc/sys/fs/protected_symlinks");
    if protected.is_ok_and(|text| text.trim() == "0") {
        enforce_while_swapped("last", 0o1777);
    }
}

#[test]
fn enforce_while_a_file_is_swapped_for_a_link() {
    enforce_while_swapped("kind", 0o777);
}

#[test]
fn enforce_while_a_directory_on_the_way_is_swapped() {
    enforce_while_swapped("way", 0o777);
}

#[test]
fn enforce_while_a_directory_behind_a_link_is_swapped() {
    enforce_while_swapped("via", 0o777);
}

/// Others that create and remove the same file are no attackers.
#[test]
fn transparent_beside_others_that_create_the_same_file() {
    for who in Who::all() {
        let tree = Tree::full(who);
        tree.share();
        symlink("../plain/common", tree.at("outside/link")).expect("symlink");
        let facts = thread::scope(|scope| {
            let run = || {
                let report = command("rivals", &tree, who, true).run();
                assert_eq!(String::from_utf8_lossy(&report.stderr), "");
                String::from_utf8_lossy(&report.stdout).into_owned()
            };
            let other = scope.spawn(run);
            [run(), other.join().expect("the other")]
        });
        let expected = "file: failed 0 wrong 0\nlink: failed 0 wrong 0\n";
        assert_eq!(facts, [expected, expected], "as {who}");
    }
}

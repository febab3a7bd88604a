//! What goes wrong for the program goes wrong in the same way under the shim.
//! (Failing calls one by one, bad pointers among them, are rows of
//! `transparent.rs`.)

use std::fs::{self, Permissions, rename};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};

use umaskclamp_testkit::stage::{Played, command, play, play_with};
use umaskclamp_testkit::{Tree, Who, who};

fn same(scene: &str) -> Vec<(Who, Played, Played)> {
    let pairs = Who::all().into_iter().map(|who| {
        let (bare, shim) = (play(scene, who, false), play(scene, who, true));
        assert_eq!(shim.facts(), bare.facts(), "{scene} as {who}");
        shim.plain_as_in(&bare, scene);
        (who, bare, shim)
    });
    pairs.collect()
}

/// The same where others may give names: there files are created in another way.
fn same_where_shared(scene: &str) {
    for who in Who::all() {
        let played = [false, true].map(|preload| {
            play_with(scene, who, preload, |run, tree| {
                tree.share();
                run
            })
        });
        let [bare, shim] = &played;
        assert_eq!(shim.facts(), bare.facts(), "{scene} as {who}, shared");
        bare.leaks_something(scene);
        shim.leaks_nothing(scene);
    }
}

#[test]
fn enforce_with_the_descriptor_table_full() {
    for (who, bare, shim) in same("full-table") {
        let what = format!("full table as {who}");
        assert!(
            bare.facts().contains("secret open: errno 24"),
            "{}",
            bare.facts()
        );
        bare.leaks_something(&what);
        shim.leaks_nothing(&what);
    }
    same_where_shared("full-table");
}

#[test]
fn enforce_with_one_descriptor_free() {
    for (who, bare, shim) in same("one-free") {
        let what = format!("one free as {who}");
        assert!(!bare.facts().contains("false"), "{}", bare.facts());
        bare.leaks_something(&what);
        shim.leaks_nothing(&what);
    }
    same_where_shared("one-free");
}

#[test]
fn enforce_with_0_to_2_closed() {
    for (who, bare, shim) in same("closed-012") {
        assert_eq!(bare.facts(), "numbers [0, 1, 2, 3]\n");
        bare.leaks_something("closed");
        shim.leaks_nothing(&format!("closed as {who}"));
    }
    same_where_shared("closed-012");
}

#[test]
fn enforce_on_the_smallest_stack() {
    for (who, bare, shim) in same("small-stacks") {
        bare.leaks_something("small stacks");
        shim.leaks_nothing(&format!("small stacks as {who}"));
    }
    same_where_shared("small-stacks");
}

/// The stream is the program's own: same pointer, same descriptor.
#[test]
fn enforce_freopen_of_stdout() {
    for (who, bare, shim) in same("stdout") {
        let facts = bare.facts();
        assert!(
            facts.contains("secret/wide same true null false number 1"),
            "{facts}"
        );
        assert!(
            facts.contains("secret/none/new same false null true"),
            "{facts}"
        );
        bare.leaks_something("stdout");
        shim.leaks_nothing(&format!("stdout as {who}"));
    }
}

/// The kernel's own guard of sticky directories is not got round, and not in the
/// way.
#[test]
fn root_only_what_is_anothers_in_a_sticky_directory() {
    if !Who::am_root() {
        println!("root_only_what_is_anothers_in_a_sticky_directory: left out: it takes two users");
        return;
    }
    for who in Who::all() {
        let [bare, shim] = [false, true].map(|preload| {
            let tree = Tree::full(who);
            let at = |name: &str| tree.at(&format!("outside/theirs-{name}"));
            fs::write(at("file"), "").expect("write");
            rename(tree.at("plain/fifo"), at("fifo")).expect("rename");
            symlink("../plain/wide", at("link")).expect("symlink");
            symlink("../plain/new", at("dangling")).expect("symlink");
            for name in ["file", "fifo", "link", "dangling"] {
                lchown(at(name), Some(who::STRANGER), None).expect("lchown");
            }
            for (path, bits) in [
                (at("file"), 0o666),
                (at("fifo"), 0o666),
                (tree.at("outside"), 0o1777),
            ] {
                fs::set_permissions(path, Permissions::from_mode(bits)).expect("chmod");
            }
            let report = command("theirs", &tree, who, preload).run();
            assert_eq!(String::from_utf8_lossy(&report.stderr), "");
            String::from_utf8_lossy(&report.stdout).into_owned()
        });
        println!("as {who}: {bare}");
        assert_eq!(shim, bare, "as {who}");
        assert!(bare.contains("open absent: done"), "{bare}");
    }
}

/// A shim that opens and closes the file itself loses the program's locks.
#[test]
fn transparent_record_locks_are_kept() {
    for (_, bare, _) in same("locks") {
        let facts = bare.facts();
        assert!(facts.contains("secret after fopen ccs: lost 0"), "{facts}");
        assert!(facts.contains("secret after close: lost 1"), "{facts}");
        let again = "secret after locking again: lost 0";
        assert!(facts.contains(again), "{facts}");
    }
}

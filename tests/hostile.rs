//! Surroundings in which a hook is easily wrong. Nothing deadlocks, crashes,
//! prints or leaks, and what is sensitive is narrow all the same.

use umaskclamp_testkit::artefact::c_program;
use umaskclamp_testkit::stage::{Played, patterns};
use umaskclamp_testkit::{Run, Tree, Who};

fn play(scene: &str, flags: &[&str], who: Who, preload: bool, shared: bool) -> Played {
    let tree = Tree::full(who);
    if shared {
        tree.share();
    }
    let program = c_program("hostile", flags);
    let run = if preload {
        Run::new(program)
    } else {
        Run::bare(program)
    };
    let run = run
        .arg(scene)
        .arg(&tree.root)
        .patterns(patterns(&tree))
        .who(who)
        .umask(0o022);
    let report = run.watch(&tree.root);
    assert!(!report.late, "{scene} as {who}: killed, it took too long");
    Played { tree, report }
}

/// Facts as expected, bare and under the shim; only bare it leaks.
fn holds(scene: &str, facts: &str) {
    holds_built_with(&[], scene, facts);
}

fn holds_built_with(flags: &[&str], scene: &str, facts: &str) {
    holds_in(flags, scene, facts, false);
}

/// The same where others may give names, if `shared`: there files are created in
/// another way.
fn holds_in(flags: &[&str], scene: &str, facts: &str, shared: bool) {
    for who in Who::all() {
        let what = format!("{scene} as {who}, shared {shared}");
        let [bare, shim] = [false, true].map(|preload| play(scene, flags, who, preload, shared));
        assert_eq!(bare.facts(), facts, "{what}, bare");
        assert_eq!(shim.facts(), facts, "{what}");
        bare.leaks_something(&what);
        shim.leaks_nothing(&what);
    }
}

#[test]
fn enforce_in_signal_handlers() {
    holds("signals", "enough 1 failed 0 wrong 0\n");
}

#[test]
fn enforce_in_children_of_a_busy_program() {
    holds("forks", "children that failed 0, threads that failed 0\n");
}

#[test]
fn enforce_in_vforked_children() {
    holds("vforks", "vforked children that failed 0\n");
}

#[test]
fn enforce_without_memory() {
    holds("memory", "warm\nfailed 0\n");
}

/// `.preinit_array` runs before the constructor of any library: there a hook
/// need not protect, but must work.
#[test]
fn enforce_from_constructors_to_destructors() {
    holds("ends", "before everything 1\nmade 3\n");
}

fn fifos(flags: &[&str]) {
    let one = "interrupted -1 errno 4\nfopen interrupted 0 errno 4\njumped out\n\
        cancelled 1 cleaned up 1\nworks 1\n";
    for shared in [false, true] {
        holds_in(flags, "fifos", &one.repeat(2), shared);
    }
}

#[test]
fn enforce_after_a_blocked_open_was_left() {
    fifos(&[]);
}

/// Built so, cleanup handlers are found by unwinding the stack, frame by frame,
/// through the hook's own.
#[test]
fn enforce_after_a_blocked_open_was_unwound() {
    fifos(&["-fexceptions"]);
}

#[test]
fn enforce_where_a_cancelled_thread_opens() {
    let facts = "cancelled 1 there 0\ncancelled 1 there 0\nworks 1\n";
    for shared in [false, true] {
        for flags in [&[][..], &["-fexceptions"]] {
            holds_in(flags, "cancelled", facts, shared);
        }
    }
}

#[test]
fn enforce_after_many_blocked_opens_were_left_and_without_memory() {
    holds("jumps", "jumped, but for 0\nfailed 0\n");
}

/// A program under a filter dies of a system call that it did not expect.
#[test]
fn transparent_no_system_call_where_nothing_is_created() {
    filtered("read", "/secret:*.iso", false);
}

#[test]
fn transparent_no_system_call_where_no_rule_protects() {
    filtered("create", "!*.iso", false);
}

/// A place that is protected costs calls of the shim's own; these and no others.
/// Under a filter that the program made itself openat2 is none of them, where others
/// may give names neither, however it was made.
#[test]
fn enforce_under_a_filter_that_knows_few_calls() {
    let ways = [
        ("protected", false),
        ("protected", true),
        ("by-number", true),
    ];
    for (who, (what, shared)) in Who::all()
        .into_iter()
        .flat_map(|who| ways.map(|way| (who, way)))
    {
        let tree = Tree::full(who);
        if shared {
            tree.share();
        }
        let run = Run::new(c_program("filtered", &[]));
        let run = run.arg(&tree.root).arg(what);
        let report = run.patterns(patterns(&tree)).who(who).umask(0o022).run();
        assert_eq!(
            report.status.code(),
            Some(0),
            "{what} as {who}: {}",
            report.status
        );
        let modes = ["secret/newer", "outside/dir.iso", "secret/wide"].map(|name| tree.mode(name));
        assert_eq!(modes, [0o600, 0o700, 0o600], "{what} as {who}");
        assert_eq!(tree.mode("plain/besides"), 0o644, "{what} as {who}");
    }
}

/// A new file is tried by a call that not every kernel has and not every container,
/// whose filter a program inherits, lets through.
#[test]
fn transparent_without_openat2() {
    for what in ["older", "contained"] {
        filtered(what, "/secret:*.iso", true);
    }
}

fn filtered(what: &str, list: &str, shared: bool) {
    for who in Who::all() {
        for preload in [false, true] {
            let tree = Tree::full(who);
            if shared {
                tree.share();
            }
            let program = c_program("filtered", &[]);
            let run = if preload {
                Run::new(program)
            } else {
                Run::bare(program)
            };
            let run = run.arg(&tree.root).arg(what).patterns(list).who(who);
            let report = run.run();
            assert_eq!(
                report.status.code(),
                Some(0),
                "{what} as {who}, preload {preload}: {}",
                report.status
            );
        }
    }
}

//! Ways past the shim, or differences at plain places, that somebody found who looked
//! for them. The facts are those of plain libc; what is sensitive is narrow.

use umaskclamp_testkit::artefact::c_program;
use umaskclamp_testkit::stage::{Played, patterns};
use umaskclamp_testkit::{Run, Tree, Who};

fn play(scene: &str, who: Who, preload: bool) -> Played {
    let tree = Tree::full(who);
    let program = c_program("corners", &[]);
    let run = if preload {
        Run::new(program).env("UMASKCLAMP_UNREACHABLE", "refuse")
    } else {
        Run::bare(program)
    };
    let run = run.arg(scene).arg(&tree.root).patterns(patterns(&tree));
    let report = run.who(who).umask(0o022).watch(&tree.root);
    assert!(!report.late, "{scene} as {who}: killed, it took too long");
    Played { tree, report }
}

fn same_but_narrow(scene: &str) {
    for who in Who::all() {
        let what = format!("{scene} as {who}");
        let [bare, shim] = [false, true].map(|preload| play(scene, who, preload));
        assert!(bare.facts().lines().count() > 1, "{what}: {}", bare.facts());
        assert_eq!(shim.facts(), bare.facts(), "{what}");
        bare.leaks_something(&what);
        shim.leaks_nothing(&what);
    }
}

/// A descriptor that an earlier action makes, and the child's own entry of `/proc`,
/// are not the parent's.
#[test]
fn enforce_where_the_child_of_a_spawn_opens() {
    same_but_narrow("actions");
}

#[test]
fn enforce_by_a_link_of_proc_to_what_was_linked() {
    same_but_narrow("linked");
}

#[test]
fn enforce_fifos_and_sockets_that_arrive() {
    same_but_narrow("arrive");
}

/// Only its owner can narrow a socket before it is bound.
#[test]
fn enforce_a_socket_that_another_user_made() {
    same_but_narrow("handed");
}

#[test]
fn enforce_calls_that_fail_say_why_as_ever() {
    same_but_narrow("failing");
}

#[test]
fn enforce_places_that_are_none() {
    same_but_narrow("places");
}

#[test]
fn enforce_what_nobody_may_execute() {
    same_but_narrow("executed");
}

#[test]
fn enforce_calls_in_which_no_thread_is_cancelled() {
    same_but_narrow("uncancelled");
}

/// A static program, under `UMASKCLAMP_UNREACHABLE=refuse`, and no descriptor left to
/// see that it is one.
#[test]
fn enforce_with_no_descriptor_left_to_look_at_a_program() {
    for who in Who::all() {
        let [bare, shim] = [false, true].map(|preload| play("full", who, preload));
        assert!(
            bare.facts().contains("ldconfig"),
            "as {who}: {}",
            bare.facts()
        );
        let refused = "last 63\nexecl: Operation not permitted\n";
        assert_eq!(shim.facts(), refused, "as {who}");
        bare.leaks_something("full");
        shim.leaks_nothing("full");
    }
}

#[test]
fn enforce_where_the_child_of_a_spawn_goes() {
    same_but_narrow("entered");
}

#[test]
fn enforce_streams_that_are_reopened() {
    same_but_narrow("reopened");
}

/// What the queue's mode is, the name of a file says: nobody watches it from outside.
#[test]
fn enforce_names_that_proc_tells_otherwise() {
    same_but_narrow("renamed");
    for who in Who::all() {
        let [bare, shim] = [false, true].map(|preload| play("renamed", who, preload));
        let told = |played: &Played, name| played.tree.at(name).exists();
        if told(&bare, "outside/queue-0644") {
            assert!(told(&shim, "outside/queue-0600"), "as {who}");
        } else {
            println!("left out: queues: this kernel, or a container, has none");
        }
    }
}

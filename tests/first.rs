//! The index of a user's list is made when a hook first asks for a verdict, wherever that
//! is: the verdict is right, and so is every later one.

use umaskclamp_testkit::artefact::c_program;
use umaskclamp_testkit::stage::{Played, patterns};
use umaskclamp_testkit::{Run, Tree, Who};

/// How many patterns the lists have besides: the index of the long one does not fit into
/// the memory that the library brings along.
const LENGTHS: [usize; 2] = [100, 3000];

fn play(way: &str, length: usize, who: Who, preload: bool) -> Played {
    let tree = Tree::full(who);
    let program = c_program("first", &["-pthread"]);
    let run = match preload {
        true => Run::new(program),
        false => Run::bare(program),
    };
    let others = (0..length).map(|n| match n % 3 {
        0 => format!("file{n}:"),
        1 => format!("*.k{n}:"),
        _ => format!("/v/p{n}:"),
    });
    let list: String = others.chain([patterns(&tree)]).collect();
    let run = run
        .arg(way)
        .arg(&tree.root)
        .patterns(list)
        .who(who)
        .umask(0);
    let report = run.watch(&tree.root);
    assert!(!report.late, "{way} as {who}: killed, it took too long");
    Played { tree, report }
}

/// Only without the library what is created is wide, and only what is sensitive is narrow.
fn holds(way: &str) {
    for (who, length) in Who::all()
        .into_iter()
        .flat_map(|who| LENGTHS.map(|l| (who, l)))
    {
        let what = format!("{way} as {who}, {length} patterns");
        for preload in [false, true] {
            let played = play(way, length, who, preload);
            assert_eq!(played.facts(), format!("{way}\nfailed 0\n"), "{what}");
            for number in 0..3 {
                let mode = |place: &str| played.tree.mode(&format!("{place}/first{number}"));
                let narrow = if preload { 0o600 } else { 0o666 };
                assert_eq!(mode("secret"), narrow, "{what}: {number}");
                assert_eq!(mode("outside"), 0o666, "{what}: {number}");
            }
            match preload {
                true => played.leaks_nothing(&what),
                false => played.leaks_something(&what),
            }
        }
    }
}

#[test]
fn enforce_first_in_a_signal_handler() {
    holds("handler");
}

#[test]
fn enforce_first_in_a_vfork_child() {
    holds("vfork");
}

#[test]
fn enforce_first_in_two_threads_at_once() {
    holds("threads");
}

#[test]
fn enforce_first_without_memory() {
    holds("memory");
}

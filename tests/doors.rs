//! Doors that a program reaches only as it was linked: by a symbol's version, as
//! old programs do.

use umaskclamp_testkit::artefact::c_program;
use umaskclamp_testkit::stage::{patterns, Played};
use umaskclamp_testkit::{Run, Tree, Who};

fn play(tree: Tree, run: Run, who: Who) -> Played {
    let run = run.patterns(patterns(&tree)).who(who).umask(0o022);
    let report = run.watch(&tree.root);
    assert!(!report.late, "killed, it took too long");
    Played { tree, report }
}

/// The preload has no table of versions: what asks for a version gets it too.
#[test]
fn enforce_svcunix_create_of_an_old_program() {
    for who in Who::all() {
        for (socket, path) in [("own", "secret/service"), ("given", "outside/service.iso")] {
            let played = |preload: bool| {
                let tree = Tree::full(who);
                let program = c_program("svcunix", &[]);
                let run = if preload {
                    Run::new(program)
                } else {
                    Run::bare(program)
                };
                let run = run.arg(tree.at(path)).arg(socket);
                play(tree, run, who)
            };
            let what = format!("{socket} socket as {who}");
            let (bare, shim) = (played(false), played(true));
            assert_eq!(
                bare.facts(),
                "socket 3, of mode 140777\nconnected 0\n",
                "{what}, bare"
            );
            assert_eq!(shim.facts(), bare.facts(), "{what}");
            bare.leaks_something(&what);
            shim.leaks_nothing(&what);
        }
    }
}

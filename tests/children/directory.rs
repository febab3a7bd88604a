//! `posix_spawn` of a relative path behind file actions that change the directory:
//! the program that is looked at is the one that the child will find.

use std::fs;
use std::path::Path;

use umaskclamp_testkit::{Tree, Who};

use crate::programs::{changer, clear, mode, modes, shimmed, text, write, write_static};

/// Below the root and below `below` there are programs of the same name.
fn two(tree: &Tree, root: &Path, below: &Path, who: Who) {
    tree.dir("below", who);
    for (name, program) in [("program", root), ("below/program", below)] {
        let _ = fs::remove_file(tree.at(name));
        fs::copy(program, tree.at(name)).expect("copy");
        mode(&tree.at(name), 0o755);
    }
}

/// The modes of a sensitive file and a plain one, and what is said.
fn outcome(tree: &Tree, who: Who, how: &str) -> (Vec<String>, String) {
    let program = if how == "search" {
        "program"
    } else {
        "./program"
    };
    let report = shimmed(changer(), who, tree)
        .arg(how)
        .arg(tree.at("below"))
        .arg(program)
        .args([tree.at("a.iso"), tree.at("b.txt")])
        .run();
    clear(tree, &["a.iso", "b.txt"]);
    (modes(&report), text(&report.stderr))
}

#[test]
fn enforce_the_program_is_the_one_that_the_child_finds() {
    let Some(fixed) = write_static() else { return };
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for how in ["chdir", "twice", "fchdir", "search", "opened", "copied"] {
        two(&tree, write(), fixed, who);
        let (made, said) = outcome(&tree, who, how);
        assert_eq!(made, ["0600", "0600"], "{how}: {said}");
        assert!(said.contains("static program"), "{how}: {said}");
        two(&tree, fixed, write(), who);
        let (made, said) = outcome(&tree, who, how);
        assert_eq!(made, ["0600", "0644"], "{how}: {said}");
        assert_eq!(said, "", "{how}");
    }
}

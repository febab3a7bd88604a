//! Sequences that once went wrong, or would with an easy mistake, played bare and
//! under the shim side by side. Random ones: `scripts/fuzz`, `tests/fuzz`.

use umaskclamp_policy::rules::Kind;
use umaskclamp_testkit::Who;
use umaskclamp_testkit::sequence::{Case, Stage, play};

#[path = "../crates/policy/tests/reference/mod.rs"]
mod reference;

/// Plays `steps`, one a line, as everyone that there is.
fn right(rules: &str, steps: &str) {
    let stage = Stage::new();
    for who in Who::all() {
        let words = steps.lines().map(str::trim);
        let case = Case {
            who,
            rules: rules.split(':').map(str::to_owned).collect(),
            mask: 0o077,
            umask: 0o022,
            steps: words.filter(|l| !l.is_empty()).map(str::to_owned).collect(),
            kill: None,
        };
        judge(&stage, &case);
        // Killed wherever that is possible, nothing is wider than it was.
        for stop in [4, 8, 13, 20].into_iter().filter(|_| case.steps.len() < 20) {
            judge(
                &stage,
                &Case {
                    kill: Some(stop),
                    ..case.clone()
                },
            );
        }
    }
}

fn judge(stage: &Stage, case: &Case) {
    let sensitive = |rules: &[Vec<u8>], path: &[u8], directory: bool| {
        let kind = match directory {
            true => Kind::Directory,
            false => Kind::Other,
        };
        let found = reference::verdict(rules, path, kind, None);
        found.is_some_and(|(_, protects)| protects)
    };
    if let Err(fault) = play(stage, case, &sensitive) {
        panic!("{fault}");
    }
}

/// The sensitive file gets a plain name, which another file takes, and back.
#[test]
fn enforce_links_are_made_in_both_directions() {
    right(
        "/s:*.iso",
        "link s/a d/copy
         chmod d/copy 666
         link d/a s/b
         link s/a s/c
         unlink s/a
         rename s/c s/a",
    );
}

/// As dpkg and tar keep a name while they put another file in its place.
#[test]
fn enforce_a_link_is_kept_while_a_file_is_replaced() {
    right(
        "*.iso",
        "link d/x.iso d/x.old
         open d/x.new wcx 644
         rename d/x.new d/x.iso
         unlink d/x.old",
    );
}

/// A narrow file stays narrow whichever name it is widened by.
#[test]
fn enforce_a_file_with_two_names_that_is_renamed() {
    right(
        "/s",
        "link d/a d/b
         rename d/a s/new
         chmod d/b 644
         hold d/b r 0
         fchmod 666",
    );
}

/// Not even what is mounted in a directory that moves belongs to it.
#[test]
fn enforce_mounts_in_a_directory_that_moves() {
    right(
        "/s",
        "rename e s/e
         rename d s/d",
    );
}

#[test]
fn enforce_names_that_were_exempt_where_they_came_from() {
    right(
        "*.iso:!pub/",
        "rename pub done
         rename done/x.iso done/z",
    );
    right("*.iso:!pub/", "rename2 pub d 2");
}

/// Which of several errors a call meets is the kernel's to say.
#[test]
fn enforce_errors_are_the_kernels() {
    right(
        "/s:*.iso",
        "rename2 d/m/a s/a 1
         rename2 d/a s/a 3
         rename2 d/a s/a 10
         rename2 d d/x.iso 3
         link s/a d/a/
         link s/a d/m/b
         rename d/a d/m/x.iso
         rename d/m s/m
         rename d/r/x s/a
         rename d d/k/x.iso
         rename s d/a
         open s/new wc 666",
    );
}

/// Deeper than a walk with a descriptor for each level could go.
#[test]
fn enforce_a_deep_directory_moves() {
    let deep: Vec<String> = (1..80).map(|depth| vec!["k"; depth].join("/")).collect();
    let mut steps: String = deep
        .iter()
        .map(|path| format!("mkdir {path} 755\n"))
        .collect();
    steps += "rename k s/k\nrename s/k d/x.iso";
    right("/s:*.iso", &steps);
}

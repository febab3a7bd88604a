//! A `/bin/sh` that a preload cannot enter, as `system`, `popen` and `wordexp` start
//! it: a static shell is mounted over the machine's, for one process alone.

use std::path::Path;
use std::process::Command;

use umaskclamp_testkit::run::{Report, without};
use umaskclamp_testkit::{Tree, Who};

use crate::programs::{bare, clear, kinds, modes, start, text, write};

fn can_mount() -> bool {
    let mounts = || Command::new("unshare").args(["-m", "true"]).status();
    let can = Who::am_root() && mounts().is_ok_and(|status| status.success());
    if !can {
        println!("skipped: another /bin/sh: needs root and a mount namespace");
    }
    can
}

/// A static shell, where it can be mounted; says what is missing.
fn shell() -> Option<&'static str> {
    let shell = "/bin/bash-static";
    if !Path::new(shell).exists() {
        println!("skipped: a static shell: package bash-static");
        return None;
    }
    can_mount().then_some(shell)
}

/// `start HOW own ARGUMENTS...`, with this `/bin/sh`. As root: Debian's static shell
/// crashes where the user has no name.
fn started(tree: &Tree, shell: &str, settings: &[&str], how: &str, arguments: &[&str]) -> Report {
    let script = "mount --bind \"$0\" \"$(readlink -f /bin/sh)\" && umask 022 &&
          exec env \"$@\"";
    let mut run = bare(Path::new("/usr/bin/unshare"), Who::Root, tree)
        .args(["-m", "/bin/sh", "-c", script, shell])
        .args(settings);
    if !without() {
        let preload = umaskclamp_testkit::shim();
        run = run.arg(format!("LD_PRELOAD={}", preload.display()));
    }
    run.arg(start()).args([how, "own"]).args(arguments).run()
}

const SETTINGS: [&str; 2] = ["UMASKCLAMP_PATTERNS=*.iso", "UMASKCLAMP_LOG=warn"];

#[test]
fn a_shell_that_cannot_be_entered_has_a_narrowed_umask() {
    let Some(shell) = shell() else { return };
    let tree = Tree::empty(Who::Root);
    let write = write().to_str().expect("a path of ours");
    for how in ["system", "popen", "wordexp"] {
        for (settings, plain, records) in [
            (&["UMASKCLAMP_MASK=077"][..], "0600", 1),
            (&["UMASKCLAMP_MASK=027"], "0640", 1),
            (&["UMASKCLAMP_MASK=007"], "0640", 1),
            (&["UMASKCLAMP_UNREACHABLE=warn"], "0644", 1),
            (&["UMASKCLAMP_MODE=audit"], "0644", 1),
        ] {
            let settings = [&SETTINGS, settings].concat();
            let report = started(&tree, shell, &settings, how, &[write, "b.txt"]);
            let name = format!("{how} {settings:?}: {report:?}");
            assert_eq!(modes(&report), [plain], "{name}");
            let said = text(&report.stderr);
            let count = said.lines().filter(|line| line.contains("static program"));
            assert_eq!(count.count(), records, "{name}");
            clear(&tree, &["b.txt"]);
        }
        let settings = [&SETTINGS[..], &["UMASKCLAMP_UNREACHABLE=refuse"]].concat();
        let report = started(&tree, shell, &settings, how, &[write, "b.txt"]);
        assert!(modes(&report).is_empty(), "{how}: {report:?}");
        assert!(
            text(&report.stderr).contains("refused"),
            "{how}: {report:?}"
        );
    }
}

/// What the command prints, and how it ends, is not touched by what stands before it.
#[test]
fn a_shell_that_cannot_be_entered_runs_the_same_command() {
    let Some(shell) = shell() else { return };
    let tree = Tree::empty(Who::Root);
    for how in ["system", "popen"] {
        for command in [
            &["exit", "3"][..],
            &["kill", "-9", "$$"],
            &["echo", "a;", "false"],
            &["(", "echo", "a", ")"],
            &["#", "nothing"],
            &["!", "true"],
            &["{", "echo", "$-", "$0", "$#;", "}"],
            &["/none/such"],
        ] {
            let outcome = |settings: &[&str]| {
                let report = started(&tree, shell, settings, how, command);
                let said = text(&report.stderr);
                let own = said.lines().filter(|line| !line.contains("unreachable"));
                let own: Vec<_> = own.map(str::to_owned).collect();
                (report.status.code(), text(&report.stdout), own)
            };
            let off = [SETTINGS[0], "UMASKCLAMP_MODE=off"];
            assert_eq!(outcome(&SETTINGS), outcome(&off), "{how} {command:?}");
        }
    }
}

/// A musl program does not start with our entry in `LD_PRELOAD`. In the place of the
/// shell this one makes a file of each argument: `-c`, and the command.
#[test]
fn a_musl_shell_does_not_get_the_preload() {
    let musl = kinds().iter().find(|kind| kind.path.ends_with("musl"));
    let Some(musl) = musl.filter(|_| can_mount()) else {
        return;
    };
    let tree = Tree::empty(Who::Root);
    let shell = musl.path.to_str().expect("a path of ours");
    let report = started(&tree, shell, &SETTINGS, "system", &["b.txt"]);
    assert_eq!(modes(&report), ["0644", "0644"], "{report:?}");
    assert!(text(&report.stderr).contains("musl program"), "{report:?}");
}

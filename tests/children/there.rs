//! Settings that a program wrote for its child are taken as they are; only what is
//! absent is put back.

use std::fs;
use std::path::Path;
use std::process::Command;

use umaskclamp_testkit::{Report, Run, Tree, Who};

use crate::programs::{bare, clear, kinds, modes, shimmed, show, start, text, write, write_static};
use crate::ways;

/// A shell under the shim, with `*.iso` for its list, that starts others: `$W` makes
/// the files that are its arguments, `$S` is the same as a static program.
fn shell(who: Who, tree: &Tree, script: &str) -> Run {
    let fixed = write_static().unwrap_or(Path::new("/none"));
    shimmed(Path::new("/bin/sh"), who, tree)
        .args(["-c", script])
        .env("W", write())
        .env("S", fixed)
}

/// `script` makes `a.iso` and `b.txt`, or two files like these.
fn made(script: &str) -> Report {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for (name, list) in [("txt", "*.txt\n"), ("none", "# nothing\n")] {
        fs::write(tree.at(name), list).expect("write");
        tree.own(&tree.at(name), who);
    }
    shell(who, &tree, script).run()
}

#[track_caller]
fn makes(script: &str, expected: [&str; 2]) {
    let report = made(script);
    assert_eq!(modes(&report), expected, "{script}: {report:?}");
    assert_eq!(text(&report.stderr), "", "{script}");
}

#[test]
fn enforce_the_way_out_and_back() {
    makes("UMASKCLAMP_MODE=off $W a.iso b.txt", ["0644", "0644"]);
    makes(
        "env -i UMASKCLAMP_MODE=off $W a.iso b.txt",
        ["0644", "0644"],
    );
    // It stays so below, with the variable or without an environment.
    makes(
        "UMASKCLAMP_MODE=off sh -c '$W a.iso; env -i $W b.iso'",
        ["0644", "0644"],
    );
    makes("UMASKCLAMP_MODE=off $W b.iso; $W a.iso", ["0644", "0600"]);
    // The list is still there.
    makes(
        "UMASKCLAMP_MODE=off sh -c 'UMASKCLAMP_MODE=enforce $W a.iso b.txt'",
        ["0600", "0644"],
    );
    makes(
        "export UMASKCLAMP_MODE=audit; sh -c 'UMASKCLAMP_LOG=off UMASKCLAMP_MODE=enforce $W a.iso b.txt'",
        ["0600", "0644"],
    );
    makes(
        "UMASKCLAMP_LOG=off UMASKCLAMP_MODE=audit $W a.iso b.txt",
        ["0644", "0644"],
    );
}

#[test]
fn off_is_taken_by_every_way_to_start_a_program() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for how in ways() {
        let run = shimmed(start(), who, &tree).args([how, "off"]);
        let report = run.arg(write()).args(["a.iso", "b.txt"]).run();
        assert_eq!(modes(&report), ["0644", "0644"], "{how}: {report:?}");
        assert_eq!(text(&report.stderr), "", "{how}");
        clear(&tree, &["a.iso", "b.txt"]);
    }
}

#[test]
fn enforce_a_mask_and_a_list_that_are_there() {
    makes("UMASKCLAMP_MASK=027 $W a.iso b.txt", ["0640", "0644"]);
    makes(
        "UMASKCLAMP_PATTERNS='*.txt' $W a.iso b.txt",
        ["0644", "0600"],
    );
    // And what is below gets them.
    makes(
        "UMASKCLAMP_MASK=027 UMASKCLAMP_PATTERNS='*.txt' sh -c 'env -i $W a.iso b.txt'",
        ["0644", "0640"],
    );
}

/// The list and its file are one setting.
#[test]
fn enforce_a_file_takes_the_place_of_the_list_as_it_was_handed_on() {
    let file = "UMASKCLAMP_PATTERNS_FILE=$PWD/txt";
    makes(&format!("{file} $W a.iso b.txt"), ["0644", "0600"]);
    makes(&format!("env -i {file} $W a.iso b.txt"), ["0644", "0600"]);
    makes(
        &format!("unset UMASKCLAMP_PATTERNS; {file} $W a.iso b.txt"),
        ["0644", "0600"],
    );
    makes(
        &format!("UMASKCLAMP_PATTERNS= {file} $W a.iso b.txt"),
        ["0644", "0600"],
    );
    // The child hands on the file's list, and takes another one's as well.
    makes(
        &format!("{file} sh -c 'rm txt; env -i $W a.iso b.txt'"),
        ["0644", "0600"],
    );
    makes(
        &format!(
            "echo '*.iso' >iso; {file} sh -c 'UMASKCLAMP_PATTERNS_FILE=$PWD/iso $W a.iso b.txt'"
        ),
        ["0600", "0644"],
    );
    // Both written anew: both, as at the top.
    makes(
        &format!("{file} UMASKCLAMP_PATTERNS='*.img' $W a.img b.txt"),
        ["0600", "0600"],
    );
    // An empty one is none.
    makes("UMASKCLAMP_PATTERNS_FILE= $W a.iso b.txt", ["0600", "0644"]);
    // A file without patterns is the built-in list.
    makes(
        "UMASKCLAMP_PATTERNS_FILE=$PWD/none sh -c 'env -i $W a.sql b.txt'",
        ["0600", "0644"],
    );
}

/// Where nobody wrote a list, the built-in one is in force and none is handed on.
#[test]
fn enforce_a_list_below_the_built_in_one() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let script = "UMASKCLAMP_PATTERNS='*.txt' sh -c '\"$0\" a.iso; env -i \"$0\" b.txt' \"$0\"";
    let report = Run::new("/bin/sh")
        .args(["-c", script])
        .arg(write())
        .who(who)
        .cwd(&tree.root)
        .umask(0o022)
        .run();
    assert_eq!(modes(&report), ["0644", "0600"], "{report:?}");
}

/// What a child that cannot be entered gets is said by its own environment.
#[test]
fn a_static_program_gets_what_its_environment_says() {
    if write_static().is_none() {
        return;
    }
    for (before, expected, records) in [
        ("", &["0600", "0600"][..], 1),
        ("UMASKCLAMP_MODE=off", &["0644", "0644"], 0),
        ("env -i UMASKCLAMP_MODE=off", &["0644", "0644"], 0),
        ("UMASKCLAMP_MODE=audit", &["0644", "0644"], 1),
        ("UMASKCLAMP_MASK=027", &["0640", "0640"], 1),
        ("UMASKCLAMP_UNREACHABLE=warn", &["0644", "0644"], 1),
        ("UMASKCLAMP_UNREACHABLE=refuse", &[], 1),
        ("UMASKCLAMP_UNREACHABLE=", &["0600", "0600"], 1),
    ] {
        let report = made(&format!("{before} $S a.iso b.txt"));
        let count = text(&report.stderr).matches("static program").count();
        assert_eq!(count, records, "{before}: {report:?}");
        assert_eq!(modes(&report), expected, "{before}: {report:?}");
    }
    // Out of a job that refuses.
    let report = made("UMASKCLAMP_UNREACHABLE=refuse sh -c 'UMASKCLAMP_MODE=off $S a.iso b.txt'");
    assert_eq!(modes(&report), ["0644", "0644"], "{report:?}");
    assert_eq!(text(&report.stderr), "");
}

/// A musl program does not start with our entry in its `LD_PRELOAD`, off or not.
#[test]
fn a_musl_program_gets_out_as_well() {
    let Some(musl) = kinds().iter().find(|kind| kind.path.ends_with("musl")) else {
        return;
    };
    let musl = musl.path.display();
    makes(
        &format!("UMASKCLAMP_MODE=off {musl} a.iso b.txt"),
        ["0644", "0644"],
    );
}

/// Of several entries of a name the child takes the first that is not empty; each is
/// passed on. What has no `=` is no setting.
#[test]
fn the_first_of_a_name_is_taken() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for how in ["execve", "vfork-execle", "posix_spawn", "system"] {
        let run = shimmed(start(), who, &tree).args([how, "twice"]);
        let report = run.arg(write()).args(["a.iso", "b.txt"]).run();
        assert_eq!(modes(&report), ["0644", "0644"], "{how}: {report:?}");
        clear(&tree, &["a.iso", "b.txt"]);
    }
    let run = shimmed(start(), who, &tree).args(["execve", "twice"]);
    let report = run.arg(show()).arg("environment").run();
    let said = text(&report.stdout);
    let ours: Vec<_> = said
        .lines()
        .filter(|line| !line.starts_with("LD_"))
        .collect();
    // The program was loaded, and made its own environment what it hands on.
    let expected = [
        "UMASKCLAMP_MODE=audit",
        "UMASKCLAMP",
        "A=1",
        "UMASKCLAMP_PATTERNS=*.iso",
        "UMASKCLAMP_LOG=warn",
    ];
    assert_eq!(ours, expected);
}

/// A name that a child would not know, and would stop at, does not reach it. A record
/// says so, once in a process.
#[test]
fn enforce_an_unknown_name_is_dropped_and_recorded() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for how in ways() {
        let run = shimmed(start(), who, &tree).args([how, "strange"]);
        let report = run.arg(write()).args(["a.iso", "b.txt"]).run();
        assert_eq!(modes(&report), ["0600", "0644"], "{how}: {report:?}");
        let said = text(&report.stderr);
        assert_eq!(said.lines().count(), 1, "{how}: {said}");
        for part in ["dropped", "unknown variable UMASKCLAMP_PATTERN"] {
            assert!(said.contains(part), "{how}: {said}");
        }
        clear(&tree, &["a.iso", "b.txt"]);
    }
    let report =
        made("export UMASKCLAMP_X=1; env | grep -c UMASKCLAMP_X; UMASKCLAMP_MODE=off $W a.iso");
    assert_eq!(modes(&report), ["0", "0644"], "{report:?}");
}

/// Our own command gets it, and tells.
#[test]
fn an_unknown_name_stops_our_own_command() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    fs::copy(write(), tree.at("umaskclamp")).expect("copy");
    for call in ["./umaskclamp", "umaskclamp"] {
        let script = format!("PATH=$PWD:$PATH; UMASKCLAMP_X=1 {call} a.iso || echo $?");
        let report = shell(who, &tree, &script).run();
        assert_eq!(modes(&report), ["78"], "{call}: {report:?}");
        let said = text(&report.stderr);
        assert!(
            said.contains("UMASKCLAMP_X: unknown variable"),
            "{call}: {said}"
        );
        assert!(!tree.at("a.iso").exists());
    }
}

/// What a process hands on is in its own environment: a program that writes none of it
/// hands on just that.
#[test]
fn enforce_the_settings_of_a_process_are_as_it_hands_them_on() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let list = tree.file("list", 0o644, who);
    fs::write(&list, "*.a\n~/b\n").expect("write");
    let log = tree.at("log");
    let report = Run::new(show())
        .arg("environment")
        .env("HOME", "/h")
        .env("UMASKCLAMP_PATTERNS_FILE", &list)
        .env("UMASKCLAMP_PATTERNS", "*.c")
        .env("UMASKCLAMP_LOG_FILE", &log)
        .env("UMASKCLAMP_MASK", "27")
        .who(who)
        .cwd(&tree.root)
        .run();
    let said = text(&report.stdout);
    let mut ours: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("UMASKCLAMP_"))
        .collect();
    ours.sort_unstable();
    let log = format!("UMASKCLAMP_LOG_FILE=/{}", log.display());
    let expected = [
        &log,
        "UMASKCLAMP_MASK=27",
        "UMASKCLAMP_PATTERNS=*.a:/h/b:*.c",
    ];
    assert_eq!(ours, expected);
    let off = Run::new(show())
        .arg("environment")
        .env("UMASKCLAMP_MODE", "off");
    let report = off
        .env("UMASKCLAMP_LOG_FILE", "/l")
        .env("UMASKCLAMP_PATTERNS", "~/b")
        .run();
    let said = text(&report.stdout);
    for entry in ["UMASKCLAMP_LOG_FILE=/l\n", "UMASKCLAMP_PATTERNS=~/b\n"] {
        assert!(said.contains(entry), "{said}");
    }
}

/// A program that runs with more rights than its caller takes no settings from him, and
/// its children, which cannot tell, are not to find them.
#[test]
fn settings_do_not_pass_through_a_set_user_id_program() {
    let mounts = || Command::new("unshare").args(["-m", "true"]).status();
    if !Who::am_root() || !mounts().is_ok_and(|status| status.success()) {
        println!("skipped: /etc/ld.so.preload: needs root and a mount namespace");
        return;
    }
    let tree = Tree::empty(Who::Root);
    for (from, to) in [(start(), "start"), (&umaskclamp_testkit::shim(), "shim.so")] {
        fs::copy(from, tree.at(to)).expect("copy");
    }
    let script = "cp -a /etc etc && echo $PWD/shim.so >etc/ld.so.preload &&
        chmod 4755 start && mount --bind etc /etc &&
        exec setpriv --reuid 65534 --clear-groups ./start execve keep \"$0\" environment";
    let report = bare(Path::new("/usr/bin/unshare"), Who::Root, &tree)
        .args(["-m", "/bin/sh", "-c", script])
        .arg(show())
        .env("UMASKCLAMP_LOG_FILE", "/dev/null")
        .env("UMASKCLAMP_PATTERNS", "*.never")
        .run();
    let said = text(&report.stdout);
    assert!(
        said.contains("HOME=") && !said.contains("UMASKCLAMP"),
        "{report:?}"
    );
}

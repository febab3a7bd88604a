//! Go programs: their runtime makes its system calls itself, even where they are
//! linked with libc and a preload is in them. As made here, and Debian's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use umaskclamp_testkit::{Run, Tree, Who};

use crate::programs::{bare, built_by_go, clear, modes, shimmed, start, text};

/// What a record says of a Go program that names a dynamic loader.
const OWN_CALLS: &str = "makes its own system calls (Go)";

/// `mixed.go`, as cgo makes it, without and with a build id; says what is missing.
fn mixed() -> Option<&'static [PathBuf]> {
    static BUILT: OnceLock<Option<Vec<PathBuf>>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        [
            ("mixed", "-ldflags="),
            ("mixed-no-id", "-ldflags=-buildid="),
        ]
        .iter()
        .map(|(name, flags)| built_by_go("mixed.go", name, true, flags))
        .collect()
    });
    if built.is_none() {
        println!("skipped: a Go program linked with libc: package golang-go");
    }
    built.as_deref()
}

/// One of Debian's programs; says that it is missing.
fn debian(name: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: a Go program: package {name}");
    None
}

#[test]
fn debians_go_programs_are_recognised() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for program in ["restic", "age", "rclone"].into_iter().filter_map(debian) {
        let report = shimmed(start(), who, &tree)
            .args(["posix_spawn", "keep"])
            .arg(&program)
            .arg("version")
            .run();
        let said = text(&report.stderr);
        assert!(said.contains(OWN_CALLS), "{}: {said}", program.display());
    }
}

/// What Go does by itself has the umask only; what it does by libc is clamped as
/// in every program: the preload is in it.
#[test]
fn go_linked_with_libc_is_entered_and_has_the_umask_too() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let made = ["go.txt", "c.txt", "go.iso", "c.iso"];
    for program in mixed().unwrap_or_default() {
        for (unreachable, expected) in [
            ("umask", ["0600", "0600", "0600", "0600"]),
            ("warn", ["0644", "0644", "0644", "0600"]),
        ] {
            let report = shimmed(start(), who, &tree)
                .env("UMASKCLAMP_UNREACHABLE", unreachable)
                .args(["execve", "own"])
                .arg(program)
                .args(["go", made[0], "c", made[1], "go", made[2], "c", made[3]])
                .run();
            let name = format!("{unreachable} {}: {report:?}", program.display());
            assert_eq!(modes(&report), expected, "{name}");
            assert!(text(&report.stderr).contains(OWN_CALLS), "{name}");
            clear(&tree, &made);
        }
    }
}

#[test]
fn age_writes_under_the_narrowed_umask() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let Some(age) = debian("age") else { return };
    let keys = Command::new("/usr/bin/age-keygen")
        .output()
        .expect("age-keygen");
    let text = text(&keys.stdout);
    let recipient = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    let recipient = recipient.expect("a public key").to_owned();
    let report = shimmed(Path::new("/bin/sh"), who, &tree)
        .args(["-c", "exec \"$0\" -r \"$1\" -o out.age /etc/hostname"])
        .arg(age)
        .arg(recipient)
        .run();
    assert!(report.status.success(), "{report:?}");
    assert_eq!(tree.mode("out.age"), 0o600);
}

/// A shell that runs `script`, in which `$0` is `program`; its own files are not
/// in the way.
fn script(run: Run, program: &Path, script: &str) -> Run {
    run.env("HOME", "/nonexistent")
        .env("XDG_CACHE_HOME", "/nonexistent")
        .env("RCLONE_CONFIG", "/dev/null")
        .env("RESTIC_PASSWORD", "x")
        .args(["-c", script])
        .arg(program)
}

/// What a Go program says, without the time before it.
fn lines(said: &[u8]) -> Vec<String> {
    let said = text(said);
    let lines = said.lines().filter(|line| !line.contains("unreachable"));
    lines
        .map(|line| line.trim_start_matches(|c: char| c.is_ascii_digit() || "/: ".contains(c)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn rclone_copies_as_without_the_shim_and_has_the_promised_modes() {
    let Some(rclone) = debian("rclone") else {
        return;
    };
    let sh = Path::new("/bin/sh");
    for who in Who::all() {
        let tree = Tree::empty(who);
        tree.dir("from", who);
        fs::write(tree.file("from/a.txt", 0o644, who), "content").expect("write");
        tree.dir("closed", Who::Root);
        let copy = "exec \"$0\" copy from to";
        for (unreachable, mode) in [("umask", 0o600), ("warn", 0o644)] {
            let run = shimmed(sh, who, &tree).env("UMASKCLAMP_UNREACHABLE", unreachable);
            let report = script(run, &rclone, copy).run();
            assert!(report.status.success(), "{who} {unreachable}: {report:?}");
            assert_eq!(tree.mode("to/a.txt"), mode, "{who} {unreachable}");
            assert_eq!(fs::read(tree.at("to/a.txt")).expect("read"), b"content");
            let said = text(&report.stderr);
            assert!(said.contains(OWN_CALLS), "{who} {unreachable}: {said}");
            fs::remove_dir_all(tree.at("to")).expect("made");
        }
        let run = shimmed(sh, who, &tree).env("UMASKCLAMP_UNREACHABLE", "refuse");
        let report = script(run, &rclone, copy).run();
        assert_eq!(report.status.code(), Some(126), "{who}: {report:?}");
        assert!(!tree.at("to").exists());
        assert!(text(&report.stderr).contains("Operation not permitted"));
        for failing in [
            "exec \"$0\" copy nothing to",
            "exec \"$0\" --retries 1 copy from closed/to",
            "exec \"$0\" --retries 1 copy from from/a.txt",
            "exec \"$0\" nonsense",
        ] {
            let ours = script(shimmed(sh, who, &tree), &rclone, failing).run();
            let _ = fs::remove_dir_all(tree.at("closed/to"));
            let plain = script(bare(sh, who, &tree), &rclone, failing).run();
            let _ = fs::remove_dir_all(tree.at("closed/to"));
            let name = format!("{who} {failing}: {ours:?}");
            assert_eq!(ours.status.code(), plain.status.code(), "{name}");
            assert_eq!(lines(&ours.stdout), lines(&plain.stdout), "{name}");
            assert_eq!(lines(&ours.stderr), lines(&plain.stderr), "{name}");
        }
    }
}

/// restic gives a restored file the mode that it had: a umask is no help there.
#[test]
fn restic_keeps_its_repository_closed_and_restores_what_was() {
    let Some(restic) = debian("restic") else {
        return;
    };
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    tree.dir("from", who);
    fs::write(tree.file("from/a.txt", 0o640, who), "content").expect("write");
    let report = script(
        shimmed(Path::new("/bin/sh"), who, &tree),
        &restic,
        "$0 --no-cache -q init -r repo && $0 --no-cache -q -r repo backup from &&
         exec $0 --no-cache -q -r repo restore latest --target to",
    )
    .run();
    assert!(report.status.success(), "{report:?}");
    assert_eq!(
        fs::read(tree.at("to/from/a.txt")).expect("read"),
        b"content"
    );
    assert_eq!(tree.mode("to/from/a.txt"), 0o640);
    assert_eq!(tree.mode("repo/config") & 0o077, 0);
    let report = script(
        shimmed(Path::new("/bin/sh"), who, &tree),
        &restic,
        "exec $0 --no-cache -r nothing snapshots",
    )
    .run();
    assert_eq!(report.status.code(), Some(1), "{report:?}");
}

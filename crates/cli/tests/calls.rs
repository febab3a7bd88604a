//! Programs that the library enters and that make calls past it, here by rustix where
//! that does not go through libc.
#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin;
use common::{chmod, command, directory, library, mode, run, text, umaskclamp};

const OWN_CALLS: &str = "makes some system calls of its own";

/// The kit's program, in a directory of the test.
fn raw(top: &Path) -> PathBuf {
    let program = top.join("raw");
    fs::copy(umaskclamp_testkit::artefact::program("raw"), &program).unwrap();
    program
}

#[test]
fn doctor_tells_a_program_that_creates_past_libc_and_follows_scripts_to_it() {
    let (_keep, top) = directory();
    let raw = raw(&top);
    let script = top.join("script");
    fs::write(&script, format!("#!{}\n", raw.display())).unwrap();
    chmod(&script, 0o755);
    let doctor = |program: &Path| {
        let mut command = umaskclamp();
        command.args(["doctor", "--library"]).arg(library());
        let output = command.arg(program).output().unwrap();
        (output.status.code(), text(&output.stdout))
    };
    for program in [&raw, &script] {
        let (status, said) = doctor(program);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(&format!("{}: {OWN_CALLS}", raw.display())));
        assert!(said.contains("what goes through libc is clamped"), "{said}");
    }
    for program in ["/bin/sh", "/bin/cp"] {
        let (status, said) = doctor(Path::new(program));
        assert_eq!(status, Some(0), "{said}");
        assert!(!said.contains(OWN_CALLS), "{said}");
    }
}

/// The truth about it: what is said is what happens, whatever is to be done with
/// programs that cannot be entered.
#[test]
fn run_says_and_records_it_and_starts_the_program_as_it_is() {
    let (_keep, top) = directory();
    let raw = raw(&top);
    for (unreachable, setting) in [
        ("umask", "enforce"),
        ("warn", "enforce"),
        ("refuse", "enforce"),
        ("umask", "audit"),
        ("umask", "off"),
    ] {
        let name = format!("{unreachable} {setting}");
        let output = command("sh")
            .args(["-c", "umask 022; exec \"$@\"", "sh"])
            .arg(cargo_bin("umaskclamp"))
            .args(["run", "-p", "*.key", "-l", "log", "--library"])
            .arg(library())
            .arg(&raw)
            .args(["past.key", "through.key"])
            .env("UMASKCLAMP_UNREACHABLE", unreachable)
            .env("UMASKCLAMP_MODE", setting)
            .current_dir(&top)
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        let told = said.lines().filter(|line| line.contains(OWN_CALLS)).count();
        let log = fs::read_to_string(top.join("log")).unwrap_or_default();
        let record = format!("\"path\":\"{}\"", raw.display());
        let records = log.lines().filter(|line| {
            line.contains("\"action\":\"unreachable\"")
                && line.contains(&record)
                && line.contains(&format!("\"reason\":\"{OWN_CALLS}\""))
        });
        let expected = usize::from(setting != "off");
        assert_eq!(
            (told, records.count()),
            (expected, expected),
            "{name}: {said}{log}"
        );
        // Neither the umask nor the clamp: so far the sentence goes, and no further.
        assert_eq!(mode(&top.join("past.key")), 0o644, "{name}");
        let through = if setting == "enforce" { 0o600 } else { 0o644 };
        assert_eq!(mode(&top.join("through.key")), through, "{name}");
        for left in ["past.key", "through.key", "log"] {
            let _ = fs::remove_file(top.join(left));
        }
    }
}

/// A job that is warned of what ran unprotected has been told this already.
#[test]
fn a_run_inside_a_job_says_it_once() {
    let (_keep, top) = directory();
    let output = run()
        .args(["-p", "*.key", "--"])
        .arg(cargo_bin("umaskclamp"))
        .args(["run", "--library"])
        .arg(library())
        .arg(raw(&top))
        .args(["past.key", "through.key"])
        .env("UMASKCLAMP_UNREACHABLE", "warn")
        .current_dir(&top)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    let told = said.lines().filter(|line| line.contains("/raw: "));
    assert_eq!(told.count(), 1, "{said}");
    assert!(!said.contains("ran unprotected"), "{said}");
}

#[test]
fn the_report_has_it() {
    let (_keep, top) = directory();
    let output = run()
        .args(["-p", "*.key", "--report"])
        .arg(raw(&top))
        .args(["past.key", "through.key"])
        .current_dir(&top)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(said.contains(&format!("(raw: {OWN_CALLS})")), "{said}");
    assert!(said.contains("1 unreachable (1 path)"), "{said}");
    assert!(said.contains("1 clamped (1 path)"), "{said}");
}

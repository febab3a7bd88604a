//! `umaskclamp run` in a job that is protected already.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::cargo::cargo_bin;
use common::{command, directory, library, mode, run, text, umaskclamp};

/// A shell script under the library with this list, in `top`, where `$RUN` is `umaskclamp
/// run`.
fn job(top: &Path, settings: &[(&str, &str)], script: &str) -> Output {
    let run = format!(
        "{} run --library {}",
        cargo_bin("umaskclamp").display(),
        library().display()
    );
    command("sh")
        .args(["-c", &format!("umask 022; {script}")])
        .env("LD_PRELOAD", library())
        .env("RUN", run)
        .envs(settings.iter().copied())
        .current_dir(top)
        .output()
        .unwrap()
}

const A: &[(&str, &str)] = &[("UMASKCLAMP_PATTERNS", "a.*")];

/// What the modes of these files come to, and what was said.
#[track_caller]
fn comes_to(settings: &[(&str, &str)], script: &str, expected: &[(&str, u32)], said: &str) {
    let (_keep, top) = directory();
    fs::write(top.join("list"), "b.*\n").unwrap();
    let output = job(&top, settings, script);
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{script}: {stderr}");
    for (name, bits) in expected {
        assert_eq!(mode(&top.join(name)), *bits, "{script}: {name}: {stderr}");
    }
    match said {
        "" => assert_eq!(stderr, "", "{script}"),
        said => assert!(stderr.contains(said), "{script}: {stderr}"),
    }
}

#[test]
fn its_list_comes_behind_the_one_in_force() {
    let all = [("a.x", 0o600), ("b.x", 0o600), ("c.x", 0o644)];
    let make = "-- sh -c ': >a.x; : >b.x; : >c.x'";
    comes_to(A, &format!("$RUN -p 'b.*' {make}"), &all, "");
    comes_to(A, &format!("$RUN -f list {make}"), &all, "");
    comes_to(
        A,
        &format!("env -i RUN=\"$RUN\" $RUN -f list {make}"),
        &all,
        "",
    );
    let exempt = [("a.x", 0o644), ("b.x", 0o600), ("c.x", 0o644)];
    comes_to(A, &format!("$RUN -f list -p '!a.x' {make}"), &exempt, "");
    // A run in a run in a run.
    let twice = format!("$RUN -p 'b.*' -- $RUN -p '!b.y' {make}");
    comes_to(A, &twice, &all, "");
    // Nothing chosen: the list in force.
    let old = [("a.x", 0o600), ("b.x", 0o644)];
    comes_to(A, &format!("$RUN {make}"), &old, "");
}

/// Once, or a long list could be chosen again only so often as the variable has room.
#[test]
fn rules_that_end_the_list_in_force_stand_in_it_once() {
    let (_keep, top) = directory();
    let print = "printenv UMASKCLAMP_PATTERNS";
    for (script, expected) in [
        ("$RUN -p a.* $RUN -p a.* -p b", "a.*:b\n"),
        ("$RUN -p b:!a.x $RUN -p b:!a.x", "a.*:b:!a.x\n"),
        ("$RUN -p b:c $RUN -p c:d", "a.*:b:c:d\n"),
        // Another order is another list.
        ("$RUN -p b:c $RUN -p b", "a.*:b:c:b\n"),
        ("$RUN -p x\\\\:b $RUN -p b", "a.*:x\\:b:b\n"),
    ] {
        let output = job(&top, A, &format!("set -f; {script} {print}"));
        let stderr = text(&output.stderr);
        assert_eq!(text(&output.stdout), expected, "{script}: {stderr}");
    }
    let long: String = (0..4000).map(|n| format!("/srv/{n:020}\n")).collect();
    fs::write(top.join("long"), long).unwrap();
    let output = job(&top, A, "$RUN -f long $RUN -f long $RUN -f long true");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn its_list_comes_behind_the_built_in_one() {
    let make = "-- sh -c ': >a.sql; : >b.x; : >c.x'";
    let all = [("a.sql", 0o600), ("b.x", 0o600), ("c.x", 0o644)];
    comes_to(&[], &format!("$RUN -p 'b.*' {make}"), &all, "");
    // And the built-in one behind another.
    comes_to(A, &format!("$RUN -b -p 'b.*' {make}"), &all, "");
}

#[test]
fn a_run_in_a_run() {
    let (_keep, top) = directory();
    let inner = "\"$0\" run --library \"$1\" -p b -- sh -c 'umask 0; : >a; : >b; : >c'";
    run()
        .args(["-p", "a", "--", "sh", "-c", inner])
        .arg(cargo_bin("umaskclamp"))
        .arg(umaskclamp_testkit::shim())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .current_dir(&top)
        .assert()
        .success()
        .stderr("");
    let modes = ["a", "b", "c"].map(|name| mode(&top.join(name)));
    assert_eq!(modes, [0o600, 0o600, 0o666]);
}

/// The library of the job under another name: a link, a copy.
#[test]
fn a_job_whose_library_has_another_name() {
    let (_keep, top) = directory();
    std::os::unix::fs::symlink(library(), top.join("link.so")).unwrap();
    fs::copy(library(), top.join("copy.so")).unwrap();
    for name in ["link.so", "copy.so"] {
        let script = "umask 0; $RUN -p b printenv LD_PRELOAD UMASKCLAMP_PATTERNS; \
                      $RUN -p b -- touch a b c; stat -c %a a b c; rm a b c";
        let run = cargo_bin("umaskclamp");
        let run = format!("{} run --library {}", run.display(), library().display());
        let output = command("sh")
            .args(["-c", script])
            .env("LD_PRELOAD", top.join(name))
            .env("UMASKCLAMP_PATTERNS", "a")
            .env("RUN", run)
            .current_dir(&top)
            .output()
            .unwrap();
        let expected = format!("{}/{name}\na:b\n600\n600\n666\n", top.display());
        assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    }
}

#[test]
fn only_takes_its_list_alone() {
    let make = "-- sh -c ': >a.x; : >b.x'";
    let alone = [("a.x", 0o644), ("b.x", 0o600)];
    comes_to(A, &format!("$RUN --only -p 'b.*' {make}"), &alone, "");
    comes_to(A, &format!("$RUN --only -f list {make}"), &alone, "");
    // Outside of a job it says what holds there anyway.
    let (_keep, top) = directory();
    run()
        .args(["--only", "-p", "b", "sh", "-c", "umask 0; : >a; : >b"])
        .env("UMASKCLAMP_PATTERNS", "a")
        .current_dir(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join("a")), 0o666);
    assert_eq!(mode(&top.join("b")), 0o600);
    umaskclamp()
        .args(["run", "--only", "true"])
        .assert()
        .code(64);
}

#[test]
fn its_mask_is_that_of_the_inner_run() {
    let make = "-- sh -c ': >b.x'";
    let script = format!(": >a.x; $RUN -m 027 --only -p 'b.*' {make}; : >a.y");
    let modes = [("a.x", 0o600), ("a.y", 0o600), ("b.x", 0o640)];
    comes_to(A, &script, &modes, "");
    // It holds at the job's places in there as well, which is said.
    let script = format!(": >a.x; $RUN -m 027 -p 'b.*' {make}; : >a.y");
    comes_to(
        A,
        &script,
        &modes,
        "mask 027 holds at the places of the job's own list",
    );
    let wide = [("UMASKCLAMP_PATTERNS", "a.*"), ("UMASKCLAMP_MASK", "027")];
    let modes = [("a.x", 0o640), ("b.x", 0o600)];
    let script = format!(": >a.x; $RUN -m 077 -p 'b.*' {make}");
    comes_to(&wide, &script, &modes, "");
}

#[test]
fn an_audited_job_starts_an_enforcing_one() {
    let audit = [("UMASKCLAMP_PATTERNS", "a.*"), ("UMASKCLAMP_MODE", "audit")];
    let script = ": >a.x; UMASKCLAMP_MODE=enforce $RUN -p 'b.*' -- sh -c ': >a.y; : >b.x'";
    let modes = [("a.x", 0o644), ("a.y", 0o600), ("b.x", 0o600)];
    comes_to(&audit, script, &modes, "");
}

#[test]
fn what_is_wrong_inside_a_job_stops_it() {
    for (before, said) in [
        (
            "UMASKCLAMP_PATTERN=x",
            "UMASKCLAMP_PATTERN: unknown variable",
        ),
        ("UMASKCLAMP_MODE=of", "UMASKCLAMP_MODE: unknown value"),
        ("UMASKCLAMP_PATTERNS=[", "UMASKCLAMP_PATTERNS: pattern 1"),
        (
            "UMASKCLAMP_PATTERNS_FILE=/none",
            "UMASKCLAMP_PATTERNS_FILE: /none: no such file",
        ),
    ] {
        let (_keep, top) = directory();
        let output = job(&top, A, &format!("{before} $RUN -p 'b.*' -- touch started"));
        assert_eq!(output.status.code(), Some(78), "{before}");
        let stderr = text(&output.stderr);
        assert!(stderr.contains(said), "{before}: {stderr}");
        assert!(!top.join("started").exists());
    }
    // Of the options, with the file that it stands in.
    let (_keep, top) = directory();
    fs::write(top.join("list"), "ok\n[a\n").unwrap();
    let output = job(&top, A, "$RUN -f list -- touch started");
    assert_eq!(output.status.code(), Some(78));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("list: line 2 \"[a\""), "{stderr}");
    assert!(!top.join("started").exists());
}

/// A job that got out is not protected: there is no list in force.
#[test]
fn a_job_that_is_off_has_no_list() {
    let (_keep, top) = directory();
    let script = "export UMASKCLAMP_MODE=off; $RUN -p b printenv UMASKCLAMP_PATTERNS";
    let output = job(&top, A, script);
    assert_eq!(text(&output.stdout), "b\n");
}

/// The log of the job may be out of reach: that costs records.
#[test]
fn a_log_of_the_job_that_cannot_be_opened() {
    let (_keep, top) = directory();
    fs::create_dir(top.join("logs")).unwrap();
    let log = top.join("logs/log");
    let settings = [A[0], ("UMASKCLAMP_LOG_FILE", log.to_str().unwrap())];
    let script = "rm -r logs; $RUN -p 'b.*' -- sh -c ': >b.x'";
    let output = job(&top, &settings, script);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(mode(&top.join("b.x")), 0o600);
}

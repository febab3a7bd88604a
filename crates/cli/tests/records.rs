//! Records: many writers to one log, what `report` and `suggest` make of it, and
//! what reaches a terminal.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;

use common::{command, directory, library, mode, run, text, umaskclamp};
use serde_json::Value;

const WRITERS: usize = 200;
const EACH: usize = 500;

#[test]
fn two_hundred_processes_write_one_log() {
    let (_keep, top) = directory();
    let log = top.join("log");
    let script = "umask 0; i=0; while [ $i -lt \"$2\" ]; do : >\"w$1.$i\"; i=$((i+1)); done";
    let mut writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            command("sh")
                .args(["-c", script, "sh", &number.to_string(), &EACH.to_string()])
                .current_dir(&top)
                .env("LD_PRELOAD", library())
                .env("UMASKCLAMP_PATTERNS", "w*")
                .env("UMASKCLAMP_LOG_FILE", &log)
                .spawn()
                .unwrap()
        })
        .collect();
    for writer in &mut writers {
        assert!(writer.wait().unwrap().success());
    }
    let records = fs::read_to_string(&log).unwrap();
    let mut paths: Vec<String> = records
        .lines()
        .map(|line| {
            let record: Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            assert_eq!(record["v"], 1);
            assert_eq!(record["action"], "clamped");
            assert_eq!(record["applied"], "0600");
            record["path"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(paths.len(), WRITERS * EACH);
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), WRITERS * EACH, "one record for each file");

    let output = umaskclamp()
        .args(["report", "--json"])
        .arg(&log)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["records"], WRITERS * EACH);
    assert_eq!(report["strange_lines"], 0);
    assert_eq!(report["sums"]["clamped"]["paths"], WRITERS * EACH);

    let output = umaskclamp().arg("suggest").arg(&log).output().unwrap();
    let suggested = text(&output.stdout);
    let patterns: Vec<&str> = suggested.lines().filter(|l| !l.starts_with('#')).collect();
    // The part of the directory's name that mkdtemp(3) made is left open.
    assert_eq!(
        patterns.len(),
        1,
        "one directory covers them all: {suggested}"
    );
    assert!(
        patterns[0].starts_with("/tmp/umaskclamp-cli-"),
        "{suggested}"
    );
}

/// A name that would move the cursor, change colours, end a line, and is no UTF-8.
const EVIL: &[u8] = b"a\nb\x1b[31m\x1b]0;title\x07\r\xe2\x80\xae\xff";

fn evil_log(top: &Path) -> std::path::PathBuf {
    let log = top.join("log");
    run()
        .args(["-p", "a*", "-l"])
        .arg(&log)
        .args(["sh", "-c", "umask 0; : >\"$1\"", "sh"])
        .arg(OsStr::from_bytes(EVIL))
        .current_dir(top)
        .assert()
        .success();
    assert_eq!(mode(&top.join(OsStr::from_bytes(EVIL))), 0o600);
    log
}

#[test]
fn a_hostile_name_cannot_forge_a_record_or_reach_the_terminal() {
    let (_keep, top) = directory();
    let log = evil_log(&top);
    let records = fs::read(&log).unwrap();
    assert_eq!(records.iter().filter(|&&byte| byte == b'\n').count(), 1);

    let output = umaskclamp().arg("report").arg(&log).output().unwrap();
    let report = text(&output.stdout);
    assert!(
        report.contains(r"a\nb\x1b[31m\x1b]0;title\x07\r\u{202e}\xff"),
        "{report}"
    );
    assert!(
        !report.contains(['\x1b', '\x07', '\r', '\u{202e}']),
        "{report}"
    );
    assert_eq!(report.lines().count(), 3);

    let output = umaskclamp()
        .args(["report", "--json"])
        .arg(&log)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let hex = report["rows"][0]["path_hex"].as_str().unwrap();
    let name: String = EVIL.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(hex.ends_with(&name), "{hex}");
}

#[test]
fn a_suggestion_for_a_hostile_name_covers_it() {
    let (_keep, top) = directory();
    let log = evil_log(&top);
    let output = umaskclamp().arg("suggest").arg(&log).output().unwrap();
    let list = top.join("list");
    fs::write(&list, &output.stdout).unwrap();
    fs::remove_file(top.join(OsStr::from_bytes(EVIL))).unwrap();
    run()
        .arg("-f")
        .arg(&list)
        .args(["sh", "-c", "umask 0; : >\"$1\"; : >other", "sh"])
        .arg(OsStr::from_bytes(EVIL))
        .current_dir(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join(OsStr::from_bytes(EVIL))), 0o600);
    assert_eq!(mode(&top.join("other")), 0o666);
}

/// What `command` writes on a terminal of 80 columns.
fn on_a_terminal(line: &str, colour: bool) -> String {
    let script = format!("stty cols 80 rows 24; {line}");
    let mut terminal = command("script");
    terminal
        .args(["-q", "-e", "-c", &script, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR")
        .stdin(Stdio::null());
    if !colour {
        terminal.env("NO_COLOR", "1");
    }
    let output = terminal.output().expect("script(1) of bsdutils");
    text(&output.stdout).replace('\r', "")
}

#[test]
fn eighty_columns_in_colour_and_without() {
    let (_keep, top) = directory();
    let log = evil_log(&top);
    let program = assert_cmd::cargo::cargo_bin("umaskclamp");
    let report = format!("{} report {}", program.display(), log.display());

    let plain = on_a_terminal(&report, false);
    assert!(
        plain.contains("clamped") && !plain.contains('\x1b'),
        "{plain}"
    );
    let long: Vec<&str> = plain
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert_eq!(long, [""; 0]);

    let wide = on_a_terminal(&format!("{report} --wide"), false);
    let path = format!("{}/a\\nb\\x1b[31m", top.display());
    assert!(wide.contains(&path), "{wide}");

    let coloured = on_a_terminal(&report, true);
    assert!(coloured.contains("\x1b[32mclamped"), "{coloured}");
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(stripped, plain, "colours say nothing that the words do not");
}

#[test]
fn every_help_fits_eighty_columns() {
    let program = assert_cmd::cargo::cargo_bin("umaskclamp");
    for sub in [
        "", "run", "explain", "doctor", "report", "suggest", "patterns", "scan",
    ] {
        let help = on_a_terminal(&format!("{} {sub} --help", program.display()), false);
        assert!(help.contains("Usage: umaskclamp"), "{sub}: {help}");
        assert!(help.contains("Examples:"), "{sub}");
        let long: Vec<&str> = help
            .lines()
            .filter(|line| line.chars().count() > 80)
            .collect();
        assert_eq!(long, [""; 0], "{sub}");
    }
}

#[test]
fn logs_that_are_none() {
    let (_keep, top) = directory();
    let log = top.join("log");
    umaskclamp().arg("report").arg(&log).assert().code(66);
    fs::write(&log, "not a record\n{\"v\":2}\n").unwrap();
    umaskclamp().arg("report").arg(&log).assert().code(65);
    umaskclamp().arg("suggest").arg(&log).assert().code(65);
    fs::write(&log, "").unwrap();
    let output = umaskclamp().arg("report").arg(&log).output().unwrap();
    assert!(text(&output.stdout).starts_with("Nothing was clamped"));
    umaskclamp()
        .arg("suggest")
        .arg("-")
        .write_stdin("")
        .assert()
        .success();
}

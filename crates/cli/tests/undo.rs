//! `umaskclamp report --undo`: what was tightened gets its mode back, and nothing else does.

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use assert_cmd::assert::Assert;
use common::{chmod, directory, mode, run, text, umaskclamp};
use serde_json::{Value, json};

const LATER: &str = "2199-01-01T00:00:00.000000Z";

/// A record as the library leaves it, for the inode at this path.
fn record(path: &Path, requested: &str, applied: &str) -> Value {
    let data = fs::symlink_metadata(path).unwrap();
    json!({
        "v": 1, "time": LATER, "level": "info", "pid": 7, "program": "tar", "call": "openat",
        "action": "tightened", "path": path, "requested": requested, "applied": applied,
        "device": data.dev(), "inode": data.ino(), "owner": data.uid(), "rule": "x", "reason": "",
    })
}

fn undo(log: &Path, more: &[&str]) -> Assert {
    let mut command = umaskclamp();
    command
        .args(["report", "--undo"])
        .args(more)
        .arg(log)
        .assert()
}

/// What one `--apply` of these records says of the last one's inode.
fn applied(directory: &Path, records: &[Value]) -> Value {
    let log = directory.join("log");
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    fs::write(&log, lines.join("\n")).unwrap();
    chmod(&log, 0o600);
    let assert = undo(&log, &["--apply", "--json"]).success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

fn file(directory: &Path, name: &str, bits: u32) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, "x").unwrap();
    chmod(&path, bits);
    path
}

#[test]
fn a_job_is_undone_on_demand_only() {
    let (_keep, top) = directory();
    let sensitive = top.join("s");
    fs::create_dir(&sensitive).unwrap();
    chmod(&sensitive, 0o755);
    let old = file(&sensitive, "old", 0o664);
    let plain = file(&top, "plain", 0o604);
    let tree = top.join("tree");
    fs::create_dir(&tree).unwrap();
    chmod(&tree, 0o755);
    let moved = sensitive.join("moved");
    let log = top.join("log");
    let script = format!(
        "echo y >> {old}; mv {plain} {moved}; mv {tree} {top}/s/tree; echo z > {top}/s/new",
        old = old.display(),
        plain = plain.display(),
        moved = moved.display(),
        tree = tree.display(),
        top = top.display(),
    );
    run()
        .arg("-p")
        .arg(&sensitive)
        .arg("--log")
        .arg(&log)
        .args(["--", "sh", "-c", &script])
        .assert()
        .success();
    let modes = || [&old, &moved, &sensitive.join("tree")].map(|path| mode(path));
    assert_eq!(modes(), [0o600, 0o600, 0o700]);

    let assert = undo(&log, &[]).success();
    let said = text(&assert.get_output().stdout);
    assert!(said.contains("0600 -> 0664"), "{said}");
    assert!(
        said.contains("3 to restore (--apply does it), 0 left"),
        "{said}"
    );
    assert_eq!(modes(), [0o600, 0o600, 0o700]);

    undo(&log, &["--apply"]).success();
    assert_eq!(modes(), [0o664, 0o604, 0o755]);
    assert_eq!(
        mode(&sensitive.join("new")),
        0o600,
        "what was made narrow stays so"
    );

    let said = text(&undo(&log, &["--apply"]).success().get_output().stdout);
    assert!(said.contains("0 restored, 3 left as they are"), "{said}");
}

#[test]
fn steps_are_taken_back_as_far_as_they_join() {
    let (_keep, top) = directory();
    let path = file(&top, "file", 0o600);
    let steps = [record(&path, "0666", "0640"), record(&path, "0640", "0600")];
    assert_eq!(applied(&top, &steps)["before"], "0666");
    assert_eq!(mode(&path), 0o666);

    chmod(&path, 0o600);
    // Somebody chose 0644 in between.
    let steps = [record(&path, "0666", "0600"), record(&path, "0644", "0600")];
    applied(&top, &steps);
    assert_eq!(mode(&path), 0o644);
}

#[test]
fn what_changed_since_is_left() {
    let (_keep, top) = directory();
    let left = |records: &[Value], why: &str| {
        let said = applied(&top, records);
        assert_eq!(said["action"], "left", "{said}");
        assert!(said["reason"].as_str().unwrap().contains(why), "{said}");
    };
    let path = file(&top, "file", 0o600);
    let genuine = record(&path, "0644", "0600");
    let with = |field: &str, value: Value| {
        let mut record = genuine.clone();
        record[field] = value;
        record
    };
    chmod(&path, 0o640);
    left(std::slice::from_ref(&genuine), "mode was changed");
    chmod(&path, 0o600);
    left(&[with("owner", json!(4711))], "another owner");
    left(&[with("inode", json!(1))], "no longer there");
    left(&[with("device", json!(1))], "no longer there");
    left(
        &[with("time", json!("2001-01-01T00:00:00.000000Z"))],
        "made since",
    );
    // No mask reaches these bits.
    left(&[with("requested", json!("4755"))], "mode was changed");
    let link = top.join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    left(&[with("path", json!(link))], "no longer there");
    assert_eq!(mode(&path), 0o600);
    if rustix::process::geteuid().is_root() {
        chown(&path, Some(12345), None).unwrap();
        left(&[genuine], "another owner");
    }
}

#[test]
fn other_names_of_the_inode_are_tried() {
    let (_keep, top) = directory();
    let path = file(&top, "file", 0o600);
    let steps = [record(&path, "0640", "0600"), record(&path, "0640", "0600")];
    let mut steps = steps;
    steps[1]["path"] = json!(top.join("gone"));
    applied(&top, &steps);
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_log_that_others_may_have_written_is_refused() {
    let (_keep, top) = directory();
    let path = file(&top, "file", 0o600);
    let log = top.join("log");
    fs::write(&log, record(&path, "0644", "0600").to_string()).unwrap();
    chmod(&log, 0o622);
    undo(&log, &["--apply"]).code(77);
    if rustix::process::geteuid().is_root() {
        chmod(&log, 0o600);
        chown(&log, Some(12345), None).unwrap();
        undo(&log, &["--apply"]).code(77);
    }
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn records_without_an_inode_are_counted() {
    let (_keep, top) = directory();
    let path = file(&top, "file", 0o600);
    let mut old = record(&path, "0644", "0600");
    old.as_object_mut().unwrap().remove("inode");
    let log = top.join("log");
    fs::write(&log, old.to_string()).unwrap();
    chmod(&log, 0o600);
    let assert = undo(&log, &["--apply"]).success();
    assert!(text(&assert.get_output().stderr).contains("1 record"));
    assert_eq!(mode(&path), 0o600);
}

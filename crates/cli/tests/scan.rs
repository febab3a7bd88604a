//! `umaskclamp scan`: finds what is wide, tightens that and nothing else.

mod common;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use common::{chmod, directory, mode, text, umaskclamp};
use serde_json::Value;

/// A tree with something of each kind below `sensitive`, and a neighbour.
fn tree(top: &Path) {
    let sensitive = top.join("sensitive");
    fs::create_dir_all(sensitive.join("deep/er")).unwrap();
    fs::create_dir(top.join("plain")).unwrap();
    for name in [
        "sensitive/file",
        "sensitive/deep/er/file",
        "sensitive/narrow",
        "plain/file",
    ] {
        fs::write(top.join(name), "x").unwrap();
        chmod(&top.join(name), 0o664);
    }
    chmod(&sensitive.join("narrow"), 0o600);
    for name in ["", "deep", "deep/er"] {
        chmod(&sensitive.join(name), 0o755);
    }
    symlink(top.join("plain/file"), sensitive.join("link")).unwrap();
    symlink(top.join("plain"), sensitive.join("directory-link")).unwrap();
}

#[test]
fn finds_shows_and_fixes() {
    let (_keep, top) = directory();
    tree(&top);
    let scan = |option: &[&str]| {
        let output = umaskclamp()
            .args(["scan", "-p"])
            .arg(top.join("sensitive"))
            .args(option)
            .arg(&top)
            .output()
            .unwrap();
        (output.status.code(), text(&output.stdout))
    };
    let (status, found) = scan(&[]);
    assert_eq!(status, Some(1));
    assert_eq!(found.lines().count(), 6, "{found}");
    assert!(found.contains("wide      0664 -> 0600"), "{found}");
    assert!(found.ends_with("5 wide\n"), "{found}");

    let (status, shown) = scan(&["--fix", "--dry-run"]);
    assert_eq!(status, Some(1));
    assert!(shown.contains("would tighten 0664 -> 0600"), "{shown}");
    assert_eq!(mode(&top.join("sensitive/file")), 0o664);

    let (status, fixed) = scan(&["--fix"]);
    assert_eq!(status, Some(0));
    assert!(
        fixed.ends_with("5 wide, 5 tightened, 0 failed\n"),
        "{fixed}"
    );
    assert_eq!(mode(&top.join("sensitive/deep/er/file")), 0o600);
    assert_eq!(mode(&top.join("sensitive/deep")), 0o700);
    assert_eq!(
        mode(&top.join("plain/file")),
        0o664,
        "a link is not followed"
    );
    assert_eq!(mode(&top.join("plain")), 0o755);

    assert_eq!(scan(&[]).0, Some(0));
}

#[test]
fn a_backup_group_keeps_its_right() {
    let (_keep, top) = directory();
    tree(&top);
    umaskclamp()
        .args(["scan", "--fix", "-m", "027", "-p", "sensitive"])
        .arg(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join("sensitive/file")), 0o640);
    assert_eq!(mode(&top.join("sensitive/deep")), 0o750);
}

#[test]
fn an_acl_is_seen_and_reduced() {
    let (_keep, top) = directory();
    tree(&top);
    let file = top.join("sensitive/narrow");
    let acl = |target: &Path, option: &[&str]| {
        let done = Command::new("setfacl").args(option).arg(target).status();
        done.is_ok_and(|status| status.success())
    };
    // A file whose mode says 0600 may let a named user in.
    if !acl(&file, &["-m", "u:65534:r,m::r,o::-"])
        || !acl(&top.join("sensitive"), &["-dm", "u:65534:rwx"])
    {
        eprintln!("no setfacl, or a file system without ACLs: not tested");
        return;
    }
    let output = umaskclamp()
        .args(["scan", "--json", "-p", "sensitive"])
        .arg(&top)
        .output()
        .unwrap();
    let found = text(&output.stdout);
    let of = |path: &Path| {
        found
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .find(|row| row["path"] == path.to_str().unwrap())
            .unwrap_or_else(|| panic!("{} is not in {found}", path.display()))
    };
    assert_eq!(of(&file)["acl"], true);
    assert_eq!(of(&top.join("sensitive"))["default_acl"], true);

    umaskclamp()
        .args(["scan", "--fix", "-p", "sensitive"])
        .arg(&top)
        .assert()
        .success();
    let left = Command::new("getfacl")
        .args(["-cnE"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        text(&left.stdout).contains("mask::---"),
        "{}",
        text(&left.stdout)
    );
    umaskclamp()
        .args(["scan", "-p", "sensitive"])
        .arg(&top)
        .assert()
        .code(0);
}

#[test]
fn json_is_as_the_help_says_and_in_order() {
    let (_keep, top) = directory();
    let names: [&[u8]; 4] = [b"a.iso", b"b/c.iso", b"b.iso", b"z\xff.iso"];
    fs::create_dir(top.join("b")).unwrap();
    for name in names.iter().rev() {
        let path = top.join(OsStr::from_bytes(name));
        fs::write(&path, "x").unwrap();
        chmod(&path, 0o644);
    }
    let scan = || {
        let mut command = umaskclamp();
        let scan = command.args(["scan", "--json", "-p", "*.iso"]).arg(&top);
        text(&scan.assert().code(1).get_output().stdout)
    };
    let rows = scan();
    assert_eq!(rows, scan());
    let rows: Vec<Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found = rows.iter().map(|row| row["path"].as_str().unwrap());
    let found: Vec<_> = found
        .map(|path| &path[top.to_str().unwrap().len()..])
        .collect();
    assert_eq!(found, ["/a.iso", "/b/c.iso", "/b.iso", "/z\u{fffd}.iso"]);

    let help = umaskclamp().args(["scan", "--help"]).output().unwrap();
    let help = text(&help.stdout);
    let (_, help) = help.split_once("as v is 1").unwrap();
    let told = help.lines().filter_map(|line| line.strip_prefix("    "));
    let told: BTreeSet<&str> = told.filter_map(|line| line.split(' ').next()).collect();
    let last = rows.last().unwrap().as_object().unwrap();
    assert_eq!(told, last.keys().map(String::as_str).collect());
    assert!(
        last["path_hex"]
            .as_str()
            .unwrap()
            .ends_with("2f7aff2e69736f")
    );
    assert_eq!(
        (&last["mode"], &last["allowed"]),
        (&"0644".into(), &"0600".into())
    );
}

#[test]
fn names_cannot_hide_or_forge_lines() {
    let (_keep, top) = directory();
    fs::write(top.join("evil\n\x1b[2J.iso"), "x").unwrap();
    chmod(&top.join("evil\n\x1b[2J.iso"), 0o644);
    let output = umaskclamp()
        .args(["scan", "-p", "*.iso"])
        .arg(&top)
        .output()
        .unwrap();
    let found = text(&output.stdout);
    assert_eq!(found.lines().count(), 2);
    assert!(
        found.contains(r"evil\n\x1b[2J.iso") && !found.contains('\x1b'),
        "{found}"
    );
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    umaskclamp()
        .args(["scan", "/no/such/directory"])
        .assert()
        .code(66);
    umaskclamp().arg("scan").assert().code(64);
    umaskclamp()
        .args(["scan", "-p", "[", "/tmp"])
        .assert()
        .code(78);
}

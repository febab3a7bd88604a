//! `scripts/install`: what it brings it takes away again.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::{command, directory, library, mode, text};

/// Every file and link below `top`, without it.
fn files(top: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![top.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else {
                let path = entry.path();
                found.push(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Runs the script on binaries that were built already, below `top`.
fn install(top: &Path, arguments: &[&str]) -> Output {
    let release = top.join("target/release");
    fs::create_dir_all(&release).unwrap();
    fs::copy(library(), release.join("libumaskclamp.so")).unwrap();
    fs::copy(
        assert_cmd::cargo::cargo_bin("umaskclamp"),
        release.join("umaskclamp"),
    )
    .unwrap();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/install");
    command(script)
        .arg("--no-build")
        .args(arguments)
        .env("CARGO_TARGET_DIR", top.join("target"))
        .output()
        .unwrap()
}

#[test]
fn what_is_installed_is_complete_and_goes_again() {
    let (_keep, top) = directory();
    let root = top.join("root");
    // Somebody else's file below the same prefix stays.
    fs::create_dir_all(root.join("opt/bin")).unwrap();
    fs::write(root.join("opt/bin/other"), "x").unwrap();
    let destination = format!("DESTDIR={}", root.display());
    let variables = [destination.as_str(), "PREFIX=/opt", "LIBDIR=/opt/lib64"];

    let output = install(&top, &variables);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let installed = files(&root);
    for file in [
        "opt/lib64/libumaskclamp.so",
        "opt/bin/umaskclamp",
        "opt/share/man/man1/umaskclamp.1.gz",
        "opt/share/man/man1/umaskclamp-run.1.gz",
        "opt/share/man/man5/umaskclamp-patterns.5.gz",
        "opt/share/man/man8/libumaskclamp.8.gz",
        "opt/share/bash-completion/completions/umaskclamp",
        "opt/share/zsh/vendor-completions/_umaskclamp",
        "opt/share/fish/vendor_completions.d/umaskclamp.fish",
        "etc/umaskclamp/patterns.example",
    ] {
        assert!(
            installed.iter().any(|path| path == file),
            "{file} is not in {installed:?}"
        );
    }
    assert_eq!(mode(&root.join("opt/bin/umaskclamp")), 0o755);
    assert_eq!(mode(&root.join("opt/lib64/libumaskclamp.so")), 0o644);

    // The command finds the library that was installed with it.
    let mut doctor = command(root.join("opt/bin/umaskclamp"));
    let said = text(&doctor.arg("doctor").output().unwrap().stdout);
    let found = format!("{}/opt/lib64/libumaskclamp.so", root.display());
    assert!(said.contains(&found), "{said}");

    let output = install(&top, &[&variables[..], &["--uninstall"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(files(&root), ["opt/bin/other"]);
}

#[test]
fn the_examples_are_right() {
    let (_keep, top) = directory();
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packaging/etc");
    common::umaskclamp()
        .args(["patterns", "-f"])
        .arg(examples.join("patterns.example"))
        .assert()
        .success();
    let script = format!(
        ". {}/rear.conf.example; printenv LD_PRELOAD",
        examples.display()
    );
    let output = command("sh")
        .args(["-c", &script])
        .env("PATH", "/usr/bin:/bin")
        // cargo's: a library that was built beside the tests would be found there.
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    // ld.so says that it does not know the name where nothing is installed.
    assert_eq!(text(&output.stdout), "libumaskclamp.so\n");
    drop(top);
}

#[test]
fn wrong_usage() {
    let (_keep, top) = directory();
    assert_eq!(install(&top, &["--no-such-option"]).status.code(), Some(2));
    let relative = install(&top, &["PREFIX=opt", "DESTDIR=/no/such"]);
    assert_eq!(relative.status.code(), Some(1));
    assert!(text(&relative.stderr).contains("not an absolute path"));
}

//! What the tests of the command share.
#![allow(dead_code)] // each test file uses some of it

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// The command, with nothing of our environment that could change what it does.
pub fn umaskclamp() -> Command {
    Command::from_std(command(cargo_bin("umaskclamp")))
}

/// Any program, likewise: the variables that choose what is tested are unknown
/// names to the library.
pub fn command(program: impl AsRef<OsStr>) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("UMASKCLAMP_") || text == "LD_PRELOAD" || text == "NO_COLOR" {
            command.env_remove(name);
        }
    }
    command
}

/// `umaskclamp run` under the library that is tested.
pub fn run() -> Command {
    let mut command = umaskclamp();
    command.arg("run").arg("--library").arg(library());
    command
}

pub fn library() -> PathBuf {
    umaskclamp_testkit::artefact::shim()
}

/// A directory of one test, with its path free of links.
pub fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::Builder::new()
        .prefix("umaskclamp-cli-")
        .tempdir()
        .expect("a temporary directory");
    let path = directory.path().canonicalize().expect("its path");
    (directory, path)
}

/// The permission bits of what is there.
pub fn mode(path: &Path) -> u32 {
    let data = fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    data.mode() & 0o7777
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

/// What a command wrote, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

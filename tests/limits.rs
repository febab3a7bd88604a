//! Limits that the README names, as they are: when one of these tests fails, the
//! limit is gone or has grown, and the README is to be changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

fn is_root() -> bool {
    // SAFETY: asks for a number.
    unsafe { libc::geteuid() == 0 }
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

/// Runs a shell script in a mount namespace of its own, in `dir`; `$SHIM` is the
/// library, `$PWD/secret` is protected.
fn script(dir: &Path, text: &str) {
    let status = Command::new("unshare")
        .args(["-m", "sh", "-ec", text])
        .current_dir(dir)
        .env("SHIM", umaskclamp_testkit::shim())
        .env_remove("UMASKCLAMP_SHIM")
        .env_remove("UMASKCLAMP_SHIM_I386")
        .env_remove("UMASKCLAMP_TEST_WITHOUT")
        .env("UMASKCLAMP_PATTERNS", dir.join("secret"))
        .status()
        .expect("unshare (util-linux) runs");
    assert!(status.success(), "{text}: {status}");
}

fn tree() -> Option<TempDir> {
    if !is_root() {
        println!("limits: left out: only root can mount and change its root directory");
        return None;
    }
    let namespaces = Command::new("unshare").args(["-m", "true"]).status();
    if !namespaces.is_ok_and(|status| status.success()) {
        println!("limits: left out: no mount namespace of its own to be had here");
        return None;
    }
    let tree = tempfile::tempdir().expect("a temporary directory");
    for name in ["secret", "alias", "root/secret"] {
        fs::create_dir_all(tree.path().join(name)).expect("a directory");
    }
    Some(tree)
}

#[test]
fn limit_of_bind_mounts_a_place_has_the_name_of_the_mount() {
    let Some(tree) = tree() else { return };
    script(
        tree.path(),
        "umask 022; mount --bind secret alias
         LD_PRELOAD=$SHIM touch alias/by-alias secret/by-name",
    );
    let secret = tree.path().join("secret");
    assert_eq!(mode(&secret.join("by-name")), 0o600);
    assert_eq!(mode(&secret.join("by-alias")), 0o644, "no longer a limit");
}

#[test]
fn limit_of_chroot_a_path_loses_what_lies_before_the_root() {
    let Some(tree) = tree() else { return };
    // `secret` is protected by its path outside; the process sees `/f`.
    script(
        tree.path(),
        "umask 022; cp -r root/. secret/
         for dir in bin lib lib64 usr; do
             [ ! -d /$dir ] || { mkdir -p secret/$dir; mount --bind /$dir secret/$dir; }
         done
         cp \"$SHIM\" secret/shim.so; chmod 755 secret secret/shim.so
         LD_PRELOAD=$SHIM touch secret/outside
         UMASKCLAMP_PATTERNS=$PWD/secret chroot secret \
             /usr/bin/env LD_PRELOAD=/shim.so touch /inside",
    );
    let secret = tree.path().join("secret");
    assert_eq!(mode(&secret.join("outside")), 0o600);
    assert_eq!(mode(&secret.join("inside")), 0o644, "no longer a limit");
}

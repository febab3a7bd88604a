//! Limits that docs/limits.md names, as they are: when one of these tests fails, the
//! limit is gone or has grown, and that page is to be changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use umaskclamp_testkit::namespace;

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

fn script(dir: &Path, text: &str) {
    let done = namespace::script(dir, text);
    assert!(done.status.success(), "{text}: {done:?}");
}

fn tree() -> Option<TempDir> {
    if !namespace::possible() {
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

/// Only the process that changes its root knows: not a program that is started there.
#[test]
fn limit_of_chroot_what_is_started_there_knows_no_path_outside() {
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

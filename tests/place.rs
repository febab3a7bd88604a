//! Places that are hard to tell: no /proc, another root, a working directory
//! that is gone or deeper than a path can be, and names in any bytes.
//!
//! The spellings of a place that can be told are rows of `enforce.rs`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use umaskclamp_testkit::stage::{self, Played, play, play_with};
use umaskclamp_testkit::{Run, Tree, Who, acl, namespace};

/// Plays a scene bare and under the shim: same facts, nothing leaks.
fn same_but_narrow(scene: &str, who: Who, patterns: Option<&str>) -> (Played, Played) {
    let set = |run: Run, tree: &Tree| match patterns {
        Some(list) => run.patterns(list),
        None => run.patterns(stage::patterns(tree)),
    };
    let bare = play_with(scene, who, false, set);
    let shim = play_with(scene, who, true, set);
    let what = format!("{scene} as {who}");
    assert_eq!(shim.facts(), bare.facts(), "{what}");
    bare.leaks_something(&what);
    shim.leaks_nothing(&what);
    shim.plain_as_in(&bare, &what);
    (bare, shim)
}

/// Changing the root needs root; says so where the tests are not.
fn root_only(test: &str) -> bool {
    if !Who::am_root() {
        println!("{test}: left out: only root can change its root directory");
    }
    Who::am_root()
}

#[test]
fn root_only_in_a_chroot_without_proc() {
    if root_only("root_only_in_a_chroot_without_proc") {
        same_but_narrow("chroot", Who::Root, Some("/secret:*.iso"));
    }
}

#[test]
fn root_only_names_when_the_cwd_is_outside_the_root() {
    if root_only("root_only_names_when_the_cwd_is_outside_the_root") {
        same_but_narrow("chroot-cwd-outside", Who::Root, Some("/secret:*.iso"));
    }
}

/// A rule names what lies below the root by its path outside.
#[test]
fn root_only_by_the_name_outside_of_a_chroot() {
    if root_only("root_only_by_the_name_outside_of_a_chroot") {
        for scene in ["chroot", "chroot-nested", "chroot-by-number"] {
            same_but_narrow(scene, Who::Root, None);
        }
    }
}

/// The kernel tells a cwd outside of the root, and what was open is noted before.
#[test]
fn root_only_what_was_left_outside_of_a_chroot() {
    if root_only("root_only_what_was_left_outside_of_a_chroot") {
        same_but_narrow("chroot-left-outside", Who::Root, None);
    }
}

#[test]
fn root_only_below_a_mount_that_is_taken_away() {
    let test = "root_only_below_a_mount_that_is_taken_away";
    if !root_only(test) || !namespace::possible() {
        return;
    }
    let facts = |preload| {
        let set = |run: Run, tree: &Tree| {
            run.patterns(format!("{}/outside/fromdir/secret", tree.root.display()))
        };
        play_with("detached", Who::Root, preload, set).facts()
    };
    let [wide, narrow] = ["0644", "0600"].map(|mode| {
        let (done, plain) = (format!("done\nmode {mode}\n"), "plain: done\nmode 0644\n");
        format!("umount2: done\ncwd: {done}beside: {done}{plain}")
    });
    assert_eq!(facts(false), wide, "bare");
    assert_eq!(facts(true), narrow);
}

/// `O_TMPFILE` makes a file in the directory that its path names.
#[test]
fn enforce_files_without_a_name() {
    let facts = |who, preload, pattern: &str| {
        let set = |run: Run, tree: &Tree| {
            run.patterns(format!("{}/secret/{pattern}", tree.root.display()))
        };
        play_with("unnamed", who, preload, set).facts()
    };
    for who in Who::all() {
        let bare = facts(who, false, "**");
        assert_eq!(bare.matches("644").count(), 8, "as {who}: {bare}");
        let narrow = bare.replace("644", "600");
        for pattern in ["**", "*", ""] {
            assert_eq!(facts(who, true, pattern), narrow, "{pattern} as {who}");
        }
        for pattern in ["*.iso", "?", "#*", "[0-9]*"] {
            let all = facts(who, true, pattern);
            // By its entry in `/proc` a file without a name has one.
            let told = all.replace("fchmod: 600", "fchmod: 644");
            assert_eq!(told, bare, "{pattern} as {who}");
        }
    }
}

#[test]
fn enforce_login_records_by_a_long_path() {
    for who in Who::all() {
        same_but_narrow("utmp", who, None);
    }
}

/// Where the directory cannot be told, the name still is.
#[test]
fn enforce_names_below_a_cwd_longer_than_path_max() {
    let (wide, narrow) = ("done\nmode 0644\n", "done\nmode 0600\n");
    let all = |mode: &str| {
        let names = ["named.iso", "./dot.iso", "../up.iso", "../../d.iso/beneath"];
        names.map(|name| format!("{name}: {mode}")).concat() + "plain-name: " + wide
    };
    for who in Who::all() {
        assert_eq!(play("deep", who, false).facts(), all(wide), "bare as {who}");
        assert_eq!(play("deep", who, true).facts(), all(narrow), "as {who}");
    }
}

#[test]
fn enforce_paths_as_long_as_the_kernel_takes() {
    for who in Who::all() {
        let (_, shim) = same_but_narrow("longest", who, None);
        assert_eq!(shim.facts(), "4095: done\n4096: errno 36\n5000: errno 36\n");
    }
}

#[test]
fn enforce_above_a_cwd_that_is_gone() {
    for who in Who::all() {
        same_but_narrow("removed", who, None);
    }
}

/// Patterns are bytes, and so are names.
#[test]
fn enforce_names_that_are_not_utf8() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let script = b"umask 022; > plain/\xff\xfe; > plain/\xff\xfd; > plain/\xc3\xa9x";
        let run = Run::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(script))
            .who(who);
        let list = OsStr::from_bytes(b"\xff\xfe:\xc3\xa9?");
        let report = run.patterns(list).cwd(&tree.root).watch(&tree.root);
        assert!(
            report.status.success(),
            "{}",
            String::from_utf8_lossy(&report.stderr)
        );
        let loosest = |name: &[u8]| {
            let path = std::path::Path::new("plain").join(OsStr::from_bytes(name));
            let seen = report.seen.iter().find(|seen| seen.path == path);
            seen.map(|seen| seen.loosest)
        };
        assert_eq!(loosest(b"\xff\xfe"), Some(0o600));
        assert_eq!(loosest(b"\xff\xfd"), Some(0o644));
        assert_eq!(loosest(b"\xc3\xa9x"), Some(0o600));
    }
}

/// What libc makes for its owner only needs no hook: not even a default ACL
/// opens it to others.
#[test]
fn place_of_temporary_files_is_narrow_by_itself() {
    let open = |run: Run, tree: &Tree| {
        let set = acl::set(&tree.at("secret"), acl::DEFAULT, &acl::generous(7));
        if let Err(error) = set {
            println!("no ACLs in {}: {error}", tree.root.display());
        }
        run
    };
    for who in Who::all() {
        let bare = play_with("owner-only", who, false, open);
        let shim = play_with("owner-only", who, true, open);
        assert!(!bare.facts().contains("errno"), "{}", bare.facts());
        assert_eq!(shim.facts(), bare.facts());
        bare.leaks_nothing("temporary files, bare");
        shim.leaks_nothing("temporary files");
        let made = |played: &Played| played.seen(|path| path.starts_with("secret")).len();
        assert_eq!(made(&shim), made(&bare));
    }
}

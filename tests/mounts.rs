//! Names that are given within and across mounts: the kernel's answer, not `st_dev`'s,
//! and what it refuses is not touched.

use std::path::Path;
use std::process::Output;

use umaskclamp_testkit::artefact::c_program;
use umaskclamp_testkit::{Tree, Who, namespace};

/// A file system in memory for what a scene mounts, for no test may depend on what lies
/// below /tmp; `secret` in it, or wherever the scene says, is protected. `gives HOW OLD
/// NEW` makes the call under the shim, `says` shows modes, `touched` when inodes were
/// last changed.
const STAGE: &str = "
    umask 022
    mkdir box; mount -t tmpfs tmpfs box || { echo no tmpfs; exit 77; }
    cd box; chmod 755 .
    box=$PWD
    export UMASKCLAMP_PATTERNS=$box/secret
    mkdir secret plain
    gives() { LD_PRELOAD=$SHIM \"$MOVED\" \"$@\"; }
    says() { stat -c '%n %a' \"$@\"; }
    touched() { stat -c '%n %z' \"$@\"; }
";

fn run(dir: &Path, text: &str) -> Output {
    let moved = c_program("moved", &[]);
    let moved = moved.to_str().expect("UTF-8");
    namespace::script(dir, &format!("MOVED='{moved}'; {STAGE}{text}"))
}

/// What the scene prints, without the shim and with it; `None` if it cannot be played.
fn play(text: &str) -> Option<[String; 2]> {
    if !namespace::possible() {
        return None;
    }
    let mut told = [String::new(), String::new()];
    for (told, before) in told.iter_mut().zip(["SHIM=;", ""]) {
        let tree = Tree::empty(Who::Root);
        let done = run(&tree.root, &format!("{before}{text}"));
        *told = String::from_utf8_lossy(&done.stdout).into_owned();
        if done.status.code() == Some(77) {
            let test = std::thread::current().name().map(str::to_owned);
            println!("left out: {}: {told}", test.unwrap_or_default());
            return None;
        }
        assert!(done.status.success(), "{done:?}");
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{text}");
    }
    Some(told)
}

/// Fails unless the scene prints `bare` without the shim and, with it, the same but for
/// the modes at the right of each `MODE>MODE`.
fn expect(text: &str, lines: &[&str]) {
    let Some([bare, shim]) = play(text) else {
        return;
    };
    let side = |right: bool| {
        let line = |line: &&str| match line.split_once('>') {
            Some((before, mode)) if right => {
                format!("{} {mode}\n", before.rsplit_once(' ').expect("a mode").0)
            }
            Some((before, _)) => format!("{before}\n"),
            None => format!("{line}\n"),
        };
        lines.iter().map(line).collect::<String>()
    };
    assert_eq!(bare, side(false), "without the shim: {text}");
    assert_eq!(shim, side(true), "with the shim: {text}");
}

/// Nobody but the owner may see what was there before: in each of these directories a
/// file, a directory that is empty and one that is not.
const PLANT: &str = "
    plant() {
        local dir
        for dir in \"$@\"; do
            mkdir -p $dir/d/in $dir/e
            for file in $dir/f $dir/g $dir/d/f $dir/d/in/f; do echo x >$file; done
        done
    }
";

fn overlay(redirect: &str) -> String {
    format!(
        "{PLANT}
        export UMASKCLAMP_PATTERNS=$box/m/secret
        mkdir lower upper work m; mkdir lower/plain lower/secret
        plant lower/plain; plant lower/secret/old
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,redirect_dir={redirect} overlay m ||
            {{ echo no overlayfs with redirect_dir={redirect}; exit 77; }}
        cd m; plant plain/new
        gives rename plain/f secret/f
        gives rename plain/new/f secret/nf
        gives rename plain/d secret/d
        gives rename plain/e secret/e
        gives rename plain/new/d secret/nd
        gives rename secret/old/d secret/od
        gives link plain/g secret/g
        for dir in plain/d secret/d; do [ ! -d $dir ] || says $dir $dir/f $dir/in $dir/in/f; done
        for dir in plain/e secret/e; do [ ! -d $dir ] || says $dir; done
        for dir in secret/old/d secret/od; do [ ! -d $dir ] || says $dir; done
        says secret/f secret/nf secret/nd secret/nd/in/f secret/g"
    )
}

/// Files of the lower layer have other device numbers than what is copied up, and the
/// rename succeeds.
#[test]
fn root_only_rename_on_overlayfs() {
    expect(
        &overlay("on"),
        &[
            "rename plain/f: done",
            "rename plain/new/f: done",
            "rename plain/d: done",
            "rename plain/e: done",
            "rename plain/new/d: done",
            "rename secret/old/d: done",
            "link plain/g: done",
            "secret/d 755>700",
            "secret/d/f 644",
            "secret/d/in 755",
            "secret/d/in/f 644",
            "secret/e 755>700",
            "secret/od 755>700",
            "secret/f 644>600",
            "secret/nf 644>600",
            "secret/nd 755>700",
            "secret/nd/in/f 644",
            "secret/g 644>600",
        ],
    );
}

/// Where a directory of the lower layer cannot be renamed, it keeps its mode.
#[test]
fn root_only_rename_on_overlayfs_that_redirects_nothing() {
    expect(
        &overlay("nofollow"),
        &[
            "rename plain/f: done",
            "rename plain/new/f: done",
            "rename plain/d: Invalid cross-device link",
            "rename plain/e: Invalid cross-device link",
            "rename plain/new/d: done",
            "rename secret/old/d: Invalid cross-device link",
            "link plain/g: done",
            "plain/d 755",
            "plain/d/f 644",
            "plain/d/in 755",
            "plain/d/in/f 644",
            "plain/e 755",
            "secret/old/d 755",
            "secret/f 644>600",
            "secret/nf 644>600",
            "secret/nd 755>700",
            "secret/nd/in/f 644",
            "secret/g 644>600",
        ],
    );
}

const BTRFS: &str = "
    grep -qw btrfs /proc/filesystems || modprobe -q btrfs ||
        { echo no btrfs in this kernel; exit 77; }
    command -v mkfs.btrfs >/dev/null || { echo no mkfs.btrfs; exit 77; }
    truncate -s 256M image; mkfs.btrfs -q image >/dev/null
    mkdir m; mount -o loop image m || { echo no loop device to be had; exit 77; }
    cd m; chmod 755 .
    export UMASKCLAMP_PATTERNS=$box/m/secret
    subvolume() { btrfs subvolume create \"$1\" >/dev/null; }
";

/// A subvolume has a device number of its own, and can be renamed into another one; a
/// file cannot, and has its mode afterwards.
#[test]
fn root_only_rename_between_subvolumes() {
    expect(
        &format!(
            "{PLANT}{BTRFS}
            subvolume secret; subvolume plain; subvolume plain/sub; subvolume secret/old
            plant plain plain/sub; mkdir secret/same
            gives rename plain/f secret/f
            gives rename plain/d secret/d
            gives link plain/f secret/f
            gives rename plain/sub secret/sub
            gives rename secret/old secret/same/old
            gives rename plain/sub/none secret/none
            says plain/f plain/d plain/d/f secret/sub secret/sub/f secret/sub/d secret/same/old
            mv plain/f f; gives rename f secret
            mkdir inside; export UMASKCLAMP_PATTERNS=$box/m/inside
            gives rename f inside/f
            gives rename secret/sub inside/sub
            says inside/f inside/sub inside/sub/f"
        ),
        &[
            "rename plain/f: Invalid cross-device link",
            "rename plain/d: Invalid cross-device link",
            "link plain/f: Invalid cross-device link",
            "rename plain/sub: done",
            "rename secret/old: done",
            "rename plain/sub/none: No such file or directory",
            "plain/f 644",
            "plain/d 755",
            "plain/d/f 644",
            "secret/sub 755>700",
            "secret/sub/f 644",
            "secret/sub/d 755",
            "secret/same/old 755>700",
            "rename f: Is a directory",
            "rename f: done",
            "rename secret/sub: done",
            "inside/f 644>600",
            "inside/sub 755>700",
            "inside/sub/f 644",
        ],
    );
}

/// Two mounts of one file system have the same device number, and the rename fails: the
/// inode is not even touched for a moment.
#[test]
fn root_only_rename_between_bind_mounts() {
    expect(
        &format!(
            "{PLANT}
            plant plain; plant there
            mkdir here; mount --bind there here
            mount --bind secret secret
            sleep 0.02
            all=$(find plain there -print)
            touched $all >before
            gives rename plain/f secret/f
            gives rename plain/d secret/d
            gives noreplace plain/e secret/e
            gives link plain/g secret/g
            gives rename here/f secret/f
            gives rename here/d there/d2
            UMASKCLAMP_PATTERNS=$box/there gives rename here/f there/f2
            UMASKCLAMP_PATTERNS=$box/here gives rename there/d here/d2
            touched $all | diff before -
            gives rename here/f here/h
            UMASKCLAMP_PATTERNS=$box/here gives rename here/h here/i
            says plain/f plain/d plain/d/in/f there/i there/d"
        ),
        &[
            "rename plain/f: Invalid cross-device link",
            "rename plain/d: Invalid cross-device link",
            "noreplace plain/e: Invalid cross-device link",
            "link plain/g: Invalid cross-device link",
            "rename here/f: Invalid cross-device link",
            "rename here/d: Invalid cross-device link",
            "rename here/f: Invalid cross-device link",
            "rename there/d: Invalid cross-device link",
            "rename here/f: done",
            "rename here/h: done",
            "plain/f 644",
            "plain/d 755",
            "plain/d/in/f 644",
            "there/i 644>600",
            "there/d 755",
        ],
    );
}

/// What is mounted in a tree, or on a name, is not the tree's.
#[test]
fn root_only_rename_of_what_has_mounts_in_it() {
    expect(
        &format!(
            "{PLANT}
            plant host plain plain/d/in/deep
            mkdir plain/d/mnt; mount --bind host plain/d/mnt
            mount --bind host/f plain/d/f
            mount --bind host/g plain/f
            mkdir plain/point; mount --bind host/d plain/point
            sleep 0.02
            all=$(find host -print)
            touched $all >before
            gives rename plain/f secret/f
            gives rename plain/point secret/point
            gives exchange plain/f secret
            gives rename plain/g plain/f
            gives rename plain/d secret/d
            UMASKCLAMP_PATTERNS=dumps/in:dumps/f:dumps/mnt/ gives rename secret/d dumps
            touched $all | diff before -
            says host host/f host/g host/d
            umount dumps/mnt dumps/f plain/f plain/point
            says dumps dumps/in plain/f plain/point"
        ),
        &[
            "rename plain/f: Device or resource busy",
            "rename plain/point: Device or resource busy",
            "exchange plain/f: Device or resource busy",
            "rename plain/g: Device or resource busy",
            "rename plain/d: done",
            "rename secret/d: done",
            "host 755",
            "host/f 644",
            "host/g 644",
            "host/d 755",
            "dumps 755>700",
            "dumps/in 755>700",
            "plain/f 644",
            "plain/point 755",
        ],
    );
}

#[test]
fn root_only_rename_on_a_read_only_mount() {
    expect(
        &format!(
            "{PLANT}
            plant plain
            mount --bind . .; cd $box
            mount -o remount,bind,ro .
            gives rename plain/f secret/f
            gives rename plain/d secret/d
            gives link plain/g secret/g
            says plain/f plain/d plain/g plain/d/f"
        ),
        &[
            "rename plain/f: Read-only file system",
            "rename plain/d: Read-only file system",
            "link plain/g: Read-only file system",
            "plain/f 644",
            "plain/d 755",
            "plain/g 644",
            "plain/d/f 644",
        ],
    );
}

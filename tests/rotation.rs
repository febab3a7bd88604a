//! Snapshots that lie in a sensitive directory, are renamed there and share their files
//! by hard links: no call fails, none costs more for what lies beneath, and nothing but
//! the directories is touched.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use umaskclamp_testkit::artefact::c_program;
use umaskclamp_testkit::run::sh;
use umaskclamp_testkit::stage::patterns;
use umaskclamp_testkit::{Report, Run, Tree, Who};

/// A directory of so many wide files, three deep.
fn snapshot(tree: &Tree, name: &str, files: usize, who: Who) {
    let root = tree.at(name);
    for dir in ["d", "d/e"] {
        fs::create_dir_all(root.join(dir)).expect("mkdir");
    }
    for number in 0..files {
        let dir = ["", "d", "d/e"][number % 3];
        let file = root.join(dir).join(format!("f{number}"));
        fs::write(&file, "x\n").expect("write");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("chmod");
    }
    for dir in ["", "d", "d/e"] {
        fs::set_permissions(root.join(dir), fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    tree.own(&root, who);
}

/// One rename by a program that does nothing else; how many system calls it made.
fn renamed(tree: &Tree, who: Who, list: &str, old: &str, new: &str) -> usize {
    let empty = Tree::empty(who);
    let run = Run::new(c_program("moved", &[]))
        .args(["rename", old, new])
        .patterns(list)
        .cwd(&tree.root)
        .who(who);
    let report = run.watch(&empty.root);
    let told = String::from_utf8_lossy(&report.stdout).into_owned();
    assert_eq!(told, format!("rename {old}: done\n"), "to {new} as {who}");
    report.calls
}

/// From where and to where; whether it is closed on the way.
const WAYS: [(&str, &str); 5] = [
    ("plain/one", "secret/two"),
    ("secret/two", "secret/three"),
    ("secret/three", "plain/four"),
    ("plain/four", "secret/sub/five"),
    ("secret/sub/five", "secret/six.iso"),
];

#[test]
fn enforce_a_directory_is_closed_by_its_own_mode_whatever_lies_in_it() {
    for who in Who::all() {
        let [few, many] = [300, 3000].map(|files| {
            let tree = Tree::full(who);
            snapshot(&tree, "plain/one", files, who);
            let list = patterns(&tree);
            let calls = WAYS.map(|(old, new)| renamed(&tree, who, &list, old, new));
            assert_eq!(tree.mode("secret/six.iso"), 0o700, "{files} as {who}");
            assert_eq!(tree.mode("secret/six.iso/d"), 0o755, "{files} as {who}");
            assert_eq!(tree.mode("secret/six.iso/d/e/f2"), 0o644, "as {who}");
            calls
        });
        // Of what leaves a closed place a name may be sensitive where it comes to: the
        // content is looked at.
        let closed = |calls: [usize; 5]| -> Vec<usize> {
            let ways = calls.into_iter().zip(WAYS);
            let closed = ways.filter(|(_, (_, new))| new.starts_with("secret"));
            closed.map(|(calls, _)| calls).collect()
        };
        let [few, many] = [closed(few), closed(many)];
        assert_eq!(few, many, "calls for 300 and 3,000 files as {who}");
        let tree = Tree::full(who);
        snapshot(&tree, "plain/one", 3, who);
        let list = patterns(&tree);
        let plain = renamed(&tree, who, &list, "plain/one", "plain/other");
        for calls in few {
            let more = calls.saturating_sub(plain);
            assert!(more <= 40, "as {who}: {more} calls more");
        }
    }
}

/// Where no rule says something of a name below, nothing below is looked at.
#[test]
fn transparent_a_plain_rename_costs_the_same_whatever_lies_below() {
    let who = Who::ordinary();
    let [few, many] = [300, 3000].map(|files| {
        let tree = Tree::full(who);
        snapshot(&tree, "plain/one", files, who);
        let calls = renamed(&tree, who, &patterns(&tree), "plain/one", "outside/two");
        assert_eq!(tree.mode("outside/two"), 0o755);
        calls
    });
    assert_eq!(few, many);
}

fn script(tree: &Tree, who: Who, list: &str, text: &str) -> Report {
    let run = sh(format!("set -e; umask 022; {text}"));
    let report = run.patterns(list).cwd(&tree.root).who(who).run();
    let errors = String::from_utf8_lossy(&report.stderr);
    assert!(
        report.status.success() && errors.is_empty(),
        "{text} as {who}: {}: {errors}",
        report.status
    );
    report
}

fn about(path: &Path) -> fs::Metadata {
    fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// As rsnapshot does it, with snapshots that were made wide before the shim came.
#[test]
fn enforce_a_rotation_keeps_every_link() {
    for who in Who::all() {
        let tree = Tree::full(who);
        snapshot(&tree, "secret/daily.0", 600, who);
        let inode = about(&tree.at("secret/daily.0/f0")).ino();
        for turn in 0..3 {
            let text = "
                rm -rf secret/daily.2
                [ ! -d secret/daily.1 ] || mv secret/daily.1 secret/daily.2
                cp -al secret/daily.0 secret/daily.1
                mv secret/daily.0 secret/.sync; mv secret/.sync secret/daily.0
                cp -al secret/daily.1 secret/weekly.0; mv secret/weekly.0 secret/sub/weekly.$$
                rm -rf secret/sub/weekly.*";
            script(&tree, who, &patterns(&tree), text);
            let file = about(&tree.at("secret/daily.0/f0"));
            assert_eq!(file.ino(), inode, "as {who}");
            assert_eq!(file.nlink(), 2 + u64::from(turn > 0), "as {who}");
        }
        for name in ["daily.0", "daily.1", "daily.2"] {
            let mode = tree.mode(&format!("secret/{name}"));
            assert_eq!(mode, 0o700, "{name} as {who}");
        }
    }
}

/// A copy by links of a tree that is in use: nobody gets into the copy, and the tree
/// stays as it is, whatever becomes of the copy.
#[test]
fn enforce_links_of_a_live_tree_leave_it_as_it_is() {
    for who in Who::all() {
        let tree = Tree::full(who);
        snapshot(&tree, "plain/etc", 30, who);
        symlink("f0", tree.at("plain/etc/link")).expect("symlink");
        tree.own(&tree.at("plain/etc"), who);
        let names = ["", "d", "d/e", "f0", "d/f1", "d/e/f2", "f27"];
        let modes = || names.map(|name| tree.mode(&format!("plain/etc/{name}")));
        let before = [0o755, 0o755, 0o755, 0o644, 0o644, 0o644, 0o644];
        for text in [
            "cp -al plain/etc secret/etc",
            "mv secret/etc secret/etc.1; cp -al secret/etc.1 secret/etc.2",
            "mv secret/etc.2 secret/sub/etc.2; mv secret/sub/etc.2 secret/etc.2",
            "rm -rf secret/etc.1",
            "cp -al plain/etc secret/etc.2/in",
        ] {
            script(&tree, who, &patterns(&tree), text);
            assert_eq!(modes(), before, "{text} as {who}");
        }
        for name in ["etc.2", "etc.2/in"] {
            let mode = tree.mode(&format!("secret/{name}"));
            assert_eq!(mode, 0o700, "{name} as {who}");
        }
        script(&tree, who, &patterns(&tree), "rm -rf secret/etc.2");
        assert_eq!(modes(), before, "as {who}");
        assert_eq!(about(&tree.at("plain/etc/f0")).nlink(), 1);
    }
}

/// `ln -f` and `cp -lf` link to a name of their own and rename that.
#[test]
fn enforce_a_link_over_a_name_that_is_there() {
    for who in Who::all() {
        for how in ["ln -f", "cp -lf", "ln -b"] {
            let tree = Tree::full(who);
            for name in ["outside/new.iso", "outside/plain.txt"] {
                tree.file(name, 0o644, who);
            }
            for (old, new) in [
                ("outside/new.iso", "plain/over.iso"),
                ("outside/new.iso", "plain/over.txt"),
                ("outside/plain.txt", "plain/second.iso"),
                ("plain/second.iso", "plain/over.txt"),
            ] {
                script(
                    &tree,
                    who,
                    &patterns(&tree),
                    &format!("[ -e {new} ] || echo old >{new}; {how} {old} {new}"),
                );
                let what = format!("{how} {old} {new} as {who}");
                let same = about(&tree.at(old)).ino() == about(&tree.at(new)).ino();
                assert!(same, "{what}: not one inode");
                assert_eq!(tree.mode(new), 0o600, "{what}");
            }
        }
    }
}

/// Both orders in which the names of one inode come out of an archive.
#[test]
fn enforce_every_name_of_a_restore() {
    for who in Who::all() {
        let tree = Tree::empty(who);
        tree.dir("src", who);
        for (name, second) in [("a.iso", "z.txt"), ("y.iso", "b.txt")] {
            let first = tree.file(&format!("src/{name}"), 0o644, who);
            fs::hard_link(first, tree.at(&format!("src/{second}"))).expect("link");
        }
        let text = "
            show() { stat -c '%n %h %a' -- *; }
            cd src
            for order in 'a.iso z.txt b.txt y.iso' 'z.txt a.iso y.iso b.txt'; do
                tar cf ../t.tar $order; mkdir ../to; cd ../to; tar xf ../t.tar; show
                cd ../src; rm -r ../to; mkdir ../to; cp -a --parents $order ../to; cd ../to; show
                cd ../src; rm -r ../to
            done";
        let report = script(&tree, who, "*.iso", text);
        let once = "a.iso 2 600\nb.txt 2 600\ny.iso 2 600\nz.txt 2 600\n";
        assert_eq!(
            String::from_utf8_lossy(&report.stdout),
            once.repeat(4),
            "{who}"
        );
    }
}

/// Archivers close a directory until they are done with it. What was linked there
/// meanwhile must not be open to others afterwards: only a directory that stays closed
/// closes what lies in it.
#[test]
fn enforce_links_in_a_directory_that_is_opened_afterwards() {
    for who in Who::all() {
        let tree = Tree::empty(who);
        tree.dir("src", who);
        for (name, second) in [("b.txt", "y.iso"), ("z.iso", "a.txt")] {
            let first = tree.file(&format!("src/{name}"), 0o644, who);
            fs::hard_link(first, tree.at(&format!("src/{second}"))).expect("link");
        }
        let text = "cp -a src copy; mkdir -m 700 box; echo >box/c.txt; ln box/c.txt box/x.iso; chmod 755 box";
        script(&tree, who, "*.iso", text);
        for name in ["copy/y.iso", "copy/z.iso", "box/x.iso"] {
            assert_eq!(tree.mode(name), 0o600, "{name} as {who}");
        }
    }
}

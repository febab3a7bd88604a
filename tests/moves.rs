//! Directories that move with what is in them, and names that a sensitive file
//! gets elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use umaskclamp_testkit::run::sh;
use umaskclamp_testkit::stage::patterns;
use umaskclamp_testkit::{Report, Tree, Who};

fn script(tree: &Tree, who: Who, script: &str, settings: &[(&str, &str)]) -> Report {
    settings
        .iter()
        .fold(sh(script).patterns(patterns(tree)), |run, (name, value)| {
            run.env(name, value)
        })
        .cwd(&tree.root)
        .who(who)
        .umask(0o022)
        .watch(&tree.root)
}

fn done(report: &Report) {
    let errors = String::from_utf8_lossy(&report.stderr);
    assert!(report.status.success(), "{}: {errors}", report.status);
    assert_eq!(errors, "");
}

/// Fails if anything at a sensitive place was ever open to others.
fn narrow(report: &Report, what: &str) {
    let wide: Vec<_> = report
        .seen
        .iter()
        .filter(|seen| seen.path.starts_with("secret") && seen.before.is_none())
        .filter(|seen| seen.loosest & 0o077 != 0 && !report.came_closed(seen))
        .collect();
    assert!(wide.is_empty(), "{what}: {wide:?}");
}

/// A directory three deep with wide files, an executable and a link.
const PLANT: &str = "umask 022; mkdir -p outside/box/in/deep; echo a > outside/box/a; \
    echo b > outside/box/in/b; echo c > outside/box/in/deep/c; chmod 755 outside/box/in/b; \
    ln -s a outside/box/link; ";

#[test]
fn enforce_a_directory_is_narrow_before_it_arrives() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let report = script(
            &tree,
            who,
            &format!("{PLANT} mv -T outside/box secret/box"),
            &[],
        );
        done(&report);
        narrow(&report, "mv");
        assert_eq!(tree.mode("secret/box"), 0o700);
        for (name, mode) in [("in/deep", 0o755), ("in/deep/c", 0o644), ("in/b", 0o755)] {
            assert_eq!(tree.mode(&format!("secret/box/{name}")), mode, "{name}");
        }
        assert_eq!(
            fs::read_to_string(tree.at("secret/box/link")).expect("read"),
            "a\n"
        );
    }
}

/// One call closes it, however much lies in it.
#[test]
fn enforce_a_directory_that_moves_is_closed_by_one_call() {
    let tree = Tree::full(Who::ordinary());
    let work = "umask 022; mkdir outside/set; echo x > outside/set/x; mv outside/set plain/y.iso";
    let report = script(&tree, Who::ordinary(), work, &[]);
    done(&report);
    assert_eq!(tree.mode("plain/y.iso"), 0o700);
    assert_eq!(tree.mode("plain/y.iso/x"), 0o644);
}

/// Where the mask lets the group in, the content is narrowed as well, and the directory
/// is opened only then.
#[test]
fn enforce_a_directory_that_stays_open_to_the_group() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = format!("{PLANT} mv -T outside/box secret/box");
        let report = script(&tree, who, &work, &[("UMASKCLAMP_MASK", "027")]);
        done(&report);
        let first = |name: &str| {
            let seen = report.seen.iter().find(|seen| seen.path.ends_with(name));
            seen.map(|seen| seen.first & 0o777)
        };
        assert_eq!(first("secret/box"), Some(0o700));
        for (name, mode) in [("", 0o750), ("in/deep", 0o750), ("in/deep/c", 0o640)] {
            assert_eq!(tree.mode(&format!("secret/box/{name}")), mode, "{name}");
        }
    }
}

/// Names that are sensitive only below the new name are narrowed before they arrive,
/// however deep.
#[test]
fn enforce_names_that_become_sensitive_by_a_move() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let deep = "d/".repeat(200);
        let work = format!(
            "umask 022; mkdir -p outside/box/dumps outside/box/{deep}dumps outside/box/pub; \
             echo x > outside/box/dumps/a.sql; echo x > outside/box/{deep}dumps/b.sql; \
             echo x > outside/box/plain; echo x > outside/box/pub/c.img; \
             mv -T outside/box plain/box; mv -T plain/box/pub plain/done"
        );
        let list = format!("{}/plain/**/dumps/*.sql:*.img:!pub/", tree.root.display());
        let report = script(&tree, who, &work, &[("UMASKCLAMP_PATTERNS", &list)]);
        done(&report);
        for (name, mode) in [
            ("box/dumps/a.sql", 0o600),
            (&format!("box/{deep}dumps/b.sql"), 0o600),
            ("box/plain", 0o644),
            ("box/dumps", 0o755),
            ("done/c.img", 0o600),
        ] {
            assert_eq!(tree.mode(&format!("plain/{name}")), mode, "{name} as {who}");
        }
        let early = report.seen.iter().filter(|seen| {
            let name = seen.path.to_string_lossy();
            name.starts_with("plain") && name.ends_with(".sql") || name == "plain/done/c.img"
        });
        for seen in early {
            assert_eq!(seen.loosest & 0o077, 0, "{}", seen.path.display());
        }
    }
}

#[test]
fn transparent_a_directory_that_moves_between_plain_places() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let report = script(
            &tree,
            who,
            &format!("{PLANT} mv -T outside/box plain/box"),
            &[],
        );
        done(&report);
        assert_eq!(tree.mode("plain/box"), 0o755);
        assert_eq!(tree.mode("plain/box/in/b"), 0o755);
        assert_eq!(tree.mode("plain/box/in/deep/c"), 0o644);
    }
}

/// A rename that fails leaves every mode as it was.
#[test]
fn transparent_a_directory_that_cannot_move_keeps_its_modes() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let report = script(
            &tree,
            who,
            &format!("{PLANT} mv -T outside/box secret/a"),
            &[],
        );
        assert!(!report.status.success(), "a full directory was replaced");
        for (name, mode) in [
            ("", 0o755),
            ("/a", 0o644),
            ("/in", 0o755),
            ("/in/b", 0o755),
            ("/in/deep/c", 0o644),
        ] {
            assert_eq!(
                tree.mode(&format!("outside/box{name}")),
                mode,
                "box{name} as {who}"
            );
        }
    }
}

/// The link is made; this process widens the file by neither name, and a record warns of
/// what others may do.
#[test]
fn enforce_a_plain_name_for_a_sensitive_file() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let log = tree.at("log");
        let settings = [("UMASKCLAMP_LOG_FILE", log.to_str().expect("UTF-8"))];
        let work = "exec perl -e 'link \"secret/narrow\", \"plain/second\" or die $!; \
                    chmod 0644, \"plain/second\"'";
        done(&script(&tree, who, work, &settings));
        assert_eq!(tree.mode("plain/second"), 0o600);
        let records = fs::read_to_string(&log).expect("log");
        let linked: serde_json::Value =
            serde_json::from_str(records.lines().next().expect("a line")).expect("a record");
        assert_eq!(linked["action"], "linked");
        assert_eq!(linked["level"], "warn");
        let path = tree.at("plain/second");
        assert_eq!(linked["path"], path.to_str().expect("UTF-8"));
    }
}

/// More than any table of a few hundred holds.
#[test]
fn enforce_many_files_with_a_plain_name() {
    let tree = Tree::full(Who::ordinary());
    let work = "exec perl -e 'for (1..3000) { open F, \">\", \"plain/f$_\" or die; close F; \
                link \"plain/f$_\", \"secret/f$_\" or die }; \
                for (1..3000) { chmod 0644, \"plain/f$_\" or die }'";
    let run = sh(work).patterns(patterns(&tree)).cwd(&tree.root);
    done(&run.who(Who::ordinary()).umask(0o022).run());
    let wide = (1..=3000).filter(|n| tree.mode(&format!("secret/f{n}")) & 0o077 != 0);
    assert_eq!(wide.count(), 0);
}

/// A live tree that is linked into a closed directory keeps its modes; what loses its
/// plain name there is narrowed.
#[test]
fn enforce_links_of_a_live_tree() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = "umask 022; mkdir -p outside/etc/d; echo a > outside/etc/a; echo b > outside/etc/d/b; \
                    cp -al outside/etc secret/etc; exec perl -e 'umask 022; mkdir \"secret/in\"; \
                    open F, \">\", \"outside/tmp\"; close F; \
                    link \"outside/tmp\", \"secret/in/kept\" or die; unlink \"outside/tmp\" or die'";
        done(&script(&tree, who, work, &[]));
        for (name, mode) in [
            ("outside/etc", 0o755),
            ("outside/etc/a", 0o644),
            ("outside/etc/d/b", 0o644),
            ("secret/etc", 0o700),
            ("secret/in/kept", 0o600),
        ] {
            assert_eq!(tree.mode(name), mode, "{name} as {who}");
        }
        let names = fs::metadata(tree.at("secret/etc/a")).expect("linked");
        assert_eq!(std::os::unix::fs::MetadataExt::nlink(&names), 2);
    }
}

/// What was narrow when it arrived stays so by the name that it had beside.
#[test]
fn enforce_a_name_that_was_there_before_the_rename() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = "exec perl -e 'umask 022; open F, \">\", \"plain/x\"; close F; \
                    link \"plain/x\", \"plain/y\" or die; rename \"plain/x\", \"secret/x\" or die; \
                    chmod 0644, \"plain/y\" or die'";
        done(&script(&tree, who, work, &[]));
        assert_eq!(tree.mode("secret/x"), 0o600);
    }
}

#[test]
fn settings_a_plain_name_where_widening_is_allowed() {
    let tree = Tree::full(Who::ordinary());
    let work = "ln secret/narrow plain/second && ln plain/wide plain/third && ln secret/narrow secret/fourth";
    let report = script(
        &tree,
        Who::ordinary(),
        work,
        &[("UMASKCLAMP_CHMOD", "allow")],
    );
    done(&report);
    assert!(tree.at("plain/second").exists());
}

#[test]
fn transparent_links_beside_a_sensitive_place() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = "ln plain/wide plain/third && ln secret/narrow secret/fourth && ln -s ../secret/narrow plain/soft";
        done(&script(&tree, who, work, &[]));
        assert_eq!(tree.mode("plain/third"), 0o644);
    }
}

/// What leaves a sensitive place keeps its narrow mode, and may be widened then.
#[test]
fn transparent_what_leaves_is_free() {
    let who = Who::ordinary();
    let tree = Tree::full(who);
    done(&script(
        &tree,
        who,
        "mv secret/narrow plain/out; chmod 644 plain/out",
        &[],
    ));
    assert_eq!(tree.mode("plain/out"), 0o644);
}

/// Where the directory hands its group down, it still does.
#[test]
fn transparent_setgid_directories() {
    for who in Who::all() {
        let tree = Tree::full(who);
        for side in ["secret", "plain"] {
            let mode = fs::Permissions::from_mode(0o2755);
            fs::set_permissions(tree.at(side), mode).expect("chmod");
        }
        done(&script(
            &tree,
            who,
            "mkdir secret/new plain/new; echo > plain/file",
            &[],
        ));
        assert_eq!(tree.mode("plain/new"), 0o2755);
        assert_eq!(tree.mode("plain/file"), 0o644);
        assert_eq!(tree.mode("secret/new") & 0o7700, 0o2700);
    }
}

/// What is remembered of an inode goes with its last sensitive name, and never belongs to
/// another inode that got the number.
#[test]
fn transparent_what_lost_its_sensitive_name_is_free() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = "exec perl -e 'umask 022; mkdir \"secret/in\"; \
                    sub make { open F, \">\", $_[0] or die; close F } \
                    make(\"plain/new-a\"); link \"plain/new-a\", \"secret/new-a\" or die; unlink \"secret/new-a\"; \
                    link \"plain/new-a\", \"plain/new-b\"; chmod 0644, \"plain/new-b\"; \
                    make(\"plain/new-c\"); link \"plain/new-c\", \"secret/in/c\" or die; unlink \"secret/in/c\"; \
                    link \"plain/new-c\", \"plain/new-d\"; unlink \"plain/new-c\"; \
                    for (1..200) { make(\"plain/x$_\"); link \"plain/x$_\", \"secret/x$_\"; } \
                    system \"rm -f plain/x* secret/x*\"; \
                    for (1..200) { make(\"plain/y$_\"); link \"plain/y$_\", \"plain/z$_\"; \
                    chmod 0644, \"plain/z$_\" }'";
        done(&script(&tree, who, work, &[]));
        let others = (1..=200).map(|n| format!("plain/z{n}"));
        for name in ["plain/new-b", "plain/new-d"]
            .map(String::from)
            .into_iter()
            .chain(others)
        {
            assert_eq!(tree.mode(&name), 0o644, "{name} as {who}");
        }
    }
}

/// A backup of hard links in a closed place is refreshed, and put in order: the live
/// files keep their modes.
#[test]
fn transparent_links_that_are_refreshed_in_a_closed_place() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = "umask 022; mkdir -p secret/in outside/live; \
                    for f in a b c d; do echo $f > outside/live/$f; done; \
                    cp -al outside/live/. secret/in/; cp -alf outside/live/. secret/in/; \
                    ln -f outside/live/b secret/in/b; mv secret/in/c secret/in/c.old; \
                    chmod 644 secret/in/d; perl -e 'rename \"outside/live/a\", \"secret/in/a\"'";
        done(&script(&tree, who, work, &[]));
        for name in ["a", "b", "c", "d"] {
            assert_eq!(
                tree.mode(&format!("outside/live/{name}")),
                0o644,
                "{name} as {who}"
            );
        }
        assert_eq!(tree.mode("secret/in/c.old"), 0o644);
    }
}

/// A second sensitive name does not keep the mode of an inode without a plain one; a
/// directory out of a closed place brings nothing wide along.
#[test]
fn enforce_what_a_closed_place_hid() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let work = "exec perl -e 'umask 022; mkdir \"secret/in\"; \
                    open F, \">\", \"plain/new-a\"; close F; link \"plain/new-a\", \"secret/in/a\"; \
                    link \"secret/in/a\", \"secret/in/b\"; unlink \"plain/new-a\"; \
                    mkdir \"outside/t\"; mkdir \"outside/t/sub\"; \
                    open F, \">\", \"outside/t/sub/x.txt\"; close F; \
                    link \"outside/t/sub/x.txt\", \"outside/t/sub/x.iso.tmp\"; \
                    rename \"outside/t\", \"secret/t\" or die; \
                    rename \"secret/t/sub/x.iso.tmp\", \"secret/t/sub/x.iso\"; \
                    rename \"secret/t/sub\", \"plain/sub\" or die'";
        done(&script(&tree, who, work, &[]));
        assert_eq!(tree.mode("secret/in/b"), 0o600, "as {who}");
        assert_eq!(tree.mode("plain/sub"), 0o755, "as {who}");
        assert_eq!(tree.mode("plain/sub/x.iso"), 0o600, "as {who}");
    }
}

/// What a program may widen stays so when it renames or links it in its place.
#[test]
fn settings_what_may_be_widened_stays_wide() {
    let tree = Tree::full(Who::ordinary());
    let work = "umask 022; echo x > secret/t; chmod 644 secret/t; mv secret/t secret/final; \
                echo y > secret/u; chmod 644 secret/u; ln secret/u secret/v";
    let report = script(
        &tree,
        Who::ordinary(),
        work,
        &[("UMASKCLAMP_CHMOD", "allow")],
    );
    done(&report);
    assert_eq!(tree.mode("secret/final"), 0o644);
    assert_eq!(tree.mode("secret/v"), 0o644);
}

/// A directory that its owner cannot search hides nothing but itself.
#[test]
fn enforce_beside_a_directory_that_cannot_be_searched() {
    let who = Who::ordinary();
    let tree = Tree::full(who);
    let work = "umask 022; mkdir -p outside/k/a outside/k/z; echo x > outside/k/m.sql; \
                chmod 644 outside/k/a outside/k/z; mv -T outside/k plain/k; chmod 700 plain/k/a";
    let list = format!("{}/plain/k/**", tree.root.display());
    let report = script(&tree, who, work, &[("UMASKCLAMP_PATTERNS", &list)]);
    done(&report);
    assert_eq!(tree.mode("plain/k/m.sql"), 0o600);
}

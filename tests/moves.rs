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

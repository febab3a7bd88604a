//! Directories that move with what is in them, and names that a sensitive file
//! gets elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use umaskclamp_testkit::run::sh;
use umaskclamp_testkit::stage::patterns;
use umaskclamp_testkit::{Report, Tree, Who};

fn script(tree: &Tree, who: Who, script: &str, settings: &[(&str, &str)]) -> Report {
    let run = settings
        .iter()
        .fold(sh(script), |run, (name, value)| run.env(name, value));
    run.patterns(patterns(tree))
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
        .filter(|seen| seen.loosest & 0o077 != 0)
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
        assert_eq!(tree.mode("secret/box/in/deep"), 0o700);
        assert_eq!(tree.mode("secret/box/in/deep/c"), 0o600);
        assert_eq!(tree.mode("secret/box/in/b"), 0o700);
        assert_eq!(
            fs::read_to_string(tree.at("secret/box/link")).expect("read"),
            "a\n"
        );
    }
}

#[test]
fn enforce_names_in_a_directory_that_moves() {
    let tree = Tree::full(Who::ordinary());
    let work = "umask 022; mkdir outside/set; echo x > outside/set/x; mv outside/set plain/y.iso";
    let report = script(&tree, Who::ordinary(), work, &[]);
    done(&report);
    assert_eq!(tree.mode("plain/y.iso"), 0o700);
    assert_eq!(tree.mode("plain/y.iso/x"), 0o600);
}

/// What no walk would end soon is copied instead: `EXDEV`, at which mv does.
#[test]
fn enforce_a_directory_too_deep_to_walk_is_copied() {
    let tree = Tree::full(Who::ordinary());
    let deep = "d/".repeat(80);
    let work = format!("umask 022; mkdir -p outside/far/{deep}; echo x > outside/far/{deep}x; mv outside/far secret/far");
    let report = script(&tree, Who::ordinary(), &work, &[]);
    done(&report);
    narrow(&report, "mv of a deep directory");
    assert_eq!(tree.mode(&format!("secret/far/{deep}x")), 0o600);
    assert!(!tree.at("outside/far").exists());
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

/// By a plain name the file could be widened, and so at its sensitive one.
#[test]
fn enforce_no_plain_name_for_a_sensitive_file() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let log = tree.at("log");
        let settings = [("UMASKCLAMP_LOG_FILE", log.to_str().expect("UTF-8"))];
        let report = script(&tree, who, "ln secret/narrow plain/second", &settings);
        assert_eq!(report.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&report.stderr).into_owned();
        assert!(errors.contains("Operation not permitted"), "{errors}");
        assert!(!tree.at("plain/second").exists());
        let record: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&log).expect("log")).expect("a record");
        assert_eq!(record["action"], "refused");
        assert_eq!(record["level"], "warn");
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

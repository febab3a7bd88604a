//! Files that are there already, and the settings that say what happens to
//! them, to a later chmod, and to what is recorded. (The doors to an existing
//! file one by one are rows of `enforce.rs`.)

use std::fs;

use serde_json::Value;
use umaskclamp_testkit::run::sh;
use umaskclamp_testkit::stage::patterns;
use umaskclamp_testkit::{Report, Tree, Who, acl};

/// Runs a shell script in a new tree with these settings, watched.
fn script(who: Who, script: &str, settings: &[(&str, &str)]) -> (Tree, Report) {
    let tree = Tree::full(who);
    let report = script_in(&tree, who, script, settings);
    (tree, report)
}

fn script_in(tree: &Tree, who: Who, script: &str, settings: &[(&str, &str)]) -> Report {
    let run = settings
        .iter()
        .fold(sh(script), |run, (name, value)| run.env(name, value));
    let run = run
        .patterns(patterns(tree))
        .cwd(&tree.root)
        .who(who)
        .umask(0o022);
    run.watch(&tree.root)
}

fn silent(report: &Report) {
    assert_eq!(String::from_utf8_lossy(&report.stderr), "");
    assert!(report.status.success(), "{}", report.status);
}

/// The records of a JSON Lines file, each an object.
fn records(tree: &Tree) -> Vec<Value> {
    let text = fs::read_to_string(tree.at("log")).unwrap_or_default();
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text.lines().map(parse).collect()
}

/// `action call requested applied path` of each record, sorted, with the
/// tree's own name taken out.
fn summary(tree: &Tree) -> Vec<String> {
    let root = format!("{}/", tree.root.display());
    let mut lines: Vec<String> = records(tree)
        .iter()
        .map(|record| {
            let field = |name: &str| record[name].as_str().unwrap_or("-").replace(&root, "");
            format!(
                "{} {} {} {}",
                field("action"),
                field("requested"),
                field("applied"),
                field("path")
            )
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

const WORK: &str = "echo new > secret/wide; echo new > secret/made; mkdir secret/dir; \
    chmod 644 secret/narrow; mv outside/from secret/moved; echo plain > plain/made";

#[test]
fn enforce_by_default() {
    for who in Who::all() {
        let (tree, report) = script(who, WORK, &[]);
        silent(&report);
        for name in ["wide", "made", "narrow", "moved"] {
            assert_eq!(
                tree.mode(&format!("secret/{name}")),
                0o600,
                "{name} as {who}"
            );
        }
        assert_eq!(tree.mode("secret/dir"), 0o700);
        assert_eq!(tree.mode("plain/made"), 0o644);
        let wide = report
            .writes
            .iter()
            .filter(|w| w.path.starts_with("secret"));
        let modes: Vec<u32> = wide.map(|w| w.mode).collect();
        assert!(modes.len() >= 2, "{:?}", report.writes);
        assert!(
            modes.iter().all(|mode| *mode == 0o600),
            "{:?}",
            report.writes
        );
    }
}

/// An ACL gives others rights as a mode does, and more of them.
#[test]
fn enforce_a_wide_file_with_an_acl() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let path = tree.at("secret/wide");
        if let Err(error) = acl::set(&path, acl::ACCESS, &acl::generous(6)) {
            println!("left out: a wide file with an ACL: {error}");
            return;
        }
        let before = acl::get(&path, acl::ACCESS);
        assert_eq!(acl::loose(&before), 0o066);
        silent(&script_in(&tree, who, "echo new >> secret/wide", &[]));
        let after = acl::get(&path, acl::ACCESS);
        assert_eq!(acl::loose(&after), 0, "as {who}: {after:?}");
        assert_eq!(before.len(), after.len(), "the entries themselves stay");
    }
}

#[test]
fn enforce_a_mask_that_leaves_a_group_its_read_bit() {
    let (tree, report) = script(Who::ordinary(), WORK, &[("UMASKCLAMP_MASK", "027")]);
    silent(&report);
    for name in ["wide", "made", "narrow", "moved"] {
        assert_eq!(tree.mode(&format!("secret/{name}")), 0o640, "{name}");
    }
    assert_eq!(tree.mode("secret/dir"), 0o750);
}

#[test]
fn settings_existing_leave() {
    let (tree, report) = script(Who::ordinary(), WORK, &[("UMASKCLAMP_EXISTING", "leave")]);
    silent(&report);
    assert_eq!(tree.mode("secret/wide"), 0o644, "left as it was");
    assert_eq!(
        fs::read_to_string(tree.at("secret/wide")).expect("read"),
        "new\n"
    );
}

#[test]
fn enforce_what_is_new_with_existing_leave() {
    let (tree, report) = script(Who::ordinary(), WORK, &[("UMASKCLAMP_EXISTING", "leave")]);
    silent(&report);
    assert_eq!(tree.mode("secret/made"), 0o600);
    assert_eq!(tree.mode("secret/dir"), 0o700);
}

#[test]
fn settings_chmod_allow() {
    let (tree, report) = script(Who::ordinary(), WORK, &[("UMASKCLAMP_CHMOD", "allow")]);
    silent(&report);
    assert_eq!(
        tree.mode("secret/narrow"),
        0o644,
        "an explicit chmod is allowed"
    );
}

#[test]
fn enforce_creation_with_chmod_allow() {
    let (tree, report) = script(Who::ordinary(), WORK, &[("UMASKCLAMP_CHMOD", "allow")]);
    silent(&report);
    assert_eq!(tree.mode("secret/made"), 0o600);
    assert_eq!(tree.mode("secret/wide"), 0o600);
}

#[test]
fn settings_off_changes_and_records_nothing() {
    let tree = Tree::full(Who::ordinary());
    let log = tree.at("log");
    let settings = [
        ("UMASKCLAMP_MODE", "off"),
        ("UMASKCLAMP_LOG", "trace"),
        ("UMASKCLAMP_LOG_FILE", log.to_str().expect("UTF-8")),
    ];
    let report = script_in(&tree, Who::ordinary(), WORK, &settings);
    silent(&report);
    assert_eq!(tree.mode("secret/made"), 0o644);
    assert_eq!(tree.mode("secret/wide"), 0o644);
    assert!(!log.exists());
}

#[test]
fn enforce_audit_changes_nothing_and_says_what_it_would() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let log = tree.at("log");
        let settings = [
            ("UMASKCLAMP_MODE", "audit"),
            ("UMASKCLAMP_LOG_FILE", log.to_str().expect("UTF-8")),
        ];
        let report = script_in(&tree, who, WORK, &settings);
        silent(&report);
        for name in ["wide", "made", "narrow", "moved"] {
            assert_eq!(
                tree.mode(&format!("secret/{name}")),
                0o644,
                "{name} as {who}"
            );
        }
        assert_eq!(tree.mode("secret/dir"), 0o755);
        let expected = [
            "would-clamp 0644 0600 secret/narrow",
            "would-clamp 0666 0600 secret/made",
            "would-clamp 0777 0700 secret/dir",
            "would-tighten 0644 0600 outside/from",
            "would-tighten 0644 0600 secret/wide",
        ];
        let got = summary(&tree);
        for line in expected {
            let or = line.replace("outside/from", "secret/moved");
            assert!(
                got.iter().any(|g| g == line || *g == or),
                "no {line:?} in {got:?}"
            );
        }
        assert_eq!(got.len(), expected.len(), "{got:?}");
    }
}

#[test]
fn enforce_records_as_json_lines() {
    let tree = Tree::full(Who::ordinary());
    let log = tree.at("log");
    let settings = [("UMASKCLAMP_LOG_FILE", log.to_str().expect("UTF-8"))];
    let name = "a\n{\"forged\":1}\x1b[31m";
    let work = format!("{WORK}; > 'secret/{name}'");
    let report = script_in(&tree, Who::ordinary(), &work, &settings);
    silent(&report);
    assert_eq!(tree.mode("log"), 0o600, "the log is nobody else's");
    let all = records(&tree);
    let fields = [
        "v",
        "time",
        "level",
        "pid",
        "program",
        "call",
        "action",
        "path",
        "requested",
        "applied",
        "rule",
        "reason",
    ];
    for record in &all {
        for field in fields {
            assert!(record.get(field).is_some(), "no {field} in {record}");
        }
        assert_eq!(record["v"], 1);
        assert_eq!(record["level"], "info");
        assert_eq!(record["rule"], format!("{}/secret", tree.root.display()));
    }
    let paths: Vec<&str> = all
        .iter()
        .filter_map(|record| record["path"].as_str())
        .collect();
    let odd = format!("{}/secret/{name}", tree.root.display());
    assert!(paths.contains(&odd.as_str()), "{paths:?}");
    assert!(!fs::read_to_string(&log).expect("read").contains('\x1b'));
    assert!(summary(&tree).contains(&"tightened 0644 0600 secret/wide".to_owned()));
    assert!(summary(&tree).contains(&"clamped 0777 0700 secret/dir".to_owned()));
}

#[test]
fn enforce_records_on_stderr() {
    let settings = [("UMASKCLAMP_LOG", "info")];
    let (tree, report) = script(Who::ordinary(), "echo new > secret/made", &settings);
    let text = String::from_utf8_lossy(&report.stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "{text}");
    let path = tree.at("secret/made");
    assert!(text.starts_with("umaskclamp: "), "{text}");
    assert!(
        text.contains(&format!("clamped 0666 -> 0600 \"{}\"", path.display())),
        "{text}"
    );
}

#[test]
fn settings_levels_below_info_are_silent_about_clamps() {
    for level in ["off", "error", "warn"] {
        let (_, report) = script(Who::ordinary(), WORK, &[("UMASKCLAMP_LOG", level)]);
        silent(&report);
    }
}

/// A file that is another's cannot be narrowed: it is left, and a record of
/// level error says so.
#[test]
fn root_only_a_record_where_nothing_can_be_done() {
    if !Who::am_root() {
        println!("root_only_a_record_where_nothing_can_be_done: left out: it takes two users");
        return;
    }
    let who = Who::User;
    let tree = Tree::full(who);
    tree.file("secret/theirs", 0o666, Who::Root);
    let log = tree.at("log");
    let settings = [
        ("UMASKCLAMP_LOG_FILE", log.to_str().expect("UTF-8")),
        ("UMASKCLAMP_LOG", "error"),
    ];
    let report = script_in(&tree, who, "echo new > secret/theirs", &settings);
    silent(&report);
    assert_eq!(tree.mode("secret/theirs"), 0o666);
    assert_eq!(
        fs::read_to_string(tree.at("secret/theirs")).expect("read"),
        "new\n"
    );
    let all = records(&tree);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["level"], "error");
    assert_eq!(all[0]["action"], "failed");
    assert_eq!(all[0]["requested"], "0666");
}

/// Devices, fifos and sockets that are there already are never narrowed.
#[test]
fn settings_devices_and_fifos_stay_as_they_are() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let made = std::process::Command::new("mkfifo")
            .arg(tree.at("secret/pipe"))
            .status();
        assert!(made.expect("mkfifo").success());
        tree.own(&tree.at("secret/pipe"), who);
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        fs::set_permissions(tree.at("secret/pipe"), open).expect("chmod");
        let null = fs::metadata("/dev/null").expect("stat");
        let work = "echo x 1<> secret/pipe; echo x > /dev/null";
        let run = sh(work)
            .patterns(format!("{}:/dev", patterns(&tree)))
            .cwd(&tree.root);
        silent(&run.who(who).watch(&tree.root));
        assert_eq!(tree.mode("secret/pipe"), 0o666);
        let after = fs::metadata("/dev/null").expect("stat");
        assert_eq!(
            std::os::unix::fs::MetadataExt::mode(&after),
            std::os::unix::fs::MetadataExt::mode(&null)
        );
    }
}

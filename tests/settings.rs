//! Settings: every fault with its exact line, and what each setting does.
//!
//! A fault stops the program before it ran: exit status 78, a line a fault on
//! stderr, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use umaskclamp_testkit::{Report, Run, Tree, Who};

/// Runs a program that would say so if it started.
fn start(variables: &[(&str, &str)], who: Who) -> Report {
    let run = variables
        .iter()
        .fold(Run::new("/bin/echo"), |run, (n, v)| run.env(n, v));
    run.arg("started").who(who).run()
}

/// What is on stderr of a program that was stopped.
fn stopped(variables: &[(&str, &str)], who: Who) -> String {
    let report = start(variables, who);
    let stderr = String::from_utf8_lossy(&report.stderr).into_owned();
    assert_eq!(report.status.code(), Some(78), "{variables:?}: {stderr}");
    assert_eq!(report.stdout, b"", "{variables:?}: the program ran");
    stderr
}

/// The line that `variable=value` alone gives.
fn line(variable: &str, value: &str) -> String {
    let mut texts: Vec<String> = Who::all()
        .into_iter()
        .map(|who| stopped(&[(variable, value)], who))
        .collect();
    texts.dedup();
    assert_eq!(
        texts.len(),
        1,
        "root and user are told different things: {texts:?}"
    );
    let text = texts.remove(0);
    let line = text.strip_suffix('\n').expect("a whole line").to_owned();
    assert!(!line.contains('\n'), "one line a fault: {text}");
    line
}

/// `expected` lists variable, value and what follows `umaskclamp: VARIABLE: `.
fn faults(expected: &[(&str, &str, &str)]) {
    for (variable, value, text) in expected {
        assert_eq!(
            line(variable, value),
            format!("umaskclamp: {variable}: {text}")
        );
    }
}

const PATTERNS: &str = "UMASKCLAMP_PATTERNS";
const FILE: &str = "UMASKCLAMP_PATTERNS_FILE";
const LOG: &str = "UMASKCLAMP_LOG_FILE";

#[test]
fn enforce_bad_patterns_are_told() {
    faults(&[
        (
            PATTERNS,
            "[a",
            r#"pattern 1 "[a" at byte 0: unclosed character class; missing ']'"#,
        ),
        (
            PATTERNS,
            "x:a[b",
            r#"pattern 2 "a[b" at byte 1: unclosed character class; missing ']'"#,
        ),
        (
            PATTERNS,
            "a:{b",
            r#"pattern 2 "{b" at byte 0: unclosed brace; missing '}'"#,
        ),
        (
            PATTERNS,
            "a::b",
            r#"pattern 2 "" at byte 0: empty pattern; remove the extra ':'"#,
        ),
        (
            PATTERNS,
            "b\\",
            r#"pattern 1 "b\\" at byte 1: trailing backslash; write '\\' for a literal one"#,
        ),
        (
            PATTERNS,
            "!",
            r#"pattern 1 "!" at byte 0: '!' exempts nothing; a pattern must follow it"#,
        ),
        (
            PATTERNS,
            "a/../b",
            r#"pattern 1 "a/../b" at byte 2: '.' or '..' as a component never matches; paths are folded first"#,
        ),
        (
            PATTERNS,
            "~root/b",
            r#"pattern 1 "~root/b" at byte 0: only '~/' is a home directory; write the path, or '\~' for a literal tilde"#,
        ),
        // What a terminal would obey is shown, not sent.
        (
            PATTERNS,
            "a\x1b[31m[",
            r#"pattern 1 "a\x1b[31m[" at byte 2: unclosed character class; missing ']'"#,
        ),
    ]);
}

const KNOWN: &str = "known are UMASKCLAMP_PATTERNS, UMASKCLAMP_PATTERNS_FILE, UMASKCLAMP_MODE, \
    UMASKCLAMP_MASK, UMASKCLAMP_CHMOD, UMASKCLAMP_EXISTING, UMASKCLAMP_UNREACHABLE, \
    UMASKCLAMP_LOG, UMASKCLAMP_LOG_FILE";

#[test]
fn enforce_unknown_names_and_values_are_told() {
    let unknown = format!("unknown variable: {KNOWN}");
    faults(&[
        ("UMASKCLAMP_PATTERN", "a", &unknown),
        ("UMASKCLAMP_", "a", &unknown),
        ("UMASKCLAMP_mode", "off", &unknown),
        (
            "UMASKCLAMP_MODE",
            "on",
            r#"unknown value "on": one of enforce, audit, off"#,
        ),
        (
            "UMASKCLAMP_MODE",
            "Enforce",
            r#"unknown value "Enforce": one of enforce, audit, off"#,
        ),
        (
            "UMASKCLAMP_MODE",
            "",
            r#"unknown value "": one of enforce, audit, off"#,
        ),
        (
            "UMASKCLAMP_CHMOD",
            "deny",
            r#"unknown value "deny": one of clamp, allow"#,
        ),
        (
            "UMASKCLAMP_EXISTING",
            "keep",
            r#"unknown value "keep": one of tighten, leave"#,
        ),
        (
            "UMASKCLAMP_UNREACHABLE",
            "no",
            r#"unknown value "no": one of umask, warn, refuse"#,
        ),
        (
            "UMASKCLAMP_LOG",
            "loud",
            r#"unknown value "loud": one of off, error, warn, info, debug, trace"#,
        ),
    ]);
}

#[test]
fn enforce_bad_masks_are_told() {
    let outside = |value: &str| {
        format!("\"{value}\" is outside 0077: only bits of the group and of others can be cleared")
    };
    let number = |value: &str| format!("\"{value}\" is not an octal number");
    for value in ["0700", "0100", "1077", "777", "07777"] {
        faults(&[("UMASKCLAMP_MASK", value, &outside(value))]);
    }
    for value in ["", "8", "09", "0x3f", "-77", "+77", " 077", "u=rwx"] {
        faults(&[("UMASKCLAMP_MASK", value, &number(value))]);
    }
}

#[test]
fn enforce_bad_paths_are_told() {
    let tree = Tree::empty(Who::ordinary());
    let dir = tree.root.to_str().expect("UTF-8");
    let path = |name: &str| format!("{dir}/{name}");
    let made = std::process::Command::new("mkfifo")
        .arg(path("fifo"))
        .status()
        .expect("mkfifo");
    assert!(made.success());
    tree.own(&tree.at("fifo"), Who::ordinary());
    symlink("target", tree.at("link")).expect("symlink");
    fs::write(tree.at("list"), "fine\n# a comment\n\n[a\n  \n!\n").expect("write");
    let say = |name: &str, text: &str| format!("{dir}/{name}: {text}");
    faults(&[
        (LOG, "rel.log", r#""rel.log" is not an absolute path"#),
        (LOG, "./rel.log", r#""./rel.log" is not an absolute path"#),
        (LOG, dir, &format!("{dir}: is a directory")),
        (LOG, &path("fifo"), &say("fifo", "not a regular file")),
        (LOG, &path("link"), &say("link", "is a symbolic link")),
        (LOG, &path("none/log"), &say("none/log", "no such file")),
        (FILE, "list", r#""list" is not an absolute path"#),
        (FILE, dir, &format!("{dir}: is a directory")),
        (FILE, &path("none"), &say("none", "no such file")),
        (FILE, &path("fifo"), &say("fifo", "not a regular file")),
        (FILE, "/dev/zero", "/dev/zero: not a regular file"),
    ]);
    // Two bad lines in one file are two lines on stderr.
    let text = stopped(&[(FILE, &path("list"))], Who::ordinary());
    let list = path("list");
    let expected = [
        format!(
            r#"umaskclamp: {FILE}: {list}: line 4 "[a" at byte 0: unclosed character class; missing ']'"#
        ),
        format!(
            r#"umaskclamp: {FILE}: {list}: line 6 "!" at byte 0: '!' exempts nothing; a pattern must follow it"#
        ),
    ];
    let lines: Vec<&str> = text.lines().filter(|l| !l.contains("line 5")).collect();
    assert_eq!(lines, expected);
    assert!(
        !tree.at("target").exists(),
        "the link of the log path was followed"
    );
    assert!(!tree.at("none").exists());
}

#[test]
fn enforce_what_may_not_be_read_or_written_is_told() {
    // Root may read and write everything: this takes an ordinary user, and
    // files that are somebody else's or that the owner has shut.
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let secret = tree.file("patterns", 0o000, who);
    let log = tree.file("log", 0o400, who);
    let expect = |variable: &str, path: &std::path::Path| {
        let text = stopped(&[(variable, path.to_str().expect("UTF-8"))], who);
        assert_eq!(
            text,
            format!(
                "umaskclamp: {variable}: {}: permission denied\n",
                path.display()
            )
        );
    };
    expect(FILE, &secret);
    expect(LOG, &log);
    expect(LOG, std::path::Path::new("/usr/umaskclamp.log"));
}

#[test]
fn enforce_all_faults_are_told_at_once() {
    let text = stopped(
        &[
            ("UMASKCLAMP_MODE", "x"),
            ("UMASKCLAMP_MASK", "9"),
            ("UMASKCLAMP_BAR", "1"),
            (PATTERNS, "[:{"),
            (LOG, "log"),
        ],
        Who::ordinary(),
    );
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let unknown = format!("umaskclamp: UMASKCLAMP_BAR: unknown variable: {KNOWN}");
    let expected = [
        unknown.as_str(),
        r#"umaskclamp: UMASKCLAMP_LOG_FILE: "log" is not an absolute path"#,
        r#"umaskclamp: UMASKCLAMP_MASK: "9" is not an octal number"#,
        r#"umaskclamp: UMASKCLAMP_MODE: unknown value "x": one of enforce, audit, off"#,
        r#"umaskclamp: UMASKCLAMP_PATTERNS: pattern 1 "[" at byte 0: unclosed character class; missing ']'"#,
        r#"umaskclamp: UMASKCLAMP_PATTERNS: pattern 2 "{" at byte 0: unclosed brace; missing '}'"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn enforce_a_list_too_long_for_children_is_told() {
    let tree = Tree::empty(Who::ordinary());
    let patterns: String = (0..14_000).map(|i| format!("name-{i:05}\n")).collect();
    assert!(patterns.len() > 128 * 1024);
    fs::write(tree.at("list"), &patterns).expect("write");
    let path = tree.at("list");
    let text = stopped(&[(FILE, path.to_str().expect("UTF-8"))], Who::ordinary());
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.starts_with(&format!("umaskclamp: {FILE}: {}: ", path.display())),
        "{text}"
    );
    assert!(
        text.contains("too long") || text.contains("one environment string"),
        "{text}"
    );
}

#[test]
fn settings_the_same_program_runs_with_good_ones() {
    for who in Who::all() {
        let tree = Tree::empty(who);
        let log = tree.at("log");
        let report = start(
            &[
                (PATTERNS, r"a\:b:!/x/*.{iso,img}:~/y/:[!z]?:\~"),
                ("UMASKCLAMP_MODE", "audit"),
                ("UMASKCLAMP_MASK", "27"),
                ("UMASKCLAMP_CHMOD", "allow"),
                ("UMASKCLAMP_EXISTING", "leave"),
                ("UMASKCLAMP_UNREACHABLE", "warn"),
                ("UMASKCLAMP_LOG", "error"),
                (LOG, log.to_str().expect("UTF-8")),
            ],
            who,
        );
        assert_eq!(String::from_utf8_lossy(&report.stderr), "");
        assert_eq!(report.stdout, b"started\n");
        assert!(report.status.success());
    }
}

#[test]
fn settings_off_is_a_way_out_even_with_a_broken_list() {
    let report = start(
        &[("UMASKCLAMP_MODE", "off"), (PATTERNS, "[")],
        Who::ordinary(),
    );
    assert_eq!(String::from_utf8_lossy(&report.stderr), "");
    assert_eq!(report.stdout, b"started\n");
}

//! The settings, and the exact message of each fault.

use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::rules::{Kind, Origin, RuleId, Verdict};
use umaskclamp_policy::settings::{
    ChmodPolicy, Existing, Fault, FileFault, Level, LogTarget, Mode, Settings, Unreachable,
    VARIABLES, parse,
};

type File = Result<&'static [u8], FileFault>;

fn with_file(env: &[&[u8]], file: File) -> Result<Settings, Vec<Fault>> {
    parse(
        env.iter().copied(),
        |path| {
            assert_eq!(path, b"/etc/x");
            file.map(<[u8]>::to_vec)
        },
        || Some(b"/home/eva".to_vec()),
    )
}

fn settings(env: &[&str]) -> Settings {
    let env: Vec<&[u8]> = env.iter().map(|entry| entry.as_bytes()).collect();
    with_file(&env, Err(FileFault::Missing)).unwrap()
}

fn faults(env: &[&str]) -> Vec<String> {
    let env: Vec<&[u8]> = env.iter().map(|entry| entry.as_bytes()).collect();
    messages(with_file(&env, Err(FileFault::Missing)))
}

fn messages(result: Result<Settings, Vec<Fault>>) -> Vec<String> {
    let faults = result.unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn defaults() {
    let all = settings(&[
        "PATH=/bin",
        "UMASKCLAMPX=1",
        "UMASKCLAMP_",
        "XUMASKCLAMP_Y=1",
    ]);
    assert_eq!(all.mode, Mode::Enforce);
    assert_eq!(all.mask, Mask::default());
    assert_eq!(all.chmod, ChmodPolicy::Clamp);
    assert_eq!(all.existing, Existing::Tighten);
    assert_eq!(all.unreachable, Unreachable::Umask);
    assert_eq!(all.level, Level::Off);
    assert_eq!(all.log_file, LogTarget::Stderr);
    assert_eq!(all.effective_list, None);
    assert!(all.rules.iter().all(|(_, rule)| !rule.homeless));
    assert!(
        all.rules
            .iter()
            .all(|(_, rule)| rule.origin == Origin::BuiltIn)
    );
    assert!(!all.rules.is_empty());
}

#[test]
fn every_word_is_its_value() {
    let all = settings(&[
        "UMASKCLAMP_MODE=audit",
        "UMASKCLAMP_MASK=027",
        "UMASKCLAMP_CHMOD=allow",
        "UMASKCLAMP_EXISTING=leave",
        "UMASKCLAMP_UNREACHABLE=refuse",
        "UMASKCLAMP_LOG=debug",
        "UMASKCLAMP_PATTERNS=/a:!/a/b",
    ]);
    assert_eq!(all.mode, Mode::Audit);
    assert_eq!(all.mask, Mask::new(0o27).unwrap());
    assert_eq!(all.chmod, ChmodPolicy::Allow);
    assert_eq!(all.existing, Existing::Leave);
    assert_eq!(all.unreachable, Unreachable::Refuse);
    assert_eq!(all.level, Level::Debug);
    assert_eq!(all.rules.len(), 2);
    for word in Level::WORDS {
        let entry = format!("UMASKCLAMP_LOG={word}");
        assert_eq!(settings(&[&entry]).level.word(), *word);
    }
    for word in Unreachable::WORDS {
        let entry = format!("UMASKCLAMP_UNREACHABLE={word}");
        assert_eq!(settings(&[&entry]).unreachable.word(), *word);
    }
}

#[test]
fn a_log_file_asks_for_records() {
    let log = |env: &[&str]| {
        let all = settings(env);
        (all.level, all.log_file)
    };
    let file = LogTarget::File(b"/l".to_vec());
    assert_eq!(
        log(&["UMASKCLAMP_LOG_FILE=/l"]),
        (Level::Info, file.clone())
    );
    assert_eq!(
        log(&["UMASKCLAMP_LOG_FILE=/l", "UMASKCLAMP_LOG=off"]),
        (Level::Off, file)
    );
    assert_eq!(
        log(&["UMASKCLAMP_LOG_FILE=syslog:"]),
        (Level::Info, LogTarget::Syslog)
    );
    assert_eq!(
        log(&["UMASKCLAMP_LOG_FILE=//l"]).1,
        LogTarget::File(b"//l".to_vec())
    );
    assert_eq!(
        log(&["UMASKCLAMP_LOG_FILE="]),
        (Level::Off, LogTarget::Stderr)
    );
    assert_eq!(
        log(&["UMASKCLAMP_LOG=warn"]),
        (Level::Warn, LogTarget::Stderr)
    );
}

#[test]
fn the_first_of_a_name_counts() {
    let all = settings(&["UMASKCLAMP_MODE=off", "UMASKCLAMP_MODE=nonsense"]);
    assert_eq!(all.mode, Mode::Off);
    // An empty one does not stand before another.
    let all = settings(&["UMASKCLAMP_MODE=", "UMASKCLAMP_MODE=off"]);
    assert_eq!(all.mode, Mode::Off);
    assert_eq!(
        faults(&["UMASKCLAMP_MODE=x", "UMASKCLAMP_MODE=off"]),
        ["umaskclamp: UMASKCLAMP_MODE: unknown value \"x\": one of enforce, audit, off"]
    );
}

#[test]
fn off_looks_at_no_pattern() {
    let all = settings(&[
        "UMASKCLAMP_MODE=off",
        "UMASKCLAMP_PATTERNS=[",
        "UMASKCLAMP_PATTERNS_FILE=/nowhere",
    ]);
    assert!(all.rules.is_empty());
    assert_eq!(all.effective_list, None);
}

#[test]
fn the_rules_of_the_file_come_first() {
    let all = with_file(
        &[
            b"UMASKCLAMP_PATTERNS_FILE=/etc/x",
            b"UMASKCLAMP_PATTERNS=!/a/b",
        ],
        Ok(b"# list\n/a\n*:x  \n"),
    )
    .unwrap();
    let origins: Vec<_> = all
        .rules
        .iter()
        .map(|(_, r)| (r.origin, r.number))
        .collect();
    assert_eq!(
        origins,
        [
            (Origin::File, 2),
            (Origin::File, 3),
            (Origin::Environment, 1)
        ]
    );
    assert_eq!(
        all.rules.verdict(b"/a/b", Kind::Other),
        Verdict::Exempt(RuleId(2))
    );
    assert_eq!(all.effective_list.as_deref(), Some(&b"/a:*\\:x:!/a/b"[..]));
}

#[test]
fn both_empty_is_the_built_in_list() {
    let all = with_file(
        &[b"UMASKCLAMP_PATTERNS_FILE=/etc/x", b"UMASKCLAMP_PATTERNS="],
        Ok(b"# nothing\n\n  \n"),
    )
    .unwrap();
    assert!(
        all.rules
            .iter()
            .all(|(_, rule)| rule.origin == Origin::BuiltIn)
    );
    assert_eq!(all.effective_list.as_deref(), Some(&b""[..]));
    let all = settings(&["UMASKCLAMP_PATTERNS=", "UMASKCLAMP_PATTERNS_FILE="]);
    assert!(!all.rules.is_empty());
    // An empty file beside a list adds nothing.
    let all = with_file(
        &[
            b"UMASKCLAMP_PATTERNS_FILE=/etc/x",
            b"UMASKCLAMP_PATTERNS=/a",
        ],
        Ok(b""),
    )
    .unwrap();
    assert_eq!(all.rules.len(), 1);
}

#[test]
fn rules_without_a_home_directory_are_reported_and_travel_on() {
    let all = parse(
        [&b"UMASKCLAMP_PATTERNS_FILE=/etc/x"[..]].into_iter(),
        |_| Ok(b"/a\n~/b\n".to_vec()),
        || None,
    )
    .unwrap();
    let homeless = all.rules.iter().filter(|(_, rule)| rule.homeless);
    assert!(homeless.map(|(id, _)| id).eq([RuleId(1)]));
    assert_eq!(all.effective_list.as_deref(), Some(&b"/a:~/b"[..]));
}

#[test]
fn home_is_asked_for_once_and_only_if_needed() {
    let count = std::cell::Cell::new(0);
    for (list, wanted) in [("/a", 0), ("~/a:~/b", 1)] {
        count.set(0);
        let entry = format!("UMASKCLAMP_PATTERNS={list}");
        let home = || {
            count.set(count.get() + 1);
            Some(b"/h".to_vec())
        };
        parse([entry.as_bytes()].into_iter(), |_| unreachable!(), home).unwrap();
        assert_eq!(count.get(), wanted);
    }
}

#[test]
fn faults_of_the_patterns_file() {
    let file: &[&[u8]] = &[b"UMASKCLAMP_PATTERNS_FILE=/etc/x"];
    for (fault, text) in [
        (FileFault::Missing, "no such file"),
        (FileFault::Denied, "permission denied"),
        (FileFault::Directory, "is a directory"),
        (FileFault::NotRegular, "not a regular file"),
        (FileFault::TooLong, "too long"),
        (FileFault::Link, "is a symbolic link"),
        (FileFault::Errno(5), "cannot be opened (errno 5)"),
    ] {
        assert_eq!(
            messages(with_file(file, Err(fault))),
            [format!(
                "umaskclamp: UMASKCLAMP_PATTERNS_FILE: /etc/x: {text}"
            )]
        );
    }
    assert_eq!(
        messages(with_file(file, Ok(b"# c\n/a\n[a\n\x00x\n/b"))),
        [
            "umaskclamp: UMASKCLAMP_PATTERNS_FILE: /etc/x: line 3 \"[a\" at byte 0: \
             unclosed character class; missing ']'",
            "umaskclamp: UMASKCLAMP_PATTERNS_FILE: /etc/x: line 4 \"\\x00x\" at byte 0: \
             zero byte, which no path can hold",
        ]
    );
    assert_eq!(
        faults(&["UMASKCLAMP_PATTERNS_FILE=etc/x"]),
        ["umaskclamp: UMASKCLAMP_PATTERNS_FILE: \"etc/x\" is not an absolute path"]
    );
}

#[test]
fn a_file_must_fit_into_one_environment_string() {
    let fits = 131_072 - "UMASKCLAMP_PATTERNS=\0".len();
    for (length, ok) in [(fits, true), (fits + 1, false)] {
        let pattern = [b"/".to_vec(), vec![b'a'; length - 1]].concat();
        let result = parse(
            [&b"UMASKCLAMP_PATTERNS_FILE=/etc/x"[..]].into_iter(),
            |_| Ok(pattern.clone()),
            || None,
        );
        if ok {
            assert_eq!(result.unwrap().effective_list, Some(pattern));
        } else {
            assert_eq!(
                messages(result),
                [
                    "umaskclamp: UMASKCLAMP_PATTERNS_FILE: /etc/x: the list takes 131073 bytes as \
                  UMASKCLAMP_PATTERNS, which children get it in; one environment string holds \
                  131072"
                ]
            );
        }
    }
}

#[test]
fn all_faults_at_once() {
    assert_eq!(
        faults(&[
            "UMASKCLAMP_FOO=1",
            "UMASKCLAMP_FOO=2",
            "UMASKCLAMP_\u{1b}[31m\n=x",
            "UMASKCLAMP_CHMOD=Allow",
            "UMASKCLAMP_EXISTING= leave",
            "UMASKCLAMP_UNREACHABLE=",
            "UMASKCLAMP_LOG=verbose",
            "UMASKCLAMP_MASK=0777",
            "UMASKCLAMP_LOG_FILE=log",
            "UMASKCLAMP_PATTERNS=/a:[",
        ]),
        [
            "umaskclamp: UMASKCLAMP_FOO: unknown variable: known are UMASKCLAMP_PATTERNS, \
             UMASKCLAMP_PATTERNS_FILE, UMASKCLAMP_MODE, UMASKCLAMP_MASK, UMASKCLAMP_CHMOD, \
             UMASKCLAMP_EXISTING, UMASKCLAMP_UNREACHABLE, UMASKCLAMP_LOG, UMASKCLAMP_LOG_FILE",
            "umaskclamp: UMASKCLAMP_\\x1b[31m\\n: unknown variable: known are \
             UMASKCLAMP_PATTERNS, \
             UMASKCLAMP_PATTERNS_FILE, UMASKCLAMP_MODE, UMASKCLAMP_MASK, UMASKCLAMP_CHMOD, \
             UMASKCLAMP_EXISTING, UMASKCLAMP_UNREACHABLE, UMASKCLAMP_LOG, UMASKCLAMP_LOG_FILE",
            "umaskclamp: UMASKCLAMP_CHMOD: unknown value \"Allow\": one of clamp, allow",
            "umaskclamp: UMASKCLAMP_EXISTING: unknown value \" leave\": one of tighten, leave",
            "umaskclamp: UMASKCLAMP_UNREACHABLE: unknown value \"\": one of umask, warn, refuse",
            "umaskclamp: UMASKCLAMP_MASK: \"0777\" is outside 0077: only bits of the group and \
             of others can be cleared",
            "umaskclamp: UMASKCLAMP_LOG_FILE: \"log\" is not an absolute path",
            "umaskclamp: UMASKCLAMP_LOG: unknown value \"verbose\": one of off, error, warn, \
             info, debug, trace",
            "umaskclamp: UMASKCLAMP_PATTERNS: pattern 2 \"[\" at byte 0: unclosed character \
             class; missing ']'",
        ]
    );
    assert_eq!(
        faults(&["UMASKCLAMP_MASK=rwx"]),
        ["umaskclamp: UMASKCLAMP_MASK: \"rwx\" is not an octal number"]
    );
    let fault = Fault::LogFile {
        path: b"/l".to_vec(),
        fault: FileFault::Link,
    };
    assert_eq!(
        fault.to_string(),
        "umaskclamp: UMASKCLAMP_LOG_FILE: /l: is a symbolic link"
    );
}

#[test]
fn the_table_names_the_words_that_are_read() {
    let values = |name: &str| VARIABLES.iter().find(|v| v.name == name).unwrap().values;
    assert_eq!(values("UMASKCLAMP_MODE"), Mode::WORDS.join(", "));
    assert_eq!(values("UMASKCLAMP_CHMOD"), ChmodPolicy::WORDS.join(", "));
    assert_eq!(values("UMASKCLAMP_EXISTING"), Existing::WORDS.join(", "));
    assert_eq!(
        values("UMASKCLAMP_UNREACHABLE"),
        Unreachable::WORDS.join(", ")
    );
    assert_eq!(values("UMASKCLAMP_LOG"), Level::WORDS.join(", "));
}

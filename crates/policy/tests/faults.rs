//! Bad patterns, and the exact message of each.

use umaskclamp_policy::escape;
use umaskclamp_policy::settings::{FileFault, Settings, parse};

fn read(list: &str) -> Result<Settings, Vec<String>> {
    let entry = format!("UMASKCLAMP_PATTERNS={list}");
    parse(
        [entry.as_bytes()].into_iter(),
        |_| Err(FileFault::Missing),
        || Some(b"/home/eva".to_vec()),
    )
    .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn faults(list: &str) -> Vec<String> {
    read(list).unwrap_err()
}

/// The exact message of each bad pattern.
#[test]
fn bad_patterns() {
    let many = format!("/{}", "{0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f}".repeat(3));
    let deep = "{a,b}".repeat(11);
    let long = format!("/{}{{a,b}}{{a,b}}{{a,b}}", "d".repeat(90_000));
    let broad = format!("{{{}b}}", "a,".repeat(1024));
    read(&format!("{{{}b}}", "a,".repeat(1023))).unwrap();
    let cases = [
        ("[a", 0, "unclosed character class; missing ']'"),
        ("x/[a", 2, "unclosed character class; missing ']'"),
        ("!x[", 2, "unclosed character class; missing ']'"),
        ("a{b,c", 1, "unclosed brace; missing '}'"),
        (
            "a\\",
            1,
            "trailing backslash; write '\\\\' for a literal one",
        ),
        (&deep, 50, "more than 10 brace groups"),
        (&broad, 0, "braces with more than 1024 alternatives"),
        (&many, 1, "braces with more than 1024 alternatives"),
        (
            &long,
            90_001,
            "braces by which the list takes more than 512 KiB in every process",
        ),
        ("{a,}", 0, "an alternative of the braces is empty"),
        ("x[z-a]", 1, "character class that matches nothing"),
        ("x[/]", 1, "character class that matches nothing"),
        (
            "./a",
            0,
            "'.' or '..' as a component never matches; paths are folded first",
        ),
        (
            "/a/../b",
            3,
            "'.' or '..' as a component never matches; paths are folded first",
        ),
        (
            "!..",
            1,
            "'.' or '..' as a component never matches; paths are folded first",
        ),
        (
            "a/{b,.}",
            5,
            "'.' or '..' as a component never matches; paths are folded first",
        ),
        (
            "~eva/x",
            0,
            "only '~/' is a home directory; write the path, or '\\~' for a literal tilde",
        ),
        (
            "!~eva/",
            1,
            "only '~/' is a home directory; write the path, or '\\~' for a literal tilde",
        ),
        ("!", 0, "'!' exempts nothing; a pattern must follow it"),
        (
            " /a",
            0,
            "blank at the beginning or end; write '\\ ' if it is part of the name",
        ),
        (
            "/a ",
            2,
            "blank at the beginning or end; write '\\ ' if it is part of the name",
        ),
        (
            "! /a",
            1,
            "blank at the beginning or end; write '\\ ' if it is part of the name",
        ),
    ];
    for (pattern, at, text) in cases {
        assert_eq!(
            faults(&format!("/ok:{pattern}")),
            [format!(
                "umaskclamp: UMASKCLAMP_PATTERNS: pattern 2 \"{}\" at byte {at}: {text}",
                escape::shown(pattern.as_bytes())
            )],
        );
    }
    // A colon separates, so a class name needs escapes to arrive at all.
    assert_eq!(
        faults("[[\\:alpha\\:]]"),
        [
            "umaskclamp: UMASKCLAMP_PATTERNS: pattern 1 \"[[\\\\:alpha\\\\:]]\" at byte 0: \
          named character class; write the range, as '[a-z]'"
        ]
    );
}

#[test]
fn empty_elements() {
    for (list, number) in [("/a::/b", 2), (":/a", 1), ("/a:", 2)] {
        assert_eq!(
            faults(list),
            [format!(
                "umaskclamp: UMASKCLAMP_PATTERNS: pattern {number} \"\" at byte 0: \
                 empty pattern; remove the extra ':'"
            )]
        );
    }
}

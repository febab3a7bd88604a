//! The reader of patterns: any bytes are a list or a list of faults, never a
//! panic, and what is accepted decides as the slow reference matcher does.

use proptest::prelude::*;
use umaskclamp_policy::list;
use umaskclamp_policy::path::fold;
use umaskclamp_policy::rules::{Kind, Rules, Verdict};

use crate::reference;

const HOME: &[u8] = b"/home/me";

fn pattern() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        ".iso",
        "home",
        "me",
        "*",
        "**",
        "?",
        "/",
        "/",
        "/",
        "//",
        "[ab]",
        "[!a]",
        "[a-c]",
        "[^/]",
        "[]",
        "[",
        "]",
        "{a,b}",
        "{a,",
        "{",
        "}",
        ",",
        "{,b}",
        "{a,{b,*}}",
        "\\",
        "\\*",
        "\\:",
        ":",
        "!",
        "~",
        "~/",
        " ",
        "\t",
        "#",
        "\r",
        "\n",
        ".",
        "..",
        "\0",
        "\u{ff}",
        "{/,}",
        "/**/",
        "**/",
        "*?",
        "-",
        "[[:alpha:]]",
        "[z-a]",
        "[\\]a]",
    ]);
    prop_oneof![
        6 => prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..24),
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        "a", "b", "ab", "c", "abc", "x.iso", ".iso", "home", "me", "*", "[a]", "{a,b}", "a:b",
        "!a", "~", "\u{ff}",
    ]);
    (any::<bool>(), prop::collection::vec(name, 1..6)).prop_map(|(absolute, names)| {
        let begin = if absolute { "/" } else { "" };
        format!("{begin}{}", names.join("/")).into_bytes()
    })
}

#[test]
fn pattern_parser() {
    let inputs = (pattern(), pattern(), pattern(), path(), any::<bool>());
    crate::fuzz(inputs, 50, |(one, two, three, path, directory)| {
        let kind = if directory {
            Kind::Directory
        } else {
            Kind::Other
        };
        let text = [&one[..], &two, &three].join(&b':');
        match Rules::from_list(&text, Some(HOME)) {
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(fault.at <= fault.pattern.len(), "{fault}");
                    prop_assert!(!fault.to_string().contains(char::is_control), "{fault}");
                }
            }
            Ok(rules) => {
                let elements: Vec<Vec<u8>> = list::elements(&text).map(<[u8]>::to_vec).collect();
                prop_assert_eq!(rules.len(), elements.len());
                let wanted = reference::verdict(&elements, &path, kind, Some(HOME));
                prop_assert_eq!(decided(&rules, &path, kind), wanted);
                // What is handed to children is the same list.
                let again = Rules::from_list(&rules.to_list(), Some(HOME))
                    .map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
                prop_assert_eq!(decided(&again, &path, kind), wanted);
            }
        }
        // A file with the same bytes never panics either.
        if let Ok(rules) = Rules::from_file(&text, None) {
            rules.verdict(&path, kind);
        }
        Ok(())
    });
}

fn decided(rules: &Rules, path: &[u8], kind: Kind) -> Option<(usize, bool)> {
    match rules.verdict(path, kind) {
        Verdict::Plain => None,
        Verdict::Exempt(rule) => Some((rule.0 as usize, false)),
        Verdict::Sensitive(found) => Some((found.rule.0 as usize, true)),
    }
}

/// `literal` makes a pattern that matches that path and no other.
#[test]
fn pattern_literals() {
    let inputs = (prop::collection::vec(1u8.., 1..12), path());
    crate::fuzz(inputs, 25, |(bytes, other)| {
        let mut name = vec![b'/'];
        name.extend(bytes.iter().filter(|&&b| b != b'/'));
        let mut folded = vec![0; name.len()];
        let length = fold(b"", &name, &mut folded).unwrap_or_default();
        prop_assume!(length > 1);
        let folded = &folded[..length];
        let rules = Rules::from_list(&list::literal(folded), None)
            .map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
        let matches =
            |path: &[u8]| matches!(rules.verdict(path, Kind::Other), Verdict::Sensitive(_));
        prop_assert!(matches(folded));
        let beneath = other
            .strip_prefix(folded)
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
        prop_assert_eq!(matches(&other), beneath);
        Ok(())
    });
}

//! The matcher against the slow reference, on random lists and paths.

mod reference;

use proptest::prelude::*;
use umaskclamp_policy::list;
use umaskclamp_policy::path::{climbs, names};
use umaskclamp_policy::rules::{Kind, Rules, Verdict};
use umaskclamp_policy::settings::{FileFault, parse};

const HOME: &[u8] = b"/h/a*";

/// A component of a pattern, often one that is special.
fn component() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "ab", "**", "**", "*"])
            .prop_map(|text| text.as_bytes().to_vec()),
        4 => prop::sample::select(vec![
            "a", "b", "ab", "ba", "abc", "*", "**", "***", "?", "a*", "*a", "*ab", "a**b", "a*b*",
            "*b*a", "*?a", "?*", "[ab]", "[!a]", "[^b]*", "[]a]", "[a-b]c", "[-a]", "[a\\]]",
            "{a,b}", "{a,b*,*c}", "a{,b}", "{a,b{a,c}}", "\\a", "\\*", "\\?b", "*\\*", "\\!a",
            "!a", "a,b", "a}", "[{]", "\\n", "\\b*", "[\\n]", "[\\t-\\v]", "~", "a~", ".a", "..a",
            "??????", "*a??????", "b*a??????", "a???????", "*\\??????", "{a,*b}??????",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(
            prop::sample::select(b"abc*?[]!^-{},\\~\xff".to_vec()), 1..8),
    ]
}

fn pattern() -> impl Strategy<Value = Vec<u8>> {
    (
        prop::bool::weighted(0.3),
        prop_oneof![4 => Just(""), 3 => Just("/"), 1 => Just("~/"), 1 => Just("//"), 1 => Just("{/,}")],
        prop::collection::vec(component(), 1..5),
        prop_oneof![4 => Just(""), 1 => Just("/"), 1 => Just("/**"), 1 => Just("{,/}")],
    )
        .prop_map(|(exempt, begin, components, end)| {
            let mut out = Vec::new();
            if exempt {
                out.push(b'!');
            }
            out.extend(begin.bytes());
            out.extend(components.join(&b'/'));
            out.extend(end.bytes());
            out
        })
}

fn raw() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aab/*?[]!^-{},\\~".to_vec()), 1..14)
}

/// A pattern that is accepted.
fn accepted() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => pattern(), 1 => raw()].prop_filter("a fault", |pattern| {
        Rules::from_file(pattern, Some(HOME)).is_ok_and(|rules| rules.len() == 1)
    })
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        3 => prop::sample::select(vec!["a", "b", "ab"]).prop_map(|name| name.as_bytes().to_vec()),
        3 => prop::sample::select(vec![
            "a", "b", "ab", "abc", "ba", "c", "h", "a*", "!a", "n", "~", "abbbbbb", "bcaabcabc",
            "a?bbbbb", "bbbbbb",
        ])
            .prop_map(|name| name.as_bytes().to_vec()),
        1 => prop::collection::vec(
            prop::sample::select(b"abcn*?[]!^-{},\\~\n\t\x08\xff".to_vec()), 1..6),
    ];
    (
        prop::bool::weighted(0.85),
        prop::collection::vec(name, 0..7),
    )
        .prop_map(|(absolute, names)| {
            let mut out = Vec::new();
            if absolute {
                out.push(b'/');
            }
            out.extend(names.join(&b'/'));
            out
        })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Directory), Just(Kind::Other)]
}

/// The same as a process has them that could not make an index, read from a list.
fn without_index(rules: &Rules) -> Rules {
    let entry = [b"UMASKCLAMP_PATTERNS=", &rules.to_list()[..]].concat();
    let entries = [&entry[..]].into_iter();
    parse(entries, |_| Err(FileFault::Missing), || Some(HOME.to_vec()))
        .unwrap()
        .rules
}

/// The rules of `patterns`, through the list, as the environment holds it.
fn rules(patterns: &[Vec<u8>]) -> Rules {
    let mut text = patterns.join(&b'\n');
    text.push(b'\n');
    let rules = Rules::from_file(&text, Some(HOME)).unwrap();
    assert_eq!(rules.len(), patterns.len());
    rules
}

fn number(verdict: Verdict) -> Option<(usize, bool)> {
    match verdict {
        Verdict::Plain => None,
        Verdict::Exempt(id) => Some((id.0 as usize, false)),
        Verdict::Sensitive(found) => Some((found.rule.0 as usize, true)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn verdict_is_that_of_the_reference(
        patterns in prop::collection::vec(accepted(), 1..6),
        paths in prop::collection::vec((path(), kind()), 1..12),
    ) {
        let rules = rules(&patterns);
        let slow = without_index(&rules);
        for (path, kind) in paths {
            let expected = reference::verdict(&patterns, &path, kind, Some(HOME));
            for rules in [&rules, &slow] {
                prop_assert_eq!(
                    number(rules.verdict(&path, kind)), expected,
                    "{:?} {:?}", String::from_utf8_lossy(&path), kind
                );
            }
            prop_assert_eq!(
                rules.settled_by_names(&path, kind), slow.settled_by_names(&path, kind),
                "{:?} {:?}", String::from_utf8_lossy(&path), kind
            );
        }
        prop_assert!(slow.has_directory_only() || !rules.has_directory_only());
    }

    #[test]
    fn each_rule_alone_is_that_of_the_reference(
        patterns in prop::collection::vec(accepted(), 1..4),
        path in path(),
        kind in kind(),
    ) {
        let rules = rules(&patterns);
        for (id, rule) in rules.iter() {
            let body = rule.text.strip_prefix(b"!").unwrap_or(rule.text);
            prop_assert_eq!(
                rules.matches_rule(id, &path, kind),
                reference::matches(body, &path, kind, Some(HOME)),
                "{:?}", String::from_utf8_lossy(rule.text)
            );
        }
    }

    /// What names settle is what the whole list says of every path that ends
    /// so, and a rule that is no name settles nothing.
    #[test]
    fn names_settle_only_what_is_so_anywhere(
        patterns in prop::collection::vec(accepted(), 1..5),
        given in path(),
        base in path(),
        kind in kind(),
    ) {
        let rules = rules(&patterns);
        if let Some(found) = rules.settled_by_names(&given, kind) {
            prop_assert!(!climbs(&given));
            let mut whole = vec![b'/'];
            whole.extend_from_slice(&base);
            whole.push(b'/');
            whole.extend_from_slice(&given);
            let mut folded = vec![0; whole.len()];
            let length = umaskclamp_policy::path::fold(b"/", &whole, &mut folded).unwrap();
            match rules.verdict(&folded[..length], kind) {
                Verdict::Sensitive(last) => prop_assert!(last.rule >= found.rule),
                other => prop_assert!(false, "{:?} though {:?} settles it", other, found),
            }
        } else if names(&given).next().is_some() && rules.only_names() {
            let (found, protects) =
                reference::verdict(&patterns, &given, kind, None).unwrap_or((0, false));
            let exempt = patterns.iter().rposition(|p| p.starts_with(b"!"));
            prop_assert!(
                climbs(&given) || !protects || exempt.is_some_and(|exempt| exempt > found)
            );
        }
    }

    #[test]
    fn a_list_written_is_the_list_read(patterns in prop::collection::vec(accepted(), 1..6)) {
        let before = rules(&patterns);
        let joined = before.to_list();
        let after = Rules::from_list(&joined, Some(HOME)).unwrap();
        prop_assert_eq!(before.len(), after.len());
        prop_assert_eq!(after.to_list(), joined);
        for path in ["/a", "/a/b", "/h/a*/b", "ab/abc", "/a:b", "/b/a/c"] {
            for kind in [Kind::Directory, Kind::Other] {
                prop_assert_eq!(
                    before.verdict(path.as_bytes(), kind),
                    after.verdict(path.as_bytes(), kind)
                );
            }
        }
    }

    /// With colons, blanks and anything else in patterns and names.
    #[test]
    fn a_literal_name_matches_itself_alone(
        name in prop::collection::vec(any::<u8>().prop_filter("not in a name", |b| !matches!(b, 0 | b'/')), 1..20),
        other in prop::collection::vec(prop::sample::select(b"ab:\\ *\n".to_vec()), 1..4),
    ) {
        prop_assume!(name != b"." && name != b".." && other != b"." && name != other);
        let pattern = list::literal(&name);
        let rules = Rules::from_list(&pattern, None).unwrap();
        prop_assert_eq!(rules.len(), 1);
        let at = |name: &[u8]| [b"/twenty bytes or more of it/", name].concat();
        prop_assert!(matches!(rules.verdict(&at(&name), Kind::Other), Verdict::Sensitive(_)));
        prop_assert_eq!(rules.verdict(&at(&other), Kind::Other), Verdict::Plain);
    }

    /// Any bytes at all are either accepted or a fault, and never a panic.
    #[test]
    fn any_bytes_are_a_list(
        list in prop::collection::vec(any::<u8>(), 0..60),
        path in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        if let Ok(rules) = Rules::from_list(&list, Some(HOME)) {
            rules.verdict(&path, Kind::Other);
            rules.settled_by_names(&path, Kind::Directory);
            prop_assert_eq!(rules.to_list(), list);
        }
    }
}

/// A list in which names below a directory change their verdict now and then.
fn moving() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>, Vec<u8>, Vec<u8>)> {
    let below = prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "abc", "c"]), 1..4)
        .prop_map(|names| names.join("/").into_bytes());
    let patterns = prop::collection::vec(accepted(), 1..4);
    (patterns, path(), path(), below)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Where nothing below may become sensitive, nothing does.
    #[test]
    fn no_name_gains_by_a_move_that_protects_no_more((patterns, old, new, below) in moving()) {
        let rules = rules(&patterns);
        let sensitive = |directory: &[u8]| {
            let end = directory.strip_suffix(b"/").unwrap_or(directory);
            let path = [end, b"/", &below].concat();
            let path = if directory.is_empty() { &below } else { &path };
            matches!(rules.verdict(path, Kind::Other), Verdict::Sensitive(_))
        };
        if !rules.protects_more_below(&old, &new) {
            prop_assert!(!sensitive(&new) || sensitive(&old));
        }
    }
}

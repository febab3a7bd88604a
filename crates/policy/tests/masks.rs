//! A mask of its own before a pattern.

use proptest::prelude::*;
use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::rules::{Kind, Rules, Verdict};
use umaskclamp_policy::{list, settings};

fn rules(list: &str) -> Rules {
    match Rules::from_list(list.as_bytes(), None) {
        Ok(rules) => rules,
        Err(faults) => panic!("{list}: {}", faults[0]),
    }
}

/// The bits that are cleared at this path; `None` if it is not sensitive.
fn bits(rules: &Rules, path: &str) -> Option<u32> {
    match rules.verdict(path.as_bytes(), Kind::Other) {
        Verdict::Sensitive(found) => Some(found.mask.bits()),
        _ => None,
    }
}

#[test]
fn the_last_rule_that_matches_says_the_mask() {
    let rules = rules("*.key:027=/var/log/**:!/var/log/pub:007=/var/log/a,b:/var/log/own");
    for (path, mask) in [
        ("/x.key", Some(0o77)),
        ("/var/log/messages", Some(0o27)),
        ("/var/log/x.key", Some(0o27)),
        ("/var/log/pub", None),
        ("/var/log/a,b", Some(0o07)),
        ("/var/log/own", Some(0o77)),
        ("/srv", None),
    ] {
        assert_eq!(bits(&rules, path), mask, "{path}");
    }
    assert!(rules.have_own_masks());
    assert_eq!(rules.union(Mask::default()).bits(), 0o77);
}

#[test]
fn three_octal_digits_alone_are_a_mask() {
    for (list, path) in [
        ("27=a", "/27=a"),
        ("0027=a", "/0027=a"),
        ("089=a", "/089=a"),
        ("\\027=a", "/027=a"),
        ("!\\027=a", "/027=a"),
        ("027", "/027"),
        ("a027=b", "/a027=b"),
        ("{027=a,b}", "/027=a"),
    ] {
        let rules = rules(list);
        assert!(!rules.have_own_masks(), "{list}");
        assert_ne!(
            rules.verdict(path.as_bytes(), Kind::Other),
            Verdict::Plain,
            "{list}"
        );
    }
    assert_eq!(bits(&rules("027=\\!a"), "/!a"), Some(0o27));
    assert_eq!(bits(&rules("027=007=a"), "/007=a"), Some(0o27));
}

#[test]
fn what_is_no_mask_is_a_fault() {
    let digits = "a mask is 001 to 077; if the digits begin a name, write a '\\' before them, \
                  as '\\027='";
    let exempt = "'!' and a mask exclude each other; if the digits begin a name, write '!\\027='";
    for (pattern, at, text) in [
        ("000=a", 0, digits),
        ("100=a", 0, digits),
        ("777=/srv", 0, digits),
        ("!027=a", 1, exempt),
        ("027=!a", 4, exempt),
        (
            "027=",
            0,
            "a mask and nothing behind it; a pattern must follow the '='",
        ),
        ("027=[", 4, "unclosed character class; missing ']'"),
    ] {
        let faults = Rules::from_list(pattern.as_bytes(), None).unwrap_err();
        let expected = format!("pattern 1 \"{pattern}\" at byte {at}: {text}");
        assert_eq!(faults[0].to_string(), expected);
    }
}

#[test]
fn the_settings_say_the_mask_of_all_others() {
    let env: [&[u8]; 2] = [
        b"UMASKCLAMP_MASK=007",
        b"UMASKCLAMP_PATTERNS=/a:027=/b:020=/c:!/d",
    ];
    let all = settings::parse(
        env.into_iter(),
        |_| Err(settings::FileFault::Missing),
        || None,
    );
    let rules = all.unwrap().rules;
    for (path, mask) in [("/a", 0o07), ("/b", 0o27), ("/c", 0o20)] {
        assert_eq!(bits(&rules, path), Some(mask), "{path}");
    }
    assert_eq!(rules.union(Mask::new(0o07).unwrap()).bits(), 0o27);
    // Of rules that all have their own, the settings' own is none.
    let own = self::rules("020=/a:004=/b:!/c");
    assert_eq!(own.union(Mask::default()).bits(), 0o24);
    assert_eq!(self::rules("/a:/b").union(Mask::default()).bits(), 0o77);
}

proptest! {
    /// Whatever the last rule that matches has before it, of lists whose rules differ in
    /// that alone; and the list reads back the same.
    #[test]
    fn masks_are_those_of_the_last_rule_that_matches(
        rules in prop::collection::vec(
            (prop::option::of(1u32..0o100), prop::sample::select(vec!["a", "/a/b", "*b", "c/"])),
            1..8,
        ),
        path in prop::sample::select(vec!["/a", "/a/b", "/b", "/c/x", "/x"]),
    ) {
        let texts: Vec<String> = rules
            .iter()
            .map(|(mask, name)| mask.map_or((*name).to_owned(), |mask| format!("{mask:03o}={name}")))
            .collect();
        let list = texts.join(":");
        let all = self::rules(&list);
        prop_assert_eq!(all.to_list(), list.as_bytes());
        let last = rules.iter().rev().find(|(_, name)| {
            self::rules(name).verdict(path.as_bytes(), Kind::Other) != Verdict::Plain
        });
        prop_assert_eq!(bits(&all, path), last.map(|(mask, _)| mask.unwrap_or(0o77)));
    }

    /// A name that looks like a mask is written so that it is a name.
    #[test]
    fn a_literal_is_never_a_mask(name in "[0-7]{2,4}=[a-z!]{0,2}") {
        let pattern = list::literal(name.as_bytes());
        let rules = Rules::from_list(&pattern, None).unwrap();
        prop_assert_eq!(bits(&rules, &format!("/{name}")), Some(0o77));
        prop_assert!(!rules.have_own_masks());
    }
}

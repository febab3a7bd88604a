//! Each rule of the pattern language, one by one.

use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::path::fold;
use umaskclamp_policy::rules::{Kind, Origin, Protection, RuleId, Rules, Verdict};

const HOME: Option<&[u8]> = Some(b"/home/eva");

fn rules(list: &str) -> Rules {
    match Rules::from_list(list.as_bytes(), HOME) {
        Ok(rules) => rules,
        Err(faults) => panic!("{list}: {}", faults[0]),
    }
}

/// Every path of `yes` is sensitive by `list`, none of `no` is matched; as
/// anything but a directory.
fn check(list: &str, yes: &[&str], no: &[&str]) {
    check_kind(list, Kind::Other, yes, no);
}

fn check_kind(list: &str, kind: Kind, yes: &[&str], no: &[&str]) {
    let rules = rules(list);
    for path in yes {
        let verdict = rules.verdict(path.as_bytes(), kind);
        assert!(matches!(verdict, Verdict::Sensitive(_)), "{list} {path}");
    }
    for path in no {
        let verdict = rules.verdict(path.as_bytes(), kind);
        assert!(!matches!(verdict, Verdict::Sensitive(_)), "{list} {path}");
    }
}

/// By this rule, which has no mask of its own.
fn sensitive(rule: RuleId) -> Verdict {
    let mask = Mask::default();
    Verdict::Sensitive(Protection { rule, mask })
}

#[test]
fn a_pattern_without_slash_is_a_name_anywhere() {
    check(
        "*.iso",
        &["/a.iso", "/srv/x/a.iso", "/srv/a.iso/inside", "/.iso"],
        &["/a.iso.txt", "/aiso", "/", "/a.ISO"],
    );
    check(
        "id_rsa*",
        &["/root/.ssh/id_rsa", "/id_rsa.bak"],
        &["/xid_rsa", "/id_rs"],
    );
    check(
        "core",
        &["/core", "/a/core/b"],
        &["/score", "/cores", "/a/Core"],
    );
}

#[test]
fn a_leading_slash_is_the_root() {
    check(
        "/var/backups",
        &["/var/backups", "/var/backups/x", "/var/backups/a/b/c"],
        &[
            "/var/backup",
            "/var/backups2",
            "/var",
            "/x/var/backups",
            "/",
        ],
    );
    check("/*.iso", &["/a.iso", "/a.iso/x"], &["/x/a.iso"]);
    check("/", &["/", "/a", "/a/b"], &[]);
    check("//var///backups", &["/var/backups/x"], &["/var"]);
    check("/*/x", &["/a/x", "/b/x/y"], &["/x", "/a/b/x"]);
}

#[test]
fn tilde_is_the_home_directory() {
    check(
        "~/.ssh",
        &["/home/eva/.ssh/id"],
        &["/home/adam/.ssh", "/.ssh", "/~/.ssh"],
    );
    check("~", &["/home/eva", "/home/eva/x"], &["/home"]);
    check("~/", &["/home/eva/x"], &["/home/evax"]);
    check(
        "~/**/*.key",
        &["/home/eva/x.key", "/home/eva/a/x.key"],
        &["/x.key"],
    );
    check("\\~/x", &["/a/~/x"], &["/home/eva/x"]);
    check("*~:~x", &["/a/b~", "/~x"], &["/home/eva"]);
    check("a/~", &["/a/~"], &["/a/home/eva"]);
    check("{~/a,/b}", &["/home/eva/a", "/b"], &["/a"]);
}

#[test]
fn the_home_directory_is_taken_literally_and_folded() {
    let odd = Rules::from_list(b"~/x", Some(b"/h/[a]*//u/../v/")).unwrap();
    let sensitive = |path: &[u8]| odd.verdict(path, Kind::Other) != Verdict::Plain;
    assert!(sensitive(b"/h/[a]*/v/x"));
    assert!(!sensitive(b"/h/ab/v/x"));
    let root = Rules::from_list(b"~/x:~/*.y", Some(b"/")).unwrap();
    assert!(root.verdict(b"/x", Kind::Other) != Verdict::Plain);
    assert!(root.verdict(b"/a.y", Kind::Other) != Verdict::Plain);
}

#[test]
fn without_a_home_directory_the_rule_is_kept_without_force() {
    for home in [None, Some(&b""[..]), Some(b"relative")] {
        let rules = Rules::from_list(b"~/x:{/y,~/y}:/z", home).unwrap();
        let homeless: Vec<_> = rules.iter().map(|(_, rule)| rule.homeless).collect();
        assert_eq!(homeless, [true, true, false]);
        assert_eq!(rules.verdict(b"/x", Kind::Other), Verdict::Plain);
        assert_eq!(rules.verdict(b"/y", Kind::Other), sensitive(RuleId(1)));
        assert_eq!(rules.verdict(b"/z", Kind::Other), sensitive(RuleId(2)));
        assert_eq!(rules.to_list(), b"~/x:{/y,~/y}:/z");
    }
}

#[test]
fn a_slash_inside_matches_at_any_depth() {
    check(
        "rear/output",
        &[
            "/rear/output",
            "/var/lib/rear/output/x",
            "/a/b/c/rear/output",
        ],
        &["/rear/x/output", "/xrear/output", "/output"],
    );
    check(
        "rear.*/outputfs/*.gz",
        &["/tmp/rear.X1/outputfs/a.gz"],
        &["/tmp/rear.X1/a.gz"],
    );
}

#[test]
fn stars_and_question_marks_stop_at_a_slash() {
    check("/a*b", &["/ab", "/axxb", "/axb/c"], &["/a/b", "/ax/b"]);
    check("/a?b", &["/axb", "/a?b"], &["/a/b", "/ab", "/axxb"]);
    check("/?", &["/x", "/x/y"], &["/xy", "/"]);
    check(
        "a*b*c",
        &["/abc", "/aXbXc", "/abbc", "/abcbc"],
        &["/acb", "/ab/c"],
    );
    // bytes, not characters
    check("/?", &[], &["/ä"]);
    check("/??", &["/ä"], &[]);
}

#[test]
fn two_stars_as_a_component_cross_slashes() {
    check(
        "/a/**/b",
        &["/a/b", "/a/x/b", "/a/x/y/b", "/a/x/b/z"],
        &["/a", "/b", "/x/a/b", "/a/xb"],
    );
    check("**/b", &["/b", "/a/b", "/a/a/b/c"], &["/bb"]);
    check("/**/b", &["/b", "/a/b"], &["/bb"]);
    check("/a/**", &["/a/x", "/a/x/y"], &["/a", "/ab"]);
    check(
        "a/**/b/**/c",
        &["/a/b/c", "/x/a/1/b/2/3/c/z", "/a/b/b/c"],
        &["/a/c/b", "/a/b"],
    );
    check("**", &["/a", "/a/b"], &["/"]);
    // anything else is one star
    check("/a**b", &["/ab", "/axb"], &["/a/b"]);
    check("/a/***/b", &["/a/x/b"], &["/a/b", "/a/x/y/b"]);
}

#[test]
fn classes() {
    check("/[a-c]x", &["/ax", "/cx"], &["/dx", "/x", "/-x"]);
    check("/[!a-c]x", &["/dx"], &["/ax", "//x", "/x"]);
    check("/[^a]", &["/b"], &["/a"]);
    check("/[]a]", &["/]", "/a"], &["/b"]);
    check("/[!]a]", &["/b"], &["/]", "/a"]);
    check("/[a-]", &["/a", "/-"], &["/b"]);
    check("/[-a]", &["/a", "/-"], &["/b"]);
    check("/[\\]\\-]", &["/]", "/-"], &["/\\"]);
    check("/a[/b]c", &["/abc"], &["/a/c"]);
    check("/a[!b]c", &["/axc"], &["/a/c", "/abc"]);
    check("/[*?{]", &["/*", "/?", "/{"], &["/a"]);
    check("/[\\n]", &["/n"], &["/\n"]);
}

#[test]
fn braces() {
    check(
        "*.{iso,img}",
        &["/a.iso", "/b.img"],
        &["/a.iso,img", "/a.{iso,img}"],
    );
    check("{/a,b}/c", &["/a/c", "/x/b/c", "/b/c"], &["/x/a/c"]);
    check(
        "/{a,b{c,d/e}}f",
        &["/af", "/bcf", "/bd/ef"],
        &["/bf", "/bdf"],
    );
    check("x{,y}", &["/x", "/xy"], &["/xyy"]);
    check("{,/var}/log", &["/log", "/var/log"], &["/a/log"]);
    check("{a}", &["/a"], &["/{a}"]);
    check("a}b", &["/a}b"], &["/ab"]);
    check("a,b", &["/a,b"], &["/a"]);
    check("\\{a,b\\}", &["/{a,b}"], &["/a"]);
    check("[{]a,b[}]", &["/{a,b}"], &["/a"]);
    check_kind("{d/,f}", Kind::Other, &["/f", "/d/x"], &["/d"]);
}

#[test]
fn a_backslash_takes_the_meaning_away() {
    check("/\\*", &["/*"], &["/a"]);
    check("/a\\b", &["/ab"], &["/a\\b", "/a\x08"]);
    check("\\n\\t\\r\\a*", &["/ntra", "/ntrax"], &["/\n\t\ra"]);
    check("/\\\\", &["/\\"], &["/"]);
    check("\\!x", &["/!x"], &["/x"]);
    check("a\\:b", &["/a:b"], &["/a", "/b", "/a\\:b"]);
    check("a\\/b", &["/x/a/b"], &["/a"]);
    check("\\ a\\ ", &["/ a "], &["/a"]);
}

#[test]
fn a_trailing_slash_is_for_directories_only() {
    check_kind(
        "build/",
        Kind::Other,
        &["/build/x", "/a/build/x"],
        &["/build", "/a/build"],
    );
    check_kind("build/", Kind::Directory, &["/build", "/a/build"], &[]);
    check_kind("/a/b/", Kind::Other, &["/a/b/c"], &["/a/b"]);
    check_kind("/a/b//", Kind::Directory, &["/a/b"], &["/x/a/b"]);
    assert!(rules("a:/b/").has_directory_only());
    assert!(!rules("a:/b").has_directory_only());
}

#[test]
fn the_last_matching_rule_wins() {
    check(
        "/var:!/var/log:/var/log/rear:!*.pub",
        &["/var/x", "/var/log/rear/a"],
        &[
            "/var/log/messages",
            "/var/x.pub",
            "/var/log/rear/k.pub",
            "/etc",
        ],
    );
    // unlike .gitignore, beneath a protected directory something can be exempt
    check("/a:!/a/b", &["/a/c"], &["/a/b", "/a/b/c"]);
    check("!/a/b:/a", &["/a/b"], &["/b"]);
    let rules = rules("/a:!/a/b");
    assert_eq!(rules.verdict(b"/a", Kind::Other), sensitive(RuleId(0)));
    assert_eq!(
        rules.verdict(b"/a/b", Kind::Other),
        Verdict::Exempt(RuleId(1))
    );
    assert_eq!(rules.verdict(b"/b", Kind::Other), Verdict::Plain);
    // only the first `!` exempts
    check("/a:!!b", &["/a/b"], &["/a/!b"]);
}

#[test]
fn bytes_are_exact() {
    let rules = Rules::from_list(b"/\xff[\x80-\xfe]*", None).unwrap();
    let sensitive = |path: &[u8]| rules.verdict(path, Kind::Other) != Verdict::Plain;
    assert!(sensitive(b"/\xff\x81") && sensitive(b"/\xff\xfe\xff"));
    assert!(!sensitive(b"/\xff\xff") && !sensitive(b"/\xffa"));
}

#[test]
fn an_unknown_beginning_is_matched_by_what_matches_at_any_depth() {
    check(
        "/var/backups:*.iso:a/b:/x/**/y:**/z:/*/q",
        &["f.iso", "d.iso/f", "a/b", "x/a/b/c", "z", "k/z"],
        &["var/backups", "backups", "x/y", "y", "a/q", ""],
    );
    check("/", &["f", ""], &[]);
    check("/**", &["f"], &[""]);
}

#[test]
fn names_settle_a_path_as_it_is_written() {
    let list = rules("!/srv/pub:*.iso:/var/x:d/:a/b");
    let settled = |given: &str, kind| {
        let found = list.settled_by_names(given.as_bytes(), kind);
        found.map(|found| found.rule)
    };
    assert_eq!(settled("x.iso", Kind::Other), Some(RuleId(1)));
    assert_eq!(settled("./a//x.iso/f", Kind::Other), Some(RuleId(1)));
    assert_eq!(settled("/srv/pub/x.iso", Kind::Other), Some(RuleId(1)));
    assert_eq!(settled("a/../x.iso", Kind::Other), None);
    assert_eq!(settled("x.iso/../f", Kind::Other), None);
    assert_eq!(settled("/var/x", Kind::Other), None);
    assert_eq!(settled("a/b", Kind::Other), None);
    assert_eq!(settled("d", Kind::Other), None);
    assert_eq!(settled("d", Kind::Directory), Some(RuleId(3)));
    assert_eq!(settled("d/f", Kind::Other), Some(RuleId(3)));
    assert_eq!(settled("d/.", Kind::Other), Some(RuleId(3)));
    assert_eq!(settled(".", Kind::Directory), None);
    assert_eq!(settled("", Kind::Directory), None);
    assert_eq!(rules("?:*").settled_by_names(b"./.", Kind::Directory), None);
    // an exempting rule behind it may concern the path
    assert_eq!(
        rules("*.iso:!/pub").settled_by_names(b"x.iso", Kind::Other),
        None
    );
    assert!(rules("*.iso:x*:?").only_names());
    assert!(!rules("*.iso:/x").only_names());
}

#[test]
fn rules_know_where_they_come_from() {
    let rules = Rules::from_file(b"# c\n\n/a\n!/b \n", None).unwrap();
    let all: Vec<_> = rules
        .iter()
        .map(|(id, rule)| (id, rule.text, rule.number, rule.protects, rule.origin))
        .collect();
    assert_eq!(
        all,
        [
            (RuleId(0), &b"/a"[..], 3, true, Origin::File),
            (RuleId(1), b"!/b", 4, false, Origin::File),
        ]
    );
    assert!(rules.rule(RuleId(2)).is_none());
    assert!(!rules.matches_rule(RuleId(2), b"/a", Kind::Other));
    assert!(rules.matches_rule(RuleId(0), b"/a/x", Kind::Other));
    assert!(Rules::default().is_empty());
    assert_eq!(Rules::default().verdict(b"/a", Kind::Other), Verdict::Plain);
}

/// Many rules of each kind, so that buckets hold several and lengths go beyond
/// what is told apart.
#[test]
fn ten_thousand_rules_find_the_right_one() {
    let mut list = Vec::new();
    for n in 0..2500 {
        list.push(format!("/srv/host{n}/data"));
        list.push(format!("*.suffix{n}"));
        list.push(format!("prefix{n}-*"));
        list.push(format!("name{n}{}", "x".repeat(n % 90)));
    }
    let rules = rules(&list.join(":"));
    let mut out = [0; 300];
    for n in 0..2500 {
        let paths = [
            format!("/srv/host{n}/data/f"),
            format!("/a/b.suffix{n}"),
            format!("/a/prefix{n}-c/d"),
            format!("/a/name{n}{}", "x".repeat(n % 90)),
        ];
        for (kind, path) in (0u32..).zip(paths) {
            let length = fold(b"/", path.as_bytes(), &mut out).unwrap();
            assert_eq!(
                rules.verdict(&out[..length], Kind::Other),
                sensitive(RuleId(n as u32 * 4 + kind)),
                "{path}"
            );
        }
    }
    assert_eq!(
        rules.verdict(b"/srv/host2500/data", Kind::Other),
        Verdict::Plain
    );
    assert_eq!(
        rules.verdict(b"/srv/host1/dat", Kind::Other),
        Verdict::Plain
    );
}

//! Folding and components.

use umaskclamp_policy::path::{climbs, fold, fold_below, fold_in_root, last, names, position};

fn folded(base: &str, given: &str) -> String {
    let mut out = [0; 64];
    let n = fold(base.as_bytes(), given.as_bytes(), &mut out).unwrap();
    String::from_utf8(out[..n].to_vec()).unwrap()
}

#[test]
fn folds_an_absolute_path_without_its_base() {
    assert_eq!(folded("/home", "/a/./b//c/"), "/a/b/c");
    assert_eq!(folded("", "/a/../b"), "/b");
    assert_eq!(folded("/x", "/"), "/");
    assert_eq!(folded("/x", "//"), "/");
    assert_eq!(folded("/x", "/../.."), "/");
}

#[test]
fn folds_a_relative_path_onto_its_base() {
    assert_eq!(folded("/var", "backups"), "/var/backups");
    assert_eq!(folded("/var/", "./backups/"), "/var/backups");
    assert_eq!(folded("/var/lib", "../backups"), "/var/backups");
    assert_eq!(folded("/var", "../../../x"), "/x");
    assert_eq!(folded("/", "x"), "/x");
    assert_eq!(folded("/", ".."), "/");
    assert_eq!(folded("/var", ""), "/var");
    assert_eq!(folded("/a/../b", "c"), "/b/c");
}

#[test]
fn folds_what_is_known_below_an_unknown_directory() {
    assert_eq!(folded("", "a/b"), "a/b");
    assert_eq!(folded("", "./a//b/"), "a/b");
    assert_eq!(folded("", "../f"), "f");
    assert_eq!(folded("", "a/../../f"), "f");
    assert_eq!(folded("x/y", "../f"), "x/f");
    assert_eq!(folded("", "."), "");
    assert_eq!(folded("", ""), "");
}

#[test]
fn only_the_result_has_to_fit() {
    let mut out = [0; 3];
    assert_eq!(fold(b"/a/long/way", b"../../../b/..", &mut out), Some(1));
    assert_eq!(fold(b"/", b"ab", &mut out), Some(3));
    assert_eq!(fold(b"/", b"abc", &mut out), None);
    assert_eq!(fold(b"", b"abc", &mut out), Some(3));
    assert_eq!(fold(b"", b"a/bc", &mut out), None);
    assert_eq!(fold(b"/", b"", &mut []), None);
    assert_eq!(fold(b"", b"", &mut []), Some(0));
}

#[test]
fn what_is_below_a_folded_directory_is_folded_alike() {
    for base in ["/", "/var", "/var/lib", "", "x/y"] {
        for given in [
            "a",
            "a/b",
            ".a/b",
            "a/.b",
            "a/..b",
            "./a",
            "a/../b",
            "../a",
            "a//b",
            "a/",
            "/a",
            "/",
            "//a/b",
            "",
            ".",
            "..",
            "/../a",
            "a/b/c/d/e/f/g/h/i",
            "abcdefgh/",
            "abcdefg/.",
        ] {
            let mut out = [0; 64];
            let length = fold_below(base.as_bytes(), given.as_bytes(), &mut out).unwrap();
            assert_eq!(
                &out[..length],
                folded(base, given).as_bytes(),
                "{base} {given}"
            );
        }
    }
    let mut out = [0; 3];
    assert_eq!(fold_below(b"/a", b"b", &mut out), None);
    assert_eq!(fold_below(b"/a", b"", &mut out), Some(2));
}

#[test]
fn a_byte_is_found_where_it_first_is() {
    for length in 0..40 {
        for at in 0..length {
            let mut text = vec![0x80; length];
            text[at] = b'/';
            assert_eq!(position(b'/', &text), Some(at));
            text[at..].fill(b'/');
            assert_eq!(position(b'/', &text), Some(at));
        }
        assert_eq!(position(b'/', &vec![b'.'; length]), None);
        assert_eq!(position(b'/', &vec![0xaf; length]), None);
        assert_eq!(position(0, &vec![1; length]), None);
    }
    assert_eq!(position(b'/', b"0/./0/./0/."), Some(1));
}

#[test]
fn components() {
    let all: Vec<&[u8]> = names(b"//a/./b/").collect();
    assert_eq!(all, [&b"a"[..], b".", b"b"]);
    assert_eq!(last(b"/a/b//"), b"b");
    assert_eq!(last(b"/"), b"");
    assert_eq!(last(b"f"), b"f");
    assert!(climbs(b"a/../b") && climbs(b"..") && !climbs(b"a..b/..c"));
}

#[test]
fn nothing_leads_out_of_a_root() {
    for (base, given, path) in [
        ("/r", "/a/../../b", "/r/b"),
        ("/r", "..", "/r"),
        ("/", "../a", "/a"),
        ("/", "/", "/"),
        ("", "a", "/a"),
    ] {
        let mut out = [0; 64];
        let length = fold_in_root(base.as_bytes(), given.as_bytes(), &mut out).unwrap();
        assert_eq!(&out[..length], path.as_bytes(), "{base} {given}");
    }
}

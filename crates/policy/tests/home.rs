//! What children get of a list that names the home directory.

use umaskclamp_policy::path::fold;
use umaskclamp_policy::rules::Kind;
use umaskclamp_policy::settings::{FileFault, Settings, parse};

/// The list for children of somebody with this home directory, and what it protects
/// for somebody with another, as for him.
fn handed_on(list: &str, home: &str) -> Option<String> {
    let entry = format!("UMASKCLAMP_PATTERNS={list}");
    let read = |entry: &str, home: &str| {
        parse(
            [entry.as_bytes()].into_iter(),
            |_| Err(FileFault::Missing),
            || Some(home.as_bytes().to_vec()),
        )
        .unwrap()
    };
    let ours = read(&entry, home);
    let list = String::from_utf8(ours.effective_list.clone()?).unwrap();
    let theirs = read(&format!("UMASKCLAMP_PATTERNS={list}"), "/home/other");
    for name in ["", "/a", "/a/b", "/x.key", "/c/x.key", "/b"] {
        for home in [home, "/home/other", "", "/srv"] {
            let mut path = vec![0; 256];
            let given = format!("{home}{name}");
            let length = fold(b"/", given.as_bytes(), &mut path).unwrap();
            let verdict = |all: &Settings| all.rules.verdict(&path[..length], Kind::Other);
            assert_eq!(verdict(&ours), verdict(&theirs), "{list} {given}");
        }
    }
    Some(list)
}

#[test]
fn children_get_the_path_of_the_home_directory() {
    for (list, home, expected) in [
        ("~/a", "/home/eva", "/home/eva/a"),
        (
            "*.iso:!~/a:~/b/",
            "/home/eva/",
            "*.iso:!/home/eva/a:/home/eva/b/",
        ),
        ("~", "/home/eva", "/home/eva"),
        ("~/**/*.key", "/h", "/h/**/*.key"),
        ("~\\/a", "/h", "/h\\/a"),
        ("~/a:~:~/", "/", "/a:/:/"),
        ("{~/a,/srv/b}", "/h", "{/h/a,/srv/b}"),
        ("{~/a,~/b}/{x.key,y}", "/h", "{/h/a,/h/b}/{x.key,y}"),
        ("~/{a,b}", "/h", "/h/{a,b}"),
        // Every byte of the path means itself.
        (
            "~/a",
            "/h/[a]*{b,c}?!:d\\ ",
            "/h/\\[a\\]\\*\\{b\\,c\\}\\?!\\:d\\\\\\ /a",
        ),
        ("{~/a,/srv/b}", "/h,}{x", "{/h\\,\\}\\{x/a,/srv/b}"),
        ("~/a", "/h//u/../v", "/h/v/a"),
    ] {
        assert_eq!(
            handed_on(list, home).as_deref(),
            Some(expected),
            "{list} {home}"
        );
    }
    // What may be a name as well stays.
    let list = "{,a}~/b:~/c";
    assert_eq!(
        handed_on(list, "/home/other").as_deref(),
        Some("{,a}~/b:/home/other/c")
    );
    for list in ["/a", "*.iso", "\\~/a", "a~", "/~/a"] {
        assert_eq!(handed_on(list, "/h"), None, "{list}");
    }
}

#[test]
fn a_list_that_gets_too_long_by_the_home_directory_stays_as_it_is() {
    let list = ["~/a"; 3000].join(":");
    let home = format!("/{}", "h".repeat(100));
    let all = parse(
        [format!("UMASKCLAMP_PATTERNS={list}").as_bytes()].into_iter(),
        |_| Err(FileFault::Missing),
        || Some(home.into_bytes()),
    )
    .unwrap();
    assert_eq!(all.effective_list, None);
}

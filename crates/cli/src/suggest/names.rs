//! What in a name differs from run to run, and what its ending says.

use umaskclamp_policy::list;

use crate::show;

/// `backup-2025-01-31.tgz` to `backup-*.tgz`, `rear.aZ3x9Q` to `rear.*`.
pub fn open_name(name: &[u8]) -> Option<Vec<u8>> {
    if !std::str::from_utf8(name).is_ok_and(|text| !text.contains(show::hidden)) {
        return None;
    }
    let word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut pattern = Vec::new();
    let mut at = 0;
    let mut opened = false;
    while at < name.len() {
        let rest = &name[at..];
        let length = rest.iter().take_while(|byte| word(byte)).count();
        if length == 0 {
            // Between two open parts nothing is left to say.
            let next = open_part(&rest[1..]);
            if !(opened && pattern.last() == Some(&b'*') && next) {
                pattern.extend(list::literal(&rest[..1]));
            }
            at += 1;
            continue;
        }
        if open_part(rest) {
            if pattern.last() != Some(&b'*') {
                pattern.push(b'*');
            }
            opened = true;
        } else {
            pattern.extend(list::literal(&rest[..length]));
        }
        at += length;
    }
    // A name that is open as a whole says nothing but its directory.
    (opened && pattern != b"*").then_some(pattern)
}

/// Does a run of letters and digits begin here that another run of the program
/// would write otherwise: only digits (two or more), or letters of both cases or
/// with digits, six or more, as mkstemp(3) makes them?
fn open_part(text: &[u8]) -> bool {
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let run = &text[..length];
    let any = |test: fn(&u8) -> bool| run.iter().any(test);
    let digits = any(u8::is_ascii_digit);
    let lower = any(u8::is_ascii_lowercase);
    let upper = run.iter().skip(1).any(u8::is_ascii_uppercase);
    if !lower && !any(u8::is_ascii_uppercase) {
        return length >= 2;
    }
    length >= 6 && upper && (lower || digits)
}

/// `*.iso` for `live.iso`, `*.tar.gz` for `x.tar.gz`; nothing where the ending is
/// one that everything has.
pub fn ending(name: &[u8]) -> Option<Vec<u8>> {
    const COMMON: &[&[u8]] = &[
        b"bak", b"conf", b"err", b"html", b"list", b"lock", b"log", b"md", b"new", b"o", b"old",
        b"out", b"pid", b"sh", b"so", b"tmp", b"txt",
    ];
    const PACKED: &[&[u8]] = &[b"gz", b"bz2", b"xz", b"zst", b"lz4", b"gpg"];
    let mut parts: Vec<&[u8]> = name.rsplit(|&byte| byte == b'.').collect();
    // The first one is the name; without a dot there is no ending.
    parts.pop().filter(|stem| !stem.is_empty())?;
    let last = *parts.first()?;
    let plain = |part: &[u8]| {
        (1..=6).contains(&part.len())
            && part.iter().all(u8::is_ascii_alphanumeric)
            && part.iter().any(u8::is_ascii_alphabetic)
    };
    if !plain(last) || COMMON.contains(&last) {
        return None;
    }
    let before = parts
        .get(1)
        .filter(|part| PACKED.contains(&last) && plain(part));
    let mut pattern = b"*.".to_vec();
    if let Some(before) = before {
        pattern.extend_from_slice(before);
        pattern.push(b'.');
    }
    pattern.extend_from_slice(last);
    // Every program packs something.
    (before.is_some() || !PACKED.contains(&last)).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str) -> Option<String> {
        open_name(name.as_bytes()).map(|pattern| String::from_utf8(pattern).unwrap())
    }

    #[test]
    fn dates_numbers_and_random_parts_are_left_open() {
        assert_eq!(
            open("backup-2025-01-31.tgz").as_deref(),
            Some("backup-*.tgz")
        );
        assert_eq!(open("rear.aZ3x9Q").as_deref(), Some("rear.*"));
        assert_eq!(
            open("rear-host.4711.log").as_deref(),
            Some("rear-host.*.log")
        );
        assert_eq!(open(".all.sql.Xq2bLp").as_deref(), Some(".all.sql.*"));
        for name in [
            "disklayout.conf",
            "README",
            "CHANGES.md",
            "x1",
            "20250131",
            "id_rsa",
        ] {
            assert_eq!(open(name), None, "{name}");
        }
    }

    #[test]
    fn endings_that_say_something() {
        let of = |name: &str| ending(name.as_bytes()).map(|p| String::from_utf8(p).unwrap());
        assert_eq!(of("live.iso").as_deref(), Some("*.iso"));
        assert_eq!(of("x.tar.gz").as_deref(), Some("*.tar.gz"));
        for name in ["x.gz", "x.log", "x", ".iso", "x.20250131", "x."] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}

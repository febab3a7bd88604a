//! How patterns are told apart in a list and in a file, and how a name is written as one.

use crate::path::position;
use crate::pattern::mask;
use alloc::vec::Vec;

/// The elements of a list: what stands between its colons. `\:` does not
/// separate; it stays in the element as it is, where the pattern's own escapes
/// make it a literal colon. An empty list has no elements; `a:` has an empty
/// one at its end.
pub fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = (!list.is_empty()).then_some(list);
    core::iter::from_fn(move || {
        let current = rest?;
        let Some(end) = separator(current) else {
            rest = None;
            return Some(current);
        };
        let (element, behind) = current.split_at_checked(end)?;
        rest = behind.get(1..);
        Some(element)
    })
}

/// The elements that can be wrong or have to be looked at byte by byte: all others have
/// but letters, digits, stars and the like. Nearly every process of a job reads a list
/// that is good, so what is ordinary is passed over 32 bytes at a time.
pub(crate) fn unusual(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0usize;
    core::iter::from_fn(move || {
        let left = list.get(from..)?;
        let Some(at) = first_odd(left) else {
            // Behind a colon at the end there is an empty one.
            let empty = left.ends_with(b":") || left.is_empty() && from > 0;
            from = usize::MAX;
            return empty.then_some(&[][..]);
        };
        let before = left.get(..at)?.iter().rposition(|&byte| byte == b':');
        let start = before.map_or(0, |colon| colon.saturating_add(1));
        let element = left.get(start..)?;
        let element = element.get(..separator(element).unwrap_or(element.len()))?;
        let end = start.saturating_add(element.len());
        from = from.saturating_add(end).saturating_add(1);
        Some(element)
    })
}

/// Where the first byte is that an ordinary list has not, a list beginning there.
fn first_odd(list: &[u8]) -> Option<usize> {
    const STEP: usize = 32;
    // No branch, so that the compiler takes many at once.
    let is_odd = |byte: u8, before: u8| {
        let special = byte <= b'!' || byte | 0x20 > b'z' && byte != b'_' || byte == b'=';
        let bound = matches!(byte, b'.' | b':') & matches!(before, b'/' | b':');
        special | bound
    };
    let (&first, behind) = list.split_first()?;
    if is_odd(first, b':') {
        return Some(0);
    }
    let blocks = behind.as_chunks::<STEP>().0.iter();
    let clean = blocks
        .zip(list.as_chunks::<STEP>().0)
        .take_while(|(bytes, before)| {
            let odd = bytes
                .iter()
                .zip(*before)
                .map(|(&byte, &before)| is_odd(byte, before));
            !odd.fold(false, |any, odd| any | odd)
        });
    let from = clean.count().saturating_mul(STEP);
    let rest = behind.get(from..)?.iter().zip(list.get(from..)?);
    let at = rest
        .into_iter()
        .position(|(&byte, &before)| is_odd(byte, before))?;
    Some(from.saturating_add(at).saturating_add(1))
}

fn separator(list: &[u8]) -> Option<usize> {
    let mut from = 0usize;
    loop {
        let at = from.saturating_add(position(b':', list.get(from..)?)?);
        let before = list.get(..at)?.iter().rev();
        if before.take_while(|&&byte| byte == b'\\').count() % 2 == 0 {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
}

/// The patterns of a file with the numbers of their lines, from 1. A line that
/// begins with `#` is a comment; `\#` begins a pattern. Blanks (spaces and
/// tabs) at the end of a line go unless escaped, a CR before the line's end
/// and a UTF-8 byte order mark go, and what is then empty is no pattern.
pub fn lines(text: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    (1u32..)
        .zip(text.split(|&b| b == b'\n'))
        .map(|(number, line)| (number, trim(line.strip_suffix(b"\r").unwrap_or(line))))
        .filter(|(_, line)| !matches!(line.first(), None | Some(b'#')))
}

/// `line` without the blanks at its end, but for one behind a backslash.
fn trim(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let Some((b' ' | b'\t', before)) = line.split_last() {
        let backslashes = before.iter().rev().take_while(|&&b| b == b'\\').count();
        if backslashes % 2 == 1 {
            break;
        }
        line = before;
    }
    line
}

/// A pattern that matches exactly the name or the absolute path `literal`, in
/// a list as well as in a file: every byte that means something else in a
/// pattern is escaped.
pub fn literal(literal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(literal.len());
    let mask = mask(literal).is_some();
    let last = literal.len().saturating_sub(1);
    for (at, &byte) in literal.iter().enumerate() {
        let special = match byte {
            b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b',' | b'\\' | b':' => true,
            b'!' | b'#' | b'~' | b'@' => at == 0,
            b'0'..=b'7' => at == 0 && mask,
            b' ' | b'\t' | b'\n' | b'\r' => at == 0 || at == last,
            _ => false,
        };
        if special {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::prelude::v1::*;

    fn split(list: &str) -> Vec<&str> {
        elements(list.as_bytes())
            .map(|e| core::str::from_utf8(e).unwrap())
            .collect()
    }

    #[test]
    fn colons_separate_unless_escaped() {
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split("a"), ["a"]);
        assert_eq!(split("a:b"), ["a", "b"]);
        assert_eq!(split("a\\:b:c"), ["a\\:b", "c"]);
        assert_eq!(split("a\\\\:b"), ["a\\\\", "b"]);
        assert_eq!(split("a\\\\\\:b"), ["a\\\\\\:b"]);
        assert_eq!(split("a\\"), ["a\\"]);
        assert_eq!(split(":"), ["", ""]);
        assert_eq!(split("a::b"), ["a", "", "b"]);
        assert_eq!(split("a:"), ["a", ""]);
    }

    #[test]
    fn lines_of_a_file() {
        let text = b"\xef\xbb\xbf# comment\n\n/var/backups  \t\r\n  \n\\#name\nend\\ \nend\\\\ \n #x\n*.iso";
        let all: Vec<_> = lines(text).collect();
        assert_eq!(
            all,
            [
                (3, &b"/var/backups"[..]),
                (5, b"\\#name"),
                (6, b"end\\ "),
                (7, b"end\\\\"),
                (8, b" #x"),
                (9, b"*.iso"),
            ]
        );
        assert_eq!(lines(b"").count(), 0);
        assert_eq!(lines(b"#a\n\r\n\t\n").count(), 0);
    }
}

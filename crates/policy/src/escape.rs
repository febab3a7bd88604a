//! Bytes made harmless for a terminal, a log and a message of one line.

use core::fmt;

/// A code point that must not reach a terminal or break a line as it is: C0,
/// DEL, C1, the line and paragraph separators, and the marks that reorder text.
pub(crate) fn hidden(c: char) -> bool {
    matches!(
        u32::from(c),
        0..=0x1f | 0x7f..=0x9f | 0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff
    )
}

/// Shows at most `limit` bytes of `bytes`, with everything that a terminal or
/// a line could stumble over escaped: `\n`, `\x1b`, `\u{202e}`, `\xff` for a
/// byte that is not UTF-8, `\"` and `\\`. What is cut off shows as `…`.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The bytes to show.
    pub bytes: &'a [u8],
    /// How many of them at most.
    pub limit: usize,
}

/// `bytes` to show in a message, cut after 200.
pub fn shown(bytes: &[u8]) -> Shown<'_> {
    Shown { bytes, limit: 200 }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = cut(self.bytes, self.limit);
        write(f, part)?;
        if part.len() < self.bytes.len() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

/// The longest beginning of `bytes` of at most `limit` bytes that does not end
/// within a character.
pub(crate) fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    let Some(part) = bytes.get(..limit) else {
        return bytes;
    };
    if part.len() == bytes.len() {
        return part;
    }
    // A character has at most four bytes: at most three begin one that is cut.
    for back in 1..=3usize {
        let Some(at) = part.len().checked_sub(back) else {
            break;
        };
        let Some(tail) = part.get(at..) else { break };
        match tail.first() {
            Some(b) if *b & 0xc0 == 0x80 => continue,
            Some(b) if *b >= 0xc0 => {
                let whole = bytes
                    .get(at..)
                    .and_then(|rest| rest.utf8_chunks().next())
                    .is_some_and(|chunk| {
                        chunk.valid().chars().next().map_or(0, char::len_utf8) > back
                    });
                return if whole {
                    part.get(..at).unwrap_or_default()
                } else {
                    part
                };
            }
            _ => break,
        }
    }
    part
}

/// Writes `bytes` escaped as [`Shown`] describes, in full.
pub(crate) fn write<W: fmt::Write + ?Sized>(out: &mut W, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.write_str("\\\"")?,
                '\\' => out.write_str("\\\\")?,
                '\n' => out.write_str("\\n")?,
                '\r' => out.write_str("\\r")?,
                '\t' => out.write_str("\\t")?,
                c if c.is_ascii() && hidden(c) => write!(out, "\\x{:02x}", u32::from(c))?,
                c if hidden(c) => write!(out, "\\u{{{:x}}}", u32::from(c))?,
                c => out.write_char(c)?,
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::prelude::v1::*;

    #[test]
    fn nothing_reaches_the_terminal() {
        let shown = shown(b"a\n\x1b[31m\x7f\t\r\"\\\xff\xc2\x85\xe2\x80\xae\xe2\x80\xa8\xc3\xa4");
        assert_eq!(
            shown.to_string(),
            r#"a\n\x1b[31m\x7f\t\r\"\\\xff\u{85}\u{202e}\u{2028}ä"#
        );
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = "ä".repeat(300);
        let text = shown(long.as_bytes()).to_string();
        assert_eq!(text, "ä".repeat(100) + "…");
        let text = Shown {
            bytes: "aää".as_bytes(),
            limit: 4,
        };
        assert_eq!(text.to_string(), "aä…");
        assert_eq!(cut(b"\xff\xff\xff", 2), b"\xff\xff");
        assert_eq!(cut(b"ab\xe2\x82", 3), b"ab\xe2");
        assert_eq!(cut(b"abc", 9), b"abc");
        assert_eq!(cut("€".as_bytes(), 1), b"");
    }
}

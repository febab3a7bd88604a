//! How rules are written as a list that reads back the same.

use crate::list::literal;
use crate::pattern::Pattern;
use crate::rules::Rules;
use alloc::borrow::Cow;
use alloc::vec::Vec;

impl Rules {
    /// The rules as one list that reads back to the same rules, whatever they were
    /// read from. Their numbers and their origin are not kept.
    pub fn to_list(&self) -> Vec<u8> {
        self.join(|pattern| Cow::Borrowed(pattern.text))
    }

    /// The same with the path of the home directory instead of each `~` that stands
    /// for it, for somebody who has another one.
    ///
    /// A `~` behind or at the end of braces stays, as in `{,a}~/b` and `{~,/a}/b`: it
    /// may be a home directory in one alternative and a name in the next.
    pub(crate) fn to_homeless_list(&self) -> Vec<u8> {
        self.join(|pattern| {
            let (text, Some(home)) = (pattern.text, pattern.home) else {
                return Cow::Borrowed(pattern.text);
            };
            let mut out = Vec::new();
            let mut from = 0usize;
            for at in pattern.tildes() {
                let behind = text.get(at.saturating_add(1)..).unwrap_or_default();
                let whole = behind.is_empty();
                let before = text.get(..at).unwrap_or_default();
                let certain = whole || behind.starts_with(b"/") || behind.starts_with(b"\\/");
                // Another alternative of the same braces has it again.
                if at < from || !certain || before.contains(&b'}') {
                    continue;
                }
                out.extend_from_slice(text.get(from..at).unwrap_or_default());
                match home {
                    b"/" if !whole => {}
                    _ => out.extend_from_slice(&literal(home)),
                }
                from = at.saturating_add(1);
            }
            out.extend_from_slice(text.get(from..).unwrap_or_default());
            Cow::Owned(out)
        })
    }

    fn join<'a>(&'a self, text: impl Fn(Pattern<'a>) -> Cow<'a, [u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        for (id, pattern) in self.patterns() {
            if id.0 > 0 {
                out.push(b':');
            }
            let mut escaped = false;
            for &byte in text(pattern).iter() {
                if byte == b':' && !escaped {
                    out.push(b'\\');
                }
                escaped = byte == b'\\' && !escaped;
                out.push(byte);
            }
        }
        out
    }
}

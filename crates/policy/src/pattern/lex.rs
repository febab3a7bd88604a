//! From the bytes of a pattern to tokens, with escapes resolved.

use super::fault::{Found, MAX_GROUPS, PatternFaultKind};
use alloc::vec::Vec;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// A byte that stands for itself, escaped or not.
    Byte(u8),
    /// A separator of components. `\/` is one too.
    Slash,
    /// `?`
    One,
    /// One `*`.
    Star,
    /// A class, up to but not including this byte of the pattern.
    Class {
        end: u32,
    },
    /// `{`, `,` and `}` of a brace group; the same bytes elsewhere are `Byte`.
    Open,
    Comma,
    Close,
}

/// A token and the byte of the pattern at which it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spanned {
    pub token: Token,
    pub at: u32,
}

/// Appends the tokens of `pattern` from the byte `start` on to `out`. Says
/// whether there are brace groups.
pub(crate) fn lex(pattern: &[u8], start: usize, out: &mut Vec<Spanned>) -> Result<bool, Found> {
    // Of the groups that are open, where the outermost begins; and how many there are.
    let (mut outermost, mut groups) = (start, 0usize);
    let mut depth = 0usize;
    let mut at = start;
    while let Some(&byte) = pattern.get(at) {
        let mut next = at.saturating_add(1);
        let token = match byte {
            0 => return Err((at, PatternFaultKind::Nul)),
            b'\\' => {
                let Some(&escaped) = pattern.get(next) else {
                    return Err((at, PatternFaultKind::TrailingBackslash));
                };
                next = next.saturating_add(1);
                match escaped {
                    0 => return Err((at, PatternFaultKind::Nul)),
                    b'/' => Token::Slash,
                    other => Token::Byte(other),
                }
            }
            b'/' => Token::Slash,
            b'?' => Token::One,
            b'*' => Token::Star,
            b'[' => {
                next = class_end(pattern, at)?;
                Token::Class { end: next as u32 }
            }
            b'{' => {
                groups = groups.saturating_add(1);
                if groups > MAX_GROUPS {
                    return Err((at, PatternFaultKind::TooManyBraces));
                }
                if depth == 0 {
                    outermost = at;
                }
                depth = depth.saturating_add(1);
                Token::Open
            }
            b',' if depth > 0 => Token::Comma,
            b'}' if depth > 0 => {
                depth = depth.saturating_sub(1);
                Token::Close
            }
            other => Token::Byte(other),
        };
        out.push(Spanned {
            token,
            at: at as u32,
        });
        at = next;
    }
    match depth {
        0 => Ok(groups > 0),
        _ => Err((outermost, PatternFaultKind::UnclosedBrace)),
    }
}

/// The byte behind the class that opens at `open`.
fn class_end(pattern: &[u8], open: usize) -> Result<usize, Found> {
    let mut members = Members::of(pattern, open);
    while members.next().is_some() {}
    match members.state {
        State::Closed => Ok(members.at),
        State::Named => Err((open, PatternFaultKind::NamedClass)),
        State::Nul => Err((open, PatternFaultKind::Nul)),
        State::Open => Err((open, PatternFaultKind::UnclosedClass)),
    }
}

/// Writes the class that opens at `open` to `out` without what matches nothing: a
/// `!` or `^` that an empty range leaves at the front would negate. An error if no
/// byte of a name matches it.
pub(crate) fn write_class(pattern: &[u8], open: usize, out: &mut Vec<u8>) -> Result<(), Found> {
    let members = Members::of(pattern, open);
    let negated = members.negated;
    let mut matched = [false; 256];
    let begin = out.len();
    out.extend_from_slice(if negated { b"[!" } else { b"[" });
    let mut any = false;
    for (low, high) in members {
        if low > high {
            continue;
        }
        any = true;
        for byte in low..=high {
            if let Some(flag) = matched.get_mut(usize::from(byte)) {
                *flag = true;
            }
        }
        write_member(low, out);
        if high > low {
            out.push(b'-');
            write_member(high, out);
        }
    }
    out.push(b']');
    let possible = (1..=255u8)
        .filter(|&b| b != b'/')
        .any(|b| matched.get(usize::from(b)).copied().unwrap_or(false) != negated);
    if !possible {
        return Err((open, PatternFaultKind::EmptyClass));
    }
    if !any {
        // `[!z-a]` excludes nothing.
        out.truncate(begin);
        out.push(b'?');
    }
    Ok(())
}

fn write_member(byte: u8, out: &mut Vec<u8>) {
    if matches!(byte, b']' | b'\\' | b'-' | b'^' | b'!' | b'[') {
        out.push(b'\\');
    }
    out.push(byte);
}

#[derive(PartialEq, Eq)]
enum State {
    Open,
    Closed,
    Named,
    Nul,
}

/// The members of a class as ranges `(low, high)`, escapes resolved.
pub(super) struct Members<'a> {
    pattern: &'a [u8],
    /// The byte behind what was read.
    pub at: usize,
    first: bool,
    pub negated: bool,
    state: State,
}

impl<'a> Members<'a> {
    pub fn of(pattern: &'a [u8], open: usize) -> Self {
        let mut at = open.saturating_add(1);
        let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
        if negated {
            at = at.saturating_add(1);
        }
        Members {
            pattern,
            at,
            first: true,
            negated,
            state: State::Open,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = *self.pattern.get(self.at)?;
        self.at = self.at.saturating_add(1);
        if byte == b'\\' {
            byte = *self.pattern.get(self.at)?;
            self.at = self.at.saturating_add(1);
        }
        if byte == 0 {
            self.state = State::Nul;
            return None;
        }
        Some(byte)
    }
}

impl Iterator for Members<'_> {
    type Item = (u8, u8);

    fn next(&mut self) -> Option<(u8, u8)> {
        if self.state != State::Open {
            return None;
        }
        let rest = self.pattern.get(self.at..)?;
        match rest {
            [b']', ..] if !self.first => {
                self.at = self.at.saturating_add(1);
                self.state = State::Closed;
                return None;
            }
            // `[[:alpha:]]`, in a list also written `[[\:alpha\:]]`.
            [b'[', b':', ..] | [b'[', b'\\', b':', ..]
                if rest.windows(2).any(|pair| pair == b":]") =>
            {
                self.state = State::Named;
                return None;
            }
            _ => {}
        }
        self.first = false;
        let low = self.byte()?;
        match self.pattern.get(self.at..)? {
            [b'-', end, ..] if *end != b']' => {
                self.at = self.at.saturating_add(1);
                let high = self.byte()?;
                Some((low, high))
            }
            _ => Some((low, low)),
        }
    }
}

//! Patterns: how the text of one is read, what can be wrong with it, and what it matches.
//!
//! A pattern is matched as it is written ([`tokens`]), so that no memory is needed to do
//! so. Braces stand for so many alternatives, each of which is matched by itself. `**` is
//! matched by component, which finds the first place that fits and is done.

pub(crate) mod alternative;
pub(crate) mod check;
mod class;
mod fault;
pub(crate) mod tokens;

use crate::mode::Mask;
use alternative::Alternative;
pub use fault::{MAX_ALTERNATIVES, MAX_GROUPS, MAX_STORED, PatternFault, PatternFaultKind};
use tokens::Tokens;

/// What stands before a pattern: a `!`, or a mask of its own.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub exempts: bool,
    /// Three octal digits, whatever they come to.
    pub mask: Option<u32>,
    /// Where the pattern begins.
    pub start: usize,
}

impl Head {
    pub fn of(text: &[u8]) -> Self {
        let exempts = text.first() == Some(&b'!');
        let start = usize::from(exempts);
        let mask = mask(text.get(start..).unwrap_or_default());
        Head {
            exempts,
            mask,
            start: mask.map_or(start, |_| start.saturating_add("027=".len())),
        }
    }
}

/// The mask that a text begins with. Only three digits of octal and a `=` are one; others
/// before a `=` are part of a name.
pub(crate) fn mask(text: &[u8]) -> Option<u32> {
    match text {
        &[a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7', b'=', ..] => {
            let digit = |byte: u8| u32::from(byte & 7);
            Some(digit(a) << 6 | digit(b) << 3 | digit(c))
        }
        _ => None,
    }
}

/// A pattern of a list that was found good.
#[derive(Clone, Copy)]
pub(crate) struct Pattern<'a> {
    /// As it is written, with what stands before it.
    pub text: &'a [u8],
    /// The home directory, if it is known.
    pub home: Option<&'a [u8]>,
}

impl<'a> Pattern<'a> {
    /// Whether it protects; otherwise it exempts.
    pub fn protects(&self) -> bool {
        !Head::of(self.text).exempts
    }

    /// The mask that stands before it, if one does.
    pub fn mask(&self) -> Option<Mask> {
        Mask::new(Head::of(self.text).mask?).ok()
    }

    /// Where it begins.
    fn start(&self) -> usize {
        Head::of(self.text).start
    }

    /// One of its alternatives; `None` if it is without force because no home directory is
    /// known.
    pub fn alternative(&self, number: u32) -> Option<Alternative<'a>> {
        self.in_force(Tokens::new(self.text, self.start(), number))
    }

    fn in_force(&self, written: Tokens<'a>) -> Option<Alternative<'a>> {
        written.with_home(self.home).map(Alternative::of)
    }

    /// All that are in force, with their numbers.
    pub fn alternatives(self) -> impl Iterator<Item = (u32, Alternative<'a>)> {
        let all = tokens::alternatives(self.text, self.start());
        all.filter_map(move |(number, written)| Some((number, self.in_force(written)?)))
    }

    /// Whether such an alternative is in force.
    pub fn any(self, is_such: impl Fn(Alternative<'a>) -> bool) -> bool {
        self.alternatives()
            .any(|(_, alternative)| is_such(alternative))
    }

    /// Whether an alternative is without force because no home directory is known.
    pub fn is_homeless(&self) -> bool {
        self.home.is_none() && self.tildes().next().is_some()
    }

    /// At which bytes a `~` stands for the home directory, at some more than once.
    pub fn tildes(self) -> impl Iterator<Item = usize> {
        let all = tokens::alternatives(self.text, self.start());
        all.filter_map(|(_, written)| Some(written.home_tilde()?.begin()))
    }
}

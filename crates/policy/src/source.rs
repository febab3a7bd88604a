//! The patterns of all rules as they were written.

use crate::list;
use crate::pattern::Pattern;
use crate::rule::{Origin, RuleId};
use alloc::borrow::Cow;
use core::iter::zip;

/// Patterns that were found good: those of a file, or the built-in ones, then those of a
/// list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// Patterns as lines, then patterns as a list.
    pub text: Cow<'static, [u8]>,
    /// Where the lines end, and the list begins.
    pub lines: usize,
    /// Where the lines are from.
    pub origin: Origin,
    /// The home directory, folded, if a pattern asked for it and it is known.
    pub home: Option<Cow<'static, [u8]>>,
}

impl Source {
    /// Every pattern, with where it was written and its number there.
    pub fn written(&self) -> impl Iterator<Item = (Origin, u32, &[u8])> {
        let (lines, list) = self.text.split_at_checked(self.lines).unwrap_or_default();
        let lines = list::lines(lines).map(|(number, text)| (self.origin, number, text));
        let elements = zip(1u32.., list::elements(list));
        lines.chain(elements.map(|(number, text)| (Origin::Environment, number, text)))
    }

    pub fn patterns(&self) -> impl Iterator<Item = (RuleId, Pattern<'_>)> {
        let home = self.home.as_deref();
        let patterns = self
            .written()
            .map(move |(_, _, text)| Pattern { text, home });
        zip((0u32..).map(RuleId), patterns)
    }

    /// The same without memory of its own.
    pub fn borrowed(&'static self) -> Self {
        Source {
            text: Cow::Borrowed(&self.text),
            home: self.home.as_deref().map(Cow::Borrowed),
            ..*self
        }
    }
}

//! The rules in force, and the verdict on a path.

use crate::index::{self, Index};
use crate::mode::Mask;
use crate::path::names;
use crate::pattern::Pattern;
use crate::pattern::alternative::{Alternative, matches_name};
pub use crate::rule::{Kind, Origin, Protection, Rule, RuleId, Verdict};
use crate::source::Source;
use alloc::borrow::Cow;
use core::iter::zip;

/// The rules in force, in their order: those of the file, then those of the environment;
/// or the built-in ones. They are found good, and otherwise as they were written: each
/// path is matched against every pattern, until there is an index.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(crate) source: Source,
    /// The mask of rules without one of their own.
    pub(crate) mask: Mask,
    /// Whether any rule has one.
    pub(crate) own_masks: bool,
    /// Empty if there is none yet.
    pub(crate) index: Cow<'static, [u8]>,
}

impl Rules {
    /// The decision on `path`, which is folded as [`crate::path::fold`] does.
    /// A path without leading `/`, whose beginning is unknown, is matched by
    /// what matches at any depth.
    pub fn verdict(&self, path: &[u8], kind: Kind) -> Verdict {
        let found = match self.index() {
            Some(index) => index
                .last_match(path, kind)
                .and_then(|id| Some((id, index.pattern(id)?))),
            None => self.last_match(path, kind),
        };
        match found {
            None => Verdict::Plain,
            Some((id, pattern)) if !pattern.protects() => Verdict::Exempt(id),
            Some((rule, pattern)) => Verdict::Sensitive(Protection {
                rule,
                mask: pattern.mask().unwrap_or(self.mask),
            }),
        }
    }

    /// Whether a rule has a mask of its own: then what protects a path by one of its names
    /// is not all that does.
    pub fn have_own_masks(&self) -> bool {
        self.own_masks
    }

    /// What all rules that protect clear together, those without a mask of their own
    /// `mask`: for what is made nobody knows where.
    pub fn union(&self, mask: Mask) -> Mask {
        if !self.own_masks {
            return mask;
        }
        let protecting = self.patterns().filter(|(_, pattern)| pattern.protects());
        let masks = protecting.map(|(_, pattern)| pattern.mask().unwrap_or(mask));
        masks.reduce(Mask::and).unwrap_or(mask)
    }

    /// The rule that makes a path sensitive by a name in it alone, wherever it
    /// leads: one that protects, matches a component of `given`, and has no
    /// exempting rule behind it. `None` says nothing about the path.
    ///
    /// `given` is the path as the program wrote it. One with a `..` is never
    /// settled so: `x.iso/../y` does not lie beneath `x.iso`.
    pub fn settled_by_names(&self, given: &[u8], kind: Kind) -> Option<Protection> {
        // Of rules with masks of their own a later one may say another mask.
        if self.own_masks {
            return None;
        }
        let rule = match self.index() {
            Some(index) => index.last_name_match(given, kind)?,
            None => self.last_name_match(given, kind)?,
        };
        let mask = self.mask;
        Some(Protection { rule, mask })
    }

    #[cold]
    #[inline(never)]
    fn last_match(&self, path: &[u8], kind: Kind) -> Option<(RuleId, Pattern<'_>)> {
        self.last(|alternative| alternative.matches(path, kind))
    }

    #[cold]
    #[inline(never)]
    fn last_name_match(&self, given: &[u8], kind: Kind) -> Option<RuleId> {
        let named = |alternative: Alternative<'_>| {
            let mut names = names(given).filter(|name| *name != b".").peekable();
            let Some(first) = alternative.first.filter(|_| alternative.is_name()) else {
                return false;
            };
            let directory = alternative.is_directory();
            core::iter::from_fn(|| Some((names.next()?, names.peek().is_none()))).any(
                |(name, last)| {
                    (!directory || !last || kind == Kind::Directory)
                        && matches_name(first, name).is_some()
                },
            )
        };
        if names(given).any(|name| name == b"..") {
            return None;
        }
        let (id, _) = self.last(named)?;
        let mut behind = self.patterns().skip(id.0 as usize);
        behind.all(|(_, pattern)| pattern.protects()).then_some(id)
    }

    /// The last rule of which an alternative is such.
    fn last(&self, is_such: impl Fn(Alternative<'_>) -> bool) -> Option<(RuleId, Pattern<'_>)> {
        let such = |(_, pattern): &(RuleId, Pattern<'_>)| pattern.any(&is_such);
        self.patterns().filter(such).last()
    }

    /// Whether rule `id` matches `path` or an ancestor of it, whatever the
    /// rules behind it say.
    pub fn matches_rule(&self, id: RuleId, path: &[u8], kind: Kind) -> bool {
        let pattern = self.pattern(id);
        pattern.is_some_and(|pattern| pattern.any(|one| one.matches(path, kind)))
    }

    /// The pattern of rule `id`, as written, if there is one.
    pub(crate) fn pattern(&self, id: RuleId) -> Option<Pattern<'_>> {
        match self.index() {
            Some(index) => index.pattern(id),
            None => self
                .patterns()
                .nth(id.0 as usize)
                .map(|(_, pattern)| pattern),
        }
    }

    /// The pattern of rule `id` as written, its `!` included, if there is such a rule.
    pub fn text(&self, id: RuleId) -> Option<&[u8]> {
        self.pattern(id).map(|pattern| pattern.text)
    }

    /// The rule `id`, if there is one.
    pub fn rule(&self, id: RuleId) -> Option<Rule<'_>> {
        self.iter().nth(id.0 as usize).map(|(_, rule)| rule)
    }

    /// Every rule in its order.
    pub fn iter(&self) -> impl Iterator<Item = (RuleId, Rule<'_>)> {
        zip(self.written(), self.patterns()).map(|((origin, number, text), (id, pattern))| {
            let rule = Rule {
                text,
                origin,
                number,
                protects: pattern.protects(),
                mask: pattern.mask(),
                homeless: pattern.is_homeless(),
            };
            (id, rule)
        })
    }

    pub(crate) fn written(&self) -> impl Iterator<Item = (Origin, u32, &[u8])> {
        self.source.written()
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = (RuleId, Pattern<'_>)> {
        self.source.patterns()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.written().count()
    }

    /// Whether there is no rule at all: nothing is sensitive.
    pub fn is_empty(&self) -> bool {
        self.written().next().is_none()
    }

    /// Whether any rule protects.
    pub fn any_protects(&self) -> bool {
        self.patterns().any(|(_, pattern)| pattern.protects())
    }

    /// Whether some rule matches directories only, so that it matters what a
    /// path names.
    pub fn has_directory_only(&self) -> bool {
        match self.index() {
            Some(index) => index.directory_only(),
            // The safe answer: to ask for both kinds changes nothing else.
            None => true,
        }
    }

    /// Whether every rule is a name, so that a path need not be known from the
    /// root on.
    pub fn only_names(&self) -> bool {
        !self.any(|alternative| !alternative.is_name())
    }

    fn any(&self, is_such: impl Fn(Alternative<'_>) -> bool) -> bool {
        self.patterns().any(|(_, pattern)| pattern.any(&is_such))
    }

    /// Whether the rules are found by an index; otherwise each is tried.
    pub fn has_index(&self) -> bool {
        !self.index.is_empty()
    }

    /// How many bytes an index of these rules takes.
    pub fn index_size(&self) -> usize {
        index::size(&self.source)
    }

    /// The same rules with an index in `bytes`, which are so many and all zero. Nothing is
    /// allocated.
    pub fn indexed_in(&'static self, bytes: &'static mut [u8]) -> Rules {
        index::write(&self.source, bytes);
        Rules {
            source: self.source.borrowed(),
            index: Cow::Borrowed(bytes),
            ..*self
        }
    }

    fn index(&self) -> Option<Index<'_>> {
        Index::of(&self.source, &self.index)
    }
}

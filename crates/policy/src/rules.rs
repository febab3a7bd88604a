//! The rules in force, and the verdict on a path.

use crate::index::Index;
use crate::pattern::store::{Alternative, Entry, Store};
pub use crate::rule::{Kind, Origin, Rule, RuleId, Verdict};
use alloc::borrow::Cow;
use alloc::boxed::Box;

/// The rules in force, in their order: those of the file, then those of the
/// environment; or the built-in ones.
#[derive(Debug, Default)]
pub struct Rules {
    pub(crate) store: Store,
    pub(crate) entries: Cow<'static, [Entry]>,
    pub(crate) index: Box<Index>,
    pub(crate) last_exempt: Option<RuleId>,
    pub(crate) directory_only: bool,
    pub(crate) only_names: bool,
}

impl Rules {
    /// The decision on `path`, which is folded as [`crate::path::fold`] does.
    /// A path without leading `/`, whose beginning is unknown, is matched by
    /// what matches at any depth.
    pub fn verdict(&self, path: &[u8], kind: Kind) -> Verdict {
        match self.index.last_match(&self.store, path, kind) {
            None => Verdict::Plain,
            Some(rule) => {
                let id = RuleId(rule);
                match self.entry(id) {
                    Some(entry) if !entry.protects => Verdict::Exempt(id),
                    _ => Verdict::Sensitive(id),
                }
            }
        }
    }

    /// The rule that makes a path sensitive by a name in it alone, wherever it
    /// leads: one that protects, matches a component of `given`, and has no
    /// exempting rule behind it. `None` says nothing about the path.
    ///
    /// `given` is the path as the program wrote it. One with a `..` is never
    /// settled so: `x.iso/../y` does not lie beneath `x.iso`.
    pub fn settled_by_names(&self, given: &[u8], kind: Kind) -> Option<RuleId> {
        let id = RuleId(self.index.last_name_match(&self.store, given, kind)?);
        (self.last_exempt < Some(id)).then_some(id)
    }

    /// Whether rule `id` matches `path` or an ancestor of it, whatever the
    /// rules behind it say.
    pub fn matches_rule(&self, id: RuleId, path: &[u8], kind: Kind) -> bool {
        let mut alternatives = self.alternatives(id).iter();
        alternatives.any(|alternative| self.store.matches(alternative, path, kind))
    }

    /// What rule `id` consists of.
    pub(crate) fn alternatives(&self, id: RuleId) -> &[Alternative] {
        let first = |id| self.entry(id).map(|entry| entry.first as usize);
        let Some(start) = first(id) else {
            return &[];
        };
        let next = first(RuleId(id.0.saturating_add(1)));
        let end = next.unwrap_or(self.store.alternatives.len());
        self.store.alternatives.get(start..end).unwrap_or_default()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Whether rule number `rule` protects.
    pub(crate) fn protects(&self, rule: u32) -> bool {
        self.entry(RuleId(rule)).is_some_and(|entry| entry.protects)
    }

    fn entry(&self, id: RuleId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    fn shown(&self, entry: &Entry) -> Rule<'_> {
        Rule {
            text: self.store.text(entry.text),
            origin: entry.origin,
            number: entry.number,
            protects: entry.protects,
            homeless: entry.homeless,
        }
    }

    /// The rule `id`, if there is one.
    pub fn rule(&self, id: RuleId) -> Option<Rule<'_>> {
        self.entry(id).map(|entry| self.shown(entry))
    }

    /// Every rule in its order.
    pub fn iter(&self) -> impl Iterator<Item = (RuleId, Rule<'_>)> {
        (0u32..)
            .map(RuleId)
            .zip(self.entries.iter().map(|entry| self.shown(entry)))
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no rule at all: nothing is sensitive.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether some rule matches directories only, so that it matters what a
    /// path names.
    pub fn has_directory_only(&self) -> bool {
        self.directory_only
    }

    /// Whether every rule is a name, so that a path need not be known from the
    /// root on.
    pub fn only_names(&self) -> bool {
        self.only_names
    }
}

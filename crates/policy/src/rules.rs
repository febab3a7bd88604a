//! The rules in force, and the verdict on a path.

use crate::builtin;
use crate::index::Index;
use crate::list;
use crate::path::step;
use crate::pattern::store::{Alternative, Span, Store};
use crate::pattern::{Compiler, PatternFault, PatternFaultKind, Taken};
use crate::tables;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What a path names, as far as patterns care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A directory: patterns with a trailing `/` match it.
    Directory,
    /// Anything else, or nothing known.
    Other,
}

/// Which rule, by its place in [`Rules`]: the later one wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(pub u32);

/// The decision on a path: that of the last rule that matches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No rule matches.
    Plain,
    /// A rule with `!` decides.
    Exempt(RuleId),
    /// A rule without `!` decides.
    Sensitive(RuleId),
}

/// Where a rule was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The list compiled in.
    BuiltIn,
    /// The file that `UMASKCLAMP_PATTERNS_FILE` names.
    File,
    /// `UMASKCLAMP_PATTERNS`.
    Environment,
}

/// One rule, to be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule<'a> {
    /// The pattern as written, its `!` included.
    pub text: &'a [u8],
    /// Where it was written.
    pub origin: Origin,
    /// Its place there, from 1: the element of a list, the line of a file, the
    /// pattern of the built-in list.
    pub number: u32,
    /// Whether it protects; otherwise it exempts.
    pub protects: bool,
    /// Whether it, or an alternative of it, is without force because it begins
    /// with `~/` and there is no home directory.
    pub homeless: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub text: Span,
    /// Its alternatives end where those of the next rule begin.
    pub first: u32,
    pub number: u32,
    pub origin: Origin,
    pub protects: bool,
    pub homeless: bool,
}

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
    /// The rules of a list as `UMASKCLAMP_PATTERNS` holds it, seen from `home`.
    pub fn from_list(list: &[u8], home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        let mut builder = Builder::new(&[list], || home.map(<[u8]>::to_vec));
        builder.list(list);
        builder.finish()
    }

    /// The rules of a file's text, seen from `home`.
    pub fn from_file(text: &[u8], home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        let mut builder = Builder::new(&[text], || home.map(<[u8]>::to_vec));
        builder.file(text);
        builder.finish()
    }

    /// The built-in rules, seen from `home`.
    pub fn built_in(home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        match tables::built_in() {
            Some(rules) => Ok(rules),
            None => Rules::read_built_in(|| home.map(<[u8]>::to_vec)),
        }
    }

    /// The built-in rules, read from their text.
    pub(crate) fn read_built_in(
        home: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<Rules, Vec<PatternFault>> {
        let mut builder = Builder::new(&[builtin::PATTERNS], home);
        for (number, (_, line)) in (1u32..).zip(list::lines(builtin::PATTERNS)) {
            builder.add(line, Origin::BuiltIn, number);
        }
        builder.finish()
    }

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

/// Collects rules and their faults.
pub(crate) struct Builder<H> {
    rules: Rules,
    compiler: Compiler<H>,
    faults: Vec<PatternFault>,
}

impl<H: FnOnce() -> Option<Vec<u8>>> Builder<H> {
    /// A builder for the patterns of these texts.
    pub fn new(texts: &[&[u8]], home: H) -> Self {
        let mut rules = Rules::default();
        // Room for all that ordinary patterns need, so that it is asked for
        // once: an alternative ends at each of these bytes, and with braces
        // written out the text takes about twice as much again.
        let (mut bytes, mut count) = (0usize, 1usize);
        for text in texts {
            let ends = text.iter().filter(|b| matches!(b, b',' | b':' | b'\n'));
            bytes = bytes.saturating_add(text.len());
            count = count.saturating_add(ends.count());
        }
        if bytes == 0 {
            count = 0;
        }
        rules.store.bytes.to_mut().reserve(bytes.saturating_mul(3));
        rules.store.segments.to_mut().reserve(count);
        rules.store.alternatives.to_mut().reserve(count);
        rules.entries.to_mut().reserve(count);
        Builder {
            rules,
            compiler: Compiler::new(home),
            faults: Vec::new(),
        }
    }

    pub fn list(&mut self, list: &[u8]) {
        for (number, element) in (1u32..).zip(list::elements(list)) {
            self.add(element, Origin::Environment, number);
        }
    }

    pub fn file(&mut self, text: &[u8]) {
        for (number, line) in list::lines(text) {
            self.add(line, Origin::File, number);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.faults.is_empty()
    }

    /// Where the rules name the home directory, if one does.
    pub fn tildes(&mut self) -> Option<list::Tildes> {
        self.compiler.tildes()
    }

    fn add(&mut self, pattern: &[u8], origin: Origin, number: u32) {
        let rules = &mut self.rules;
        let protects = pattern.first() != Some(&b'!');
        let start = usize::from(!protects);
        let first = rules.store.alternatives.len() as u32;
        let id = rules.entries.len() as u32;
        let text = rules.store.push(pattern);
        let taken = match (pattern.len(), protects) {
            (0, _) => Err((0, PatternFaultKind::Empty)),
            (1, false) => Err((0, PatternFaultKind::LoneExclamation)),
            _ => self
                .compiler
                .compile(pattern, text, start, id, &mut rules.store),
        };
        match taken {
            Ok(taken) => rules.entries.to_mut().push(Entry {
                text,
                first,
                number,
                origin,
                protects,
                homeless: taken == Taken::Homeless,
            }),
            Err((at, kind)) => self.faults.push(PatternFault {
                origin,
                number,
                pattern: pattern.to_vec(),
                at,
                kind,
            }),
        }
    }

    /// The rules collected; the built-in ones if there are none.
    pub fn finish_or_built_in(self) -> Result<Rules, Vec<PatternFault>> {
        if !self.is_empty() {
            return self.finish();
        }
        match tables::built_in() {
            Some(rules) => Ok(rules),
            None => Rules::read_built_in(self.compiler.into_home()),
        }
    }

    pub fn finish(self) -> Result<Rules, Vec<PatternFault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let mut rules = self.rules;
        let exempt = rules.entries.iter().rposition(|entry| !entry.protects);
        rules.last_exempt = exempt.map(|at| RuleId(at as u32));
        let alternatives = &rules.store.alternatives;
        rules.directory_only = alternatives.iter().any(|a| a.directory);
        rules.only_names = alternatives.iter().all(|a| a.is_name());
        rules.index = Box::new(Index::of(&rules.store));
        Ok(rules)
    }
}

/// The components of a path, each with what follows it.
pub(crate) fn steps(path: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = path;
    core::iter::from_fn(move || {
        let (name, left) = step(rest)?;
        rest = left;
        Some((name, left))
    })
}

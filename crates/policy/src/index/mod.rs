//! Finds the last rule that matches a path without trying every rule.
//!
//! Nearly every alternative asks for something literal: the beginning of the
//! path (`/var/backups`), a name (`backup.log`), or how a name begins or ends
//! (`id_rsa*`, `*.iso`), at times before the six random bytes of a temporary name
//! (`.*.iso.??????`). Each is entered under the hash of that piece, and a
//! path asks for the pieces it has, at lengths that occur in the list. Two bit
//! sets, of the first and of the last two bytes of names, answer for most names
//! before anything is hashed. What has no literal piece is tried one by one.
//!
//! The index only proposes: whether a proposed alternative matches is decided by the
//! literal itself or by the pattern, so a collision costs time and nothing else.
//!
//! It is one block of bytes without a pointer ([`layout`]), which `build.rs` makes of the
//! built-in list and a process of a user's, in memory that it is given, when it first asks.

mod build;
mod ends;
mod layout;

use crate::path::steps;
use crate::pattern::Pattern;
use crate::pattern::alternative::{Alternative, matches_name};
use crate::rule::{Kind, RuleId};
use crate::source::Source;
use ends::{
    END, HEAD, NAME, START, STEM, first_two, hash, head_bit, last_bit, last_two, lengths, stem,
};
use layout::{
    BEHIND_EXEMPT, Block, DIRECTORY_ONLY, END_LENGTHS, ENDS, HEAD_LENGTHS, Link, OTHERS,
    START_LENGTHS, STARTS, STEMS, Shape,
};

pub(crate) use build::{size, write};

/// The patterns and their index.
pub(crate) struct Index<'a> {
    source: &'a Source,
    block: Block<'a>,
}

impl<'a> Index<'a> {
    /// `None` if there is none yet.
    pub fn of(source: &'a Source, bytes: &'a [u8]) -> Option<Self> {
        let block = Block::of(bytes)?;
        Some(Index { source, block })
    }

    pub fn directory_only(&self) -> bool {
        self.block.word(DIRECTORY_ONLY) != 0
    }

    pub fn pattern(&self, id: RuleId) -> Option<Pattern<'a>> {
        Some(Pattern {
            text: self.source.text.get(self.block.rule(id.0)?)?,
            home: self.source.home.as_deref(),
        })
    }

    /// The last rule that matches the folded `path` or an ancestor of it.
    pub fn last_match(&self, path: &[u8], kind: Kind) -> Option<RuleId> {
        let mut search = Search::new(self, |link: &Link, name: &[u8], last| {
            if link.is_name {
                self.name_matches(link, name, last, kind)
            } else {
                self.matches(link, path, kind)
            }
        });
        search.others(|link| self.matches(link, path, kind));
        let absolute = path.first() == Some(&b'/');
        for (name, rest) in steps(path) {
            let end = path.len().saturating_sub(rest.len());
            search.name(name, rest.is_empty());
            let head = path.get(..end).unwrap_or_default();
            if absolute
                && self.block.long(HEAD_LENGTHS) & head_bit(end) != 0
                && self.block.has(ENDS, last_two(head))
            {
                search.propose(hash(HEAD, head), &[], false);
            }
        }
        search.found()
    }

    /// The last rule that is a name and matches a component of `given`, which need not be
    /// folded; none if it has a `..`, or an exempting rule stands behind it.
    pub fn last_name_match(&self, given: &[u8], kind: Kind) -> Option<RuleId> {
        let is_name = |link: &Link, name: &[u8], last| {
            link.is_name && self.name_matches(link, name, last, kind)
        };
        let names = || {
            steps(given)
                .filter(|(name, _)| *name != b".")
                .map(|(name, rest)| (name, rest.iter().all(|&b| b == b'/')))
        };
        let mut search = Search::new(self, is_name);
        search.others(|link| names().any(|(name, last)| is_name(link, name, last)));
        for (name, last) in names() {
            if name == b".." {
                return None;
            }
            search.name(name, last);
        }
        let id = search.found()?;
        (self.block.word(BEHIND_EXEMPT) <= id.0).then_some(id)
    }

    fn alternative(&self, link: &Link) -> Option<Alternative<'a>> {
        self.pattern(RuleId(link.rule))?.alternative(link.number)
    }

    /// Whether `link` matches the folded `path` or an ancestor of it.
    fn matches(&self, link: &Link, path: &[u8], kind: Kind) -> bool {
        if link.shape != Shape::Head {
            let alternative = self.alternative(link);
            return alternative.is_some_and(|alternative| alternative.matches(path, kind));
        }
        let Some(rest) = path.strip_prefix(self.block.literal(link)) else {
            return false;
        };
        let beneath = matches!(rest, [b'/', _, ..]);
        beneath || rest.is_empty() && (!link.directory || kind == Kind::Directory)
    }

    /// Whether `link`, which is a name, matches the component `name`.
    fn name_matches(&self, link: &Link, name: &[u8], last: bool, kind: Kind) -> bool {
        if link.directory && last && kind != Kind::Directory {
            return false;
        }
        let text = self.block.literal(link);
        match link.shape {
            Shape::Name => name == text,
            Shape::Prefix => name.starts_with(text),
            Shape::Suffix => name.ends_with(text),
            Shape::Head | Shape::Other => {
                let first = self.alternative(link).and_then(|one| one.first);
                first.is_some_and(|first| matches_name(first, name).is_some())
            }
        }
    }
}

/// One question to the index: keeps the last rule found so far, and asks
/// `matches` only about later ones.
struct Search<'a, M> {
    index: &'a Index<'a>,
    matches: M,
    /// One more than the rule found; 0 for none.
    found: u32,
}

impl<'a, M: Fn(&Link, &[u8], bool) -> bool> Search<'a, M> {
    fn new(index: &'a Index<'a>, matches: M) -> Self {
        Search {
            index,
            matches,
            found: 0,
        }
    }

    fn found(&self) -> Option<RuleId> {
        self.found.checked_sub(1).map(RuleId)
    }

    /// Tries what has no literal piece, the last one first.
    fn others(&mut self, matches: impl Fn(&Link) -> bool) {
        let block = &self.index.block;
        for place in (0..block.word(OTHERS)).rev() {
            let link = block.link(block.other(place));
            if let Some(link) = link.filter(|link| matches(link)) {
                self.found = link.rule.saturating_add(1);
                return;
            }
        }
    }

    /// Asks for every piece that `name` has.
    fn name(&mut self, name: &[u8], last: bool) {
        let block = &self.index.block;
        if block.has(STARTS, first_two(name)) {
            self.propose(hash(NAME, name), name, last);
            for length in lengths(block.long(START_LENGTHS), name.len()) {
                let start = name.get(..length).unwrap_or_default();
                self.propose(hash(START, start), name, last);
            }
        }
        if block.has(ENDS, last_two(name)) {
            self.ends(END, name, name, last);
        }
        let stem = stem(name);
        if block.long(STEMS) & last_bit(stem) != 0 {
            self.ends(STEM, stem, name, last);
        }
    }

    /// Asks for what `text`, of `name`, ends with.
    fn ends(&mut self, role: u64, text: &[u8], name: &[u8], last: bool) {
        for length in lengths(self.index.block.long(END_LENGTHS), text.len()) {
            let from = text.len().saturating_sub(length);
            let end = text.get(from..).unwrap_or_default();
            self.propose(hash(role, end), name, last);
        }
    }

    fn propose(&mut self, hash: u32, name: &[u8], last: bool) {
        let block = &self.index.block;
        let mut next = block.bucket(hash);
        while let Some(link) = next.checked_sub(1).and_then(|at| block.link(at)) {
            if link.rule < self.found {
                return;
            }
            if link.hash == hash && (self.matches)(&link, name, last) {
                self.found = link.rule.saturating_add(1);
                return;
            }
            next = link.next;
        }
    }
}

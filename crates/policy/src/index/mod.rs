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
//! The index only proposes: whether a proposed alternative matches is decided
//! by [`Store`], so a collision costs time and nothing else.

mod build;
mod ends;

use crate::path::steps;
use crate::pattern::store::{Alternative, Store};
use crate::rule::Kind;
use alloc::borrow::Cow;
use ends::{
    END, HEAD, NAME, Pairs, START, STEM, first_two, has, hash, head_bit, last_bit, last_two,
    lengths, stem,
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub hash: u32,
    /// The next of its bucket, counted from 1: of an earlier or the same rule.
    pub next: u32,
}

#[derive(Debug)]
pub(crate) struct Index {
    pub starts: Pairs,
    pub ends: Pairs,
    /// Bit `b % 64`: a name with a random end has the byte `b` before it.
    pub stems: u64,
    /// Bit `n - 1`: there is a piece of `n` bytes.
    pub start_lengths: u64,
    pub end_lengths: u64,
    /// Bit `n % 64`: there is a head of `n` bytes.
    pub head_lengths: u64,
    /// The first link of each bucket, counted from 1; a power of two of them.
    pub buckets: Cow<'static, [u32]>,
    /// One for each alternative.
    pub links: Cow<'static, [Link]>,
    /// Alternatives without a literal piece, the last one first.
    pub others: Cow<'static, [u32]>,
}

impl Default for Index {
    fn default() -> Self {
        Index {
            starts: [0; 64],
            ends: [0; 64],
            stems: 0,
            start_lengths: 0,
            end_lengths: 0,
            head_lengths: 0,
            buckets: Cow::default(),
            links: Cow::default(),
            others: Cow::default(),
        }
    }
}

impl Index {
    /// The last rule that matches the folded `path` or an ancestor of it.
    pub fn last_match(&self, store: &Store, path: &[u8], kind: Kind) -> Option<u32> {
        let mut search = Search::new(self, store, |alternative, name, last| {
            if alternative.is_name() {
                name_matches(store, alternative, name, last, kind)
            } else {
                store.matches(alternative, path, kind)
            }
        });
        for &at in self.others.iter() {
            if search.settled(at, |alternative| store.matches(alternative, path, kind)) {
                break;
            }
        }
        let absolute = path.first() == Some(&b'/');
        for (name, rest) in steps(path) {
            let end = path.len().saturating_sub(rest.len());
            search.name(name, rest.is_empty());
            if absolute
                && self.head_lengths & head_bit(end) != 0
                && has(&self.ends, last_two(path.get(..end).unwrap_or_default()))
            {
                search.propose(hash(HEAD, path.get(..end).unwrap_or_default()), &[], false);
            }
        }
        search.found
    }

    /// The last rule that is a name and matches a component of `given`, which
    /// need not be folded; none if it has a `..`.
    pub fn last_name_match(&self, store: &Store, given: &[u8], kind: Kind) -> Option<u32> {
        let is_name = |alternative: &Alternative, name: &[u8], last| {
            alternative.is_name() && name_matches(store, alternative, name, last, kind)
        };
        let names = || {
            steps(given)
                .filter(|(name, _)| *name != b".")
                .map(|(name, rest)| (name, rest.iter().all(|&b| b == b'/')))
        };
        let mut search = Search::new(self, store, is_name);
        for &at in self.others.iter() {
            if search.settled(at, |alternative| {
                names().any(|(name, last)| is_name(alternative, name, last))
            }) {
                break;
            }
        }
        for (name, last) in names() {
            if name == b".." {
                return None;
            }
            search.name(name, last);
        }
        search.found
    }
}

/// Whether `alternative`, which is a name, matches the component `name`.
fn name_matches(
    store: &Store,
    alternative: &Alternative,
    name: &[u8],
    last: bool,
    kind: Kind,
) -> bool {
    (!alternative.directory || !last || kind == Kind::Directory)
        && store
            .segments(alternative)
            .first()
            .is_some_and(|segment| store.matches_name(segment, name))
}

/// One question to the index: keeps the last rule found so far, and asks
/// `matches` only about later ones.
struct Search<'a, M> {
    index: &'a Index,
    store: &'a Store,
    matches: M,
    found: Option<u32>,
}

impl<'a, M: Fn(&Alternative, &[u8], bool) -> bool> Search<'a, M> {
    fn new(index: &'a Index, store: &'a Store, matches: M) -> Self {
        Search {
            index,
            store,
            matches,
            found: None,
        }
    }

    /// Tries one of the `others`, which come the last one first: says whether
    /// those behind it are of no more interest.
    fn settled(&mut self, at: u32, matches: impl Fn(&Alternative) -> bool) -> bool {
        let found = self.store.alternatives.get(at as usize);
        match found.filter(|alternative| matches(alternative)) {
            Some(alternative) => {
                self.found = Some(alternative.rule);
                true
            }
            None => false,
        }
    }

    /// Asks for every piece that `name` has.
    fn name(&mut self, name: &[u8], last: bool) {
        let index = self.index;
        if has(&index.starts, first_two(name)) {
            self.propose(hash(NAME, name), name, last);
            for length in lengths(index.start_lengths, name.len()) {
                let start = name.get(..length).unwrap_or_default();
                self.propose(hash(START, start), name, last);
            }
        }
        if has(&index.ends, last_two(name)) {
            self.ends(END, name, name, last);
        }
        let stem = stem(name);
        if index.stems & last_bit(stem) != 0 {
            self.ends(STEM, stem, name, last);
        }
    }

    /// Asks for what `text`, of `name`, ends with.
    fn ends(&mut self, role: u64, text: &[u8], name: &[u8], last: bool) {
        for length in lengths(self.index.end_lengths, text.len()) {
            let from = text.len().saturating_sub(length);
            let end = text.get(from..).unwrap_or_default();
            self.propose(hash(role, end), name, last);
        }
    }

    fn propose(&mut self, hash: u32, name: &[u8], last: bool) {
        let index = self.index;
        let bucket = hash as usize & index.buckets.len().saturating_sub(1);
        let mut at = index.buckets.get(bucket).copied().unwrap_or(0);
        while let Some(place) = at.checked_sub(1) {
            let place = place as usize;
            let (Some(link), Some(alternative)) =
                (index.links.get(place), self.store.alternatives.get(place))
            else {
                return;
            };
            if self.found.is_some_and(|found| alternative.rule <= found) {
                return;
            }
            if link.hash == hash && (self.matches)(alternative, name, last) {
                self.found = Some(alternative.rule);
                return;
            }
            at = link.next;
        }
    }
}

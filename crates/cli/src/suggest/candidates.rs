//! Which patterns come into question.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use umaskclamp_policy::list;
use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, Rules, Verdict};

use super::names::{ending, open_name};
use super::{Found, is_shared};
use crate::show;

/// A pattern and the wide paths that it covers, by their place in the order.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub pattern: Vec<u8>,
    pub paths: Vec<usize>,
    pub rank: Rank,
}

/// How much else a pattern may cover: exact paths least, then parts of names
/// left open, directories (deep ones first), endings of names anywhere. Of two
/// that cover as much, the lower one is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    Exact,
    Open,
    Directory { depth: Reverse<usize> },
    Ending,
}

/// Collects patterns, each once, with what it covers.
struct Candidates<'a> {
    found: &'a Found,
    patterns: BTreeMap<Vec<u8>, Proposal>,
    refused: BTreeSet<Vec<u8>>,
}

pub fn candidates(found: &Found, names: bool) -> Vec<Proposal> {
    let mut candidates = Candidates {
        found,
        patterns: BTreeMap::new(),
        refused: BTreeSet::new(),
    };
    for (path, _) in &found.wide {
        candidates.beneath(path, Rank::Exact);
        let components: Vec<&[u8]> = path::names(path).collect();
        for depth in 1..=components.len() {
            let (last, before) = (components[depth - 1], joined(&components[..depth - 1]));
            if let Some(open) = open_name(last) {
                let pattern = [literal(&before), b"/".to_vec(), open].concat();
                candidates.matching(pattern, Rank::Open, beneath(&found.wide, &before));
            }
            let directory = joined(&components[..depth]);
            if depth < components.len() && !is_shared(&directory) {
                let depth = Reverse(depth);
                candidates.beneath(&directory, Rank::Directory { depth });
            }
        }
        if let (true, Some(pattern)) = (names, ending(path::last(path))) {
            candidates.matching(pattern, Rank::Ending, 0..found.wide.len());
        }
    }
    candidates.patterns.into_values().collect()
}

impl Candidates<'_> {
    fn known(&self, pattern: &[u8]) -> bool {
        self.patterns.contains_key(pattern) || self.refused.contains(pattern)
    }

    /// `top` and all beneath it.
    fn beneath(&mut self, top: &[u8], rank: Rank) {
        let pattern = literal(top);
        // The same path as a directory above others and by itself: by itself.
        if self.known(&pattern) && rank != Rank::Exact {
            return;
        }
        let plain = beneath_plain(&self.found.plain, top);
        let own = self
            .found
            .wide
            .binary_search_by(|(path, _)| path.as_slice().cmp(top));
        let paths = own
            .into_iter()
            .chain(beneath(&self.found.wide, top))
            .collect();
        self.add(pattern, paths, rank, plain);
    }

    /// What a pattern covers of the paths in `range`.
    fn matching(&mut self, pattern: Vec<u8>, rank: Rank, range: Range<usize>) {
        if self.known(&pattern) {
            return;
        }
        let Ok(rules) = Rules::from_file(&pattern, None) else {
            self.refused.insert(pattern);
            return;
        };
        let covers =
            |path: &[u8]| matches!(rules.verdict(path, Kind::Other), Verdict::Sensitive(_));
        let plain = self.found.plain.iter().any(|path| covers(path));
        let paths = range.filter(|&at| covers(self.found.path(at))).collect();
        self.add(pattern, paths, rank, plain);
    }

    fn add(&mut self, pattern: Vec<u8>, paths: Vec<usize>, rank: Rank, plain: bool) {
        // What covers one path only is better said exactly; a part of a name left
        // open is worth it for the next run's name.
        let enough = paths.len() > 1 || matches!(rank, Rank::Exact | Rank::Open);
        if plain || !enough || paths.is_empty() {
            self.refused.insert(pattern);
            return;
        }
        let proposal = Proposal {
            pattern: pattern.clone(),
            paths,
            rank,
        };
        self.patterns.insert(pattern, proposal);
    }
}

fn joined(components: &[&[u8]]) -> Vec<u8> {
    components
        .iter()
        .flat_map(|name| [b"/", *name].concat())
        .collect()
}

/// A pattern that matches this path, can stand in a file and be printed: a `?`
/// takes the place of each byte that would end a line or reach the terminal.
pub fn literal(path: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::new();
    for chunk in path.utf8_chunks() {
        for part in chunk.valid().split_inclusive(show::hidden) {
            let end = part
                .char_indices()
                .next_back()
                .filter(|(_, c)| show::hidden(*c));
            let (text, hidden) = part.split_at(end.map_or(part.len(), |(at, _)| at));
            pattern.extend(list::literal(text.as_bytes()));
            pattern.extend(vec![b'?'; hidden.len()]);
        }
        pattern.extend(vec![b'?'; chunk.invalid().len()]);
    }
    pattern
}

/// Where the paths beneath `top` stand in the order; `top` itself is not meant.
fn beneath(wide: &[(Vec<u8>, usize)], top: &[u8]) -> Range<usize> {
    let (first, behind) = bounds(top);
    let start = wide.partition_point(|(path, _)| path.as_slice() < first.as_slice());
    let end = wide.partition_point(|(path, _)| path.as_slice() < behind.as_slice());
    start..end
}

fn beneath_plain(plain: &[Vec<u8>], top: &[u8]) -> bool {
    let (first, behind) = bounds(top);
    let start = plain.partition_point(|path| path < &first);
    let below = plain.get(start).is_some_and(|path| path < &behind);
    below
        || plain
            .binary_search_by(|path| path.as_slice().cmp(top))
            .is_ok()
}

/// `top/` and what comes behind everything that begins so.
fn bounds(top: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let first = [top, b"/"].concat();
    let behind = [top, b"0"].concat();
    (first, behind)
}

//! Which patterns come into question, and which of them together cover all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Range;

use umaskclamp_policy::list;
use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, Rules, Verdict};

use super::names::{ending, open_name};
use super::shorten::shorter;
use super::{Found, is_shared};
use crate::show;

/// A pattern and the wide paths that it covers, by their place in the order.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub pattern: Vec<u8>,
    pub paths: Vec<usize>,
    rank: Rank,
}

/// How much else a pattern may cover: exact paths least, then parts of names
/// left open, directories (deep ones first), endings of names anywhere. Of two
/// that cover as much, the lower one is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Rank {
    Exact,
    Open,
    Directory { depth: Reverse<usize> },
    Ending,
}

/// A list that covers every wide path, in the order of its patterns, and the
/// paths that nothing may cover.
pub fn propose(found: &Found, names: bool) -> (Vec<Proposal>, Vec<usize>) {
    let candidates = candidates(found, names);
    let mut left: BTreeSet<usize> = (0..found.wide.len()).collect();
    let mut taken: Vec<Proposal> = Vec::new();
    // Greedy, and lazily: what a candidate gains only shrinks, so one that is
    // still the best after being counted anew is the best of all.
    let mut heap: BinaryHeap<(usize, Reverse<Rank>, Reverse<usize>)> = candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| (candidate.paths.len(), Reverse(candidate.rank), Reverse(at)))
        .collect();
    while let Some((gain, rank, Reverse(at))) = heap.pop() {
        let candidate = &candidates[at];
        let now = candidate
            .paths
            .iter()
            .filter(|path| left.contains(path))
            .count();
        if now == 0 {
            continue;
        }
        if now < gain {
            heap.push((now, rank, Reverse(at)));
            continue;
        }
        for path in &candidate.paths {
            left.remove(path);
        }
        taken.push(candidate.clone());
    }
    drop_covered(&mut taken, found.wide.len());
    let covers: Vec<&[usize]> = candidates.iter().map(|c| c.paths.as_slice()).collect();
    if let Some(better) = shorter(&covers, found.wide.len(), taken.len()) {
        taken = better
            .into_iter()
            .map(|at| candidates[at].clone())
            .collect();
    }
    taken.sort_by(|a, b| a.pattern.cmp(&b.pattern));
    (taken, left.into_iter().collect())
}

/// Takes out every pattern whose paths the others cover together.
fn drop_covered(taken: &mut Vec<Proposal>, paths: usize) {
    let mut covers = vec![0_usize; paths];
    for at in taken.iter().flat_map(|proposal| &proposal.paths) {
        covers[*at] += 1;
    }
    taken.retain(|proposal| {
        let needed = proposal.paths.iter().any(|&at| covers[at] == 1);
        if !needed {
            for &at in &proposal.paths {
                covers[at] -= 1;
            }
        }
        needed
    });
}

/// Collects patterns, each once, with what it covers.
struct Candidates<'a> {
    found: &'a Found,
    patterns: BTreeMap<Vec<u8>, Proposal>,
    refused: BTreeSet<Vec<u8>>,
}

fn candidates(found: &Found, names: bool) -> Vec<Proposal> {
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
fn literal(path: &[u8]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(wide: &[&str], plain: &[&str]) -> Vec<String> {
        let mut wide: Vec<(Vec<u8>, usize)> = wide
            .iter()
            .map(|path| (path.as_bytes().to_vec(), 1))
            .collect();
        wide.sort();
        let found = Found {
            wide,
            plain: plain.iter().map(|path| path.as_bytes().to_vec()).collect(),
            shared: Vec::new(),
            unknown: 0,
        };
        let (proposals, uncovered) = propose(&found, true);
        let mut covered: Vec<usize> = proposals.iter().flat_map(|p| p.paths.clone()).collect();
        covered.extend(uncovered);
        covered.sort_unstable();
        covered.dedup();
        assert_eq!(covered.len(), found.wide.len(), "all are covered or named");
        let text = |proposal: &Proposal| String::from_utf8(proposal.pattern.clone()).unwrap();
        proposals.iter().map(text).collect()
    }

    #[test]
    fn one_file_is_named_exactly() {
        assert_eq!(
            patterns(&["/var/backups/x.tgz"], &[]),
            ["/var/backups/x.tgz"]
        );
        assert_eq!(patterns(&["/srv/a b*"], &[]), ["/srv/a b\\*"]);
    }

    #[test]
    fn several_beneath_a_directory_are_covered_by_it() {
        let wide = [
            "/var/lib/rear/layout/a",
            "/var/lib/rear/layout/b",
            "/var/lib/rear/c",
        ];
        assert_eq!(patterns(&wide, &[]), ["/var/lib/rear"]);
        assert_eq!(patterns(&wide[..2], &[]), ["/var/lib/rear/layout"]);
    }

    #[test]
    fn shared_directories_are_never_proposed() {
        assert_eq!(patterns(&["/tmp/a", "/tmp/b"], &[]), ["/tmp/a", "/tmp/b"]);
        assert_eq!(patterns(&["/tmp/a.iso", "/srv/b.iso"], &[]), ["*.iso"]);
    }

    #[test]
    fn the_list_is_shorter_than_a_greedy_one() {
        // The ending covers most, but the two directories are needed and enough.
        let wide = [
            "/srv/a/1.iso",
            "/srv/a/2.iso",
            "/srv/a/x",
            "/srv/b/1.iso",
            "/srv/b/2.iso",
            "/srv/b/x",
        ];
        assert_eq!(patterns(&wide, &[]), ["/srv/a", "/srv/b"]);
    }

    #[test]
    fn what_differs_from_run_to_run_is_left_open() {
        let wide = ["/tmp/rear.aZ3x9Q/x", "/tmp/rear.Pq7LmN/x"];
        assert_eq!(patterns(&wide, &[]), ["/tmp/rear.*"]);
    }

    #[test]
    fn what_is_plain_is_not_covered() {
        let wide = ["/srv/a/one", "/srv/a/two"];
        assert_eq!(
            patterns(&wide, &["/srv/a/public"]),
            ["/srv/a/one", "/srv/a/two"]
        );
    }

    #[test]
    fn a_newline_does_not_split_a_pattern() {
        assert_eq!(patterns(&["/srv/a\nb"], &[]), ["/srv/a?b"]);
        assert_eq!(literal(b"/a*\x1b[m\xff\xc3\xa9\n"), b"/a\\*?\\[m?\xc3\xa9?");
    }
}

//! Which patterns together cover all.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::Found;
use super::candidates::{Proposal, Rank, candidates};
use super::shorten::shorter;

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

#[cfg(test)]
mod tests {
    use super::super::candidates::literal;
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
        let pattern = literal(b"/a*\x1b[m\xff\xc3\xa9\n");
        assert_eq!(pattern, b"/a\\*?\\[m?\xc3\xa9?");
    }
}

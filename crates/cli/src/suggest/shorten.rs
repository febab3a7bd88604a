//! A shorter cover than the greedy one, if there is one: a search that takes the
//! path with the fewest candidates and tries each of them.

/// Above this many paths the greedy list is taken as it is: nobody edits a list of
/// hundreds of patterns for one more or less.
const PATHS_MAX: usize = 500;

/// Steps after which the search gives up.
const STEPS_MAX: usize = 50_000;

/// The covers are lists of paths, numbered from 0 to `paths`. Gives the places of
/// fewer than `most` covers that cover together what all of them do.
pub fn shorter(covers: &[&[usize]], paths: usize, most: usize) -> Option<Vec<usize>> {
    if paths > PATHS_MAX || most < 2 {
        return None;
    }
    let mut by_path: Vec<Vec<usize>> = vec![Vec::new(); paths];
    for (at, cover) in covers.iter().enumerate() {
        for &path in *cover {
            by_path[path].push(at);
        }
    }
    let mut search = Search {
        covers,
        by_path,
        widest: covers.iter().map(|cover| cover.len()).max()?,
        covered: vec![0; paths],
        chosen: Vec::new(),
        best: None,
        limit: most - 1,
        steps: 0,
    };
    let left = search
        .by_path
        .iter()
        .filter(|options| !options.is_empty())
        .count();
    search.go(left);
    search.best
}

struct Search<'a> {
    covers: &'a [&'a [usize]],
    /// For each path the covers that have it.
    by_path: Vec<Vec<usize>>,
    widest: usize,
    /// How many of the chosen covers have each path.
    covered: Vec<u32>,
    chosen: Vec<usize>,
    best: Option<Vec<usize>>,
    /// How many covers the next solution may have.
    limit: usize,
    steps: usize,
}

impl Search<'_> {
    fn go(&mut self, left: usize) {
        self.steps += 1;
        if left == 0 {
            self.limit = self.chosen.len().saturating_sub(1);
            self.best = Some(self.chosen.clone());
            return;
        }
        let needed = left.div_ceil(self.widest);
        if self.steps > STEPS_MAX || self.chosen.len() + needed > self.limit {
            return;
        }
        let open = self.by_path.iter().enumerate();
        let next = open
            .filter(|(path, options)| self.covered[*path] == 0 && !options.is_empty())
            .min_by_key(|(_, options)| options.len());
        let Some((_, options)) = next else {
            return;
        };
        // What covers most of what is left comes first.
        let mut options: Vec<(usize, usize)> = options
            .iter()
            .map(|&at| {
                let fresh = self.covers[at]
                    .iter()
                    .filter(|&&path| self.covered[path] == 0);
                (fresh.count(), at)
            })
            .collect();
        options.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (fresh, at) in options {
            self.choose(at, true);
            self.go(left - fresh);
            self.choose(at, false);
        }
    }

    fn choose(&mut self, at: usize, take: bool) {
        for &path in self.covers[at] {
            if take {
                self.covered[path] += 1;
            } else {
                self.covered[path] -= 1;
            }
        }
        if take {
            self.chosen.push(at);
        } else {
            self.chosen.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of the shortest cover, by trying all.
    fn shortest(covers: &[&[usize]], paths: usize) -> usize {
        let full = (1_u32 << paths) - 1;
        let bits = |cover: &[usize]| cover.iter().fold(0_u32, |sum, path| sum | 1 << path);
        (0_u32..1 << covers.len())
            .filter(|choice| {
                let chosen = covers
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| choice >> at & 1 == 1);
                chosen.fold(0, |sum, (_, cover)| sum | bits(cover)) == full
            })
            .map(u32::count_ones)
            .min()
            .map_or(usize::MAX, |count| count as usize)
    }

    #[test]
    fn nothing_shorter_exists() {
        let mut seed = 7_u64;
        let mut random = |limit: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            (seed >> 33) % limit
        };
        for _ in 0..300 {
            let paths = 3 + random(6) as usize;
            // Each path by itself, so that there is always a cover.
            let mut covers: Vec<Vec<usize>> = (0..paths).map(|path| vec![path]).collect();
            for _ in 0..random(7) {
                covers.push((0..paths).filter(|_| random(2) == 0).collect());
            }
            covers.retain(|cover| !cover.is_empty());
            let covers: Vec<&[usize]> = covers.iter().map(Vec::as_slice).collect();
            let best = shortest(&covers, paths);
            assert!(shorter(&covers, paths, best).is_none());
            let found = shorter(&covers, paths, best + 1).unwrap();
            assert_eq!(found.len(), best, "{covers:?}");
        }
    }
}

//! Can something below a directory be sensitive that the directory itself is not?

use crate::path::names;
use crate::pattern::store::{Segment, Shape};
use crate::rules::Rules;

impl Rules {
    /// Whether a rule that protects could match a path below `path` (absolute and
    /// folded) by components of both, so that it matters under which name a
    /// directory is found. Says yes too often rather than too seldom; a name at
    /// any depth is no reason, since it matches wherever the directory lies.
    pub fn reaches_below(&self, path: &[u8]) -> bool {
        let store = self.store();
        let protecting = store
            .alternatives
            .iter()
            .filter(|alternative| self.protects(alternative.rule) && !alternative.is_name());
        for alternative in protecting {
            let segments = store.segments(alternative);
            if alternative.anchored {
                let head = store.text(alternative.head);
                let below_path = head
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with(b"/") || path == b"/");
                let below_head = path
                    .strip_prefix(head)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
                let deeper =
                    below_head && begins(self, segments, names(path).skip(names(head).count()));
                if below_path || deeper {
                    return true;
                }
            } else {
                let depth = names(path).count();
                let starts = (0..depth).any(|skip| begins(self, segments, names(path).skip(skip)));
                if starts {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether all of `names` match the first of `segments`, with a segment left over.
fn begins<'p>(
    rules: &Rules,
    segments: &[Segment],
    mut names: impl Iterator<Item = &'p [u8]>,
) -> bool {
    let mut segments = segments.iter();
    loop {
        match (names.next(), segments.next()) {
            (_, Some(segment)) if segment.shape == Shape::Depth => return true,
            (Some(name), Some(segment)) if rules.store().matches_name(segment, name) => {}
            (None, Some(_)) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(list: &str, path: &str) -> bool {
        let rules = Rules::from_list(list.as_bytes(), None).unwrap();
        rules.reaches_below(path.as_bytes())
    }

    #[test]
    fn an_absolute_rule_reaches_below_its_ancestors() {
        assert!(reaches("/srv/data/secret", "/srv/data"));
        assert!(reaches("/srv/data/secret", "/srv"));
        assert!(reaches("/srv/data/secret", "/"));
        assert!(!reaches("/srv/data/secret", "/srv/other"));
        assert!(!reaches("/srv/data/secret", "/srv/dat"));
    }

    #[test]
    fn wildcards_reach_as_far_as_they_match() {
        assert!(reaches("/srv/*/secret", "/srv/x"));
        assert!(!reaches("/srv/a*/secret", "/srv/x"));
        assert!(reaches("/srv/**/secret", "/srv/x/y"));
    }

    #[test]
    fn a_rule_at_any_depth_reaches_below_its_first_name() {
        assert!(reaches("rear.*/outputfs", "/tmp/rear.x"));
        assert!(!reaches("rear.*/outputfs", "/tmp/other"));
    }

    #[test]
    fn names_and_exemptions_reach_nowhere() {
        assert!(!reaches("*.iso", "/srv"));
        assert!(!reaches("/nowhere:!/srv/data/public", "/srv/data"));
    }
}

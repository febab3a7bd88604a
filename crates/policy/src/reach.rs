//! What a directory's new name changes for the names below it.
//!
//! Each alternative of a rule is followed along both names of the directory, as an
//! automaton whose states are "so many of its components are matched". What can
//! match below is all that is left to match then: where a rule has no state behind
//! the new name that it had not behind the old one, no name below gains by it.

use crate::path::names;
use crate::pattern::store::{Alternative, Segment, Shape, Store};
use crate::rule::{Kind, RuleId, Verdict};
use crate::rules::Rules;

/// How far an alternative has come behind the name of a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Progress<'a> {
    /// Bit `n`: the first `n` components are matched. The bit of all of them stays:
    /// what matches a directory matches everything beneath it.
    states: u64,
    /// What is left of a head that begins with the directory's name.
    head: Option<&'a [u8]>,
}

/// Components that an alternative may have to be followed: one bit each.
const FOLLOWED: usize = 63;

impl Rules {
    /// May a name below a directory, plain or exempt under the old name of that
    /// directory, be sensitive under its new name? Both are absolute and folded, or
    /// have no leading `/` if their beginning is unknown. Says yes too often rather
    /// than too seldom.
    pub fn protects_more_below(&self, old: &[u8], new: &[u8]) -> bool {
        // What was protected as a whole was closed as a whole, and may be wide in itself.
        let whole = |path| matches!(self.verdict(path, Kind::Directory), Verdict::Sensitive(_));
        let mut lost_exemption = whole(old) && !whole(new);
        for id in (0..self.len() as u32).rev() {
            let (mut gained, mut lost, mut live, mut decides) = (false, false, false, false);
            for alternative in self.alternatives(RuleId(id)) {
                let here = follow(self.store(), alternative, new);
                let before = follow(self.store(), alternative, old);
                let (Some(here), Some(before)) = (here, before) else {
                    (gained, lost, live) = (true, true, true);
                    continue;
                };
                gained |= !before.covers(&here);
                lost |= !here.covers(&before);
                live |= here.states != 0 || here.head.is_some();
                decides |= here.states >> alternative.count & 1 != 0;
            }
            if self.protects(id) {
                if gained || live && lost_exemption {
                    return true;
                }
            } else {
                lost_exemption |= lost;
            }
            if decides {
                // Rules before this one say nothing about what lies here now.
                return false;
            }
        }
        false
    }
}

impl Progress<'_> {
    /// Can this one go on wherever the other can?
    fn covers(&self, other: &Self) -> bool {
        other.states & !self.states == 0 && (other.head.is_none() || other.head == self.head)
    }
}

/// `None` for an alternative too long to be followed.
fn follow<'a>(store: &'a Store, alternative: &Alternative, path: &[u8]) -> Option<Progress<'a>> {
    let segments = store.segments(alternative);
    if segments.len() > FOLLOWED {
        return None;
    }
    let mut progress = Progress {
        states: 0,
        head: None,
    };
    let mut rest = path;
    if alternative.anchored {
        let head = store.text(alternative.head);
        if head.is_empty() && segments.is_empty() {
            // The root: every path lies below it, known in full or not.
            progress.states = 1;
            return Some(progress);
        }
        if path.first() != Some(&b'/') {
            return Some(progress);
        }
        let below = |path: &[u8]| path.first().is_none_or(|&byte| byte == b'/');
        let root = path == b"/";
        match (path.strip_prefix(head), head.strip_prefix(path)) {
            (Some(left), _) if below(left) => rest = left,
            (_, Some(left)) if below(left) || root => {
                progress.head = Some(left);
                return Some(progress);
            }
            _ => return Some(progress),
        }
    }
    progress.states = skip_depths(segments, 1);
    for name in names(rest) {
        let mut next = progress.states & 1 << segments.len();
        for (at, segment) in segments.iter().enumerate() {
            let state = 1 << at;
            if progress.states & state == 0 {
                continue;
            }
            if segment.shape == Shape::Depth {
                next |= state;
            } else if store.matches_name(segment, name) {
                next |= state << 1;
            }
        }
        if !alternative.anchored {
            next |= 1;
        }
        progress.states = skip_depths(segments, next);
    }
    Some(progress)
}

/// Any number of components includes none.
fn skip_depths(segments: &[Segment], states: u64) -> u64 {
    let depths = segments.iter().enumerate();
    depths
        .filter(|(_, segment)| segment.shape == Shape::Depth)
        .fold(states, |states, (at, _)| states | (states & 1 << at) << 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protects_more(list: &str, old: &str, new: &str) -> bool {
        let rules = Rules::from_list(list.as_bytes(), None).unwrap();
        rules.protects_more_below(old.as_bytes(), new.as_bytes())
    }

    #[test]
    fn an_absolute_rule_is_met_below_its_ancestors() {
        for (new, more) in [("/srv/data", true), ("/srv", true), ("/srv/dat", false)] {
            assert_eq!(protects_more("/srv/data/secret", "/x", new), more, "{new}");
        }
        assert!(!protects_more("/srv/data/secret", "/srv/data", "/x"));
        assert!(protects_more("/srv:*.sql", "/srv/a", "/x"));
        assert!(!protects_more("/srv", "/srv/a", "/x"));
        assert!(protects_more("/srv/*/secret", "/a/x", "/srv/x"));
        assert!(!protects_more("/srv/*/secret", "/srv/y", "/srv/x"));
        assert!(!protects_more("/srv/a*/secret", "/a/x", "/srv/x"));
        assert!(protects_more("/srv/**/secret", "/a/x", "/srv/x/y"));
    }

    #[test]
    fn a_name_is_as_good_in_one_directory_as_in_another() {
        assert!(!protects_more("*.iso", "/srv/a", "/srv/b"));
        assert!(protects_more("dumps/*.sql", "/srv/a", "/srv/dumps"));
        assert!(!protects_more("dumps/*.sql", "/x/dumps", "/srv/dumps"));
    }

    #[test]
    fn an_exemption_is_lost_only_where_something_is_protected() {
        assert!(protects_more("*.iso:!pub/", "/srv/pub", "/srv/done"));
        assert!(!protects_more("*.iso:!pub/", "/srv/done", "/srv/pub"));
        assert!(!protects_more("/a/b:!pub/", "/srv/pub", "/srv/done"));
        assert!(!protects_more(
            "*.iso:!pub/:!/srv/",
            "/srv/pub",
            "/srv/done"
        ));
    }

    #[test]
    fn below_what_is_protected_already_nothing_changes() {
        assert!(!protects_more("/srv", "/srv/a", "/srv/b"));
        assert!(protects_more("/srv:!/srv/a", "/srv/a", "/srv/b"));
    }
}

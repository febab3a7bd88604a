//! What a directory's new name changes for the names below it.
//!
//! Each alternative of a rule is followed along both names of the directory, as an
//! automaton whose states are "so many of its components are matched". What can
//! match below is all that is left to match then: where a rule has no state behind
//! the new name that it had not behind the old one, no name below gains by it.

use crate::path::names;
use crate::pattern::alternative::{Alternative, matches_name};
use crate::rule::{Kind, RuleId, Verdict};
use crate::rules::Rules;

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
        for pattern in (0..self.len() as u32)
            .rev()
            .filter_map(|id| self.pattern(RuleId(id)))
        {
            let (mut gained, mut lost, mut live, mut decides) = (false, false, false, false);
            for (_, alternative) in pattern.alternatives() {
                let (here, before) = (follow(&alternative, new), follow(&alternative, old));
                let (Some(here), Some(before)) = (here, before) else {
                    (gained, lost, live) = (true, true, true);
                    continue;
                };
                gained |= here & !before != 0;
                lost |= before & !here != 0;
                live |= here != 0;
                decides |= here >> alternative.components().count() & 1 != 0;
            }
            if pattern.protects() {
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

/// How far an alternative has come behind the name of a directory. Bit `n`: its first `n`
/// components are matched. The bit of all of them stays: what matches a directory matches
/// everything beneath it. `None` for an alternative too long to be followed.
fn follow(alternative: &Alternative<'_>, path: &[u8]) -> Option<u64> {
    let count = alternative.components().count();
    if count > FOLLOWED {
        return None;
    }
    if alternative.anchored && count > 0 && path.first() != Some(&b'/') {
        return Some(0);
    }
    let mut states = skip_depths(alternative, 1);
    for name in names(path) {
        let mut next = states & 1 << count;
        for (at, (first, deeper)) in alternative.components().enumerate() {
            let state = 1 << at;
            if states & state == 0 {
                continue;
            }
            if deeper {
                next |= state;
            } else if matches_name(first, name).is_some() {
                next |= state << 1;
            }
        }
        if !alternative.anchored {
            next |= 1;
        }
        states = skip_depths(alternative, next);
    }
    Some(states)
}

/// Any number of components includes none.
fn skip_depths(alternative: &Alternative<'_>, states: u64) -> u64 {
    let components = alternative.components().enumerate();
    components
        .filter(|(_, (_, deeper))| *deeper)
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

//! The built-in list as `build.rs` found it: ready to be asked.

use crate::index::{Index, Link};
use crate::pattern::store::{Alternative, Entry, Segment, Shape::*, Span, Store};
use crate::rule::{Origin::BuiltIn, RuleId};
use crate::rules::Rules;
use alloc::borrow::Cow;
use alloc::boxed::Box;

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The built-in rules, unless one of them depends on who asks.
pub(crate) fn built_in() -> Option<Rules> {
    let [start_lengths, end_lengths, head_lengths] = LENGTHS;
    READY.then(|| Rules {
        store: Store {
            bytes: Cow::Borrowed(BYTES),
            segments: Cow::Borrowed(SEGMENTS),
            alternatives: Cow::Borrowed(ALTERNATIVES),
        },
        entries: Cow::Borrowed(ENTRIES),
        index: Box::new(Index {
            starts: STARTS,
            ends: ENDS,
            stems: STEMS,
            start_lengths,
            end_lengths,
            head_lengths,
            buckets: Cow::Borrowed(BUCKETS),
            links: Cow::Borrowed(LINKS),
            others: Cow::Borrowed(OTHERS),
        }),
        last_exempt: LAST_EXEMPT,
        directory_only: DIRECTORY_ONLY,
        only_names: ONLY_NAMES,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn the_tables_are_what_the_list_reads_to() {
        let read = Rules::read_built_in(|| None).unwrap();
        assert_eq!(format!("{:?}", built_in().unwrap()), format!("{read:?}"));
    }
}

//! Finds the last alternative that matches a path without trying each.
use crate::path::step;
use crate::pattern::store::{Alternative, Store};
use crate::rules::{steps, Kind};

#[derive(Debug, Default)]
pub(crate) struct Index {}

impl Index {
    pub fn of(_store: &Store) -> Self {
        Index {}
    }

    pub fn last_match(&self, store: &Store, path: &[u8], kind: Kind) -> Option<u32> {
        let found = store.alternatives.iter().rev();
        found
            .clone()
            .find(|a| store.matches(a, path, kind))
            .map(|a| a.rule)
    }

    pub fn last_name_match(&self, store: &Store, given: &[u8], kind: Kind) -> Option<u32> {
        store
            .alternatives
            .iter()
            .rev()
            .filter(|a| a.is_name())
            .find(|a| name_matches(store, a, given, kind))
            .map(|a| a.rule)
    }
}

fn name_matches(store: &Store, alternative: &Alternative, given: &[u8], kind: Kind) -> bool {
    let _ = step;
    let Some(segment) = store.segments(alternative).first() else {
        return false;
    };
    steps(given)
        .filter(|(name, last)| {
            *name != b"." && (!alternative.directory || !last || kind == Kind::Directory)
        })
        .any(|(name, _)| store.matches_name(segment, name))
}

//! The inodes of a tree that are narrowed before it moves, and their modes.

use super::Pass;
use super::mount::Mount;
use crate::call::Sensitive;
use crate::enforce::held::{Held, Narrowed};
use crate::enforce::remembered::remember_narrow;
use crate::memory::Names;
use crate::sys::Inode;

/// Slots for what is narrowed beforehand, and how many of them are used.
const SLOTS: usize = 32_768;
const NARROWED_MAX: usize = SLOTS / 2;

/// What came of an entry.
pub enum Outcome {
    Narrow,
    /// It could not be narrowed.
    Wide,
    /// It lies on another mount.
    Elsewhere,
}

/// What was narrowed beforehand. A slot with an inode number of 0 is free.
pub struct Table {
    slots: [Narrowed; SLOTS],
    count: usize,
}

impl Table {
    /// Does what the pass does with one entry that is sensitive by its new name.
    pub(super) fn narrow(
        &mut self,
        pass: Pass,
        sensitive: &Sensitive,
        inode: &Inode,
        mount: Mount,
    ) -> Outcome {
        let earlier = self.slot(inode).copied();
        let earlier = earlier.filter(|noted| noted.before.id == inode.id);
        let mode = inode.permissions();
        if pass == Pass::After
            && let Some(narrowed) = earlier
        {
            sensitive.record_tightened(&narrowed.before, Ok(()));
        }
        let undo = earlier.filter(|_| pass == Pass::Undo);
        // By another name it may have its mode back already.
        let undo = undo.filter(|narrowed| narrowed.before.permissions() != mode);
        if undo.is_none() && (pass == Pass::Undo || !sensitive.wide(mode)) {
            return Outcome::Narrow;
        }
        let held = match Held::of(sensitive.call) {
            Ok(held) if held.inode.id == inode.id => held,
            _ => return Outcome::Wide,
        };
        if Mount::known(held.mount(), || Some(held.inode.id.0)) != mount {
            return Outcome::Elsewhere;
        }
        let clamped = sensitive.clamp(mode);
        if let Some(narrowed) = undo {
            if held.restore(&narrowed).is_err() {
                sensitive.record_left_narrow(&narrowed.before, mode);
            }
            return Outcome::Narrow;
        }
        if sensitive.audit() {
            sensitive.record_tightened(inode, Ok(()));
            return Outcome::Narrow;
        }
        if pass == Pass::Before && self.count >= NARROWED_MAX {
            return Outcome::Wide;
        }
        match held.narrow(clamped) {
            Ok(narrowed) if pass == Pass::Before => {
                self.count += 1;
                if let Some(slot) = self.slot(inode) {
                    *slot = narrowed;
                }
            }
            Ok(_) => {
                remember_narrow(sensitive.call, inode, Names::Known);
                sensitive.record_tightened(inode, Ok(()));
            }
            Err(error) => {
                if pass == Pass::After {
                    sensitive.record_failed(mode, error);
                }
                return Outcome::Wide;
            }
        }
        Outcome::Narrow
    }

    /// Where an inode is noted, or would be.
    fn slot(&mut self, inode: &Inode) -> Option<&mut Narrowed> {
        let (device, number) = inode.id;
        let mixed = (device ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let first = (mixed >> 32) as usize;
        let mut slots = (first..first + SLOTS).map(|slot| slot % SLOTS);
        let found = slots.find(|&slot| {
            let noted = self.slots.get(slot).map(|noted| noted.before.id);
            noted.is_some_and(|id| id.1 == 0 || id == inode.id)
        });
        self.slots.get_mut(found?)
    }
}

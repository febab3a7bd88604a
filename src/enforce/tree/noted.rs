//! The inodes of a tree that are narrowed before it moves, and their modes.

use super::Pass;
use crate::call::{Call, Sensitive};
use crate::enforce::held::{Held, Narrowed};
use crate::enforce::remember_narrow;
use crate::records;
use crate::sys::Inode;

/// Slots for what is narrowed beforehand, and how many of them are used.
const SLOTS: usize = 32_768;
const NARROWED_MAX: usize = SLOTS / 2;

/// What was narrowed beforehand. A slot with an inode number of 0 is free.
pub struct Table {
    slots: [Narrowed; SLOTS],
    count: usize,
}

impl Table {
    /// Does what the pass does with one entry that is sensitive by its new name. False
    /// for what is not of this tree.
    pub fn narrow(
        &mut self,
        pass: Pass,
        sensitive: &Sensitive,
        call: &Call,
        inode: &Inode,
        mount: Option<u64>,
    ) -> bool {
        let earlier = self.slot(inode).copied();
        let earlier = earlier.filter(|noted| noted.before.id == inode.id);
        let wide = inode.permissions();
        if pass == Pass::After {
            if let Some(narrowed) = earlier {
                let wide = narrowed.before.permissions();
                records::tightened(sensitive, call, wide, sensitive.clamp(wide));
            }
        }
        let restores = pass == Pass::Undo && earlier.is_some();
        let narrows = pass != Pass::Undo && sensitive.wide(wide);
        if !(restores || narrows) {
            return true;
        }
        let held = match Held::of(call) {
            Ok(held) if held.inode.id == inode.id => held,
            _ => return true,
        };
        if held.mount() != mount {
            return false;
        }
        match (earlier, pass) {
            (Some(narrowed), Pass::Undo) => {
                if held.restore(&narrowed).is_err() {
                    let before = narrowed.before.permissions();
                    records::stays_narrow(sensitive, call, before, wide);
                }
            }
            _ if sensitive.audit() => {
                records::tightened(sensitive, call, wide, sensitive.clamp(wide));
            }
            (_, Pass::Before) if self.count >= NARROWED_MAX => {}
            _ => match (held.narrow(sensitive.clamp(wide)), pass) {
                (Ok(narrowed), Pass::Before) => {
                    self.count += 1;
                    if let Some(slot) = self.slot(inode) {
                        *slot = narrowed;
                    }
                }
                (Ok(_), _) => {
                    remember_narrow(call, inode);
                    records::tightened(sensitive, call, wide, sensitive.clamp(wide));
                }
                (Err(error), Pass::After) => records::failed(sensitive, call, wide, error),
                (Err(_), _) => {}
            },
        }
        true
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

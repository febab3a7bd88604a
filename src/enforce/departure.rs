//! A name that is about to go, by an unlink or a rename.

use super::decide::is_sensitive;
use super::held::Held;
use crate::call::{Call, Sensitive};
use crate::memory::{self, Identity};

/// A name that is about to go, of an inode whose sensitive names are counted. One that
/// kept its mode when it was linked to such a name needs it no longer when its last
/// plain name is gone; one that has no sensitive name any more is free.
pub struct Departure<'a> {
    sensitive: Sensitive<'a>,
    held: Held<'a>,
    identity: Identity,
    /// Is the name that goes a plain one?
    pub plain: bool,
}

impl<'a> Departure<'a> {
    #[inline(never)]
    pub fn of(call: &'a Call<'a>) -> Option<Self> {
        if !memory::any_named() {
            return None;
        }
        let inode = call.inode().ok().filter(|inode| inode.links > 1)?;
        let identity = call.identity(&inode);
        if memory::names(identity) == 0 {
            return None;
        }
        let held = Held::of(call)
            .ok()
            .filter(|held| held.inode.id == inode.id)?;
        Some(Departure {
            sensitive: Sensitive::new(call, None),
            held,
            identity,
            plain: !is_sensitive(call),
        })
    }

    #[inline(never)]
    pub fn done(&self) {
        if !self.plain {
            memory::unnamed(self.identity);
            return;
        }
        let inode = &self.held.inode;
        let last = inode.links - 1 == memory::names(self.identity);
        if last && self.sensitive.wide(inode.permissions()) {
            let narrow = |mode| self.held.narrow(mode).map(drop);
            self.sensitive.tighten(inode, narrow);
        }
    }
}

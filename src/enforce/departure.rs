//! A name that is about to go, by an unlink or a rename.

use super::held::Held;
use super::is_sensitive;
use crate::call::{Call, Sensitive};
use crate::memory::{self, Identity};
use crate::{records, state};

/// A name that is about to go, of an inode whose sensitive names are counted. One that
/// kept its mode when it was linked to such a name needs it no longer when its last
/// plain name is gone; one that has no sensitive name any more is free.
pub struct Departure<'a> {
    sensitive: Sensitive,
    call: &'a Call<'a>,
    held: Held<'a>,
    identity: Identity,
    /// Is the name that goes a plain one?
    pub plain: bool,
}

impl<'a> Departure<'a> {
    #[inline(never)]
    pub fn of(call: &'a Call) -> Option<Self> {
        let state = state::active().filter(|_| memory::any_named())?;
        let inode = call.inode().ok().filter(|inode| inode.links > 1)?;
        let identity = call.identity(&inode);
        if memory::names(identity) == 0 {
            return None;
        }
        let held = Held::of(call)
            .ok()
            .filter(|held| held.inode.id == inode.id)?;
        Some(Departure {
            sensitive: Sensitive { state, rule: None },
            call,
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
        let wide = self.held.inode.permissions();
        let narrow = self.sensitive.clamp(wide);
        let last = self.held.inode.links - 1 == memory::names(self.identity);
        if !last || wide == narrow {
            return;
        }
        let audit = self.sensitive.audit();
        match audit || self.held.narrow(narrow).is_ok() {
            true => records::tightened(&self.sensitive, self.call, &self.held.inode),
            false => records::failed(&self.sensitive, self.call, wide, libc::EPERM),
        }
    }
}

//! What is done at a sensitive place and recorded of it: modes that are asked for are
//! clamped here, and modes of what is there tightened.

use libc::{S_IFLNK, S_IFREG, c_int, mode_t};
use umaskclamp_policy::record::Action;
use umaskclamp_policy::settings::Existing;

use crate::call::Sensitive;
use crate::records::{self, Modes};
use crate::sys::{self, Inode};

/// Why a file is wide although a narrow mode was asked for.
const NOT_KEPT: &str = "the file system does not keep modes";

impl Sensitive<'_> {
    /// The mode that is asked for instead of this one.
    pub fn allowed(&self, mode: u32) -> u32 {
        match self.audit() {
            true => mode,
            false => self.clamp(mode),
        }
    }

    /// Makes a call that gives what it names a mode with one that the place allows, or
    /// the bits of `keep`; it gives 0 or -1.
    pub fn with_mode(
        &self,
        asked: mode_t,
        keep: mode_t,
        real: impl FnOnce(mode_t) -> c_int,
    ) -> c_int {
        let result = real(self.allowed(asked) | asked & keep);
        if result == 0 {
            self.created(asked, asked & keep, || self.call.inode());
        }
        result
    }

    /// Records what has another mode than the one `asked` for. A file system may take a
    /// mode and not keep it (vfat, CIFS, FUSE): then that is recorded. `inode` looks at
    /// it, only where something is recorded at all.
    pub fn created(&self, asked: u32, kept: u32, inode: impl FnOnce() -> sys::Result<Inode>) {
        if !records::tells(Action::Failed) {
            return;
        }
        let wide = |inode: &Inode| !inode.is(S_IFLNK) && self.wide(inode.permissions());
        let look = kept == 0 && !self.audit();
        let lost = if look {
            inode().ok().filter(wide)
        } else {
            None
        };
        let applied = self.clamp(asked) | kept;
        match lost {
            Some(inode) => self.record_failed(inode.permissions(), libc::EOPNOTSUPP),
            None if applied != asked => self.record_clamped(asked, applied),
            None => {}
        }
    }

    /// Is this a regular file with bits to clear, and are such to be tightened?
    pub fn must_tighten(&self, inode: &Inode) -> bool {
        self.call.state.settings.existing == Existing::Tighten
            && inode.is(S_IFREG)
            && self.wide(inode.permissions())
    }

    /// Has `narrow` give an inode the mode that the place allows, unless nothing is to be
    /// changed, and records what came of it. `None` if it could not be narrowed.
    pub fn tighten(
        &self,
        inode: &Inode,
        narrow: impl FnOnce(u32) -> sys::Result<()>,
    ) -> Option<()> {
        let wide = inode.permissions();
        let done = match self.audit() {
            true => Ok(()),
            false => narrow(self.clamp(wide)),
        };
        self.record_tightened(inode, done);
        done.ok()
    }

    /// Records that a mode was clamped, or would have been.
    pub fn record_clamped(&self, asked: u32, applied: u32) {
        let action = match self.audit() {
            true => Action::WouldClamp,
            false => Action::Clamped,
        };
        self.record(action, (Some(asked), Some(applied)), "");
    }

    /// Records that an inode was narrowed, or would have been, or why not. `before` is how
    /// it was.
    pub fn record_tightened(&self, before: &Inode, done: sys::Result<()>) {
        let wide = before.permissions();
        let action = match (done, self.audit()) {
            (Err(error), _) => return self.record_failed(wide, error),
            (Ok(()), true) => Action::WouldTighten,
            (Ok(()), false) => Action::Tightened,
        };
        self.record_inode(action, before, self.clamp(wide), "");
    }

    /// Records that an inode could not be narrowed.
    pub fn record_failed(&self, mode: u32, error: c_int) {
        if !records::tells(Action::Failed) {
            return;
        }
        let reason = match error {
            // Root is refused by a file system that has no such mode (vfat), or for
            // what is immutable.
            libc::EPERM if sys::effective_user() == 0 => "not permitted",
            libc::EPERM => "not the owner",
            libc::EROFS => "read-only file system",
            libc::ENOMEM => "no memory",
            libc::EOPNOTSUPP => NOT_KEPT,
            _ => "cannot be changed",
        };
        self.record(Action::Failed, (Some(mode), None), reason);
    }

    /// Records that an inode was narrowed for a call that failed, and that it cannot be
    /// told whether its mode may come back.
    pub fn record_left_narrow(&self, before: &Inode, narrow: u32) {
        let reason = "the call failed, and others changed it meanwhile";
        self.record_inode(Action::Tightened, before, narrow, reason);
    }

    fn record_inode(&self, action: Action, before: &Inode, narrow: u32, reason: &str) {
        let modes = (Some(before.permissions()), Some(narrow));
        records::record_inode(self.call, self.rule, action, modes, Some(before), reason);
    }

    pub fn record(&self, action: Action, modes: Modes, reason: &str) {
        records::record(self.call, self.rule, action, modes, reason);
    }
}

//! Subvolumes and snapshots of btrfs: directories that are made without a mode.

use libc::c_int;

use super::decide::sensitive;
use super::held::Held;
use crate::call::{Call, Sensitive, Subject};
use crate::sys::{Inode, helper};

/// What the kernel gives a subvolume, less the umask.
const CREATION_MODE: u32 = 0o777;

/// A new subvolume: it is made by a helper that has an umask of its own.
pub fn create(call: Call, real: &dyn Fn() -> c_int) -> c_int {
    let Some(sensitive) = sensitive(&call, Subject::Directory) else {
        return real();
    };
    let result = match sensitive.audit() {
        true => real(),
        false => helper::aside(sensitive.mask.bits(), &mut |_| real()),
    };
    if result == 0 && (sensitive.audit() || !tightened(&sensitive)) {
        sensitive.record_clamped(CREATION_MODE, sensitive.clamp(CREATION_MODE));
    }
    result
}

/// A snapshot has the mode of what it was made of, and is narrowed as soon as it is
/// there. One for reading only cannot be.
pub fn snapshot(call: Call, real: &dyn Fn() -> c_int) -> c_int {
    let sensitive = sensitive(&call, Subject::Directory);
    let result = real();
    if let Some(sensitive) = sensitive.filter(|_| result == 0) {
        tightened(&sensitive);
    }
    result
}

/// Was it wide, below a default ACL or as its original? Then it is no more.
fn tightened(sensitive: &Sensitive) -> bool {
    let wide = |inode: &Inode| sensitive.wide(inode.permissions());
    let Some(inode) = sensitive.call.inode().ok().filter(wide) else {
        return false;
    };
    let narrow = |mode| Held::of(sensitive.call)?.narrow(mode).map(drop);
    sensitive.tighten(&inode, narrow);
    true
}

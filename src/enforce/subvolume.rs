//! Subvolumes and snapshots of btrfs: directories that are made without a mode.

use libc::c_int;

use super::held::Held;
use super::judged;
use crate::call::{Call, Sensitive, Subject};
use crate::children::fallback;
use crate::records;

/// What the kernel gives a subvolume, less the umask.
const CREATION_MODE: u32 = 0o777;

/// A new subvolume: it is made by a helper that has an umask of its own.
pub fn create(call: Call, real: &dyn Fn() -> c_int) -> c_int {
    let Some((sensitive, call)) = judged(call, Subject::Directory) else {
        return real();
    };
    let clamped = sensitive.clamp(CREATION_MODE);
    let result = if sensitive.audit() {
        real()
    } else {
        let mask = sensitive.state.settings.mask.bits();
        fallback::aside(mask, &mut |_| real())
    };
    if result == 0 && (sensitive.audit() || !tightened(&sensitive, &call)) {
        records::clamped(&sensitive, &call, CREATION_MODE, clamped);
    }
    result
}

/// A snapshot has the mode of what it was made of, and is narrowed as soon as it is
/// there. One for reading only cannot be.
pub fn snapshot(call: Call, real: &dyn Fn() -> c_int) -> c_int {
    let judged = judged(call, Subject::Directory);
    let result = real();
    if let Some((sensitive, call)) = judged.filter(|_| result == 0) {
        tightened(&sensitive, &call);
    }
    result
}

/// Was it wide, below a default ACL or as its original? Then it is no more.
fn tightened(sensitive: &Sensitive, call: &Call) -> bool {
    let inode = call.inode();
    let wide = |mode: u32| sensitive.wide(mode);
    let Some(inode) = inode.ok().filter(|inode| wide(inode.permissions())) else {
        return false;
    };
    let mode = inode.permissions();
    let clamped = sensitive.clamp(mode);
    let narrowed = match sensitive.audit() {
        true => Ok(()),
        false => Held::of(call)
            .and_then(|held| held.narrow(clamped))
            .map(drop),
    };
    match narrowed {
        Ok(_) => records::tightened(sensitive, call, &inode),
        Err(error) => records::failed(sensitive, call, mode, error),
    }
    true
}

//! What is remembered of the inode that a call names ([`crate::memory`]).

use umaskclamp_policy::record::Action;

use crate::call::Call;
use crate::memory::{self, Names, Remembered};
use crate::sys::Inode;
use crate::{place, records};

/// Has the inode a sensitive name as well, under which this process saw it? Not if this is
/// its only name. But a descriptor may have outlived the name that it tells.
pub fn is_linked(call: &Call) -> bool {
    memory::any(Remembered::Narrow)
        && call.inode().is_ok_and(|inode| {
            let narrow = || memory::is(call.identity(&inode), Remembered::Narrow);
            (inode.links > 1 || !call.place.names(&inode)) && narrow()
        })
}

/// Was the inode of a descriptor seen at a sensitive place, where no path can be told
/// for want of a `/proc`?
pub fn is_remembered(call: &Call) -> bool {
    let seen = |inode: &Inode| memory::is(call.identity(inode), Remembered::Seen);
    memory::any(Remembered::Seen)
        && call.place.path.is_empty()
        && place::descriptor_path(call.place.dirfd, &mut [0; 8]) == Err(libc::ENOENT)
        && call.inode().is_ok_and(|inode| seen(&inode))
}

/// Remembers what the call names, an inode of a sensitive place that is narrow by now,
/// for where no path tells that: by a descriptor without a `/proc`, and by the other
/// names that it has.
pub fn remember_narrow(call: &Call, inode: &Inode, names: Names) {
    if !memory::proc_fd_readable() {
        remember(call, inode, Remembered::Seen, Names::Known);
    }
    if inode.links > 1 {
        remember(call, inode, Remembered::Narrow, names);
    }
}

/// Remembers this of an inode, or records that there was no room.
pub fn remember(call: &Call, inode: &Inode, what: Remembered, names: Names) {
    if memory::remember(call.identity(inode), what, names).is_err() {
        let modes = (Some(inode.permissions()), None);
        let reason = "no room to remember its other name";
        records::record(call, None, Action::Failed, modes, reason);
    }
}

//! Where a walk has to stop.

use libc::c_int;

use crate::sys;

/// What a file lies on: its mount, or where that cannot be told, its device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mount(Option<u64>, Option<u64>);

impl Mount {
    pub fn of(fd: c_int) -> Self {
        let device = || sys::stat_of(fd).ok().map(|inode| inode.id.0);
        Self::known(sys::mount_of(fd), device)
    }

    pub fn known(mount: Option<u64>, device: impl FnOnce() -> Option<u64>) -> Self {
        match mount {
            Some(mount) => Mount(Some(mount), None),
            None => Mount(None, device()),
        }
    }
}

//! `ioctl` (ioctl(2)), for the requests of btrfs that make a directory: a subvolume or a
//! snapshot. Any other one is a comparison and a jump.

use core::ffi::c_void;

use libc::{c_char, c_int, c_ulong};

use crate::call::Call;
use crate::enforce::subvolume::{create, snapshot};
use redhook::{hook, real};

/// `BTRFS_IOC_SNAP_CREATE` and its like (linux/btrfs.h).
const SNAPSHOT: u32 = 0x5000_9401;
const SUBVOLUME: u32 = 0x5000_940e;
const SNAPSHOT_2: u32 = 0x5000_9417;
const SUBVOLUME_2: u32 = 0x5000_9418;

/// Where the name is in `btrfs_ioctl_vol_args` and in `btrfs_ioctl_vol_args_v2`.
const NAME_AT: usize = 8;
const NAME_AT_2: usize = 56;

hook! {
    unsafe fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int => hook_ioctl {
        // First, so that nothing is laid out for it where it is another one.
        if name_at(request as u32).is_none() {
            return real!(ioctl)(fd, request, argument);
        }
        let real = || real!(ioctl)(fd, request, argument);
        subvolume("ioctl", fd, request as u32, argument, &real).unwrap_or_else(real)
    }
}

/// Where a request that makes a directory has its name.
#[inline]
fn name_at(request: u32) -> Option<usize> {
    match request {
        SNAPSHOT | SUBVOLUME => Some(NAME_AT),
        SNAPSHOT_2 | SUBVOLUME_2 => Some(NAME_AT_2),
        _ => None,
    }
}

/// Makes the call by `real`, if it is one of these requests and names something.
///
/// # Safety
/// The program's own arguments.
#[inline(never)]
pub unsafe fn subvolume(
    name: &'static str,
    fd: c_int,
    request: u32,
    argument: *mut c_void,
    real: &dyn Fn() -> c_int,
) -> Option<c_int> {
    let path = argument.cast::<c_char>().wrapping_add(name_at(request)?);
    // SAFETY: the caller's promise.
    let call = unsafe { Call::at(name, fd, path, false) }?;
    Some(match request {
        SUBVOLUME | SUBVOLUME_2 => create(call, real),
        _ => snapshot(call, real),
    })
}

//! `ioctl` (ioctl(2)), for the requests of btrfs that make a directory: a subvolume or a
//! snapshot. Any other one is a comparison and a jump.

use core::ffi::c_void;

use libc::{c_char, c_int, c_ulong};

use crate::call::Call;
use crate::enforce::subvolume::{create, snapshot};

/// `BTRFS_IOC_SNAP_CREATE` and its like (linux/btrfs.h).
const SNAPSHOT: u32 = 0x5000_9401;
const SUBVOLUME: u32 = 0x5000_940e;
const SNAPSHOT_2: u32 = 0x5000_9417;
const SUBVOLUME_2: u32 = 0x5000_9418;

/// Where the name is in `btrfs_ioctl_vol_args` and in `btrfs_ioctl_vol_args_v2`.
const NAME_AT: usize = 8;
const NAME_AT_2: usize = 56;

family! { |symbol, real|
    #[symbol, number]
    unsafe fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
        // First, so that nothing is laid out for it where it is another one.
        let Some(name_at) = name_at(request as u32) else {
            return real(fd, request, argument);
        };
        subvolume(symbol, fd, request as u32, argument.cast::<c_char>().wrapping_add(name_at), &|| {
            real(fd, request, argument)
        })
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

/// Makes the call by `real`, which makes a directory of this name.
///
/// # Safety
/// As for [`Call::at`].
#[inline(never)]
unsafe fn subvolume(
    symbol: &'static str,
    fd: c_int,
    request: u32,
    name: *const c_char,
    real: &dyn Fn() -> c_int,
) -> c_int {
    // SAFETY: a field of the program's own struct, which the kernel reads as well.
    let Ok(call) = (unsafe { Call::at(symbol, fd, name, false) }) else {
        return real();
    };
    match request {
        SUBVOLUME | SUBVOLUME_2 => create(call, real),
        _ => snapshot(call, real),
    }
}

//! Message queues. `/proc` tells the path of a queue's descriptor without the directory
//! that it is in, so by `fchmod` it is known only because it was remembered here.

use libc::{c_int, mode_t};

use super::open::{self, opens_for_writing};
use super::{is_sensitive, remember};
use crate::call::Call;
use crate::memory::{Names, Remembered};
use crate::sys;

/// Opens by `real`, which takes flags and mode and gives a descriptor or -1.
pub fn open(
    call: Option<Call>,
    flags: c_int,
    mode: mode_t,
    real: &dyn Fn(c_int, mode_t) -> c_int,
) -> c_int {
    let queue = if opens_for_writing(flags) {
        open::open(call, flags, mode, real)
    } else {
        real(flags, mode)
    };
    if let Some(call) = call.filter(|call| queue >= 0 && is_sensitive(call))
        && let Ok(inode) = sys::stat_of(queue)
    {
        remember(
            &call.opened(queue),
            &inode,
            Remembered::Narrow,
            Names::Known,
        );
    }
    queue
}

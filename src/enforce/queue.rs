//! Message queues. `/proc` tells the path of a queue's descriptor without the directory
//! that it is in, so by `fchmod` it is known only because it was remembered here.

use libc::{c_int, mode_t};

use super::decide::{Depth, is_sensitive};
use super::open::{open_from, opens_for_writing};
use super::opening::Real;
use super::remembered::remember;
use crate::call::Given;
use crate::memory::{Names, Remembered};
use crate::sys;

/// Opens by `real`, which takes flags and mode and gives a descriptor or -1.
pub fn open(given: Given, flags: c_int, mode: mode_t, real: Real) -> c_int {
    let queue = if opens_for_writing(flags) {
        // The kernel knows a queue by its name alone, and not by a path.
        open_from(&given, Depth::Resolved, flags, mode, real)
    } else {
        real.make(flags, mode)
    };
    if queue >= 0
        && let Ok(call) = given
        && is_sensitive(&call)
        && let Ok(inode) = sys::stat_of(queue)
    {
        let call = call.opened(queue);
        remember(&call, &inode, Remembered::Narrow, Names::Known);
    }
    queue
}

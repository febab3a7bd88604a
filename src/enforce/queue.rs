//! Message queues. `/proc` tells the path of a queue's descriptor without the directory
//! that it is in, so by `fchmod` it is known only because it was remembered here.

use libc::{c_int, mode_t};

use super::is_sensitive;
use super::open::{self, opens_for_writing};
use crate::call::Call;
use crate::memory;

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
    if queue >= 0 && call.is_some_and(|call| is_sensitive(&call)) {
        memory::remember_queue(queue);
    }
    queue
}

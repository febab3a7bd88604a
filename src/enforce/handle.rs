//! Opening for writing where there is no path: where the file is can be told only
//! once there is a descriptor of it.

use libc::{O_CLOEXEC, O_PATH, c_int};

use super::decide::sensitive;
use super::opening::Opening;
use crate::call::{Call, Subject};
use crate::{state, sys};

/// Opens by `real`, which takes flags and gives a descriptor or -1.
///
/// A descriptor that only stands for the file says where it is (`O_PATH`): opened, it is
/// not read or changed, and closed, it does not drop the process's record locks on the
/// file. It is closed before the program's own is opened, which so gets the number it
/// would get.
pub fn open(symbol: &'static str, flags: c_int, real: &dyn Fn(c_int) -> c_int) -> c_int {
    let Some(state) = state::active() else {
        return real(flags);
    };
    let fd = real(O_PATH | O_CLOEXEC);
    if fd < 0 {
        return real(flags);
    }
    let call = Call::of(symbol, state, fd, c"");
    let found = sensitive(&call, Subject::Other).map(|sensitive| (sensitive, call.inode()));
    sys::close(fd);
    match found {
        Some((sensitive, before)) => {
            Opening::new(sensitive, flags, 0).old_file(before, &|flags, _| real(flags))
        }
        None => real(flags),
    }
}

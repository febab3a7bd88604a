//! `truncate` (truncate(2)): writes to a file by its name. `ftruncate` needs no
//! hook: its descriptor was narrowed when it was opened for writing.

use libc::{AT_FDCWD, c_char, c_int, off_t, off64_t};

use crate::call::Call;
use crate::enforce::existing::written;
use redhook::{hook, real};

macro_rules! truncate_hook {
    ($name:ident, $length:ty => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, length: $length) -> c_int => $hook {
                let call = Call::at(stringify!($name), AT_FDCWD, path, true);
                let mut result = -1;
                written(call, &mut || {
                    result = real!($name)(path, length);
                    result == 0
                });
                result
            }
        }
    };
}

truncate_hook!(truncate, off_t => hook_truncate);
truncate_hook!(truncate64, off64_t => hook_truncate64);

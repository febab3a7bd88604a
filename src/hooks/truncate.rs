//! `truncate` (truncate(2)): writes to a file by its name. `ftruncate` needs no
//! hook: its descriptor was narrowed when it was opened for writing.

use libc::{AT_FDCWD, c_char, c_int, off_t, off64_t};

use crate::call::Call;
use crate::enforce::existing::written;

/// Makes the call by `real`.
///
/// # Safety
/// As for [`Call::at`].
unsafe fn truncated(symbol: &'static str, path: *const c_char, real: &dyn Fn() -> c_int) -> c_int {
    // SAFETY: the path as the program gave it.
    let call = unsafe { Call::at(symbol, AT_FDCWD, path, true) };
    let mut result = -1;
    written(call, &mut || {
        result = real();
        result == 0
    });
    result
}

family! { |symbol, real|
    #[symbol, number]
    unsafe fn truncate(path: *const c_char, length: off_t) -> c_int {
        truncated(symbol, path, &|| real(path, length))
    }

    #[symbol]
    unsafe fn truncate64(path: *const c_char, length: off64_t) -> c_int {
        truncated(symbol, path, &|| real(path, length))
    }

    // Where a length that is as wide takes two registers.
    #[number if target_pointer_width = "32"]
    unsafe fn truncate64(path: *const c_char) -> c_int {
        truncated(symbol, path, &|| real(path))
    }
}

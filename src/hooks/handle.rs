//! `open_by_handle_at` (open_by_handle_at(2)): a file is opened by what
//! `name_to_handle_at` said of it, without a name. Nothing can be created so, but
//! a wide file can be written to.

use core::ffi::c_void;

use libc::c_int;

use crate::enforce::handle::open;
use crate::enforce::open::opens_for_writing;

family! { |symbol, real|
    #[symbol, number]
    unsafe fn open_by_handle_at(mount: c_int, handle: *mut c_void, flags: c_int) -> c_int {
        if !opens_for_writing(flags) {
            return real(mount, handle, flags);
        }
        open(symbol, flags, &|flags| real(mount, handle, flags))
    }
}

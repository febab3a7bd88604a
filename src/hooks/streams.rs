//! Other functions that open a stream inside libc: `setmntent` (getmntent(3)) and
//! the methods of glibc's streams, which it exports (`libio/fileops.c`).

use libc::{AT_FDCWD, FILE, c_char, c_int, mode_t};

use super::open::{open, open64};
use super::stdio::call;
use crate::call::Call;
use crate::enforce::decide::Depth;
use crate::enforce::existing::created_or_written;
use crate::enforce::open::opens_for_writing;
use crate::enforce::stream::{self, Real, StreamMode};
use crate::errno;
use crate::late::{__fsetlocking, fileno};
use redhook::{hook, real};

/// `FSETLOCKING_BYCALLER` (stdio_ext.h).
const LOCKING_BY_CALLER: c_int = 2;

/// `_IO_NO_READS` and its like (`libio/libio.h`): what a stream may do.
const NO_READS: c_int = 4;
const NO_WRITES: c_int = 8;
const IS_APPENDING: c_int = 0x1000;

/// Has the stream a file? Then `_IO_file_fopen` opens no other.
///
/// # Safety
/// `file` is a stream.
unsafe fn is_open(file: *mut FILE) -> bool {
    let error = errno::get();
    // SAFETY: a stream of the program's own, which libc asks as well.
    let open = unsafe { real!(fileno)(file) } >= 0;
    errno::set(error);
    open
}

family! { |symbol, real|
    #[symbol]
    unsafe fn setmntent, __setmntent(path: *const c_char, mode: *const c_char) -> *mut FILE {
        let Some(writing) = StreamMode::writing(mode, 0) else {
            return real(path, mode);
        };
        let call = call(symbol, path, writing);
        let Some(claim) = stream::claim(&call, Depth::of_open(writing.flags)) else {
            return real(path, mode);
        };
        let open = |flags, bits| real!(open)(path, flags, bits);
        let through = Real { open: &open, fopen: &real };
        // As `misc/mntent_r.c`: letters `ce`, and no locking.
        let file = stream::fopen(claim, writing.for_mount_table(), mode, &through);
        if !file.is_null() {
            real!(__fsetlocking)(file, LOCKING_BY_CALLER);
        }
        file
    }

    #[symbol]
    unsafe fn _IO_file_fopen(file: *mut FILE, path: *const c_char, mode: *const c_char, is_32: c_int) -> *mut FILE {
        let Some(writing) = StreamMode::writing(mode, 0).filter(|_| !is_open(file)) else {
            return real(file, path, mode, is_32);
        };
        let call = call(symbol, path, writing);
        let Some(claim) = stream::claim(&call, Depth::Resolved) else {
            return real(file, path, mode, is_32);
        };
        if writing.has_charset {
            let open = |flags, bits| if is_32 == 0 {
                real!(open64)(path, flags, bits)
            } else {
                real!(open)(path, flags, bits)
            };
            let fopen = |path, mode| real(file, path, mode, is_32);
            return stream::fopen(claim, writing, mode, &Real { open: &open, fopen: &fopen });
        }
        let access = match writing.flags & libc::O_ACCMODE {
            libc::O_RDONLY => NO_WRITES,
            libc::O_WRONLY => NO_READS,
            _ => 0,
        };
        let appending = if writing.flags & libc::O_APPEND != 0 { IS_APPENDING } else { 0 };
        // Through the hook below: it clamps the mode.
        let opened = hook__IO_file_open(file, path, writing.flags, 0o666, access | appending, is_32);
        if !opened.is_null() {
            stream::finish(opened, real!(fileno)(opened), writing);
        }
        opened
    }
}

hook! {
    unsafe fn _IO_file_open(file: *mut FILE, path: *const c_char, flags: c_int, mode: c_int, access: c_int, is_32: c_int) -> *mut FILE => hook__IO_file_open {
        if !opens_for_writing(flags) {
            return real!(_IO_file_open)(file, path, flags, mode, access, is_32);
        }
        let call = Call::opening("_IO_file_open", AT_FDCWD, path, flags);
        let mut opened = core::ptr::null_mut();
        created_or_written(call, mode as mode_t, &mut |mode| {
            opened = real!(_IO_file_open)(file, path, flags, mode as c_int, access, is_32);
            !opened.is_null()
        });
        opened
    }
}

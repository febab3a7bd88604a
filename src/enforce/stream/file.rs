//! glibc's streams (`struct _IO_FILE`).

use libc::{FILE, c_char, c_int};

use super::StreamMode;
use crate::errno;
use crate::late::fseek;
use redhook::real;

/// Sets what `fdopen` does not: where an appending stream starts, and the flags
/// of the letters that it ignores.
///
/// # Safety
/// `stream` is an open stream on `fd` that no other thread uses yet.
pub unsafe fn finish(stream: *mut FILE, fd: c_int, mode: StreamMode) {
    if mode.starts_at_end() {
        let error = errno::get();
        // SAFETY: the caller's promise. On a pipe or terminal it fails, as in libc.
        unsafe { real!(fseek)(stream, 0, libc::SEEK_END) };
        errno::set(error);
    }
    if mode.stream_flags != 0 {
        // SAFETY: the caller's promise.
        if let Some(file) = unsafe { GlibcFile::of(stream, fd) } {
            file.flags2 |= mode.stream_flags;
        }
    }
}

/// The head of glibc's `FILE` (`struct _IO_FILE`, bits/types/struct_FILE.h), laid
/// out so since glibc 2.1.
#[repr(C)]
pub struct GlibcFile {
    flags: c_int,
    pointers: [*mut c_char; 11],
    markers: *mut core::ffi::c_void,
    chain: *mut FILE,
    pub fileno: c_int,
    pub flags2: c_int,
}

impl GlibcFile {
    /// `None` if this does not look like that struct: a libc that laid it out
    /// anew must not have its fields overwritten.
    ///
    /// # Safety
    /// `stream` is an open stream that no other thread uses.
    pub unsafe fn of<'a>(stream: *mut FILE, fd: c_int) -> Option<&'a mut Self> {
        const MAGIC: c_int = 0xFBAD_0000_u32 as c_int;
        const MAGIC_MASK: c_int = 0xFFFF_0000_u32 as c_int;
        // SAFETY: a `FILE` of glibc is longer than this head, and the caller
        // promises that it is open.
        let file = unsafe { &mut *stream.cast::<Self>() };
        (file.flags & MAGIC_MASK == MAGIC && file.fileno == fd).then_some(file)
    }
}

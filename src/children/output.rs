//! Variables that make the dynamic loader itself write a file, 0666, before any
//! preload is there: `LD_DEBUG_OUTPUT` and `LD_PROFILE_OUTPUT` (ld.so(8)).

use core::fmt::Write;

use libc::{AT_FDCWD, c_char};

use super::reader::Reader;
use crate::call::{Call, Subject};
use crate::enforce::decide::given_sensitive;
use crate::scratch::{PATH_MAX, Scratch};
use crate::sys;

/// Is `entry` one of these variables, and would the file be at a sensitive place?
///
/// # Safety
/// As for [`Reader::string`].
pub unsafe fn sensitive(call: &'static str, reader: &mut Reader, entry: *const c_char) -> bool {
    let debug = b"LD_DEBUG_OUTPUT=".as_slice();
    let profile = b"LD_PROFILE_OUTPUT=".as_slice();
    let name = match (reader.begins(entry, debug), reader.begins(entry, profile)) {
        (Some(true), _) => debug,
        (_, Some(true)) => profile,
        _ => return false,
    };
    // SAFETY: the caller's promise.
    let Some(text) = (unsafe { reader.string(entry) }) else {
        return false;
    };
    let value = text.get(name.len()..).unwrap_or_default();
    if value.is_empty() {
        return false;
    }
    let Some(mut scratch) = Scratch::claim() else {
        return true;
    };
    let mut path = Path {
        bytes: &mut scratch.buffers().text,
        length: 0,
    };
    // The process id, or the name of a library, stands behind it: a pattern that
    // needs the right one is met only for our own id.
    let written = if name == debug {
        path.put(value)
            .and_then(|()| write!(path, ".{}\0", sys::process_id()))
    } else {
        path.put(value)
            .and_then(|()| path.write_str("/any.profile\0"))
    };
    if written.is_err() || path.length > PATH_MAX {
        return false;
    }
    let start = path.bytes.as_ptr().cast();
    // SAFETY: the path was just written and terminated.
    let call = unsafe { Call::at(call, AT_FDCWD, start, true) };
    given_sensitive(&call, Subject::Other).is_some_and(|sensitive| !sensitive.audit())
}

struct Path<'a> {
    bytes: &'a mut [u8],
    length: usize,
}

impl Path<'_> {
    fn put(&mut self, bytes: &[u8]) -> core::fmt::Result {
        let room = self.bytes.get_mut(self.length..);
        let room = room.and_then(|rest| rest.get_mut(..bytes.len()));
        room.ok_or(core::fmt::Error)?.copy_from_slice(bytes);
        self.length += bytes.len();
        Ok(())
    }
}

impl Write for Path<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text.as_bytes())
    }
}

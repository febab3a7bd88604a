//! Variables that make the dynamic loader itself write a file, 0666, before any
//! preload is there: `LD_DEBUG_OUTPUT` and `LD_PROFILE_OUTPUT` (ld.so(8)).

use core::fmt::Write;

use libc::{AT_FDCWD, c_char};

use super::reader::Reader;
use crate::call::{Call, Subject};
use crate::enforce::decide::given_sensitive;
use crate::scratch::{PATH_MAX, Scratch};
use crate::sys::{self, Text};

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
    let room = &mut scratch.buffers().text;
    let mut path = Text::new(room);
    // The process id, or the name of a library, stands behind it: a pattern that
    // needs the right one is met only for our own id.
    let written = path.put(value).is_some()
        && match name == debug {
            true => write!(path, ".{}\0", sys::process_id()).is_ok(),
            false => path.put(b"/any.profile\0").is_some(),
        };
    if !written || path.len() > PATH_MAX {
        return false;
    }
    let start = room.as_ptr().cast();
    // SAFETY: the path was just written and terminated.
    let call = unsafe { Call::at(call, AT_FDCWD, start, true) };
    given_sensitive(&call, Subject::Other).is_some_and(|sensitive| !sensitive.audit())
}

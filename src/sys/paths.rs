//! Paths, terminated for the kernel.

use core::fmt::Write;

use libc::c_char;

use super::{map, unmap};

/// Bytes that are written one behind the other.
pub struct Text<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl<'a> Text<'a> {
    pub fn new(room: &'a mut [u8]) -> Self {
        Text { room, length: 0 }
    }

    /// `None`: it does not fit.
    pub fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        self.room.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }

    pub fn len(&self) -> usize {
        self.length
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text.as_bytes()).ok_or(core::fmt::Error)
    }
}

/// The parts, one behind the other, and a NUL.
pub fn join(room: &mut [u8], parts: &[&[u8]]) -> Option<*const c_char> {
    let mut text = Text::new(room);
    parts.iter().try_for_each(|part| text.put(part))?;
    text.put(b"\0")?;
    Some(room.as_ptr().cast())
}

/// A terminated path in memory of its own, which may be kept while a call blocks:
/// whatever jumps out of that loses a page and nothing that others wait for.
pub struct PathCopy {
    address: *mut u8,
    size: usize,
}

impl PathCopy {
    /// `None` if the kernel has no memory.
    pub fn of(path: &[u8]) -> Option<Self> {
        let size = path.len() + 1;
        let address = map(size)?;
        // SAFETY: the mapping is of this size, zeroed, and nobody else's.
        unsafe { address.copy_from_nonoverlapping(path.as_ptr(), path.len()) };
        Some(PathCopy { address, size })
    }

    pub fn as_ptr(&self) -> *const c_char {
        self.address.cast()
    }
}

impl Drop for PathCopy {
    fn drop(&mut self) {
        // SAFETY: `of` made the mapping; its last reference ends here.
        unsafe { unmap(self.address, self.size) }
    }
}

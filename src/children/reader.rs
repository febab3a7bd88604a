//! Reading the program's memory without trusting its pointers: `execve` with a
//! bad one gives `EFAULT`, and must not crash in the shim instead.

use libc::c_char;

use crate::sys;

const PAGE: usize = 4096;

/// Pages seen to be readable. Strings of an environment mostly lie on a few
/// pages, so most reads ask the kernel nothing.
pub struct Reader {
    seen: [usize; 4],
    next: usize,
}

impl Reader {
    pub fn new() -> Self {
        Reader {
            seen: [usize::MAX; 4],
            next: 0,
        }
    }

    fn readable(&mut self, address: usize) -> Option<()> {
        let page = address / PAGE;
        if self.seen.contains(&page) {
            return Some(());
        }
        if !sys::readable(address) {
            return None;
        }
        let next = self.next;
        if let Some(slot) = self.seen.get_mut(next) {
            *slot = page;
        }
        self.next = (next + 1) % self.seen.len();
        Some(())
    }

    /// From `address` to the end of its page, but at most `most` bytes.
    fn chunk(&mut self, address: usize, most: usize) -> Option<&'static [u8]> {
        self.readable(address)?;
        let length = (PAGE - address % PAGE).min(most);
        // SAFETY: the page was just seen to be readable. The bytes are the
        // program's, which leaves them alone during its own call.
        Some(unsafe { core::slice::from_raw_parts(address as *const u8, length) })
    }

    /// The entry at `index` of an array of pointers; `None` if that memory
    /// cannot be read.
    pub fn slot(&mut self, array: *const *const c_char, index: usize) -> Option<*const c_char> {
        let offset = index.checked_mul(size_of::<*const c_char>())?;
        let address = (array as usize).checked_add(offset)?;
        self.readable(address)?;
        self.readable(address.checked_add(size_of::<*const c_char>() - 1)?)?;
        // SAFETY: the eight bytes were just seen to be readable. The program may
        // have put them at any address.
        Some(unsafe { (address as *const *const c_char).read_unaligned() })
    }

    /// Does the string begin with these bytes?
    pub fn begins(&mut self, string: *const c_char, bytes: &[u8]) -> Option<bool> {
        let mut address = string as usize;
        let mut left = bytes;
        while !left.is_empty() {
            let chunk = self.chunk(address, left.len())?;
            let (head, tail) = left.split_at_checked(chunk.len())?;
            // One by one: a comparison of the whole would read behind the string's
            // end, which a sanitizer takes for a fault of the program's.
            if !chunk.iter().zip(head).all(|(a, b)| a == b) {
                return Some(false);
            }
            address = address.checked_add(chunk.len())?;
            left = tail;
        }
        Some(true)
    }

    /// The bytes of a string, without its NUL.
    ///
    /// # Safety
    /// Nobody writes to or unmaps the string while the result is in use: what
    /// any caller of `execve` promises for its arguments.
    pub unsafe fn string<'a>(&mut self, string: *const c_char) -> Option<&'a [u8]> {
        let mut length = 0usize;
        loop {
            let chunk = self.chunk((string as usize).checked_add(length)?, PAGE)?;
            if let Some(end) = chunk.iter().position(|&byte| byte == 0) {
                length += end;
                break;
            }
            length += chunk.len();
        }
        // SAFETY: every page from the first byte to the NUL was seen readable.
        Some(unsafe { core::slice::from_raw_parts(string.cast(), length) })
    }
}

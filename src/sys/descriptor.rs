//! Descriptors of the library's own, and the names that `/proc` has for descriptors.

use libc::{c_char, c_int};

/// A descriptor of the library's own, closed when dropped.
pub struct Owned(pub c_int);

impl Drop for Owned {
    fn drop(&mut self) {
        super::close(self.0);
    }
}

/// Is there a `/proc`?
pub fn has_proc() -> bool {
    super::read_link(libc::AT_FDCWD, c"/proc/self".as_ptr(), &mut [0; 32]).is_ok()
}

/// The name that `/proc` has for a descriptor, NUL-terminated.
pub struct DescriptorName([u8; 40]);

impl DescriptorName {
    /// `/proc/thread-self/fd/N`: also right in a thread that left its process's
    /// descriptor table.
    pub fn in_thread(fd: c_int) -> Self {
        Self::below(b"/proc/thread-self/fd/", fd)
    }

    /// `/proc/thread-self/fdinfo/N`: what the kernel tells of it.
    pub fn about(fd: c_int) -> Self {
        Self::below(b"/proc/thread-self/fdinfo/", fd)
    }

    /// `/proc/self/fd/N`.
    pub fn in_self(fd: c_int) -> Self {
        Self::below(b"/proc/self/fd/", fd)
    }

    fn below(directory: &[u8], fd: c_int) -> Self {
        let mut digits = [0; 10];
        let mut first = digits.len();
        let mut rest = fd.unsigned_abs();
        for (index, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            first = index;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let mut name = [0; 40];
        let bytes = directory.iter().chain(digits.iter().skip(first));
        for (slot, &byte) in name.iter_mut().zip(bytes) {
            *slot = byte;
        }
        Self(name)
    }

    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

//! Mode strings of `fopen` (fopen(3)), read as glibc reads them.

use core::ffi::CStr;

use libc::{O_ACCMODE, O_APPEND, O_CLOEXEC, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};
use libc::{c_char, c_int};

/// Letters that glibc looks at after the first (`libio/fileops.c`,
/// `_IO_new_file_fopen`).
const LETTERS: usize = 6;

/// `_flags2` bits of `FILE` (`libio/libio.h`).
pub const NO_CANCELLATION: c_int = 2;
const KEEP_CLOEXEC: c_int = 64;

/// A mode string, read as glibc reads it.
#[derive(Clone, Copy)]
pub struct StreamMode {
    /// For open(2).
    pub flags: c_int,
    pub stream_flags: c_int,
    pub has_charset: bool,
}

impl StreamMode {
    /// `None`: not a mode, or one that only reads; then libc does it all. `large`
    /// is what the function adds to the flags.
    ///
    /// # Safety
    /// `mode` is the program's own argument. libc reads it itself and trusts it,
    /// and so do we: no system call is spent on it.
    pub unsafe fn writing(mode: *const c_char, large: c_int) -> Option<Self> {
        if mode.is_null() {
            return None;
        }
        // SAFETY: the caller's promise.
        let text = unsafe { CStr::from_ptr(mode) }.to_bytes();
        let mut mode = Self::parse(text)?;
        let writes = mode.flags & (O_ACCMODE | O_CREAT) != 0;
        mode.flags |= large;
        writes.then_some(mode)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (first, rest) = text.split_first()?;
        let (mut access, mut flags) = match first {
            b'r' => (O_RDONLY, 0),
            b'w' => (O_WRONLY, O_CREAT | O_TRUNC),
            b'a' => (O_WRONLY, O_CREAT | O_APPEND),
            _ => return None,
        };
        let mut stream_flags = 0;
        for letter in rest.iter().take(LETTERS) {
            match letter {
                b'+' => access = O_RDWR,
                b'x' => flags |= O_EXCL,
                b'e' => {
                    flags |= O_CLOEXEC;
                    stream_flags |= KEEP_CLOEXEC;
                }
                b'c' => stream_flags |= NO_CANCELLATION,
                _ => {}
            }
        }
        flags |= access;
        let has_charset = rest.windows(5).any(|part| part == b",ccs=");
        Some(StreamMode {
            flags,
            stream_flags,
            has_charset,
        })
    }

    /// The same with the letters `ce`, as `setmntent` adds them.
    pub fn for_mount_table(mut self) -> Self {
        self.flags |= O_CLOEXEC;
        self.stream_flags |= KEEP_CLOEXEC | NO_CANCELLATION;
        self
    }

    /// The mode for `fdopen`, which reads four letters and knows but these.
    pub fn for_fdopen(&self) -> &'static CStr {
        let update = self.flags & O_ACCMODE == O_RDWR;
        match (self.flags & (O_TRUNC | O_APPEND), update) {
            (O_APPEND, false) => c"a",
            (O_APPEND, true) => c"a+",
            (O_TRUNC, false) => c"w",
            (O_TRUNC, true) => c"w+",
            _ => c"r+",
        }
    }

    /// Only appending: `fopen` then starts at the end of the file.
    pub fn starts_at_end(&self) -> bool {
        self.flags & O_APPEND != 0 && self.flags & O_ACCMODE == O_WRONLY
    }
}

/// A mode string with its `x` taken out, for what exists by now.
pub struct WithoutExclusive([u8; 128]);

impl WithoutExclusive {
    /// `None` if it is too long to be a mode with a charset.
    ///
    /// # Safety
    /// As for [`StreamMode::writing`].
    pub unsafe fn of(text: *const c_char) -> Option<Self> {
        // SAFETY: the caller's promise.
        let text = unsafe { CStr::from_ptr(text) }.to_bytes();
        let mut copy = [0; 128];
        if text.len() >= copy.len() {
            return None;
        }
        let letters = text.iter().copied().enumerate();
        let kept = letters.filter(|&(index, letter)| letter != b'x' || index > LETTERS);
        for (slot, (_, letter)) in copy.iter_mut().zip(kept) {
            *slot = letter;
        }
        Some(WithoutExclusive(copy))
    }

    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

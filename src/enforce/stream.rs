//! `fopen` and `freopen`: libc opens inside itself, with 0666.
//!
//! So at a sensitive place, and where others may change what leads to a plain one, the
//! shim opens, and hands the descriptor to `fdopen`, or its entry in `/proc` to
//! `freopen`. Any other order was tried and loses something: an
//! extra open and close of the file drops the process's record locks (fcntl(2)),
//! a file created beforehand can be removed again before libc opens it, and the
//! process umask belongs to all threads.

use core::ffi::CStr;

use libc::{FILE, c_char, c_int, mode_t};
use libc::{
    O_ACCMODE, O_APPEND, O_CLOEXEC, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, S_IFREG,
};

use super::nolinks::{self, Route};
use super::opening::{audit, open_at};
use super::{Judged, look};
use crate::call::{Call, Sensitive, Subject};
use crate::late::{fdopen, fileno, fseek};
use crate::sys::{self, DescriptorName};
use crate::{cancel, errno};
use redhook::real;

/// The mode of a file that `fopen` creates (fopen(3)).
const CREATION_MODE: mode_t = 0o666;

/// Letters that glibc looks at after the first (`libio/fileops.c`,
/// `_IO_new_file_fopen`).
const LETTERS: usize = 6;

/// `_flags2` bits of `FILE` (`libio/libio.h`).
const NO_CANCELLATION: c_int = 2;
const KEEP_CLOEXEC: c_int = 64;

/// A mode string, read as glibc reads it.
#[derive(Clone, Copy)]
pub struct StreamMode {
    /// For open(2).
    pub flags: c_int,
    stream_flags: c_int,
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
    fn for_fdopen(&self) -> &'static CStr {
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
    fn starts_at_end(&self) -> bool {
        self.flags & O_APPEND != 0 && self.flags & O_ACCMODE == O_WRONLY
    }
}

/// What the hooks lend: the real calls of their width (`64` or not).
pub struct Real<'a> {
    /// Opens with these flags and this mode, as `open(2)`.
    pub open: &'a dyn Fn(c_int, mode_t) -> c_int,
    /// `fopen(path, mode)`.
    pub fopen: &'a dyn Fn(*const c_char, *const c_char) -> *mut FILE,
}

/// A place that is ours to open, and the call that names it.
pub struct Claim<'a> {
    call: Call<'a>,
    judged: Judged,
}

/// Is this place ours to open? Else libc opens it.
pub fn claim(call: Option<Call>) -> Option<Claim> {
    let call = call?;
    match look(&call, Subject::Other) {
        Judged::Plain(Route::Own) => None,
        judged => Some(Claim { call, judged }),
    }
}

impl Claim<'_> {
    /// Is it sensitive, and nothing to be changed but only recorded?
    fn audited(&self) -> Option<Sensitive> {
        match self.judged {
            Judged::Sensitive(sensitive) if sensitive.audit() => Some(sensitive),
            _ => None,
        }
    }

    fn open(self, mode: StreamMode, real: &dyn Fn(c_int, mode_t) -> c_int) -> c_int {
        let Claim { call, judged } = self;
        let open = || match judged {
            Judged::Sensitive(sensitive) => {
                open_at(sensitive, call, mode.flags, CREATION_MODE, real)
            }
            Judged::Plain(route) => nolinks::create(call, route, mode.flags, CREATION_MODE, real),
        };
        match mode.stream_flags & NO_CANCELLATION {
            0 => open(),
            _ => cancel::without(open),
        }
    }
}

/// `fopen` at a place that is ours to open.
///
/// # Safety
/// `text` is the mode string that `mode` was read from.
pub unsafe fn fopen(claim: Claim, mode: StreamMode, text: *const c_char, real: &Real) -> *mut FILE {
    let call = claim.call;
    if let Some(sensitive) = claim.audited() {
        return audited(sensitive, call, mode, &|| (real.fopen)(call.path, text));
    }
    if mode.has_charset {
        // SAFETY: the caller's promise.
        return unsafe { with_charset(claim, mode, text, real) };
    }
    let fd = claim.open(mode, real.open);
    if fd < 0 {
        return core::ptr::null_mut();
    }
    // SAFETY: `fd` is a descriptor that nobody else knows of yet.
    let stream = unsafe { real!(fdopen)(fd, mode.for_fdopen().as_ptr()) };
    if stream.is_null() {
        sys::close(fd);
        // A filter of system calls may refuse what `fdopen` asks: then as the program
        // would open it, which is narrow by now.
        // SAFETY: the caller's promise.
        return unsafe { again(call.path, text, real) };
    }
    // SAFETY: the stream was made just now, and its descriptor is `fd`.
    unsafe { finish(stream, fd, mode) };
    stream
}

/// Opens by its name what was made or narrowed just now.
///
/// # Safety
/// `text` is a mode string.
#[cold]
unsafe fn again(path: *const c_char, text: *const c_char, real: &Real) -> *mut FILE {
    // SAFETY: the caller's promise.
    let copy = unsafe { WithoutExclusive::of(text) };
    (real.fopen)(path, copy.as_ref().map_or(text, WithoutExclusive::as_ptr))
}

/// The real call as the program made it, and a record.
fn audited(
    sensitive: Sensitive,
    call: Call,
    mode: StreamMode,
    real: &dyn Fn() -> *mut FILE,
) -> *mut FILE {
    let mut stream = core::ptr::null_mut();
    audit(sensitive, call, mode.flags, CREATION_MODE, &mut || {
        stream = real();
        !stream.is_null()
    });
    stream
}

/// A stream with a conversion: only libc's own `fopen` makes one, so it is made on
/// `/dev/null` and then given the file's descriptor. Not by `dup3` and `close`:
/// closing any descriptor of a file drops the process's record locks on it.
///
/// # Safety
/// As for [`fopen`].
unsafe fn with_charset(
    claim: Claim,
    mode: StreamMode,
    text: *const c_char,
    real: &Real,
) -> *mut FILE {
    let path = claim.call.path;
    let fd = claim.open(mode, real.open);
    if fd < 0 {
        return core::ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    let copy = unsafe { WithoutExclusive::of(text) };
    let text = copy.as_ref().map_or(text, WithoutExclusive::as_ptr);
    if !has_null() {
        let stream = (real.fopen)(path, text);
        sys::close(fd);
        return stream;
    }
    let stream = (real.fopen)(c"/dev/null".as_ptr(), text);
    if stream.is_null() {
        let error = errno::get();
        sys::close(fd);
        // There may be room for one descriptor and not for two. An unknown charset libc
        // too finds out after it opened the file.
        return match error {
            // SAFETY: the caller's promise.
            libc::EMFILE => unsafe { again(path, text, real) },
            _ => stream,
        };
    }
    // SAFETY: the stream is open.
    let number = unsafe { real!(fileno)(stream) };
    // SAFETY: the stream was made just now, and its descriptor is `number`.
    match unsafe { GlibcFile::of(stream, number) } {
        Some(file) => {
            file.fileno = fd;
            sys::close(number);
            // SAFETY: as above, and its descriptor is `fd` now.
            unsafe { finish(stream, fd, mode) };
        }
        None => {
            let _ = sys::dup3(fd, number, mode.flags & O_CLOEXEC);
            sys::close(fd);
        }
    }
    stream
}

/// `freopen` at a place that is ours to open: same `FILE`, same descriptor number. The
/// file is opened, and libc reopens the stream on it by its entry in `/proc`: so the
/// number goes over from the old file to the new one in one step, whatever other
/// threads write to it meanwhile.
///
/// # Safety
/// `stream` is a stream, `text` the mode string that `mode` was read from.
pub unsafe fn freopen(
    claim: Claim,
    mode: StreamMode,
    text: *const c_char,
    stream: *mut FILE,
    real_open: &dyn Fn(c_int, mode_t) -> c_int,
    real_freopen: &dyn Fn(*const c_char, *const c_char, *mut FILE) -> *mut FILE,
) -> *mut FILE {
    let path = claim.call.path;
    if let Some(sensitive) = claim.audited() {
        let real = || real_freopen(path, text, stream);
        return audited(sensitive, claim.call, mode, &real);
    }
    // A device or a fifo is left alone, and to open it twice would not be nothing.
    if claim.call.inode().is_ok_and(|inode| !inode.is(S_IFREG)) {
        return real_freopen(path, text, stream);
    }
    let fd = claim.open(mode, real_open);
    if fd < 0 {
        let error = errno::get();
        // libc closes the old file when it cannot open the new one; no file has
        // the empty name.
        real_freopen(c"".as_ptr(), text, stream);
        errno::set(error);
        return core::ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    let copy = unsafe { WithoutExclusive::of(text) };
    let text = copy.as_ref().map_or(text, WithoutExclusive::as_ptr);
    let entry = DescriptorName::in_thread(fd);
    // Tried before, for libc closes the stream if it fails: there may be no `/proc` and
    // no descriptor left. Then by its name again, which is narrow now.
    let spare = sys::open(entry.as_ptr(), mode.flags & O_ACCMODE, 0);
    if let Ok(spare) = spare {
        sys::close(spare);
        let reopened = real_freopen(entry.as_ptr(), text, stream);
        // With a charset that it does not know libc leaves open what it opened: then the
        // number that it would have had stays, and not the one behind it.
        let left = reopened.is_null() && is_same_file(fd, spare);
        sys::close(if left { spare } else { fd });
        return reopened;
    }
    sys::close(fd);
    real_freopen(path, text, stream)
}

fn is_same_file(one: c_int, other: c_int) -> bool {
    let [one, other] = [one, other].map(sys::stat_of);
    matches!((one, other), (Ok(one), Ok(other)) if one.id == other.id)
}

/// Is there a `/dev/null`? In a bare chroot a mode that creates would make it a file;
/// there libc opens what was created narrow, and is held open, once more by its name.
fn has_null() -> bool {
    sys::stat_at(libc::AT_FDCWD, c"/dev/null".as_ptr(), 0)
        .is_ok_and(|inode| inode.is(libc::S_IFCHR))
}

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
struct GlibcFile {
    flags: c_int,
    pointers: [*mut c_char; 11],
    markers: *mut core::ffi::c_void,
    chain: *mut FILE,
    fileno: c_int,
    flags2: c_int,
}

impl GlibcFile {
    /// `None` if this does not look like that struct: a libc that laid it out
    /// anew must not have its fields overwritten.
    ///
    /// # Safety
    /// `stream` is an open stream that no other thread uses.
    unsafe fn of<'a>(stream: *mut FILE, fd: c_int) -> Option<&'a mut Self> {
        const MAGIC: c_int = 0xFBAD_0000_u32 as c_int;
        const MAGIC_MASK: c_int = 0xFFFF_0000_u32 as c_int;
        // SAFETY: a `FILE` of glibc is longer than this head, and the caller
        // promises that it is open.
        let file = unsafe { &mut *stream.cast::<Self>() };
        (file.flags & MAGIC_MASK == MAGIC && file.fileno == fd).then_some(file)
    }
}

/// A mode string with its `x` taken out: `/dev/null` exists.
struct WithoutExclusive([u8; 128]);

impl WithoutExclusive {
    /// `None` if it is too long to be a mode with a charset.
    ///
    /// # Safety
    /// As for [`StreamMode::writing`].
    unsafe fn of(text: *const c_char) -> Option<Self> {
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

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

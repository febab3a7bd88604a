//! `fopen` and `freopen`: libc opens inside itself, with 0666.
//!
//! So at a sensitive place, and where others may change what leads to a plain one, the
//! shim opens, and hands the descriptor to `fdopen`, or its entry in `/proc` to
//! `freopen`. Any other order was tried and loses something: an
//! extra open and close of the file drops the process's record locks (fcntl(2)),
//! a file created beforehand can be removed again before libc opens it, and the
//! process umask belongs to all threads.

mod file;
mod mode;

use core::cell::Cell;
use core::ptr::null_mut;

use libc::{FILE, O_ACCMODE, O_CLOEXEC, S_IFREG, c_char, c_int, mode_t};

use super::decide::{Decision, Depth, Route, decide};
use super::nolinks;
use super::opening::Opening;
pub use super::opening::Real as Open;
use crate::call::{Call, Given, Sensitive, Subject};
use crate::late::{fdopen, fileno};
use crate::sys::{self, DescriptorName};
use crate::{cancel, errno, records};
use file::GlibcFile;
pub use file::finish;
pub use mode::StreamMode;
use mode::{NO_CANCELLATION, WithoutExclusive};
use redhook::real;

/// The mode of a file that `fopen` creates (fopen(3)).
const CREATION_MODE: mode_t = 0o666;

/// What the hooks lend: the real calls of their width (`64` or not).
pub struct Real<'a> {
    /// Opens with these flags and this mode, as `open(2)`.
    pub open: Open<'a>,
    /// `fopen(path, mode)`.
    pub fopen: &'a dyn Fn(*const c_char, *const c_char) -> *mut FILE,
}

/// A place that is ours to open, and the call that names it.
pub struct Claim<'a> {
    call: &'a Call<'a>,
    decision: Decision<'a>,
}

/// Is this place ours to open? Else libc opens it.
pub fn claim<'a>(given: &'a Given<'a>, depth: Depth) -> Option<Claim<'a>> {
    match given {
        Ok(call) => match decide(call, Subject::Other, depth) {
            Decision::Plain(Route::Program) => None,
            decision => Some(Claim { call, decision }),
        },
        Err(bypass) => {
            records::bypass(bypass);
            None
        }
    }
}

impl<'a> Claim<'a> {
    /// Is it sensitive, and nothing to be changed but only recorded?
    fn audited(&self) -> Option<Sensitive<'a>> {
        match self.decision {
            Decision::Sensitive(sensitive) if sensitive.audit() => Some(sensitive),
            _ => None,
        }
    }

    fn path(&self) -> *const c_char {
        self.call.place.path.as_ptr()
    }

    fn open(self, mode: StreamMode, real: Open) -> c_int {
        let Claim { call, decision } = self;
        let open = || match decision {
            Decision::Sensitive(sensitive) => {
                Opening::new(sensitive, mode.flags, CREATION_MODE).open(real)
            }
            Decision::Plain(route) => nolinks::create(call, route, mode.flags, CREATION_MODE, real),
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
    let path = claim.path();
    if let Some(sensitive) = claim.audited() {
        return audited(sensitive, mode, &|| (real.fopen)(path, text));
    }
    if mode.has_charset {
        // SAFETY: the caller's promise.
        return unsafe { with_charset(claim, mode, text, real) };
    }
    let fd = claim.open(mode, real.open);
    if fd < 0 {
        return null_mut();
    }
    // SAFETY: `fd` is a descriptor that nobody else knows of yet.
    let stream = unsafe { real!(fdopen)(fd, mode.for_fdopen().as_ptr()) };
    if stream.is_null() {
        sys::close(fd);
        // A filter of system calls may refuse what `fdopen` asks: then as the program
        // would open it, which is narrow by now.
        // SAFETY: the caller's promise.
        return unsafe { again(path, text, real) };
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
fn audited(sensitive: Sensitive, mode: StreamMode, real: &dyn Fn() -> *mut FILE) -> *mut FILE {
    let opened = Cell::new(null_mut());
    Opening::new(sensitive, mode.flags, CREATION_MODE).open(&|_, _| {
        let stream = real();
        opened.set(stream);
        match stream.is_null() {
            true => -1,
            // SAFETY: the stream is open.
            false => unsafe { real!(fileno)(stream) },
        }
    });
    opened.get()
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
    let path = claim.path();
    let fd = claim.open(mode, real.open);
    if fd < 0 {
        return null_mut();
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
    real_open: Open,
    real_freopen: &dyn Fn(*const c_char, *const c_char, *mut FILE) -> *mut FILE,
) -> *mut FILE {
    let path = claim.path();
    if let Some(sensitive) = claim.audited() {
        let real = || real_freopen(path, text, stream);
        return audited(sensitive, mode, &real);
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
        return null_mut();
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

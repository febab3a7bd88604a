//! `fopen` and `freopen` (fopen(3)): in glibc they open inside themselves, out of
//! reach of a hook on `open`.

use libc::{AT_FDCWD, FILE, c_char, c_int};

use super::open::{LARGE, open, open64};
use crate::call::{Call, Given};
use crate::enforce::decide::Depth;
use crate::enforce::existing::written;
use crate::enforce::stream::{self, Open, Real, StreamMode};
use crate::late::fileno;
use redhook::real;

/// The place that a stream of this mode would write to.
///
/// # Safety
/// As for [`Call::opening`].
pub unsafe fn call<'a>(symbol: &'static str, path: *const c_char, mode: StreamMode) -> Given<'a> {
    // SAFETY: the path as the program gave it.
    unsafe { Call::opening(symbol, AT_FDCWD, path, mode.flags) }
}

/// Opens a stream as `fopen` does, to write. Not inlined: what only reads would pay for
/// its frame.
///
/// # Safety
/// As for [`call`]; `mode` is what `writing` was read from.
#[inline(never)]
unsafe fn opened(
    symbol: &'static str,
    path: *const c_char,
    mode: *const c_char,
    writing: StreamMode,
    real: &Real,
) -> *mut FILE {
    // SAFETY: the path as the program gave it.
    let call = unsafe { call(symbol, path, writing) };
    match stream::claim(&call, Depth::of_open(writing.flags)) {
        // SAFETY: the mode as the program gave it.
        Some(claim) => unsafe { stream::fopen(claim, writing, mode, real) },
        None => (real.fopen)(path, mode),
    }
}

/// The same of `freopen`. The real one is `reopen`; `opens` is as `open(2)` of `path`.
///
/// # Safety
/// As for [`opened`], and `file` is a stream.
#[inline]
unsafe fn reopened(
    symbol: &'static str,
    (path, mode, file): (*const c_char, *const c_char, *mut FILE),
    large: c_int,
    opens: Open,
    reopen: &dyn Fn(*const c_char, *const c_char, *mut FILE) -> *mut FILE,
) -> *mut FILE {
    // SAFETY: the mode as the program gave it.
    let Some(writing) = (unsafe { StreamMode::writing(mode, large) }) else {
        return reopen(path, mode, file);
    };
    if path.is_null() {
        // The same file in another mode, which may be one to write.
        // SAFETY: the program's own stream, which libc is about to close and to open.
        let call = Call::on(symbol, unsafe { real!(fileno)(file) });
        let mut reopened = core::ptr::null_mut();
        written(call, &mut || {
            reopened = reopen(path, mode, file);
            !reopened.is_null()
        });
        return reopened;
    }
    // SAFETY: the path as the program gave it.
    let call = unsafe { call(symbol, path, writing) };
    match stream::claim(&call, Depth::of_open(writing.flags)) {
        // SAFETY: mode and stream as the program gave them.
        Some(claim) => unsafe { stream::freopen(claim, writing, mode, file, opens, reopen) },
        None => reopen(path, mode, file),
    }
}

family! { |symbol, real|
    #[symbol]
    unsafe fn fopen, _IO_fopen(path: *const c_char, mode: *const c_char) -> *mut FILE {
        let Some(writing) = StreamMode::writing(mode, 0) else {
            return real(path, mode);
        };
        let open = |flags, bits| real!(open)(path, flags, bits);
        opened(symbol, path, mode, writing, &Real { open: &open, fopen: &real })
    }

    #[symbol]
    unsafe fn fopen64(path: *const c_char, mode: *const c_char) -> *mut FILE {
        let Some(writing) = StreamMode::writing(mode, LARGE) else {
            return real(path, mode);
        };
        let open = |flags, bits| real!(open64)(path, flags, bits);
        opened(symbol, path, mode, writing, &Real { open: &open, fopen: &real })
    }

    #[symbol]
    unsafe fn freopen(path: *const c_char, mode: *const c_char, file: *mut FILE) -> *mut FILE {
        let open = |flags, bits| real!(open)(path, flags, bits);
        reopened(symbol, (path, mode, file), 0, &open, &real)
    }

    #[symbol]
    unsafe fn freopen64(path: *const c_char, mode: *const c_char, file: *mut FILE) -> *mut FILE {
        let open = |flags, bits| real!(open64)(path, flags, bits);
        reopened(symbol, (path, mode, file), LARGE, &open, &real)
    }
}

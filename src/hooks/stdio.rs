//! `fopen` and `freopen` (fopen(3)): in glibc they open inside themselves, out of
//! reach of a hook on `open`.

use libc::{AT_FDCWD, FILE, c_char, c_int};

use super::open::{LARGE, real_open, real_open64};
use crate::call::Call;
use crate::enforce::existing::written;
use crate::enforce::stream::{self, Real, StreamMode};
use crate::late::fileno;
use redhook::{hook, real};

/// The place that a stream of this mode would write to.
///
/// # Safety
/// `path` is the program's own argument.
pub unsafe fn call<'a>(
    name: &'static str,
    path: *const c_char,
    mode: StreamMode,
) -> Option<Call<'a>> {
    // SAFETY: the caller's promise.
    unsafe { Call::opening(name, AT_FDCWD, path, mode.flags) }
}

macro_rules! fopen_hook {
    ($name:ident, $open:ident, $large:expr => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, mode: *const c_char) -> *mut FILE => $hook {
                let Some(writing) = StreamMode::writing(mode, $large) else {
                    return real!($name)(path, mode);
                };
                let Some(claim) = stream::claim(call(stringify!($name), path, writing)) else {
                    return real!($name)(path, mode);
                };
                let real = Real {
                    open: &|flags: c_int, bits| $open(path, flags, bits),
                    fopen: &|path, mode| real!($name)(path, mode),
                };
                stream::fopen(claim, writing, mode, &real)
            }
        }
    };
}

fopen_hook!(fopen, real_open, 0 => hook_fopen);
fopen_hook!(fopen64, real_open64, LARGE => hook_fopen64);
fopen_hook!(_IO_fopen, real_open, 0 => hook__IO_fopen);

macro_rules! freopen_hook {
    ($name:ident, $open:ident, $large:expr => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, mode: *const c_char, file: *mut FILE) -> *mut FILE => $hook {
                let Some(writing) = StreamMode::writing(mode, $large) else {
                    return real!($name)(path, mode, file);
                };
                if path.is_null() {
                    // The same file in another mode, which may be one to write.
                    let call = Call::on(stringify!($name), real!(fileno)(file));
                    let mut reopened = core::ptr::null_mut();
                    written(call, &mut || {
                        reopened = real!($name)(path, mode, file);
                        !reopened.is_null()
                    });
                    return reopened;
                }
                let Some(claim) = stream::claim(call(stringify!($name), path, writing)) else {
                    return real!($name)(path, mode, file);
                };
                let opens = |flags: c_int, bits| $open(path, flags, bits);
                let reopen = |path, mode, file| real!($name)(path, mode, file);
                stream::freopen(claim, writing, mode, file, &opens, &reopen)
            }
        }
    };
}

freopen_hook!(freopen, real_open, 0 => hook_freopen);
freopen_hook!(freopen64, real_open64, LARGE => hook_freopen64);

//! `system`, `popen` and `wordexp` (system(3), popen(3), wordexp(3)): libc starts
//! a shell for them by itself, with the program's `environ`.

use core::ptr::null_mut;

use core::ffi::CStr;

use libc::{EPERM, FILE, c_char, c_int, c_void};

use crate::children::shell::{prepare, under_umask, with_umask};
use crate::environment::{current, replace};
use crate::errno;

/// `/bin/sh -c` could not be executed, as a status of `wait(2)`.
const NOT_STARTED: c_int = 127 << 8;

/// What `wordexp` answers where a command may not be run (`<wordexp.h>`).
const WRDE_CMDSUB: c_int = 4;

/// Puts back what `environ` lost; gives the bits to be set in the shell's umask.
/// `Err` if no shell is to be started.
///
/// # Safety
/// As for [`prepare`].
unsafe fn ready(name: &'static str) -> Result<Option<u32>, ()> {
    // SAFETY: `environ`, which the program leaves alone while a hook of its reads it.
    let prepared = unsafe { prepare(name, current()) }?;
    if let Some(array) = prepared.environ {
        replace(array);
    }
    Ok(prepared.mask)
}

family! { |symbol, real|
    #[symbol]
    unsafe fn system(command: *const c_char) -> c_int {
        // Without a command it only tells whether there is a shell.
        if command.is_null() {
            return real(command);
        }
        let Ok(mask) = ready(symbol) else {
            errno::set(EPERM);
            return NOT_STARTED;
        };
        with_umask(mask, command, real)
    }

    #[symbol]
    unsafe fn popen, _IO_popen(command: *const c_char, mode: *const c_char) -> *mut FILE {
        let Ok(mask) = ready(symbol) else {
            errno::set(EPERM);
            return null_mut();
        };
        with_umask(mask, command, |command| real(command, mode))
    }

    #[symbol]
    unsafe fn wordexp(words: *const c_char, result: *mut c_void, flags: c_int) -> c_int {
        // Only a command in the words starts a shell; it has one of these signs.
        let commands = !words.is_null() && {
            let words = CStr::from_ptr(words).to_bytes();
            words.contains(&b'`') || words.windows(2).any(|sign| sign == b"$(")
        };
        let mask = match commands.then(|| ready(symbol)) {
            Some(Err(())) => return WRDE_CMDSUB,
            Some(Ok(mask)) => mask,
            None => None,
        };
        under_umask(mask, &|| real(words, result, flags))
    }
}

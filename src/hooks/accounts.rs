//! The writers of login records (updwtmp(3), pututxline(3), login(3)): they open
//! an existing file inside libc, and never create one.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use libc::{AT_FDCWD, c_char, c_int};

use crate::call::Call;
use crate::enforce::existing::written;
use crate::place;
use crate::scratch::PATH_MAX;

/// `_PATH_UTMP` and `_PATH_WTMP` (paths.h).
const UTMP: *const c_char = c"/var/run/utmp".as_ptr();
const WTMP: *const c_char = c"/var/log/wtmp".as_ptr();

/// The file that `utmpname` named. The functions of this family are not
/// thread-safe (utmpname(3)), so neither need this be.
struct Chosen(UnsafeCell<[u8; PATH_MAX]>);

// SAFETY: see above; a race gives a wrong path, which is matched and no more.
unsafe impl Sync for Chosen {}

static CHOSEN: Chosen = Chosen(UnsafeCell::new([0; PATH_MAX]));
static IS_CHOSEN: AtomicBool = AtomicBool::new(false);

fn utmp() -> *const c_char {
    if IS_CHOSEN.load(Ordering::Acquire) {
        CHOSEN.0.get().cast()
    } else {
        UTMP
    }
}

/// # Safety
/// As for [`place::read_path`].
unsafe fn choose(path: *const c_char) {
    // Of a path that is too long for the kernel nothing is left: no file is written.
    // SAFETY: the path as the program gave it, which libc reads as well.
    let path = unsafe { place::read_path(path) }.unwrap_or_default();
    // SAFETY: the family is not thread-safe; nobody holds a reference.
    let chosen = unsafe { &mut *CHOSEN.0.get() };
    for (slot, &byte) in chosen.iter_mut().zip(path.iter().chain(b"\0")) {
        *slot = byte;
    }
    IS_CHOSEN.store(true, Ordering::Release);
}

family! { |symbol, real|
    #[symbol]
    unsafe fn updwtmp, updwtmpx(path: *const c_char, entry: *const c_void) -> () {
        let call = Call::at(symbol, AT_FDCWD, path, true);
        written(call, &mut || {
            real(path, entry);
            true
        });
    }

    #[symbol]
    unsafe fn utmpname, utmpxname(path: *const c_char) -> c_int {
        choose(path);
        real(path)
    }

    #[symbol]
    unsafe fn pututline, pututxline(entry: *const c_void) -> *mut c_void {
        let call = Call::at(symbol, AT_FDCWD, utmp(), true);
        let mut result = core::ptr::null_mut();
        written(call, &mut || {
            result = real(entry);
            !result.is_null()
        });
        result
    }

    #[symbol]
    unsafe fn login(entry: *const c_void) -> () {
        let utmp = Call::at(symbol, AT_FDCWD, utmp(), true);
        let wtmp = Call::at(symbol, AT_FDCWD, WTMP, true);
        written(utmp, &mut || {
            written(wtmp, &mut || {
                real(entry);
                true
            });
            true
        });
    }

    #[symbol]
    unsafe fn logout(line: *const c_char) -> c_int {
        let call = Call::at(symbol, AT_FDCWD, utmp(), true);
        let mut result = 0;
        written(call, &mut || {
            result = real(line);
            result == 1
        });
        result
    }

    #[symbol]
    unsafe fn logwtmp(line: *const c_char, name: *const c_char, host: *const c_char) -> () {
        let call = Call::at(symbol, AT_FDCWD, WTMP, true);
        written(call, &mut || {
            real(line, name, host);
            true
        });
    }
}

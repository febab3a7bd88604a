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
use redhook::{hook, real};

/// `_PATH_UTMP` and `_PATH_WTMP` (paths.h).
const UTMP: *const c_char = c"/var/run/utmp".as_ptr();
const WTMP: *const c_char = c"/var/log/wtmp".as_ptr();

macro_rules! updwtmp_hook {
    ($name:ident => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char, entry: *const c_void) -> () => $hook {
                let call = Call::at(stringify!($name), AT_FDCWD, path, true);
                written(call, &mut || {
                    real!($name)(path, entry);
                    true
                });
            }
        }
    };
}

updwtmp_hook!(updwtmp => hook_updwtmp);
updwtmp_hook!(updwtmpx => hook_updwtmpx);

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
/// `path` is the program's own argument.
unsafe fn choose(path: *const c_char) {
    // Of a path that is too long for the kernel nothing is left: no file is written.
    // SAFETY: the caller's promise.
    let path = unsafe { place::read_path(path) }.unwrap_or_default();
    // SAFETY: the family is not thread-safe; nobody holds a reference.
    let chosen = unsafe { &mut *CHOSEN.0.get() };
    for (slot, &byte) in chosen.iter_mut().zip(path.iter().chain(b"\0")) {
        *slot = byte;
    }
    IS_CHOSEN.store(true, Ordering::Release);
}

macro_rules! utmpname_hook {
    ($name:ident => $hook:ident) => {
        hook! {
            unsafe fn $name(path: *const c_char) -> c_int => $hook {
                choose(path);
                real!($name)(path)
            }
        }
    };
}

utmpname_hook!(utmpname => hook_utmpname);
utmpname_hook!(utmpxname => hook_utmpxname);

macro_rules! pututline_hook {
    ($name:ident => $hook:ident) => {
        hook! {
            unsafe fn $name(entry: *const c_void) -> *mut c_void => $hook {
                let call = Call::at(stringify!($name), AT_FDCWD, utmp(), true);
                let mut result = core::ptr::null_mut();
                written(call, &mut || {
                    result = real!($name)(entry);
                    !result.is_null()
                });
                result
            }
        }
    };
}

pututline_hook!(pututline => hook_pututline);
pututline_hook!(pututxline => hook_pututxline);

hook! {
    unsafe fn login(entry: *const c_void) -> () => hook_login {
        let utmp = Call::at("login", AT_FDCWD, utmp(), true);
        let wtmp = Call::at("login", AT_FDCWD, WTMP, true);
        written(utmp, &mut || {
            written(wtmp, &mut || {
                real!(login)(entry);
                true
            });
            true
        });
    }
}

hook! {
    unsafe fn logout(line: *const c_char) -> c_int => hook_logout {
        let call = Call::at("logout", AT_FDCWD, utmp(), true);
        let mut result = 0;
        written(call, &mut || {
            result = real!(logout)(line);
            result == 1
        });
        result
    }
}

hook! {
    unsafe fn logwtmp(line: *const c_char, name: *const c_char, host: *const c_char) -> () => hook_logwtmp {
        let call = Call::at("logwtmp", AT_FDCWD, WTMP, true);
        written(call, &mut || {
            real!(logwtmp)(line, name, host);
            true
        });
    }
}

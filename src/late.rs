//! Functions of libc that hooks call. Each is looked for behind this library when it is
//! first called: that takes no lock and no memory ([`crate::lookup`]), and never finds one
//! of the program's own that has the same name.

use core::ffi::{c_char, c_int, c_long, c_short};

use libc::{FILE, clockid_t, posix_spawnattr_t, sigset_t, timespec};
use redhook::symbol;

symbol!(pub unsafe fn fdopen(fd: c_int, mode: *const c_char) -> *mut FILE);
symbol!(pub unsafe fn fileno(file: *mut FILE) -> c_int);
symbol!(pub unsafe fn fseek(file: *mut FILE, offset: c_long, whence: c_int) -> c_int);
symbol!(pub unsafe fn __fsetlocking(file: *mut FILE, kind: c_int) -> c_int);
symbol!(pub unsafe fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int);
symbol!(pub unsafe fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int);
symbol!(pub unsafe fn posix_spawnattr_init(attributes: *mut posix_spawnattr_t) -> c_int);
symbol!(pub unsafe fn posix_spawnattr_getflags(attributes: *const posix_spawnattr_t, flags: *mut c_short) -> c_int);
symbol!(pub unsafe fn posix_spawnattr_setflags(attributes: *mut posix_spawnattr_t, flags: c_short) -> c_int);
symbol!(pub unsafe fn posix_spawnattr_setsigmask(attributes: *mut posix_spawnattr_t, signals: *const sigset_t) -> c_int);

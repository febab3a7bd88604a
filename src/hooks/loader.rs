//! `dlsym`, `dlvsym` and `dlopen`: ways to libc's own symbols past the hooks.
//!
//! What these three do depends on who calls (`RTLD_NEXT`, `RUNPATH`, `$ORIGIN`, the
//! namespace), so a call goes on by a jump, with the caller as it is. Only two kinds are
//! made from here, in which the caller means nothing: a look-up by a handle, and an
//! opening by a path.

use core::ffi::{CStr, c_char, c_int, c_void};

use libc::{RTLD_DEEPBIND, RTLD_DEFAULT, RTLD_NEXT};

use crate::jump::{Turn, turnstile};
use crate::lookup::{self, Caller, loaded};
use crate::{slots, state};
use redhook::{Slot, name};

turnstile!(dlsym => by_name);
turnstile!(dlvsym => by_version);
turnstile!(dlopen => opening);

type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> usize;
type Dlvsym = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> usize;
type Dlopen = unsafe extern "C" fn(*const c_char, c_int) -> usize;

/// The real symbol. Before glibc 2.34 it is `libdl`'s, which may have been opened later.
fn real(slot: &Slot, text: &'static CStr, hash: u32) -> usize {
    let found = slot.address(text, hash);
    found.or_else(|| loaded::find(text, hash)).unwrap_or(0)
}

macro_rules! real {
    ($name:literal) => {{
        static REAL: Slot = Slot::new();
        const NAME: &CStr = name(concat!($name, "\0"));
        real(&REAL, NAME, const { lookup::hash(NAME) })
    }};
}

unsafe extern "C" fn by_name(
    handle: *mut c_void,
    symbol: *const c_char,
    _: usize,
    caller: usize,
) -> Turn {
    let real = real!("dlsym");
    // SAFETY: what libc (or another preload) has under the name, with the caller's own
    // arguments.
    let ask = || unsafe { core::mem::transmute::<usize, Dlsym>(real)(handle, symbol) };
    // SAFETY: the caller's argument, a string (dlsym(3)).
    unsafe { answer(handle, symbol, false, caller, real, &ask) }
}

unsafe extern "C" fn by_version(
    handle: *mut c_void,
    symbol: *const c_char,
    version: *const c_char,
    caller: usize,
) -> Turn {
    let real = real!("dlvsym");
    // SAFETY: as above.
    let ask = || unsafe { core::mem::transmute::<usize, Dlvsym>(real)(handle, symbol, version) };
    // SAFETY: as above.
    unsafe { answer(handle, symbol, true, caller, real, &ask) }
}

/// # Safety
/// `symbol` is a string.
unsafe fn answer(
    handle: *mut c_void,
    symbol: *const c_char,
    versioned: bool,
    caller: usize,
    real: usize,
    ask: &dyn Fn() -> usize,
) -> Turn {
    let on = Turn::on(real);
    if handle == RTLD_NEXT && !versioned && lookup::is_own(caller) {
        // SAFETY: this library's own code looked it up, by a literal.
        let symbol = unsafe { CStr::from_ptr(symbol) };
        return Turn::back(lookup::next(symbol, lookup::hash(symbol)).unwrap_or(0));
    }
    if real == 0 || state::active().is_none() {
        return on;
    }
    slots::point_overdue();
    // SAFETY: a string that the real dlsym, which is called with it or was passed over, reads
    // to its end as well.
    let symbol = unsafe { CStr::from_ptr(symbol) };
    let hash = lookup::hash(symbol);
    let Some(hook) = lookup::own(symbol, hash) else {
        return on;
    };
    let from = lookup::caller(caller);
    let asks = match from {
        Caller::Itself => false,
        // The hook is next to them, but has no version: with one it would be passed over
        // (`check_match` in `elf/dl-lookup.c`).
        Caller::Program | Caller::Before if handle == RTLD_NEXT => versioned,
        // Other preloads get what they would get without this one.
        Caller::Before | Caller::Interposer => false,
        Caller::Program | Caller::Behind | Caller::Later => handle != RTLD_NEXT,
    };
    if !asks {
        return on;
    }
    // If it fails, libc has noted why.
    let found = ask();
    let hooked = found != 0 && slots::stands_before(found, symbol, hash);
    if handle != RTLD_DEFAULT && handle != RTLD_NEXT {
        return Turn::back(if hooked { hook } else { found });
    }
    // An object that was opened with RTLD_DEEPBIND finds first what it has itself, or
    // needs: not the program's, as this library does.
    let defines = |object: &loaded::Object| object.is(|library| library.has(symbol, hash));
    let other = from == Caller::Later && loaded::any(defines);
    if (hooked || found == hook) && !other {
        return Turn::back(hook);
    }
    on
}

unsafe extern "C" fn opening(path: *const c_char, flags: c_int, _: usize, _: usize) -> Turn {
    let real = real!("dlopen");
    if real == 0 || flags & RTLD_DEEPBIND == 0 || state::active().is_none() {
        return Turn::on(real);
    }
    let before = slots::Mark::now();
    // SAFETY: the caller's argument: null, or a string (dlopen(3)).
    let path_bytes = (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) }.to_bytes());
    let plain = path_bytes.is_some_and(|path| path.contains(&b'/') && !path.contains(&b'$'));
    if !plain {
        // The caller decides what is found (`RUNPATH`, `$ORIGIN`).
        slots::point_later(before);
        return Turn::on(real);
    }
    // SAFETY: what libc (or another preload) has under the name, with the caller's own
    // arguments.
    let handle = unsafe { core::mem::transmute::<usize, Dlopen>(real)(path, flags) };
    if handle != 0 {
        slots::point(before);
    }
    Turn::back(handle)
}

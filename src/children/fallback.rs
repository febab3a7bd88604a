//! What protects a child of posix_spawn(3) that a preload cannot enter: an umask of its
//! own ([`helper`]).

use core::mem::MaybeUninit;

use libc::{POSIX_SPAWN_SETSIGMASK, c_int, c_short, posix_spawnattr_t, sigset_t};

use crate::late::{
    posix_spawnattr_getflags, posix_spawnattr_init, posix_spawnattr_setflags,
    posix_spawnattr_setsigmask,
};
use crate::sys::helper;
use redhook::real;

/// Calls `posix_spawn` so that the child, and nobody else, has a narrowed umask. The
/// child gets the caller's signal mask through its attributes.
///
/// # Safety
/// `attributes` is null or a valid attribute object.
pub unsafe fn spawn(
    mask: u32,
    attributes: *const posix_spawnattr_t,
    real: &dyn Fn(*const posix_spawnattr_t) -> c_int,
) -> c_int {
    let mut copy = MaybeUninit::<posix_spawnattr_t>::uninit();
    let mut flags: c_short = 0;
    // SAFETY: the caller's promise. An attribute object is plain data (POSIX
    // only forbids to use a copy that was not made by a function; glibc and musl
    // keep all of it inside).
    unsafe {
        if attributes.is_null() {
            real!(posix_spawnattr_init)(copy.as_mut_ptr());
        } else {
            copy.as_mut_ptr().copy_from(attributes, 1);
        }
        real!(posix_spawnattr_getflags)(copy.as_ptr(), &mut flags);
    }
    let inherits = c_int::from(flags) & POSIX_SPAWN_SETSIGMASK == 0;
    let mut spawn = |before| {
        if inherits {
            // SAFETY: the copy was initialised above.
            unsafe { set_signals(copy.as_mut_ptr(), flags, before) };
        }
        real(copy.as_ptr())
    };
    match helper::aside(mask, &mut spawn) {
        // The helper may have had the last task that the user may have.
        libc::EAGAIN => helper::here(mask, &mut spawn),
        result => result,
    }
}

/// Gives the child these signals blocked.
///
/// # Safety
/// `attributes` is an attribute object with these flags.
unsafe fn set_signals(attributes: *mut posix_spawnattr_t, flags: c_short, blocked: u64) {
    // SAFETY: all-zero is a valid signal set, and longer than the kernel's.
    let mut signals: sigset_t = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel's set is the beginning of libc's.
    unsafe {
        core::ptr::addr_of_mut!(signals)
            .cast::<u64>()
            .write_unaligned(blocked)
    };
    // SAFETY: the caller's promise.
    unsafe {
        real!(posix_spawnattr_setsigmask)(attributes, &signals);
        let flags = c_int::from(flags) | POSIX_SPAWN_SETSIGMASK;
        real!(posix_spawnattr_setflags)(attributes, flags as c_short);
    }
}

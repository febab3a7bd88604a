//! `rename`, `link` and their twins (rename(2), link(2)). The link itself is
//! meant, not what it points to, but for `AT_SYMLINK_FOLLOW`.

use libc::{c_char, c_int, c_uint, AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW};
use redhook::real;

use crate::call::Call;
use crate::enforce::moves;
use crate::real::Optional;
use crate::{errno, sys};

// A symbol since glibc 2.28; a program that needs it does not start before.
static RENAMEAT2: Optional = Optional::new(c"renameat2");

redhook::hook! {
    unsafe fn rename(old: *const c_char, new: *const c_char) -> c_int => hook_rename {
        let from = Call::at("rename", AT_FDCWD, old, false);
        let to = Call::at("rename", AT_FDCWD, new, false);
        moves::rename(from, to, 0, &|| real!(rename)(old, new))
    }
}

redhook::hook! {
    unsafe fn renameat(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char) -> c_int => hook_renameat {
        let from = Call::at("renameat", olddirfd, old, false);
        let to = Call::at("renameat", newdirfd, new, false);
        moves::rename(from, to, 0, &|| real!(renameat)(olddirfd, old, newdirfd, new))
    }
}

redhook::hook! {
    unsafe fn renameat2(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_uint) -> c_int => hook_renameat2 {
        let from = Call::at("renameat2", olddirfd, old, false);
        let to = Call::at("renameat2", newdirfd, new, false);
        moves::rename(from, to, flags, &|| {
            if RENAMEAT2.is_there() {
                real!(renameat2)(olddirfd, old, newdirfd, new, flags)
            } else {
                errno::result(sys::rename(olddirfd, old, newdirfd, new, flags))
            }
        })
    }
}

redhook::hook! {
    unsafe fn link(old: *const c_char, new: *const c_char) -> c_int => hook_link {
        let from = Call::at("link", AT_FDCWD, old, false);
        let to = Call::at("link", AT_FDCWD, new, false);
        moves::link(from, to, &|| real!(link)(old, new))
    }
}

redhook::hook! {
    unsafe fn linkat(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_int) -> c_int => hook_linkat {
        let follow = flags & AT_SYMLINK_FOLLOW != 0;
        let from = Call::at_or_on("linkat", olddirfd, old, follow, flags & AT_EMPTY_PATH != 0);
        let to = Call::at("linkat", newdirfd, new, false);
        moves::link(from, to, &|| real!(linkat)(olddirfd, old, newdirfd, new, flags))
    }
}

/// Resolves what every libc has, and the newer symbol where it is.
pub fn resolve() {
    let _ = real!(rename);
    let _ = real!(renameat);
    let _ = real!(link);
    let _ = real!(linkat);
    if RENAMEAT2.look() {
        let _ = real!(renameat2);
    }
}

//! `rename`, `link` and their twins (rename(2), link(2)). The link itself is
//! meant, not what it points to, but for `AT_SYMLINK_FOLLOW`.

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, c_char, c_int, c_uint};

use crate::call::Call;
use crate::enforce::{links, moves};
use crate::{errno, sys};
use redhook::{Symbol, hook, real};

hook! {
    unsafe fn rename(old: *const c_char, new: *const c_char) -> c_int => hook_rename {
        let from = Call::at("rename", AT_FDCWD, old, false);
        let to = Call::at("rename", AT_FDCWD, new, false);
        moves::rename(from, to, 0, &|| real!(rename)(old, new))
    }
}

hook! {
    unsafe fn renameat(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char) -> c_int => hook_renameat {
        let from = Call::at("renameat", olddirfd, old, false);
        let to = Call::at("renameat", newdirfd, new, false);
        moves::rename(from, to, 0, &|| real!(renameat)(olddirfd, old, newdirfd, new))
    }
}

hook! {
    unsafe fn renameat2(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_uint) -> c_int => hook_renameat2 {
        let from = Call::at("renameat2", olddirfd, old, false);
        let to = Call::at("renameat2", newdirfd, new, false);
        moves::rename(from, to, flags, &|| {
            // A symbol since glibc 2.28.
            if renameat2::is_there() {
                real!(renameat2)(olddirfd, old, newdirfd, new, flags)
            } else {
                errno::result(sys::rename(olddirfd, old, newdirfd, new, flags))
            }
        })
    }
}

hook! {
    unsafe fn link(old: *const c_char, new: *const c_char) -> c_int => hook_link {
        let from = Call::at("link", AT_FDCWD, old, false);
        let to = Call::at("link", AT_FDCWD, new, false);
        links::link(from, to, &|| real!(link)(old, new))
    }
}

hook! {
    unsafe fn linkat(olddirfd: c_int, old: *const c_char, newdirfd: c_int, new: *const c_char, flags: c_int) -> c_int => hook_linkat {
        if flags & !(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) != 0 {
            return real!(linkat)(olddirfd, old, newdirfd, new, flags);
        }
        let follow = flags & AT_SYMLINK_FOLLOW != 0;
        let from = Call::at_or_on("linkat", olddirfd, old, follow, flags & AT_EMPTY_PATH != 0);
        let to = Call::at("linkat", newdirfd, new, false);
        links::link(from, to, &|| real!(linkat)(olddirfd, old, newdirfd, new, flags))
    }
}

//! `bind`: the one call that makes an inode without a mode argument.
//!
//! The inode gets the mode of the socket's own inode, less the umask
//! (`net/unix/af_unix.c`, `unix_bind_bsd`). So the socket is narrowed, bound, and
//! given its mode back; no other thread is touched, as it would be by `umask`. A socket
//! that another user made cannot be narrowed: it is bound by a helper task that has an
//! umask of its own ([`crate::sys::helper`]).

use libc::{S_IFSOCK, c_int};

use super::decide::given_sensitive;
use crate::call::{Given, Subject};
use crate::sys::{self, helper};

/// Binds by `real`, which gives 0 or -1.
pub fn bind(given: Given, socket: c_int, real: &mut dyn FnMut() -> c_int) -> c_int {
    let Some(sensitive) = given_sensitive(&given, Subject::Other) else {
        return real();
    };
    let Some(inode) = sys::stat_of(socket).ok().filter(|inode| inode.is(S_IFSOCK)) else {
        return real();
    };
    let before = inode.permissions();
    let narrow = sensitive.allowed(before);
    let narrowed = match narrow == before {
        true => Ok(()),
        false => sys::chmod_fd(socket, narrow),
    };
    let result = match narrowed {
        // A socket that another user made. Its inode is that user's; the new one gets
        // the umask, of a helper that is all this has it.
        Err(_) => helper::aside(sensitive.mask.bits(), &mut |_| real()),
        Ok(()) => real(),
    };
    if narrowed.is_ok() && narrow != before {
        let _ = sys::chmod_fd(socket, before);
    }
    if result == 0 {
        let made = || sensitive.call.inode();
        match narrowed {
            Ok(()) => sensitive.created(before, 0, made),
            Err(error) => match made() {
                Ok(inode) if sensitive.wide(inode.permissions()) => {
                    sensitive.record_failed(inode.permissions(), error);
                }
                _ => sensitive.record_clamped(before, sensitive.clamp(before)),
            },
        }
    }
    result
}

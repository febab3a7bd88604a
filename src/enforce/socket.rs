//! `bind`: the one call that makes an inode without a mode argument.
//!
//! The inode gets the mode of the socket's own inode, less the umask
//! (`net/unix/af_unix.c`, `unix_bind_bsd`). So the socket is narrowed, bound, and
//! given its mode back; no other thread is touched, as it would be by `umask`. A socket
//! that another user made cannot be narrowed: it is bound by a helper task that has an
//! umask of its own ([`crate::children::fallback`]).

use libc::{S_IFSOCK, c_int};

use super::judged;
use crate::call::{Call, Subject};
use crate::children::fallback;
use crate::{records, sys};

/// Binds by `real`, which gives 0 or -1.
pub fn bind(call: Option<Call>, socket: c_int, real: &mut dyn FnMut() -> c_int) -> c_int {
    let Some((sensitive, call)) = call.and_then(|call| judged(call, Subject::Other)) else {
        return real();
    };
    let Some(inode) = sys::stat_of(socket).ok().filter(|inode| inode.is(S_IFSOCK)) else {
        return real();
    };
    let before = inode.permissions();
    let narrow = sensitive.clamp(before);
    let narrowed = if sensitive.audit() || narrow == before {
        Ok(())
    } else {
        sys::chmod_fd(socket, narrow)
    };
    let result = match narrowed {
        // A socket that another user made. Its inode is that user's; the new one gets
        // the umask, of a helper that is all this has it.
        Err(_) => fallback::aside(sensitive.state.settings.mask.bits(), &mut |_| real()),
        Ok(()) => real(),
    };
    if narrowed.is_ok() && !sensitive.audit() && narrow != before {
        let _ = sys::chmod_fd(socket, before);
    }
    if result == 0 {
        match narrowed {
            Ok(()) if !records::is_kept(&sensitive, &call, || call.inode()) => {}
            Ok(()) if narrow != before => records::clamped(&sensitive, &call, before, narrow),
            Ok(()) => {}
            Err(error) => match call.inode() {
                Ok(inode) if sensitive.wide(inode.permissions()) => {
                    records::failed(&sensitive, &call, inode.permissions(), error);
                }
                _ => records::clamped(&sensitive, &call, before, narrow),
            },
        }
    }
    result
}

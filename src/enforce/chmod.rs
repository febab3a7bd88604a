//! Calls that widen a mode afterwards: the `chmod` family and POSIX ACLs.

use core::ffi::c_void;

use libc::{S_IFDIR, c_char, c_int, mode_t};
use umaskclamp_policy::acl;
use umaskclamp_policy::settings::ChmodPolicy;

use super::decide::given_sensitive;
use super::outlook::links_narrow;
use crate::call::{Given, Sensitive, Subject};
use crate::scratch::{Scratch, XATTR_MAX};
use crate::{errno, place, state};

/// Could a `chmod` to this mode put a bit outside the mask? If not, a hook goes
/// straight to the real symbol.
pub fn widens(mode: mode_t) -> bool {
    state::active()
        .is_some_and(|state| state.settings.chmod == ChmodPolicy::Clamp && state.widest.wide(mode))
}

/// Makes the real call with the mode that the place allows.
pub fn chmod(given: Given, mode: mode_t, real: &dyn Fn(mode_t) -> c_int) -> c_int {
    let Some(sensitive) = given_sensitive(&given, Subject::Existing) else {
        return real(mode);
    };
    sensitive.with_mode(mode, kept(&sensitive), real)
}

/// The bits that the inode has and may keep: those of a file that is linked here from
/// elsewhere, by a name that nobody else can reach.
fn kept(sensitive: &Sensitive) -> mode_t {
    let linked = sensitive.call.inode().ok();
    let linked = linked.filter(|inode| inode.links > 1 && !inode.is(S_IFDIR));
    let kept = linked.filter(|_| !links_narrow(sensitive));
    kept.map_or(0, |inode| inode.permissions())
}

/// Is this the name of an attribute that is an ACL (acl(5))?
///
/// # Safety
/// As for [`place::read_path`].
pub unsafe fn names_acl(name: *const c_char) -> bool {
    if state::active().is_none_or(|state| state.settings.chmod == ChmodPolicy::Allow) {
        return false;
    }
    // SAFETY: the caller's promise.
    let name = unsafe { place::read_path(name) };
    matches!(
        name,
        Some(b"system.posix_acl_access" | b"system.posix_acl_default")
    )
}

/// Passes an ACL on with the rights that the place allows. `value` is the
/// program's own; `real` takes the one to be set.
///
/// # Safety
/// As for the call itself: nobody writes to `size` bytes at `value` meanwhile.
pub unsafe fn acl(
    given: Given,
    value: *const c_void,
    size: usize,
    real: &dyn Fn(*const c_void) -> c_int,
) -> c_int {
    let Some(sensitive) = given_sensitive(&given, Subject::Existing) else {
        return real(value);
    };
    if size > XATTR_MAX {
        // The kernel says E2BIG.
        return real(value);
    }
    // SAFETY: the caller's promise.
    let Some(given) = (unsafe { place::read_bytes(value.cast(), size) }) else {
        return real(value);
    };
    let Some(mut scratch) = Scratch::claim() else {
        sensitive.record_failed(0, libc::ENOMEM);
        errno::set(libc::ENOMEM);
        return -1;
    };
    let Some(copy) = scratch.buffers().text.get_mut(..given.len()) else {
        return real(value);
    };
    copy.copy_from_slice(given);
    let wide = acl::loosest(copy).unwrap_or(0);
    let reduced = acl::reduce(copy, sensitive.mask) == Ok(true);
    let allowed = acl::loosest(copy).unwrap_or(0);
    let result = if reduced && !sensitive.audit() {
        real(copy.as_ptr().cast())
    } else {
        real(value)
    };
    drop(scratch);
    if result == 0 && reduced {
        sensitive.record_clamped(wide, allowed);
    }
    result
}

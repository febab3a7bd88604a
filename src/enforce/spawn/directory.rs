//! Where a child of `posix_spawn` finds a relative path: below the directory to which
//! its file actions lead (posix_spawn_file_actions_addchdir_np(3)).

use core::ffi::c_void;

use libc::{c_int, AT_FDCWD};

use super::{Action, From, List, CHDIR, DUP, FCHDIR, OPEN};

/// The actions of a list.
///
/// # Safety
/// `given` is null or a list that `posix_spawn` would take.
unsafe fn actions<'a>(given: *const c_void) -> &'a [Action] {
    // SAFETY: the caller's promise.
    let list = unsafe { given.cast::<List>().as_ref() };
    let Some(list) = list.filter(|list| !list.actions.is_null()) else {
        return &[];
    };
    let used = usize::try_from(list.used).unwrap_or(0);
    // SAFETY: libc filled so many.
    unsafe { core::slice::from_raw_parts(list.actions, used) }
}

/// Does an action change the directory?
///
/// # Safety
/// As for [`of`].
pub unsafe fn changes(given: *const c_void) -> bool {
    // SAFETY: the caller's promise.
    let actions = unsafe { actions(given) };
    actions
        .iter()
        .any(|action| action.tag == CHDIR || action.tag == FCHDIR)
}

/// Writes `path` to `room` as it is to be looked for from the descriptor that this
/// gives. `None` if that cannot be told: the directory is one that an action opens
/// in the child, or the path gets too long.
///
/// # Safety
/// `given` is null or a list that `posix_spawn` would take.
pub unsafe fn of(given: *const c_void, path: &[u8], room: &mut [u8]) -> Option<c_int> {
    // SAFETY: the caller's promise.
    let actions = unsafe { actions(given) };
    let mut from = From {
        dirfd: AT_FDCWD,
        path: room,
        length: 0,
        lost: false,
    };
    for (index, action) in actions.iter().enumerate() {
        let before = actions.get(..index).unwrap_or_default();
        // SAFETY: the tag says which member libc filled.
        let is_made = |earlier: &Action| unsafe { makes(earlier, action.of.fchdir) };
        if action.tag == FCHDIR && before.iter().any(is_made) {
            return None;
        }
        if action.tag == CHDIR || action.tag == FCHDIR {
            let mut action = *action;
            // SAFETY: as above.
            unsafe { from.act(&mut action) };
        }
    }
    if from.lost {
        return None;
    }
    from.joined(path)?;
    Some(from.dirfd)
}

/// Does the descriptor refer to something else after this action?
///
/// # Safety
/// libc filled the action.
unsafe fn makes(action: &Action, fd: c_int) -> bool {
    match action.tag {
        OPEN => {
            // SAFETY: the tag says that libc filled this member.
            let open = unsafe { action.of.open };
            open.fd == fd
        }
        DUP => {
            // SAFETY: as above.
            let [_, to] = unsafe { action.of.dup };
            to == fd
        }
        _ => false,
    }
}

//! File actions of `posix_spawn` (posix_spawn_file_actions_addopen(3)): the child
//! opens them inside libc, so the modes are clamped in a copy of the list before
//! the child starts.
//!
//! At the spawn and not when an action is added: a relative path is meant from
//! where the child is then, after the `chdir` actions before it and after any
//! `chdir` of the parent's in between.

pub mod directory;
mod own;

use core::ffi::c_void;

use directory::{DEPTH_MAX, From};
use libc::{AT_FDCWD, c_char, c_int, mode_t};

use umaskclamp_policy::settings::Mode;

use super::decide::given_sensitive;
use super::held::{Held, Narrowed};
use super::opening::{has_mode, opens_for_writing, subject};
use crate::call::{Call, Subject, follows};
use crate::place;
use crate::scratch::Scratch;
use crate::sys;

/// `posix_spawn_file_actions_t` (spawn.h).
#[repr(C)]
struct List {
    allocated: c_int,
    used: c_int,
    actions: *mut Action,
    pad: [c_int; 16],
}

/// `struct __spawn_action` (glibc, posix/spawn_int.h): the same since glibc 2.1
/// but for new tags.
#[derive(Clone, Copy)]
#[repr(C)]
struct Action {
    tag: c_int,
    of: Arguments,
}

/// The largest member of the union; the others are prefixes of it or a lone path.
#[derive(Clone, Copy)]
#[repr(C)]
union Arguments {
    open: OpenArguments,
    dup: [c_int; 2],
    chdir: *const c_char,
    fchdir: c_int,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct OpenArguments {
    fd: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
}

const DUP: c_int = 1;
const OPEN: c_int = 2;
const CHDIR: c_int = 3;
const FCHDIR: c_int = 4;
/// Files that were narrowed for one spawn and get their mode back if it fails.
const UNDO_MAX: usize = 8;

/// Spawns by `real`, which takes the list and gives 0 or an error number.
///
/// # Safety
/// `given` is null or a list that `posix_spawn` would take.
pub unsafe fn with_clamped_actions(
    given: *const c_void,
    real: &mut dyn FnMut(*const c_void) -> c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let Some(list) = (unsafe { given.cast::<List>().as_ref() }) else {
        return real(given);
    };
    let used = usize::try_from(list.used).unwrap_or(0);
    if used == 0 || list.actions.is_null() || crate::state::active().is_none() {
        return real(given);
    }
    // SAFETY: libc filled so many actions.
    let actions = unsafe { core::slice::from_raw_parts(list.actions, used) };
    if !actions.iter().any(creates_or_writes) {
        return real(given);
    }
    let size = size_of_val(actions);
    let Some(mut scratch) = Scratch::claim() else {
        return libc::ENOMEM;
    };
    let Some(block) = sys::map(size) else {
        return libc::ENOMEM;
    };
    let buffers = scratch.buffers();
    // SAFETY: the block is of this size, aligned to a page, and nobody else's.
    let copy = unsafe {
        let copy = block.cast::<Action>();
        copy.copy_from_nonoverlapping(actions.as_ptr(), used);
        core::slice::from_raw_parts_mut(copy, used)
    };
    let mut from = From::new(&mut buffers.named);
    let mut undo: [Option<(*const Action, Narrowed)>; UNDO_MAX] = [const { None }; UNDO_MAX];
    let mut narrowed = 0;
    for index in 0..used {
        let (before, rest) = copy.split_at_mut(index);
        let Some(action) = rest.first_mut() else {
            break;
        };
        // SAFETY: libc filled the actions.
        let changed = unsafe { from.act(before, action) };
        if let (Some(changed), Some(slot)) = (changed, undo.get_mut(narrowed)) {
            *slot = Some((action as *const Action, changed));
            narrowed += 1;
        }
    }
    // Not to be held while the child opens a fifo.
    drop(scratch);
    let list = List {
        allocated: list.used,
        used: list.used,
        actions: copy.as_mut_ptr(),
        pad: list.pad,
    };
    let result = real((&raw const list).cast());
    if result != 0 {
        for (action, narrowed) in undo.into_iter().flatten() {
            // SAFETY: the action lies in the copy; its path was read before.
            unsafe { give_back(action, &narrowed) };
        }
    }
    // SAFETY: made above, and its last reference ends here.
    unsafe { sys::unmap(block, size) };
    result
}

fn creates_or_writes(action: &Action) -> bool {
    // SAFETY: the tag says which member libc filled.
    action.tag == OPEN && opens_for_writing(unsafe { action.of.open }.flags)
}

/// An absolute path can be given its mode back; one relative to where the child
/// would have been stays narrow, which is the safe side.
///
/// # Safety
/// `action` is an `OPEN` whose path is a terminated string.
unsafe fn give_back(action: *const Action, narrowed: &Narrowed) {
    // SAFETY: the caller's promise.
    let open = unsafe { (*action).of.open };
    // SAFETY: the caller's promise.
    if let Ok(call) = unsafe { Call::at("posix_spawn", AT_FDCWD, open.path, true) }
        && call.place.given().first() == Some(&b'/')
    {
        let _ = Held::of(&call).and_then(|held| held.restore(narrowed));
    }
}

impl From<'_> {
    /// Follows one action, which comes after `before`; clamps it if it opens at a
    /// sensitive place. Gives what an existing file was, if that was narrowed.
    ///
    /// # Safety
    /// The actions were filled by libc.
    unsafe fn act(&mut self, before: &[Action], action: &mut Action) -> Option<Narrowed> {
        if action.tag != OPEN {
            // SAFETY: the caller's promise.
            unsafe { self.step(before, action) };
            return None;
        }
        // SAFETY: the tag says that libc filled this member.
        let open = unsafe { &mut action.of.open };
        if !opens_for_writing(open.flags) {
            return None;
        }
        // SAFETY: libc copied the path.
        let path = unsafe { place::read_path(open.path) }?;
        // SAFETY: the caller's promise.
        if !unsafe { self.enter_own(before, path, DEPTH_MAX) } {
            // SAFETY: as above.
            return unsafe { self.open(open, path) };
        }
        // SAFETY: as above.
        let narrowed = unsafe { self.open(open, b"") };
        // SAFETY: as above.
        unsafe { self.replay(before, DEPTH_MAX) };
        narrowed
    }

    /// An action that opens `path` from where the child is.
    ///
    /// # Safety
    /// `open` was filled by libc.
    unsafe fn open(&mut self, open: &mut OpenArguments, path: &[u8]) -> Option<Narrowed> {
        let lost = self.lost && path.first() != Some(&b'/');
        if lost || self.joined(path).is_none() {
            // Where it is cannot be told: nothing wide is made there.
            let state = crate::state::active()?;
            if has_mode(open.flags) && state.settings.mode == Mode::Enforce {
                open.mode = state.widest.clamp(open.mode);
            }
            return None;
        }
        let start = self.start();
        let follow = follows(open.flags);
        // SAFETY: the path was terminated just now.
        let given = unsafe { Call::at_or_on("posix_spawn", self.dirfd, start, follow, true) };
        let sensitive = given_sensitive(&given, subject(open.flags))?;
        let before = sensitive.call.inode();
        if has_mode(open.flags) {
            let clamped = sensitive.clamp(open.mode);
            let is_new = before.is_err() || subject(open.flags) == Subject::Unnamed;
            if clamped != open.mode && is_new {
                sensitive.record_clamped(open.mode, clamped);
            }
            open.mode = sensitive.allowed(open.mode);
        }
        let inode = before.ok().filter(|inode| sensitive.must_tighten(inode))?;
        let mut narrowed = None;
        let narrow = |mode| {
            narrowed = Some(Held::of(sensitive.call)?.narrow(mode)?);
            Ok(())
        };
        sensitive.tighten(&inode, narrow);
        narrowed
    }
}

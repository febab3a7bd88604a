//! File actions of `posix_spawn` (posix_spawn_file_actions_addopen(3)): the child
//! opens them inside libc, so the modes are clamped in a copy of the list before
//! the child starts.
//!
//! At the spawn and not when an action is added: a relative path is meant from
//! where the child is then, after the `chdir` actions before it and after any
//! `chdir` of the parent's in between.

pub mod directory;

use core::ffi::c_void;

use libc::{c_char, c_int, mode_t, AT_FDCWD, O_NOFOLLOW};

use super::existing::{must_tighten, narrow, restore};
use super::judged;
use super::open::{has_mode, opens_for_writing};
use crate::call::{Call, Subject};
use crate::scratch::{Scratch, PATH_MAX};
use crate::sys::{self, Inode};
use crate::{place, records};

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
    let (Some(mut scratch), Some(block)) = (Scratch::claim(), sys::map(size)) else {
        return libc::ENOMEM;
    };
    let buffers = scratch.buffers();
    // SAFETY: the block is of this size, aligned to a page, and nobody else's.
    let copy = unsafe {
        let copy = block.cast::<Action>();
        copy.copy_from_nonoverlapping(actions.as_ptr(), used);
        core::slice::from_raw_parts_mut(copy, used)
    };
    let mut from = From {
        dirfd: AT_FDCWD,
        path: &mut buffers.named,
        length: 0,
        lost: false,
    };
    let mut undo: [Option<(*const Action, Narrowed)>; UNDO_MAX] = [const { None }; UNDO_MAX];
    let mut narrowed = 0;
    for action in copy.iter_mut() {
        // SAFETY: the tag says which member libc filled.
        let changed = unsafe { from.act(action) };
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

/// A file that was narrowed for the child, and the mode it had.
type Narrowed = (Inode, mode_t);

/// An absolute path can be given its mode back; one relative to where the child
/// would have been stays narrow, which is the safe side.
///
/// # Safety
/// `action` is an `OPEN` whose path is a terminated string.
unsafe fn give_back(action: *const Action, (narrowed, mode): &Narrowed) {
    // SAFETY: the caller's promise.
    let open = unsafe { (*action).of.open };
    // SAFETY: the caller's promise.
    if let Some(call) = unsafe { Call::at("posix_spawn", AT_FDCWD, open.path, true) } {
        if call.place.given.first() == Some(&b'/') {
            restore(&call, narrowed, *mode);
        }
    }
}

/// Where the child is when it comes to an action.
struct From<'a> {
    dirfd: c_int,
    path: &'a mut [u8],
    length: usize,
    /// A path was too long: relative ones cannot be told from there on.
    lost: bool,
}

impl From<'_> {
    /// Follows one action; clamps it if it opens at a sensitive place. Gives
    /// what an existing file was, if that was narrowed.
    ///
    /// # Safety
    /// The action was filled by libc, or its tag is none of those known here.
    unsafe fn act(&mut self, action: &mut Action) -> Option<Narrowed> {
        match action.tag {
            CHDIR => {
                // SAFETY: the tag says so; libc copied the path.
                let path = unsafe { place::read_path(action.of.chdir) }?;
                if path.first() == Some(&b'/') {
                    self.dirfd = AT_FDCWD;
                    self.length = 0;
                    self.lost = false;
                }
                match self.joined(path) {
                    Some(length) => self.length = length,
                    None => self.lost = true,
                }
                None
            }
            FCHDIR => {
                // SAFETY: the tag says so.
                self.dirfd = unsafe { action.of.fchdir };
                self.length = 0;
                self.lost = false;
                None
            }
            OPEN => {
                // SAFETY: the tag says so.
                unsafe { self.open(&mut action.of.open) }
            }
            _ => None,
        }
    }

    /// Writes `path` behind the current one; gives the length of both.
    fn joined(&mut self, path: &[u8]) -> Option<usize> {
        let absolute = path.first() == Some(&b'/');
        let mut end = if absolute { 0 } else { self.length };
        if end > 0 {
            *self.path.get_mut(end)? = b'/';
            end += 1;
        }
        let length = end + path.len();
        if length >= PATH_MAX {
            return None;
        }
        self.path.get_mut(end..length)?.copy_from_slice(path);
        *self.path.get_mut(length)? = 0;
        Some(length)
    }

    /// # Safety
    /// `open` was filled by libc.
    unsafe fn open(&mut self, open: &mut OpenArguments) -> Option<Narrowed> {
        if !opens_for_writing(open.flags) {
            return None;
        }
        // SAFETY: libc copied the path.
        let path = unsafe { place::read_path(open.path) }?;
        let lost = self.lost && path.first() != Some(&b'/');
        if lost || self.joined(path).is_none() {
            // Where it is cannot be told: nothing wide is made there.
            if has_mode(open.flags) {
                let state = crate::state::active()?;
                open.mode = state.settings.mask.clamp(open.mode);
            }
            return None;
        }
        let start = self.path.as_ptr().cast();
        let exclusive = libc::O_CREAT | libc::O_EXCL;
        let follow = open.flags & O_NOFOLLOW == 0 && open.flags & exclusive != exclusive;
        // SAFETY: the path was terminated just now.
        let call = unsafe { Call::at("posix_spawn", self.dirfd, start, follow) }?;
        let (sensitive, call) = judged(call, Subject::Other)?;
        let before = call.inode();
        if has_mode(open.flags) {
            let clamped = sensitive.clamp(open.mode);
            if clamped != open.mode && before.is_err() {
                records::clamped(&sensitive, &call, open.mode, clamped);
            }
            if !sensitive.audit() {
                open.mode = clamped;
            }
        }
        let inode = before
            .ok()
            .filter(|inode| must_tighten(&sensitive, inode))?;
        let wide = inode.permissions();
        let clamped = sensitive.clamp(wide);
        if sensitive.audit() {
            records::tightened(&sensitive, &call, wide, clamped);
            return None;
        }
        match narrow(&call, &inode, clamped) {
            Ok(narrowed) => {
                records::tightened(&sensitive, &call, wide, clamped);
                Some((narrowed, wide))
            }
            Err(error) => {
                records::failed(&sensitive, &call, wide, error);
                None
            }
        }
    }
}

//! Where a child of `posix_spawn` is when it comes to a file action, or to its program:
//! in the directory to which the actions before that lead
//! (posix_spawn_file_actions_addchdir_np(3)).

use core::ffi::{CStr, c_void};

use libc::{AT_FDCWD, c_char, c_int};

use umaskclamp_policy::path;

use super::own::{Own, own_entry};
use super::{Action, CHDIR, DUP, FCHDIR, List, OPEN};
use crate::place::{self, Place};
use crate::scratch::PATH_MAX;

/// Names of entries of `/proc` are short; what is longer when folded is none.
const FOLDED_MAX: usize = 256;

/// How often a descriptor that an action made is looked for behind another one.
pub const DEPTH_MAX: u32 = 8;

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

fn moves(action: &Action) -> bool {
    action.tag == CHDIR || action.tag == FCHDIR
}

/// Does an action change the directory?
///
/// # Safety
/// As for [`of`].
pub unsafe fn changes(given: *const c_void) -> bool {
    // SAFETY: the caller's promise.
    unsafe { actions(given) }.iter().any(moves)
}

/// Writes `path` to `room` as it is to be looked for from the descriptor that this
/// gives. `None` if that cannot be told.
///
/// # Safety
/// `given` is null or a list that `posix_spawn` would take.
pub unsafe fn of(given: *const c_void, path: &[u8], room: &mut [u8]) -> Option<c_int> {
    let mut from = From::new(room);
    // SAFETY: the caller's promise.
    unsafe { from.replay(actions(given), DEPTH_MAX) };
    if from.lost {
        return None;
    }
    from.joined(path)?;
    Some(from.dirfd)
}

/// Where the child is: below a descriptor, by a path.
pub struct From<'a> {
    /// Of the parent's: a descriptor that an action makes is not there yet.
    pub dirfd: c_int,
    path: &'a mut [u8],
    length: usize,
    /// Relative paths cannot be told from there on: one was too long, say.
    pub lost: bool,
}

impl<'a> From<'a> {
    /// Where the parent is.
    pub fn new(path: &'a mut [u8]) -> Self {
        From {
            dirfd: AT_FDCWD,
            path,
            length: 0,
            lost: false,
        }
    }

    /// The path that `joined` wrote, terminated.
    pub fn start(&self) -> *const c_char {
        self.path.as_ptr().cast()
    }

    fn reset(&mut self, dirfd: c_int) {
        self.dirfd = dirfd;
        self.length = 0;
        self.lost = false;
    }

    /// Follows an action that changes the directory, after those `before` it.
    ///
    /// # Safety
    /// libc filled the actions.
    pub(super) unsafe fn step(&mut self, before: &[Action], action: &Action) {
        // SAFETY: the caller's promise.
        unsafe { self.step_within(before, action, DEPTH_MAX) }
    }

    unsafe fn step_within(&mut self, before: &[Action], action: &Action, depth: u32) {
        match action.tag {
            CHDIR => {
                // SAFETY: the tag says so; libc copied the path.
                let path = unsafe { place::read_path(action.of.chdir) };
                // SAFETY: the caller's promise.
                if path.is_none_or(|path| !unsafe { self.enter_own(before, path, depth) }) {
                    self.enter(path);
                }
            }
            // SAFETY: the tag says so.
            FCHDIR => unsafe { self.stand(before, action.of.fchdir, depth) },
            _ => {}
        }
    }

    /// Goes to what the child's own entry of `/proc` leads to, if the path names one:
    /// did it?
    ///
    /// # Safety
    /// libc filled the actions.
    pub(super) unsafe fn enter_own(&mut self, before: &[Action], path: &[u8], depth: u32) -> bool {
        let mut folded = [0; FOLDED_MAX];
        let length = path::fold(b"/", path, &mut folded).filter(|_| path.starts_with(b"/"));
        let named = length.and_then(|length| folded.get(..length));
        let rest = match named.and_then(own_entry) {
            Some(Own::Directory(rest)) => rest,
            // SAFETY: the caller's promise.
            Some(Own::Descriptor(fd, rest)) if unsafe { is_made(before, fd) } => {
                // SAFETY: as above.
                unsafe { self.stand(before, fd, depth) };
                rest
            }
            // By a link of the program's own to an entry of `/proc`: it would be the
            // parent's that was looked at.
            None if !before.is_empty() && self.through_proc(path) => {
                self.lost = true;
                return true;
            }
            _ => return false,
        };
        if !rest.is_empty() {
            self.enter(Some(rest));
        }
        true
    }

    /// Does a link of `/proc` lead there?
    fn through_proc(&mut self, path: &[u8]) -> bool {
        if self.joined(path).is_none() {
            return false;
        }
        let path = CStr::from_bytes_until_nul(self.path);
        path.is_ok_and(|path| Place::at(self.dirfd, path, true).through_proc())
    }

    fn enter(&mut self, path: Option<&[u8]>) {
        let Some(path) = path else {
            // The child will fail there.
            return;
        };
        if path.first() == Some(&b'/') {
            self.reset(AT_FDCWD);
        }
        match self.joined(path) {
            Some(length) => self.length = length,
            None => self.lost = true,
        }
    }

    /// Goes where the actions lead.
    ///
    /// # Safety
    /// libc filled the actions.
    pub(super) unsafe fn replay(&mut self, actions: &[Action], depth: u32) {
        self.reset(AT_FDCWD);
        // What was before an `fchdir` does not matter behind it.
        let first = actions.iter().rposition(|action| action.tag == FCHDIR);
        for (index, action) in actions.iter().enumerate().skip(first.unwrap_or(0)) {
            let before = actions.get(..index).unwrap_or_default();
            // SAFETY: the caller's promise.
            unsafe { self.step_within(before, action, depth) };
        }
    }

    /// Goes to what a descriptor refers to behind the actions `before`.
    ///
    /// # Safety
    /// libc filled the actions.
    pub(super) unsafe fn stand(&mut self, before: &[Action], fd: c_int, depth: u32) {
        // SAFETY: the caller's promise.
        let maker = before
            .iter()
            .rposition(|action| unsafe { makes(action, fd) });
        let Some(maker) = maker else {
            return self.reset(fd);
        };
        let (Some(depth), Some(earlier), Some(action)) =
            (depth.checked_sub(1), before.get(..maker), before.get(maker))
        else {
            self.lost = true;
            return;
        };
        if action.tag == DUP {
            // SAFETY: the tag says that libc filled this member.
            let [from, _] = unsafe { action.of.dup };
            // SAFETY: the caller's promise.
            return unsafe { self.stand(earlier, from, depth) };
        }
        // SAFETY: as above.
        unsafe { self.replay(earlier, depth) };
        // SAFETY: the tag says so; libc copied the path.
        let path = unsafe { place::read_path(action.of.open.path) };
        // SAFETY: as above.
        if path.is_none_or(|path| !unsafe { self.enter_own(earlier, path, depth) }) {
            self.enter(path);
        }
    }

    /// Writes `path` behind the current one; gives the length of both.
    pub fn joined(&mut self, path: &[u8]) -> Option<usize> {
        let absolute = path.first() == Some(&b'/');
        let mut end = if absolute { 0 } else { self.length };
        if end > 0 && !path.is_empty() {
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
}

/// Does an action make this descriptor?
///
/// # Safety
/// libc filled the actions.
unsafe fn is_made(actions: &[Action], fd: c_int) -> bool {
    // SAFETY: the caller's promise.
    actions.iter().any(|action| unsafe { makes(action, fd) })
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

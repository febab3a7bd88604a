//! Calls that put an inode under a name: `rename` and `link`.
//!
//! The inode is narrowed before it gets the name; if the call then fails, its
//! mode is what it was before. A directory brings what lies in it along
//! ([`super::tree`]). A hard link that would give a file at a sensitive place a
//! second name elsewhere is refused: by that name its mode could be widened, and
//! with it the file at the sensitive place.

use libc::{c_int, c_uint, EEXIST, ENOENT, EPERM, EXDEV};
use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, Verdict};
use umaskclamp_policy::settings::{ChmodPolicy, Mode};

use super::existing::{narrow, restore};
use super::judge;
use super::tree::Walk;
use crate::call::{Call, Sensitive, Subject};
use crate::scratch::Scratch;
use crate::state::{self, State};
use crate::sys::{self, programs, Inode};
use crate::{errno, memory, records};

/// Renames by `real`; with `RENAME_EXCHANGE` both inodes arrive somewhere.
pub fn rename(
    from: Option<Call>,
    to: Option<Call>,
    flags: c_uint,
    real: &dyn Fn() -> c_int,
) -> c_int {
    let (Some(from), Some(to)) = (from, to) else {
        return real();
    };
    let there = Arrival::prepare(&from, &to, flags & libc::RENAME_NOREPLACE != 0);
    let back = if flags & libc::RENAME_EXCHANGE != 0 {
        Arrival::prepare(&to, &from, false)
    } else {
        None
    };
    finish(real, [there, back])
}

/// Links by `real`.
pub fn link(from: Option<Call>, to: Option<Call>, real: &dyn Fn() -> c_int) -> c_int {
    let (Some(from), Some(to)) = (from, to) else {
        return real();
    };
    // No directory has two names.
    if from.inode().is_ok_and(|inode| inode.is(libc::S_IFDIR)) {
        return real();
    }
    let there = Arrival::prepare(&from, &to, true);
    if there.is_none() {
        if let Some(error) = escapes(&from, &to) {
            errno::set(error);
            return -1;
        }
    }
    let arrives = there.as_ref().and_then(Arrival::sensitive_inode);
    let result = finish(real, [there, None]);
    if let (0, Some(inode)) = (result, arrives) {
        memory::remember_linked(&inode);
    }
    result
}

/// Would this link make a file at a sensitive place reachable, and so widenable,
/// by a plain name? A file without any name (`O_TMPFILE`) has nothing to lose. Gives the
/// error with which it then fails: the one that it would meet by itself, if there is
/// one.
fn escapes(from: &Call, to: &Call) -> Option<c_int> {
    let may_widen = |state: &State| state.settings.chmod == ChmodPolicy::Allow;
    if state::active().is_none_or(may_widen) {
        return None;
    }
    let inode = from.inode().ok()?;
    if inode.is(libc::S_IFLNK) || inode.links == 0 {
        return None;
    }
    let sensitive = judge(from, Subject::Other)?;
    if judge(to, Subject::Other).is_some() {
        return None;
    }
    let error = match to.inode() {
        Ok(_) => EEXIST,
        // The new name is to be that of a directory.
        Err(ENOENT) if to.place.given.ends_with(b"/") => ENOENT,
        Err(ENOENT) => match parent(to) {
            Ok((parent, _)) if parent.id.0 != inode.id.0 => EXDEV,
            Ok((_, may)) => may.err().unwrap_or(EPERM),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if error == EPERM {
        records::refused(&sensitive, from, "a link would give it a plain name");
    }
    (!sensitive.audit()).then_some(error)
}

/// The directory that the call's last name is looked up in, and whether one may be
/// made there.
fn parent(call: &Call) -> sys::Result<(Inode, sys::Result<()>)> {
    let given = call.place.given;
    let name = path::last(given);
    let end = given
        .windows(name.len().max(1))
        .rposition(|part| part == name);
    let directory = given.get(..end.unwrap_or(0)).unwrap_or_default();
    let mut scratch = Scratch::claim().ok_or(libc::ENOMEM)?;
    let room = &mut scratch.buffers().link;
    let copy = room.get_mut(..=directory.len()).ok_or(libc::ENAMETOOLONG)?;
    let (copy, end) = copy.split_at_mut(directory.len());
    copy.copy_from_slice(directory);
    end.fill(0);
    let (dirfd, path) = (call.place.dirfd, room.as_ptr().cast());
    let inode = sys::stat_at(dirfd, path, libc::AT_EMPTY_PATH)?;
    let path = if directory.is_empty() {
        c".".as_ptr()
    } else {
        path
    };
    // Asked of the real user: of a program that runs as another one nothing is said.
    let ids = programs::ids();
    let same = ids.user == ids.effective_user && ids.group == ids.effective_group;
    let may = match same {
        true => programs::access(dirfd, path, libc::W_OK | libc::X_OK),
        false => Ok(()),
    };
    Ok((inode, may))
}

fn finish(real: &dyn Fn() -> c_int, arrivals: [Option<Arrival>; 2]) -> c_int {
    let refused = arrivals.iter().flatten().find_map(Arrival::refused);
    let result = match refused {
        Some(error) => {
            errno::set(error);
            -1
        }
        None => real(),
    };
    for arrival in arrivals.into_iter().flatten() {
        if result == 0 {
            arrival.arrived();
        } else {
            arrival.undo();
        }
    }
    result
}

/// An inode on its way to a sensitive place, or a directory with such below.
struct Arrival<'a> {
    /// Holds for the inode itself.
    sensitive: Option<Sensitive>,
    from: &'a Call<'a>,
    to: &'a Call<'a>,
    inode: Inode,
    /// Was the inode itself narrowed? `None` if it need not be.
    /// The inode as it was then.
    narrowed: Option<sys::Result<Inode>>,
    below: Below,
    /// Is the name taken, which the call fails at? Then nothing was narrowed.
    taken: bool,
}

/// What lies in a directory.
enum Below {
    Nothing,
    /// By the place as named and as it really is.
    Narrowed([Option<Walk>; 2]),
    Refused,
}

impl<'a> Arrival<'a> {
    /// Narrows what `from` stands for if it is wide and `to` is sensitive, unless the
    /// call replaces nothing (`new`) and something is there.
    fn prepare(from: &'a Call<'a>, to: &'a Call<'a>, new: bool) -> Option<Self> {
        let state = state::active()?;
        let inode = from.inode().ok()?;
        // A link's own mode means nothing, and a device is everybody's.
        let subject = match inode.mode & libc::S_IFMT {
            libc::S_IFDIR => Subject::Directory,
            libc::S_IFREG | libc::S_IFIFO | libc::S_IFSOCK => Subject::Other,
            _ => return None,
        };
        let sensitive = judge(to, subject);
        let taken = new && sensitive.is_some() && to.inode().is_ok();
        let narrowed = sensitive
            .filter(|_| !taken)
            .filter(|sensitive| sensitive.wide(inode.permissions()) && !sensitive.audit())
            .map(|sensitive| narrow(from, &inode, sensitive.clamp(inode.permissions())));
        let below = if subject == Subject::Directory && !taken {
            narrow_below(from, to, state)
        } else {
            Below::Nothing
        };
        if sensitive.is_none() && matches!(below, Below::Nothing) {
            return None;
        }
        Some(Arrival {
            sensitive,
            from,
            to,
            inode,
            narrowed,
            below,
            taken,
        })
    }

    /// The error with which the call is refused, if it is.
    fn refused(&self) -> Option<c_int> {
        if self.taken {
            return Some(EEXIST);
        }
        self.cannot_arrive().then_some(EXDEV)
    }

    /// Nothing wide may arrive for want of a descriptor or of memory, or because
    /// somebody else had a hand in it. A file of another owner's is left as it is.
    fn cannot_arrive(&self) -> bool {
        let not_now = matches!(
            self.narrowed,
            Some(Err(libc::EMFILE
                | libc::ENFILE
                | libc::ENOMEM
                | libc::ENOSYS
                | libc::ESTALE))
        );
        not_now || matches!(self.below, Below::Refused)
    }

    /// The inode, if it comes to a sensitive place.
    fn sensitive_inode(&self) -> Option<Inode> {
        self.sensitive.map(|_| self.inode)
    }

    fn arrived(&self) {
        if matches!(self.below, Below::Narrowed(_)) {
            // What another thread put into it between the walk and the rename.
            if let Some(state) = state::active() {
                let _ = narrow_below(self.to, self.to, state);
            }
        }
        let Some(sensitive) = &self.sensitive else {
            return;
        };
        let wide = self.inode.permissions();
        memory::remember_inode(&self.inode);
        match self.narrowed {
            Some(Err(error)) => records::failed(sensitive, self.to, wide, error),
            _ if sensitive.wide(wide) => {
                records::tightened(sensitive, self.to, wide, sensitive.clamp(wide));
            }
            _ => {}
        }
    }

    fn undo(mut self) {
        if let Below::Narrowed(walks) = &mut self.below {
            for walk in walks.iter_mut().flatten() {
                walk.undo(self.from);
            }
        }
        if let Some(Ok(narrowed)) = &self.narrowed {
            restore(self.from, narrowed, self.inode.permissions());
        }
        if self.cannot_arrive() {
            let reason = "not all of it can be narrowed before it moves";
            records::refused_move(self.sensitive.as_ref(), self.to, reason);
        }
    }
}

/// Narrows what lies in the directory `from`, if `to` or something below it is a
/// sensitive place.
fn narrow_below(from: &Call, to: &Call, state: &'static State) -> Below {
    if state.settings.mode == Mode::Audit {
        return Below::Nothing;
    }
    let rules = &state.settings.rules;
    let reaches = |path: &[u8]| {
        matches!(rules.verdict(path, Kind::Directory), Verdict::Sensitive(_))
            || rules.reaches_below(path)
    };
    let Some(mut scratch) = Scratch::claim() else {
        return Below::Refused;
    };
    let buffers = scratch.buffers();
    let base = to.place.base(&mut buffers.link);
    let known = buffers.link.get(..base).unwrap_or_default();
    let named = to.place.named_from(known, &mut buffers.named).len();
    let Some(real) = to.place.real_from(base, buffers) else {
        return Below::Refused;
    };
    let named = buffers.named.get(..named).unwrap_or_default();
    let real = buffers.real.get(..real.length).unwrap_or_default();
    let mut walks = [None, None];
    let places = [Some(named), Some(real).filter(|real| *real != named)];
    for (place, slot) in places.into_iter().zip(&mut walks) {
        let Some(place) = place.filter(|place| reaches(place)) else {
            continue;
        };
        match Walk::narrow(from, place, state) {
            Ok(walk) => *slot = Some(walk),
            Err(_) => {
                for walk in walks.iter_mut().flatten() {
                    walk.undo(from);
                }
                return Below::Refused;
            }
        }
    }
    if walks.iter().all(Option::is_none) {
        return Below::Nothing;
    }
    Below::Narrowed(walks)
}

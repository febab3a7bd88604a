//! What can be told beforehand of a call that gives an inode a name.
//!
//! Both answers can only be guesses, since others may change what was looked at. They
//! decide when an inode is narrowed, before the call or at once behind it; the call is
//! made all the same.

use libc::{AT_FDCWD, S_IFDIR, W_OK, X_OK, c_uint};
use libc::{EMFILE, ENFILE, ENOMEM, RENAME_EXCHANGE, RENAME_NOREPLACE};
use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, Verdict};
use umaskclamp_policy::settings::{ChmodPolicy, Existing};

use super::decide::by_names;
use super::held::Held;
use crate::call::{Call, Sensitive};
use crate::scratch::Scratch;
use crate::sys::{self, Inode, Owned, programs};

/// How an inode gets a name.
#[derive(Clone, Copy)]
pub enum How {
    Link,
    /// With these flags of renameat2(2).
    Rename(c_uint),
}

/// The longest name (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// `RENAME_WHITEOUT` (linux/fs.h).
const WHITEOUT: c_uint = 4;

impl How {
    fn has(self, flag: c_uint) -> bool {
        matches!(self, How::Rename(flags) if flags & flag != 0)
    }

    fn is_wrong(self) -> bool {
        let How::Rename(flags) = self else {
            return false;
        };
        let known = RENAME_NOREPLACE | RENAME_EXCHANGE | WHITEOUT;
        flags & !known != 0
            || flags & RENAME_EXCHANGE != 0 && flags & (RENAME_NOREPLACE | WHITEOUT) != 0
    }
}

/// Can the call do nothing but fail? Then nothing need be narrowed for it.
#[inline(never)]
pub fn can_only_fail(held: &Held, from: &Call, to: &Call, how: How) -> bool {
    let is_directory = held.inode.is(S_IFDIR);
    let names_directory = to.place.given().ends_with(b"/");
    let exchanges = how.has(RENAME_EXCHANGE);
    let taken = match to.inode() {
        Ok(_) if matches!(how, How::Link) || how.has(RENAME_NOREPLACE) => true,
        Ok(_) if exchanges => false,
        Ok(there) if there.is(S_IFDIR) && is_directory => !is_empty(to),
        Ok(there) => there.is(S_IFDIR) != is_directory,
        Err(_) => exchanges || names_directory && !is_directory,
    };
    let name = path::last(to.place.given());
    let is_no_name = matches!(name, b"." | b"..") || name.len() > NAME_MAX;
    let moves_dots = matches!(how, How::Rename(_)) && path::last(from.place.given()) == b".";
    if taken || is_no_name || moves_dots || how.is_wrong() {
        return true;
    }
    let parent = match parent(to) {
        Ok(parent) => parent,
        // Nothing is known of it.
        Err(EMFILE | ENFILE | ENOMEM) => return false,
        Err(_) => return true,
    };
    let leaves = match how {
        How::Link => false,
        How::Rename(_) => self::parent(from).is_ok_and(|parent| !may_change(&parent)),
    };
    // By the number of the mount, never by that of the device: a rename between two
    // mounts of one file system fails, one between two subvolumes of btrfs, or two
    // layers of overlayfs, does not. What is a mount point itself cannot be renamed.
    let crosses = match (held.mount(), sys::mount_of(parent.0)) {
        (Some(here), Some(there)) => here != there,
        _ => false,
    };
    leaves || crosses || !may_change(&parent)
}

/// Is there nothing in this directory?
#[inline(never)]
fn is_empty(call: &Call) -> bool {
    let Ok(directory) = sys::open_directory(call.place.dirfd, call.place.path.as_ptr()).map(Owned)
    else {
        return true;
    };
    let Some(mut scratch) = Scratch::claim() else {
        return true;
    };
    let entries = &mut scratch.buffers().link;
    let read = sys::directory_entries(directory.0, entries).unwrap_or(0);
    let read = entries.get(..read).unwrap_or_default();
    let mut names = sys::entry_names(read);
    names.all(|name| matches!(name, b"." | b".."))
}

/// May names be given in this directory? If that is not certain, they may.
fn may_change(directory: &Owned) -> bool {
    programs::may_now(directory.0, c".".as_ptr(), W_OK | X_OK) != Some(false)
}

/// The directory that the call's last name is looked up in.
fn parent(call: &Call) -> sys::Result<Owned> {
    let given = call.place.given();
    let trimmed = given.iter().rposition(|&byte| byte != b'/');
    let end = trimmed.map_or(0, |last| last + 1) - path::last(given).len();
    let directory = given.get(..end).unwrap_or_default();
    if directory.is_empty() {
        return sys::hold((call.place.dirfd, c".".as_ptr()), true);
    }
    let mut scratch = Scratch::claim().ok_or(ENOMEM)?;
    let room = &mut scratch.buffers().link;
    let copy = room.get_mut(..=end).ok_or(libc::ENAMETOOLONG)?;
    let (copy, terminator) = copy.split_at_mut(end);
    copy.copy_from_slice(directory);
    terminator.fill(0);
    sys::hold((call.place.dirfd, room.as_ptr().cast()), true)
}

/// Is an inode that has other names narrowed when it gets this one?
pub fn links_narrow(sensitive: &Sensitive) -> bool {
    sensitive.call.state.settings.existing == Existing::Tighten && others_reach(sensitive)
}

/// Can anybody but the owner get to this name? Not if one of the directories on the way
/// is closed to them, and stays so because a rule protects it: one that an unpacker keeps
/// closed for a while is opened again, when the inode has long had its mode.
#[inline(never)]
fn others_reach(sensitive: &Sensitive) -> bool {
    const SEARCH: u32 = 0o011;
    let settings = &sensitive.call.state.settings;
    if settings.chmod == ChmodPolicy::Allow || sensitive.clamp(SEARCH) != 0 {
        return true;
    }
    let user = sys::effective_user();
    let rules = sensitive.call.state.rules();
    let on = |path: &[u8]| rules.verdict(path, Kind::Directory);
    let is_kept = |path: &[u8], room: &mut [u8]| {
        matches!(by_names(path, false, room, on), Verdict::Sensitive(_))
    };
    let closes = |inode: Inode| inode.mode & SEARCH == 0 && [0, user].contains(&inode.user);
    let Some(mut scratch) = Scratch::claim() else {
        return true;
    };
    let buffers = scratch.buffers();
    let place = &sensitive.call.place;
    let base = place.base(&mut buffers.link);
    let Some(real) = place.real_from(base, buffers) else {
        return true;
    };
    let mut length: usize = real.length;
    if buffers.real.first() != Some(&b'/') {
        return true;
    }
    loop {
        let path = buffers.real.get(..length).unwrap_or_default();
        match path.iter().rposition(|&byte| byte == b'/') {
            None | Some(0) => return true,
            Some(slash) => length = slash,
        }
        if let Some(end) = buffers.real.get_mut(length) {
            *end = 0;
        }
        let directory = buffers.real.get(..length).unwrap_or_default();
        let inode = sys::stat_at(AT_FDCWD, buffers.real.as_ptr().cast(), 0);
        if inode.is_ok_and(closes) && is_kept(directory, &mut buffers.text) {
            return false;
        }
    }
}

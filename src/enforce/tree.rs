//! What lies in a directory that gets a name below which other rules hold.
//!
//! Only names whose verdict may change are looked at ([`Rules::protects_more_below`]),
//! no link is followed, and no mount is entered: what is mounted there stays where it
//! was. One descriptor is open at a time; the way back up is `..`, compared with what
//! was there before.
//!
//! [`Rules::protects_more_below`]: umaskclamp_policy::rules::Rules::protects_more_below

mod mount;
mod noted;

use core::ffi::CStr;

use libc::{S_IFDIR, S_IFIFO, S_IFREG, S_IFSOCK};
use umaskclamp_policy::rules::{Kind, Verdict};

use crate::call::{Call, Sensitive};
use crate::scratch::PLACE_MAX;
use crate::state::State;
use crate::sys::{self, Owned, programs};
use mount::Mount;
use noted::{Outcome, Table};

/// Names that are looked at before a directory moves, at most: the rest comes
/// afterwards.
const ENTRIES_MAX: usize = 100_000;

/// No path has more directories.
const LEVELS_MAX: usize = PLACE_MAX / 2;

/// Bytes of directory entries that are read at once.
const ENTRIES_SIZE: usize = 8192;

/// When the directory is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Before it moves.
    Before,
    /// After it did: what is left, and the records of what was narrowed before.
    After,
    /// It could not move: every mode comes back.
    Undo,
}

/// The walk was not finished: for want of descriptors, of memory or of rights, or
/// because others changed the tree.
pub struct Unfinished;

/// Working memory, too large for any stack: from the kernel, for one rename.
struct Work {
    /// The old name of the directory with the current entry behind it, and the new one.
    old: [u8; PLACE_MAX],
    new: [u8; PLACE_MAX],
    levels: [Level; LEVELS_MAX],
    entries: [u8; ENTRIES_SIZE],
    table: Table,
    seen: usize,
}

/// A directory on the way to where the walk is.
#[derive(Clone, Copy)]
struct Level {
    id: (u64, u64),
    /// Where to go on reading.
    offset: u64,
    /// Lengths of its names in `Work::old` and `Work::new`.
    old: usize,
    new: usize,
}

/// One look at the tree, by one spelling of its names.
pub struct Look<'a> {
    pub state: &'static State,
    /// By which the directory can be opened now.
    pub top: &'a Call<'a>,
    /// Both absolute and folded.
    pub old: &'a [u8],
    pub new: &'a [u8],
    pub pass: Pass,
    /// Is the directory itself closed? Then what has other names keeps its mode.
    pub closed: bool,
}

/// The memory of a walk, given back when dropped.
pub struct Walk {
    work: *mut Work,
}

impl Walk {
    /// `None` without memory.
    pub fn new() -> Option<Self> {
        let work = sys::map(size_of::<Work>())?.cast();
        Some(Walk { work })
    }

    /// Looks at the tree.
    pub fn look(&mut self, look: &Look) -> Result<(), Unfinished> {
        // SAFETY: the mapping is of this size, zeroed, which is a valid `Work`
        // (numbers alone), and only this value refers to it.
        let work = unsafe { &mut *self.work };
        work.look(look)
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        // SAFETY: `new` made the mapping; the last reference to it ends here.
        unsafe { sys::unmap(self.work.cast(), size_of::<Work>()) }
    }
}

impl Work {
    fn look(&mut self, look: &Look) -> Result<(), Unfinished> {
        copy(&mut self.old, look.old)?;
        copy(&mut self.new, look.new)?;
        let top = sys::open_directory(look.top.place.dirfd, look.top.place.path.as_ptr());
        let mut here = Owned(top.map_err(|_| Unfinished)?);
        let mount = Mount::of(here.0);
        let mut depth = 0;
        let trim = |path: &[u8]| path.strip_suffix(b"/").map_or(path.len(), <[u8]>::len);
        self.enter(depth, &here, trim(look.old), trim(look.new))?;
        let (mut next, mut filled) = (0, 0);
        let mut finished = Ok(());
        self.seen = 0;
        loop {
            if next >= filled {
                let read = sys::directory_entries(here.0, &mut self.entries);
                (next, filled) = (0, read.map_err(|_| Unfinished)?);
            }
            if filled == 0 {
                let Some(above) = depth.checked_sub(1) else {
                    return finished;
                };
                depth = above;
                let level = *self.levels.get(depth).ok_or(Unfinished)?;
                here = Owned(sys::open_parent(here.0).map_err(|_| Unfinished)?);
                let there = sys::stat_of(here.0).map_err(|_| Unfinished)?;
                // Somebody moved the directory that the walk was in.
                if there.id != level.id {
                    return Err(Unfinished);
                }
                sys::seek_directory(here.0, level.offset).map_err(|_| Unfinished)?;
                continue;
            }
            let entry = self.entries.get(next..filled).ok_or(Unfinished)?;
            let (size, length) = sys::entry(entry).ok_or(Unfinished)?;
            let offset = sys::entry_offset(entry).ok_or(Unfinished)?;
            let file_type = sys::entry_type(entry);
            let start = next + sys::NAME_AT;
            next += size;
            let name = self.entries.get(start..start + length).ok_or(Unfinished)?;
            if matches!(name, b"." | b"..") {
                continue;
            }
            self.seen += 1;
            if look.pass == Pass::Before && self.seen > ENTRIES_MAX {
                return Err(Unfinished);
            }
            let level = *self.levels.get(depth).ok_or(Unfinished)?;
            let Some((old, new)) = self.name(&level, start, length) else {
                finished = Err(Unfinished);
                continue;
            };
            // Most are files of which no rule says anything.
            let plain = |path| {
                let verdict = look.state.rules().verdict(path, Kind::Other);
                !matches!(verdict, Verdict::Sensitive(_))
            };
            if file_type == S_IFREG && self.new.get(..new).is_some_and(plain) {
                continue;
            }
            let entry = Entry {
                directory: &here,
                name_at: new - length,
                new,
            };
            match self.visit(look, &entry, mount) {
                Next::Below(inner) => {
                    if self.protects_more(look, old, new) {
                        if let Some(level) = self.levels.get_mut(depth) {
                            level.offset = offset;
                        }
                        depth += 1;
                        self.enter(depth, &inner, old, new)?;
                        here = inner;
                        (next, filled) = (0, 0);
                    }
                }
                Next::Entry => {}
                Next::Unseen => finished = Err(Unfinished),
            }
        }
    }

    fn enter(
        &mut self,
        depth: usize,
        directory: &Owned,
        old: usize,
        new: usize,
    ) -> Result<(), Unfinished> {
        let id = sys::stat_of(directory.0).map_err(|_| Unfinished)?.id;
        *self.levels.get_mut(depth).ok_or(Unfinished)? = Level {
            id,
            offset: 0,
            old,
            new,
        };
        Ok(())
    }

    /// Writes `/name` and a terminator behind both names of the level's directory;
    /// gives where they end.
    fn name(&mut self, level: &Level, start: usize, length: usize) -> Option<(usize, usize)> {
        let name = self.entries.get(start..start + length)?;
        for (path, from) in [(&mut self.old, level.old), (&mut self.new, level.new)] {
            let (slash, rest) = path.get_mut(from..)?.split_first_mut()?;
            *slash = b'/';
            rest.get_mut(..length)?.copy_from_slice(name);
            *rest.get_mut(length)? = 0;
        }
        Some((level.old + 1 + length, level.new + 1 + length))
    }

    fn protects_more(&self, look: &Look, old: usize, new: usize) -> bool {
        let old = self.old.get(..old).unwrap_or_default();
        let new = self.new.get(..new).unwrap_or_default();
        look.state.rules().protects_more_below(old, new)
    }

    fn visit(&mut self, look: &Look, entry: &Entry, mount: Mount) -> Next {
        let path = self.new.get(..entry.new).unwrap_or_default();
        let name = self.new.get(entry.name_at..=entry.new).unwrap_or_default();
        let name = CStr::from_bytes_until_nul(name).unwrap_or_default();
        let call = Call::of(look.top.symbol, look.state, entry.directory.0, name);
        let Ok(inode) = call.inode() else {
            return Next::Entry;
        };
        let kind = match inode.mode & libc::S_IFMT {
            S_IFDIR => Kind::Directory,
            S_IFREG | S_IFIFO | S_IFSOCK => Kind::Other,
            _ => return Next::Entry,
        };
        if look.closed && kind == Kind::Other && inode.links > 1 {
            return Next::Entry;
        }
        let sensitive = match look.state.rules().verdict(path, kind) {
            Verdict::Sensitive(rule) => Some(Sensitive::new(&call, Some(rule))),
            Verdict::Plain | Verdict::Exempt(_) => None,
        };
        let mut closed = false;
        if let Some(sensitive) = &sensitive {
            match self.table.narrow(look.pass, sensitive, &inode, mount) {
                Outcome::Elsewhere => return Next::Entry,
                // What lies in one that could not be closed may be the program's own.
                Outcome::Wide => {}
                Outcome::Narrow => closed = sensitive.clamp(inode.mode) & 0o077 == 0,
            }
        }
        if kind == Kind::Other || closed && look.pass != Pass::Undo {
            return Next::Entry;
        }
        // Nothing in it can be looked at, and there would be no way back out of it.
        let (directory, name) = call.place.name();
        if !programs::may(directory, name, libc::X_OK) {
            return Next::Unseen;
        }
        match sys::open_directory(directory, name).map(Owned) {
            Ok(inner) if Mount::of(inner.0) == mount => Next::Below(inner),
            Ok(_) => Next::Entry,
            Err(_) => Next::Unseen,
        }
    }
}

/// A name in the directory that the walk is in.
struct Entry<'a> {
    directory: &'a Owned,
    /// Where it begins and ends in `Work::new`.
    name_at: usize,
    new: usize,
}

enum Next {
    /// The entry is a directory of this tree.
    Below(Owned),
    Entry,
    /// A directory that could not be opened.
    Unseen,
}

fn copy(to: &mut [u8; PLACE_MAX], path: &[u8]) -> Result<(), Unfinished> {
    to.get_mut(..path.len())
        .ok_or(Unfinished)?
        .copy_from_slice(path);
    Ok(())
}

//! Will the dynamic loader of a child find this library, and take it?

use libc::{AT_FDCWD, R_OK, S_ISUID, c_char};
use umaskclamp_policy::elf::Machine;
use umaskclamp_policy::path;
use umaskclamp_policy::program::Reason;

use super::snapshot::{Preload, Snapshot};
use crate::sys::{self, Inode, join};

/// Is this the file that programs name as their loader?
pub fn is_standard_loader(inode: &Inode) -> bool {
    let loader = Machine::HERE.loader();
    let loader = loader.and_then(|path| sys::stat_at(AT_FDCWD, path.as_ptr(), 0).ok());
    loader.is_some_and(|loader| loader.id == inode.id)
}

/// Does the loader take the library into a program that runs under other ids than
/// its caller (ld.so(8), "secure-execution mode")? From `LD_PRELOAD` only by name,
/// from a standard directory, if the library has the set-user-ID bit; by
/// `/etc/ld.so.preload` always.
pub fn enters_secure(snapshot: &Snapshot) -> bool {
    let Some(preload) = &snapshot.preload else {
        return true;
    };
    !preload.entry.contains(&b'/')
        && sys::stat_at(AT_FDCWD, preload.file.as_ptr().cast(), 0)
            .is_ok_and(|inode| inode.mode & S_ISUID != 0)
}

/// Is the library where the loader found it for this process? By
/// `/etc/ld.so.preload` it is the loader's to find: that of a `chroot` is another
/// file.
pub fn is_there(snapshot: &Snapshot) -> bool {
    let preload = snapshot.preload.as_ref();
    preload.is_none_or(|preload| readable(preload.file.as_ptr().cast()))
}

/// Why a program of this machine would not get the library, if so: it lies
/// outside of a `chroot`, or the user may not read it, or there is none for 32
/// bits. `room` is working memory.
pub fn missing(snapshot: &Snapshot, machine: Machine, room: &mut [u8]) -> Option<Reason> {
    let Some(directories) = machine.directories() else {
        return Some(Reason::OtherMachine);
    };
    let preload = snapshot.preload.as_ref()?;
    if elsewhere(preload, machine, directories, room) {
        return None;
    }
    Some(match machine {
        Machine::HERE => Reason::NoLibrary,
        _ => Reason::OtherClass,
    })
}

fn readable(path: *const c_char) -> bool {
    sys::programs::may(AT_FDCWD, path, R_OK)
}

/// Is the library in another of these directories, where the entry leaves it to
/// the loader which one is meant?
fn elsewhere(preload: &Preload, machine: Machine, directories: &[&str], room: &mut [u8]) -> bool {
    let entry = preload.entry;
    let (before, after) = if !entry.contains(&b'/') {
        let name = path::last(entry);
        return directories.iter().any(|directory| {
            [&b"/usr/"[..], b"/"].iter().any(|root| {
                join(room, &[root, directory.as_bytes(), b"/", name]).is_some_and(readable)
            })
        });
    } else if let Some(split) = split(entry, b"${LIB}").or_else(|| split(entry, b"$LIB")) {
        split
    } else {
        return false;
    };
    // `$LIB` is one directory, and the loader's own name is mostly a link to there:
    // 32-bit programs have it in `lib/i386-linux-gnu` or, without the other
    // architecture's packages, in `lib32`.
    let mut link = [0; 256];
    let length = machine
        .loader()
        .and_then(|path| sys::read_link(AT_FDCWD, path.as_ptr(), &mut link).ok())
        .unwrap_or(0);
    let link = link.get(..length).unwrap_or_default();
    let leads_to = |directory: &str| split(link, directory.as_bytes()).is_some();
    let known = directories.iter().find(|directory| leads_to(directory));
    directories
        .iter()
        .filter(|directory| known.is_none_or(|known| known == *directory))
        .any(|directory| join(room, &[before, directory.as_bytes(), after]).is_some_and(readable))
}

fn split<'a>(entry: &'a [u8], token: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = entry
        .windows(token.len().max(1))
        .position(|window| window == token)?;
    let (before, rest) = entry.split_at_checked(at)?;
    Some((before, rest.get(token.len()..)?))
}

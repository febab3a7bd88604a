//! Before the process may lose its `/proc`, which tells where a descriptor leads.
//!
//! From then on `fchmod` finds only what was remembered ([`crate::memory`]): what is
//! open at a sensitive place now, and what is created there later. As long as there
//! is a `/proc`, what is created need not be remembered, and is spared an `fstat`.
//! And paths mean something else then: what the new root, the cwd and open directories
//! are called is noted ([`outside`]).

use libc::{AT_FDCWD, S_IFDIR, c_char, c_int};

use super::decide::is_sensitive;
use super::remembered::remember;
use crate::call::Call;
use crate::memory::{self, Names, Remembered};
use crate::place::outside;
use crate::scratch::Scratch;
use crate::sys;

/// Descriptors that are looked at where none is left to read which ones there are.
const DESCRIPTORS: c_int = 1024;

/// Bytes of directory entries that are read at once.
const ENTRIES_SIZE: usize = 1024;

/// `call` is the symbol that changes the root or what is mounted, `root` the path of the
/// new root or null.
///
/// # Safety
/// `root` is the program's own argument.
pub unsafe fn leave(call: &'static str, root: *const c_char) {
    memory::note_root_change();
    let Ok(cwd) = Call::on(call, AT_FDCWD) else {
        return;
    };
    let told = memory::proc_fd_readable();
    // First, so that what is created meanwhile is remembered by itself.
    memory::note_proc_lost();
    note(&cwd, false);
    let look = |fd: c_int| {
        let Ok(call) = Call::on(call, fd) else {
            return;
        };
        let Ok(inode) = sys::stat_of(fd) else {
            return;
        };
        if inode.is(S_IFDIR) {
            note(&call, false);
        }
        if told && is_sensitive(&call) {
            remember(&call, &inode, Remembered::Seen, Names::Known);
        }
    };
    if each_listed(look).is_err() && told {
        (0..DESCRIPTORS)
            .filter(|&fd| sys::is_open(fd))
            .for_each(look);
    }
    // SAFETY: the caller's promise; a null pointer is not read.
    if let Ok(root) = unsafe { Call::at(call, AT_FDCWD, root, true) } {
        note(&root, true);
    }
}

/// Notes where a directory is, seen from outside, as far as that is known.
fn note(call: &Call, is_root: bool) {
    let (Ok(inode), Some(mut scratch)) = (call.inode(), Scratch::claim()) else {
        return;
    };
    let buffers = scratch.buffers();
    let base = call.place.base(&mut buffers.link);
    let beyond = base > 0 && buffers.link.first() != Some(&b'/');
    let Some(real) = call.place.real_from(base, buffers) else {
        return;
    };
    let path = buffers.real.get(..real.length).unwrap_or_default();
    match outside::name(path, beyond, &mut buffers.text) {
        Some(name) => outside::note(inode.id, name, is_root),
        None if path.first() == Some(&b'/') => outside::note(inode.id, path, is_root),
        None => {}
    }
}

/// Calls `look` with each open descriptor, as `/proc` lists them.
fn each_listed(look: impl Fn(c_int)) -> sys::Result<()> {
    let directory = sys::open_directory(AT_FDCWD, c"/proc/thread-self/fd".as_ptr())?;
    let mut entries = [0; ENTRIES_SIZE];
    let outcome = loop {
        match sys::directory_entries(directory, &mut entries) {
            Ok(0) => break Ok(()),
            Ok(length) => {
                let read = entries.get(..length).unwrap_or_default();
                let numbers = sys::entry_names(read).filter_map(number);
                numbers.filter(|&fd| fd != directory).for_each(&look);
            }
            Err(error) => break Err(error),
        }
    };
    sys::close(directory);
    outcome
}

fn number(name: &[u8]) -> Option<c_int> {
    core::str::from_utf8(name).ok()?.parse().ok()
}

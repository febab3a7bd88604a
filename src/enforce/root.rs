//! Before the process may lose its `/proc`, which tells where a descriptor leads.
//!
//! From then on `fchmod` finds only what was remembered ([`crate::memory`]): what is
//! open at a sensitive place now, and what is created there later. As long as there
//! is a `/proc`, what is created need not be remembered, and is spared an `fstat`.

use libc::{c_int, AT_FDCWD};

use super::{is_sensitive, remember};
use crate::call::Call;
use crate::memory::{self, Remembered};
use crate::{state, sys};

/// Descriptors that are looked at where none is left to read which ones there are.
const DESCRIPTORS: c_int = 1024;

/// Bytes of directory entries that are read at once.
const ENTRIES_SIZE: usize = 1024;

/// `call` is the symbol that changes the root or what is mounted.
pub fn leave(call: &'static str) {
    memory::leave();
    if state::active().is_none() || !memory::can_be_told() {
        return;
    }
    // First, so that what is created meanwhile is remembered by itself.
    memory::cannot_be_told();
    let look = |fd: c_int| {
        let Some(call) = Call::on(call, fd).filter(is_sensitive) else {
            return;
        };
        if let Ok(inode) = sys::stat_of(fd) {
            remember(&call, &inode, Remembered::Seen);
        }
    };
    if each_listed(look).is_err() {
        (0..DESCRIPTORS)
            .filter(|&fd| sys::is_open(fd))
            .for_each(look);
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

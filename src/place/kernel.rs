//! The file system, as the kernel tells it to this thread.

use libc::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};
use umaskclamp_policy::resolve::{Name, Stat, Tree};

use crate::{state, sys};

pub struct Kernel;

impl Tree for Kernel {
    fn stat(&self, name: Name) -> sys::Result<Stat> {
        let empty = match name.is_empty() {
            true => AT_EMPTY_PATH,
            false => 0,
        };
        let flags = empty | AT_SYMLINK_NOFOLLOW;
        let inode = sys::stat_at(name.dirfd, name.as_ptr().cast(), flags)?;
        Ok(Stat {
            mode: inode.mode,
            user: inode.user,
        })
    }

    fn read_link(&self, name: Name, out: &mut [u8]) -> sys::Result<usize> {
        sys::read_link(name.dirfd, name.as_ptr().cast(), out)
    }

    /// The user who started the program, or the one that it has become.
    fn trusts(&self, user: u32) -> bool {
        state::loaded().is_some_and(|state| state.user == user) || user == sys::effective_user()
    }
}

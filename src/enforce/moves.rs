//! Calls that put an inode under a name: `rename` and `link`.
//!
//! The inode is narrowed before it gets the name; if the call then fails, its
//! mode is what it was before.

use libc::{c_int, c_uint};

use super::existing::change;
use super::{judge, Call, Sensitive, Subject};
use crate::sys::{self, Inode};
use crate::{memory, records};

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
    let there = Arrival::prepare(&from, &to);
    let back = if flags & libc::RENAME_EXCHANGE != 0 {
        Arrival::prepare(&to, &from)
    } else {
        None
    };
    finish(real(), [there, back])
}

/// Links by `real`.
pub fn link(from: Option<Call>, to: Option<Call>, real: &dyn Fn() -> c_int) -> c_int {
    let (Some(from), Some(to)) = (from, to) else {
        return real();
    };
    let there = Arrival::prepare(&from, &to);
    finish(real(), [there, None])
}

fn finish(result: c_int, arrivals: [Option<Arrival>; 2]) -> c_int {
    for arrival in arrivals.into_iter().flatten() {
        if result == 0 {
            arrival.arrived();
        } else {
            arrival.undo();
        }
    }
    result
}

/// An inode on its way to a sensitive place.
struct Arrival<'a> {
    sensitive: Sensitive,
    from: &'a Call<'a>,
    to: &'a Call<'a>,
    inode: Inode,
    narrowed: sys::Result<()>,
}

impl<'a> Arrival<'a> {
    /// Narrows what `from` stands for if it is wide and `to` is sensitive.
    fn prepare(from: &'a Call<'a>, to: &'a Call<'a>) -> Option<Self> {
        let inode = from.inode().ok()?;
        // A link's own mode means nothing; devices, fifos and sockets that exist
        // stay as they are.
        let subject = match inode.mode & libc::S_IFMT {
            libc::S_IFDIR => Subject::Directory,
            libc::S_IFREG => Subject::Other,
            _ => return None,
        };
        let sensitive = judge(to, subject)?;
        if !sensitive.wide(inode.permissions()) {
            memory::remember_inode(&inode);
            return None;
        }
        let narrowed = if sensitive.audit() {
            Ok(())
        } else {
            change(from, sensitive.clamp(inode.permissions()))
        };
        Some(Arrival {
            sensitive,
            from,
            to,
            inode,
            narrowed,
        })
    }

    fn arrived(&self) {
        let wide = self.inode.permissions();
        memory::remember_inode(&self.inode);
        match self.narrowed {
            Ok(()) => {
                let narrow = self.sensitive.clamp(wide);
                records::tightened(&self.sensitive, self.to, wide, narrow);
            }
            Err(error) => records::failed(&self.sensitive, self.to, wide, error),
        }
    }

    fn undo(&self) {
        if self.narrowed.is_ok() && !self.sensitive.audit() {
            // If this fails the file stays narrow, which is the safe side.
            let _ = change(self.from, self.inode.permissions());
        }
    }
}

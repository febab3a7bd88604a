//! The look at a program that is about to start ([`program::look`]), by this process's
//! system calls.
//!
//! What cannot be told (no permission to read) counts as entered: narrowing the umask
//! of a program that the library does enter would disturb it everywhere.

use libc::{AT_FDCWD, S_IFREG, c_char, c_int};
use umaskclamp_policy::elf::{Machine, is_loader_name};
use umaskclamp_policy::program::{self, Found, Ids, Program, Reason, Stat};

use super::library;
use super::snapshot::Snapshot;
use crate::place::read_path;
use crate::scratch::{Buffers, Scratch};
use crate::sys::{self, Inode, helper, join, programs};

/// Where a program is, as `execveat(2)` is told, and under whom it will run.
#[derive(Clone, Copy)]
pub struct At {
    pub dirfd: c_int,
    pub path: *const c_char,
    /// `AT_EMPTY_PATH`: with an empty path, what the descriptor refers to.
    pub flags: c_int,
    /// The effective ids become the real ones before (`POSIX_SPAWN_RESETIDS`).
    pub reset: bool,
}

impl At {
    pub fn path(path: *const c_char) -> Self {
        At {
            dirfd: AT_FDCWD,
            path,
            flags: 0,
            reset: false,
        }
    }
}

/// Looks at programs.
pub struct Look {
    snapshot: &'static Snapshot,
    /// The program, or the interpreter that the last script named.
    at: At,
    file: Option<File>,
    /// What was opened last.
    pub inode: Option<Inode>,
    script: bool,
    /// Working memory, claimed when the first script is met: most programs are none,
    /// and in a child of `fork` each page written costs a copy.
    scratch: Option<Scratch>,
}

impl Look {
    pub fn new(snapshot: &'static Snapshot) -> Self {
        Look {
            snapshot,
            at: At::path(c"".as_ptr()),
            file: None,
            inode: None,
            script: false,
            scratch: None,
        }
    }

    /// Looks at a program.
    pub fn at(&mut self, at: At) -> Found {
        let found = match self.begin(at) {
            Err(libc::EMFILE) => {
                // The descriptor table is full: there is no room to look.
                let mut found = Err(libc::EMFILE);
                helper::with_room(at.dirfd, &mut || found = self.begin(at));
                found
            }
            found => found,
        };
        self.file = None;
        found.unwrap_or_else(|_| self.unread())
    }

    fn begin(&mut self, at: At) -> sys::Result<Found> {
        (self.at, self.script) = (at, false);
        program::look(self)
    }

    /// The path of the last interpreter, if the program was a script.
    pub fn interpreter(&self) -> Option<At> {
        self.script.then_some(self.at)
    }

    fn buffers(&mut self) -> Option<&mut Buffers> {
        if self.scratch.is_none() {
            self.scratch = Scratch::claim();
        }
        self.scratch.as_mut().map(Scratch::buffers)
    }

    /// A program that may perhaps be executed but not read: only its bits are known.
    fn unread(&mut self) -> Found {
        self.inode = sys::stat_at(self.at.dirfd, self.at.path, self.at.flags).ok();
        match self.inode.filter(|inode| inode.is(S_IFREG)) {
            None => Found::Nothing,
            Some(inode) if self.ids().change(&stat(&inode), false) && !self.enters_secure() => {
                Found::Cannot(Reason::SetId)
            }
            Some(_) => Found::Enters,
        }
    }

    fn fd(&self) -> c_int {
        self.file.as_ref().map_or(-1, |file| file.fd)
    }
}

fn stat(inode: &Inode) -> Stat {
    Stat {
        mode: inode.mode,
        user: inode.user,
        group: inode.group,
    }
}

impl Program for Look {
    type Error = c_int;

    fn open(&mut self) -> sys::Result<Stat> {
        self.file = None;
        self.file = Some(File::open(&self.at)?);
        let inode = sys::stat_of(self.fd())?;
        self.inode = Some(inode);
        Ok(stat(&inode))
    }

    fn turn(&mut self, interpreter: &[u8]) -> Option<()> {
        let path = join(&mut self.buffers()?.link, &[interpreter])?;
        let reset = self.at.reset;
        self.at = At {
            reset,
            ..At::path(path)
        };
        self.script = true;
        Some(())
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> usize {
        programs::read_at(self.fd(), out, offset).unwrap_or(0)
    }

    fn is_loader(&mut self) -> bool {
        // SAFETY: the kernel took this path a moment ago.
        let path = unsafe { read_path(self.at.path) };
        path.is_some_and(is_loader_name)
            || self.inode.as_ref().is_some_and(library::is_standard_loader)
    }

    fn ids(&self) -> Ids {
        let ids = programs::ids();
        match self.at.reset {
            false => ids,
            true => Ids {
                effective_user: ids.user,
                effective_group: ids.group,
                ..ids
            },
        }
    }

    fn privileges_ignored(&self) -> bool {
        programs::privileges_ignored(self.fd())
    }

    fn capabilities(&self, out: &mut [u8]) -> usize {
        let name = c"security.capability".as_ptr();
        programs::attribute_of(self.fd(), name, out).unwrap_or(0)
    }

    fn enters_secure(&self) -> bool {
        library::enters_secure(self.snapshot)
    }

    fn missing(&mut self, machine: Machine) -> Option<Reason> {
        let snapshot = self.snapshot;
        if machine == Machine::HERE && library::is_there(snapshot) {
            return None;
        }
        library::missing(snapshot, machine, &mut self.buffers()?.text)
    }
}

/// A descriptor, ours to close or the program's.
struct File {
    fd: c_int,
    ours: bool,
}

impl File {
    fn open(at: &At) -> sys::Result<File> {
        let At {
            dirfd, path, flags, ..
        } = *at;
        let follow = match flags & libc::AT_SYMLINK_NOFOLLOW {
            0 => 0,
            _ => libc::O_NOFOLLOW,
        };
        // SAFETY: the program's own argument.
        let by_descriptor = flags & libc::AT_EMPTY_PATH != 0
            && unsafe { read_path(path) }.is_some_and(<[u8]>::is_empty);
        if !by_descriptor {
            let fd = programs::open_program(dirfd, path, follow)?;
            return Ok(File { fd, ours: true });
        }
        if programs::read_at(dirfd, &mut [0], 0).is_ok() {
            return Ok(File {
                fd: dirfd,
                ours: false,
            });
        }
        // `O_PATH`, the usual way to hold a program.
        let name = sys::DescriptorName::in_thread(dirfd);
        let fd = programs::open_program(AT_FDCWD, name.as_ptr(), 0)?;
        Ok(File { fd, ours: true })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.ours {
            sys::close(self.fd);
        }
    }
}

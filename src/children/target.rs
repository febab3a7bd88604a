//! Can a preload enter the program that is about to start?
//!
//! The file is read as the kernel will read it, to the end of a chain of scripts.
//! What cannot be told (no permission to read) counts as entered: narrowing the umask
//! of a program that the shim does enter would disturb it everywhere. Between this look
//! and the kernel's own, somebody who may write to the directory can put another
//! program there.

use libc::{AT_FDCWD, S_IFREG, S_ISGID, S_ISUID, S_IXGRP, c_char, c_int};
use umaskclamp_policy::elf::{self, Elf, Image, Loader, Machine, Maker};

use super::snapshot::Snapshot;
use super::{fallback, library};
use crate::scratch::{Buffers, Scratch};
use crate::sys::programs::{self, Ids};
use crate::sys::{self, Inode};

/// Why a preload cannot enter a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Static,
    SetId,
    Capabilities,
    Musl,
    OtherLibc,
    OtherMachine,
    OtherClass,
    Go,
    Bun,
    NoLibrary,
    NoRoom,
}

impl Reason {
    /// For records.
    pub fn text(self) -> &'static str {
        match self {
            Reason::Static => "static program",
            Reason::SetId => "runs under another user or group id",
            Reason::Capabilities => "has file capabilities",
            Reason::Musl => "musl program",
            Reason::OtherLibc => "program of another libc",
            Reason::OtherMachine => "program of another machine",
            Reason::OtherClass => "no library of its class",
            Reason::Go => Maker::Go.reason(),
            Reason::Bun => Maker::Bun.reason(),
            Reason::NoLibrary => "cannot find the library",
            Reason::NoRoom => "no room for the settings beside its arguments",
        }
    }

    /// Would our entry in `LD_PRELOAD` keep the program from starting (musl), or
    /// make it complain on stderr about nothing that its children could use?
    pub fn bars_preload(self) -> bool {
        matches!(self, Reason::Musl | Reason::OtherLibc | Reason::NoLibrary)
    }
}

/// What a look at a program found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The shim will be in it, or this cannot be told.
    Enters,
    /// It will not; the inode says which program.
    Cannot(Reason, (u64, u64)),
    /// No such file, or nothing that can be executed: the call will fail.
    Nothing,
    /// A file that is no program: `execvp` gives it to the shell.
    NoFormat,
}

/// The kernel follows so many scripts (`exec_binprm`).
const SCRIPTS_MAX: u32 = 5;

/// Working memory, claimed when the first script is met: most programs are none,
/// and in a child of `fork` each page written costs a copy.
pub struct Room {
    scratch: Option<Scratch>,
    script: bool,
}

impl Room {
    pub fn new() -> Self {
        Room {
            scratch: None,
            script: false,
        }
    }

    fn buffers(&mut self) -> Option<&mut Buffers> {
        if self.scratch.is_none() {
            self.scratch = Scratch::claim();
        }
        self.scratch.as_mut().map(Scratch::buffers)
    }

    /// The path of the last interpreter, if the program was a script.
    pub fn interpreter(&mut self) -> Option<*const c_char> {
        let script = self.script;
        let buffers = self.scratch.as_mut().filter(|_| script)?.buffers();
        Some(buffers.link.as_ptr().cast())
    }
}

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

/// Looks at a program. Leaves the path of the last interpreter in `room`, if it
/// is a script.
pub fn look(snapshot: &Snapshot, at: At, room: &mut Room) -> Found {
    let found = look_here(snapshot, at, room);
    found.unwrap_or_else(|Full| {
        let mut found = None;
        fallback::with_room(at.dirfd, &mut || {
            found = look_here(snapshot, at, room).ok();
        });
        found.unwrap_or_else(|| unread(snapshot, &at))
    })
}

/// The descriptor table is full: there is no room to look.
struct Full;

fn look_here(snapshot: &Snapshot, mut at: At, room: &mut Room) -> Result<Found, Full> {
    room.script = false;
    let mut head = [0; elf::HEAD];
    for _ in 0..=SCRIPTS_MAX {
        let file = match File::open(&at) {
            Ok(file) => file,
            Err(libc::EMFILE) => return Err(Full),
            Err(_) => return Ok(unread(snapshot, &at)),
        };
        let Ok(inode) = sys::stat_of(file.fd) else {
            return Ok(Found::Nothing);
        };
        // Nobody may execute it: the call fails, and must do so as ever.
        if !inode.is(S_IFREG) || inode.mode & 0o111 == 0 {
            return Ok(Found::Nothing);
        }
        let length = programs::read_at(file.fd, &mut head, 0).unwrap_or(0);
        let head = head.get(..length).unwrap_or_default();
        let mut read =
            |offset, out: &mut [u8]| programs::read_at(file.fd, out, offset).unwrap_or(0);
        let name = match elf::inspect(head, &mut read) {
            Image::Unknown => return Ok(Found::NoFormat),
            Image::Elf(elf) => {
                let program = Program {
                    elf: &elf,
                    inode: &inode,
                    file: &file,
                    at: &at,
                };
                return Ok(match program.reason(snapshot, room) {
                    Some(reason) => Found::Cannot(reason, inode.id),
                    None => Found::Enters,
                });
            }
            Image::Script(name) => name,
        };
        let link = room.buffers().map(|buffers| &mut buffers.link);
        let Some(path) = link.and_then(|link| library::join(link, &[name])) else {
            return Ok(Found::Nothing);
        };
        room.script = true;
        at = At {
            reset: at.reset,
            ..At::path(path)
        };
    }
    Ok(Found::Nothing)
}

/// A program that may perhaps be executed but not read: only its bits are known.
fn unread(snapshot: &Snapshot, at: &At) -> Found {
    let inode = match sys::stat_at(at.dirfd, at.path, at.flags) {
        Ok(inode) if inode.is(S_IFREG) => inode,
        _ => return Found::Nothing,
    };
    if changes_ids(&inode, at.reset, false) && !library::enters_secure(snapshot) {
        Found::Cannot(Reason::SetId, inode.id)
    } else {
        Found::Enters
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
            && unsafe { crate::place::read_path(path) }.is_some_and(<[u8]>::is_empty);
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
        let name = crate::sys::DescriptorName::in_thread(dirfd);
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

struct Program<'a> {
    elf: &'a Elf,
    inode: &'a Inode,
    file: &'a File,
    at: &'a At,
}

impl Program<'_> {
    /// Why it cannot be entered, if it cannot.
    fn reason(&self, snapshot: &Snapshot, room: &mut Room) -> Option<Reason> {
        match self.elf.loader {
            Loader::None if !self.is_loader() => return Some(Reason::Static),
            Loader::None | Loader::Gnu => {}
            Loader::Musl => return Some(Reason::Musl),
            Loader::Other => return Some(Reason::OtherLibc),
        }
        if library::directories(self.elf.machine).is_none() {
            return Some(Reason::OtherMachine);
        }
        match self.elf.own_calls {
            Some(Maker::Go) => return Some(Reason::Go),
            Some(Maker::Bun) => return Some(Reason::Bun),
            None => {}
        }
        if let Some(reason) = self.secure() {
            return (!library::enters_secure(snapshot)).then_some(reason);
        }
        let machine = self.elf.machine;
        if machine == Machine::HERE && library::is_there(snapshot) {
            return None;
        }
        let text = room.buffers().map(|buffers| &mut buffers.text);
        text.and_then(|text| library::missing(snapshot, machine, text))
    }

    /// A dynamic loader that is itself started as a program names no loader.
    fn is_loader(&self) -> bool {
        if !self.elf.shared {
            return false;
        }
        // SAFETY: the kernel took this path a moment ago.
        let path = unsafe { crate::place::read_path(self.at.path) };
        path.is_some_and(elf::is_loader_name)
            || self.elf.machine == Machine::HERE && library::is_standard_loader(self.inode)
    }

    /// Will the kernel set `AT_SECURE` (`cap_bprm_creds_from_file` in
    /// `security/commoncap.c`), so that the loader drops the preload? A security
    /// module may do so as well, of which nothing is known here.
    fn secure(&self) -> Option<Reason> {
        let ids = programs::ids();
        let ignored = || programs::privileges_ignored(self.file.fd);
        let special = self.inode.mode & (S_ISUID | S_ISGID) != 0;
        if changes_ids_of(&ids, self.inode, self.at.reset, special && ignored()) {
            return Some(Reason::SetId);
        }
        // Root's capabilities are not those of files.
        if ids.user == 0 {
            return None;
        }
        let mut value = [0; 24];
        let name = c"security.capability".as_ptr();
        let length = programs::attribute_of(self.file.fd, name, &mut value).ok()?;
        let value = value.get(..length)?;
        (grants(value) && !ignored()).then_some(Reason::Capabilities)
    }
}

/// Does this `struct vfs_cap_data` give capabilities? Its first word has the flag
/// "effective"; then come pairs of permitted and inheritable ones.
fn grants(value: &[u8]) -> bool {
    let words = value.chunks_exact(4);
    words
        .take(5)
        .enumerate()
        .any(|(index, word)| match (index, word) {
            (0, [flags, ..]) => flags & 1 != 0,
            (1 | 3, word) => word.iter().any(|&byte| byte != 0),
            _ => false,
        })
}

fn changes_ids(inode: &Inode, reset: bool, ignored: bool) -> bool {
    changes_ids_of(&programs::ids(), inode, reset, ignored)
}

/// The kernel compares the new effective ids with the old real ones: a process
/// that only lowered its effective id starts secure programs too.
fn changes_ids_of(ids: &Ids, inode: &Inode, reset: bool, ignored: bool) -> bool {
    let (mut user, mut group) = match reset {
        true => (ids.user, ids.group),
        false => (ids.effective_user, ids.effective_group),
    };
    if !ignored {
        if inode.mode & S_ISUID != 0 {
            user = inode.user;
        }
        if inode.mode & (S_ISGID | S_IXGRP) == S_ISGID | S_IXGRP {
            group = inode.group;
        }
    }
    user != ids.user || group != ids.group
}

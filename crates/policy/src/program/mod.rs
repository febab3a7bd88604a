//! Can a preload enter the program that is about to start?
//!
//! The file is read as the kernel will read it, to the end of a chain of scripts. Who asks
//! brings the system calls: a [`Program`]. Between this look and the kernel's own,
//! somebody who may write to the directory can put another program there.

mod reason;

use crate::elf::{self, Elf, Image, Loader, Machine, Maker};
pub use reason::Reason;

/// The kernel follows so many scripts (`exec_binprm` in `fs/exec.c`).
const SCRIPTS_MAX: u32 = 5;

const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_ISUID: u32 = 0o4000;
/// Set-group-ID counts only together with the group's execute bit (`bprm_fill_uid` in
/// `fs/exec.c`).
const S_ISGID_IXGRP: u32 = 0o2010;
const S_ISGID: u32 = 0o2000;

/// What a look at a program found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// The library will be in it.
    Enters,
    /// It will not.
    Cannot(Reason),
    /// No regular file, or one that nobody may execute: the call will fail.
    Nothing,
    /// A file that is no program: execvp(3) gives it to the shell.
    NoFormat,
}

/// What stat(2) tells of a program.
#[derive(Clone, Copy)]
pub struct Stat {
    /// `st_mode`.
    pub mode: u32,
    /// `st_uid`.
    pub user: u32,
    /// `st_gid`.
    pub group: u32,
}

impl Stat {
    /// Is it a regular file that somebody may execute?
    pub fn is_program(&self) -> bool {
        self.mode & S_IFMT == S_IFREG && self.mode & 0o111 != 0
    }
}

/// Under whom a program is started (credentials(7)).
#[derive(Clone, Copy)]
pub struct Ids {
    /// Real user id.
    pub user: u32,
    /// Effective user id.
    pub effective_user: u32,
    /// Real group id.
    pub group: u32,
    /// Effective group id.
    pub effective_group: u32,
}

impl Ids {
    /// Does a program run under other ids than its caller's real ones, so that the kernel
    /// sets `AT_SECURE`? It compares the new effective ids with the old real ones: a
    /// process that only lowered its effective id starts secure programs too. `ignored`:
    /// the bits of the mode are without effect.
    pub fn change(&self, stat: &Stat, ignored: bool) -> bool {
        let (mut user, mut group) = (self.effective_user, self.effective_group);
        if !ignored {
            if stat.mode & S_ISUID != 0 {
                user = stat.user;
            }
            if stat.mode & S_ISGID_IXGRP == S_ISGID_IXGRP {
                group = stat.group;
            }
        }
        user != self.user || group != self.group
    }
}

/// A program, and the system that would start it.
pub trait Program {
    /// Why the file cannot be looked at.
    type Error;

    /// Opens the file of the program, or its interpreter's after [`Program::turn`].
    fn open(&mut self) -> Result<Stat, Self::Error>;

    /// Goes on with this interpreter. `None`: there is no such path.
    fn turn(&mut self, interpreter: &[u8]) -> Option<()>;

    /// pread(2) from the open file: how much was read.
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> usize;

    /// Is the open file, which names no loader, the dynamic loader itself?
    fn is_loader(&mut self) -> bool;

    /// Under whom it is started.
    fn ids(&self) -> Ids;

    /// Are set-user-ID bits and file capabilities of the open file ignored: on a file
    /// system that is mounted `nosuid`, or since the process gave up new privileges?
    fn privileges_ignored(&self) -> bool;

    /// The value of the open file's attribute `security.capability`: its length, 0 if
    /// there is none.
    fn capabilities(&self, out: &mut [u8]) -> usize;

    /// Does the loader take the library into a program that runs under other ids than
    /// its caller?
    fn enters_secure(&self) -> bool;

    /// Why the loader of this machine does not find the library, if so.
    fn missing(&mut self, machine: Machine) -> Option<Reason>;
}

/// Looks at a program.
pub fn look<P: Program>(program: &mut P) -> Result<Found, P::Error> {
    let mut head = [0; elf::HEAD];
    for _ in 0..=SCRIPTS_MAX {
        let stat = program.open()?;
        // The call fails, and must do so as ever.
        if !stat.is_program() {
            break;
        }
        let length = program.read_at(0, &mut head);
        let head = head.get(..length).unwrap_or_default();
        match elf::inspect(head, &mut |offset, out| program.read_at(offset, out)) {
            Image::Unknown => return Ok(Found::NoFormat),
            Image::Elf(elf) => {
                let reason = reason(program, &stat, &elf);
                return Ok(reason.map_or(Found::Enters, Found::Cannot));
            }
            Image::Script(interpreter) => {
                if program.turn(interpreter).is_none() {
                    break;
                }
            }
        }
    }
    Ok(Found::Nothing)
}

/// Why it cannot be entered, if it cannot.
fn reason<P: Program>(program: &mut P, stat: &Stat, elf: &Elf) -> Option<Reason> {
    match elf.loader {
        Loader::None if !(elf.shared && program.is_loader()) => return Some(Reason::Static),
        Loader::None | Loader::Gnu => {}
        Loader::Musl => return Some(Reason::Musl),
        Loader::Other => return Some(Reason::OtherLibc),
    }
    if elf.machine.directories().is_none() {
        return Some(Reason::OtherMachine);
    }
    match elf.own_calls {
        Some(Maker::Go) => return Some(Reason::Go),
        Some(Maker::Bun) => return Some(Reason::Bun),
        None => {}
    }
    match secure(program, stat) {
        Some(reason) => (!program.enters_secure()).then_some(reason),
        None => program.missing(elf.machine),
    }
}

/// Will the kernel set `AT_SECURE` (`cap_bprm_creds_from_file` in
/// `security/commoncap.c`), so that the loader drops the preload? A security module may
/// do so as well, of which nothing is known here.
fn secure<P: Program>(program: &P, stat: &Stat) -> Option<Reason> {
    let ids = program.ids();
    let special = stat.mode & (S_ISUID | S_ISGID) != 0;
    if ids.change(stat, special && program.privileges_ignored()) {
        return Some(Reason::SetId);
    }
    // Root's capabilities are not those of files.
    if ids.user == 0 {
        return None;
    }
    let mut value = [0; 24];
    let length = program.capabilities(&mut value);
    let granted = grants(value.get(..length)?) && !program.privileges_ignored();
    granted.then_some(Reason::Capabilities)
}

/// Does this `struct vfs_cap_data` give capabilities? Its first word has the flag
/// "effective"; then come pairs of permitted and inheritable ones.
fn grants(value: &[u8]) -> bool {
    let words = value.chunks_exact(4).take(5).enumerate();
    words.into_iter().any(|(index, word)| match (index, word) {
        (0, [flags, ..]) => flags & 1 != 0,
        (1 | 3, word) => word.iter().any(|&byte| byte != 0),
        _ => false,
    })
}

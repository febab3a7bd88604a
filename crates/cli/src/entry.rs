//! Can a preload enter this program? Followed from a command's name to what the
//! kernel will start: scripts to their interpreters, then the ELF file.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags};

use umaskclamp_policy::elf::{Elf, HEAD, Image, Loader, Machine, Maker, inspect, is_loader_name};

use crate::calls::fill;
use crate::elf;

/// The kernel follows at most so many interpreters (`BINPRM_MAX_RECURSION` in
/// `fs/exec.c`).
const CHAIN_MAX: usize = 5;

/// A reason for which ld.so does not load the library into a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// No interpreter: nothing loads libraries.
    Static,
    /// Its loader is musl's, for which a library built for glibc is fatal.
    Musl,
    /// Its loader is that of a third libc.
    OtherLibc,
    /// Another machine or class than the library.
    Target(Machine),
    /// `AT_SECURE`: ld.so takes only names without `/` from trusted directories,
    /// and only set-user-ID libraries.
    SetUser,
    SetGroup,
    Capabilities,
    /// Loaded, but it creates files past every library.
    OwnCalls(Maker),
    /// Not ELF and no `#!`: a shell may run it, and be entered itself.
    NotElf,
    /// A file of the chain cannot be read, so nothing is known.
    Unreadable(String),
}

impl Obstacle {
    /// The library's own words, for records.
    pub fn reason(&self) -> &'static str {
        match self {
            Obstacle::Static => "static program",
            Obstacle::Musl => "musl program",
            Obstacle::OtherLibc => "program of another libc",
            Obstacle::Target(_) => "program of another machine or class",
            Obstacle::SetUser | Obstacle::SetGroup => "runs under another user or group id",
            Obstacle::Capabilities => "has file capabilities",
            Obstacle::OwnCalls(maker) => maker.reason(),
            Obstacle::NotElf => "no ELF file",
            Obstacle::Unreadable(_) => "cannot be read",
        }
    }

    /// One line for people.
    pub fn shown(&self) -> String {
        match self {
            Obstacle::Static => "static: no dynamic loader, nothing can be preloaded".into(),
            Obstacle::Musl => "musl program: a glibc preload would stop it".into(),
            Obstacle::OtherLibc => "program of another libc: the library is for glibc".into(),
            Obstacle::Target(machine) => {
                format!(
                    "{}: the library is for another machine or class",
                    elf::shown(*machine)
                )
            }
            Obstacle::SetUser => "set-user-ID: ld.so ignores the preload".into(),
            Obstacle::SetGroup => "set-group-ID: ld.so ignores the preload".into(),
            Obstacle::Capabilities => "file capabilities: ld.so ignores the preload".into(),
            Obstacle::OwnCalls(Maker::Go) => {
                "made by Go: creates files by system calls of its own".into()
            }
            Obstacle::OwnCalls(Maker::Bun) => {
                "Bun: creates files by system calls of its own".into()
            }
            Obstacle::NotElf => "neither an ELF file nor a script with #!".into(),
            Obstacle::Unreadable(why) => format!("cannot be read: {why}"),
        }
    }
}

/// A command, resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The command's file, then each interpreter; the last one is loaded.
    pub chain: Vec<PathBuf>,
    /// Why the library does not get in; `None`: it does.
    pub obstacle: Option<Obstacle>,
}

/// Why a command cannot be started at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfound {
    Missing,
    NotExecutable,
}

/// The file that a command's name stands for, as execvp(3) finds it.
pub fn find(command: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, Unfound> {
    if command.as_bytes().contains(&b'/') {
        let file = PathBuf::from(command);
        return match fs::metadata(&file) {
            Ok(data) if data.is_file() && executable(&file) => Ok(file),
            Ok(_) => Err(Unfound::NotExecutable),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Unfound::NotExecutable)
            }
            Err(_) => Err(Unfound::Missing),
        };
    }
    let mut denied = false;
    // What execvp(3) takes without PATH (confstr(3), _CS_PATH).
    for directory in env::split_paths(path.unwrap_or(OsStr::new("/bin:/usr/bin"))) {
        let file = directory.join(command);
        match fs::metadata(&file) {
            Ok(data) if data.is_file() && executable(&file) => return Ok(file),
            Ok(_) => denied = true,
            Err(_) => {}
        }
    }
    Err(if denied {
        Unfound::NotExecutable
    } else {
        Unfound::Missing
    })
}

fn executable(file: &Path) -> bool {
    // The effective user's right, as exec asks for it.
    let ours = rustix::fs::accessat(
        rustix::fs::CWD,
        file,
        Access::EXEC_OK,
        rustix::fs::AtFlags::EACCESS,
    );
    // Root may "execute" by access(2) only what has one x bit: so does exec.
    ours.is_ok() && fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

impl Entry {
    /// Follows `file` to the program that is loaded in the end, and says if a
    /// library for `library` gets into it.
    pub fn of(file: &Path, library: Option<Machine>) -> Entry {
        let mut chain = vec![file.to_path_buf()];
        loop {
            let last = chain.last().map_or(file, PathBuf::as_path).to_path_buf();
            let (file, head) = match read(&last) {
                Ok(read) => read,
                Err(error) => {
                    let why = crate::failure::reason(&error);
                    return Entry {
                        chain,
                        obstacle: Some(Obstacle::Unreadable(why)),
                    };
                }
            };
            let obstacle = match inspect(&head, &mut |at, out| fill(&file, at, out)) {
                Image::Script(interpreter) if chain.len() <= CHAIN_MAX => {
                    chain.push(PathBuf::from(OsStr::from_bytes(interpreter)));
                    continue;
                }
                Image::Script(_) | Image::Unknown => Some(Obstacle::NotElf),
                Image::Elf(elf) => obstacle(&last, &elf, library),
            };
            return Entry { chain, obstacle };
        }
    }

    /// The program that is loaded in the end.
    pub fn program(&self) -> &Path {
        self.chain.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

/// The file and its first bytes: a script may be endless (a fifo), a program large.
fn read(file: &Path) -> io::Result<(File, Vec<u8>)> {
    let mut head = Vec::new();
    let file = File::open(file)?;
    (&file).take(HEAD as u64).read_to_end(&mut head)?;
    Ok((file, head))
}

/// In the order in which the library looks at a child.
fn obstacle(file: &Path, elf: &Elf, library: Option<Machine>) -> Option<Obstacle> {
    // A dynamic loader that is itself started as a program names none.
    let is_loader = || elf.shared && is_loader_name(file.as_os_str().as_bytes());
    match elf.loader {
        Loader::None if !is_loader() => return Some(Obstacle::Static),
        Loader::None | Loader::Gnu => {}
        Loader::Musl => return Some(Obstacle::Musl),
        Loader::Other => return Some(Obstacle::OtherLibc),
    }
    if library.is_some_and(|library| library != elf.machine) {
        return Some(Obstacle::Target(elf.machine));
    }
    if let Some(maker) = elf.own_calls {
        return Some(Obstacle::OwnCalls(maker));
    }
    secure(file)
}

/// What makes the kernel set `AT_SECURE` (getauxval(3), capabilities(7)).
fn secure(file: &Path) -> Option<Obstacle> {
    let data = fs::metadata(file).ok()?;
    let mount = rustix::fs::statvfs(file).ok()?;
    if mount.f_flag.contains(StatVfsMountFlags::NOSUID) {
        return None;
    }
    if changes_user(&data) {
        return Some(Obstacle::SetUser);
    }
    if changes_group(&data) {
        return Some(Obstacle::SetGroup);
    }
    // Root has what the file would give.
    let root = rustix::process::getuid().is_root();
    let mut value = [0_u8; 64];
    let given = rustix::fs::getxattr(file, "security.capability", &mut value[..]);
    (!root && given.is_ok()).then_some(Obstacle::Capabilities)
}

fn changes_user(data: &Metadata) -> bool {
    data.mode() & 0o4000 != 0 && data.uid() != rustix::process::getuid().as_raw()
}

/// Set-group-ID counts only together with the group's execute bit
/// (`bprm_fill_uid` in `fs/exec.c`).
fn changes_group(data: &Metadata) -> bool {
    data.mode() & 0o2010 == 0o2010 && data.gid() != rustix::process::getgid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::OpenOptionsExt;

    #[test]
    fn scripts_lead_to_their_interpreter() {
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("script");
        let write = |path: &Path, text: &str| {
            use std::io::Write;
            let mut options = fs::OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o755)
                .open(path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write(&script, "#! /bin/sh -e\necho\n");
        let entry = Entry::of(&script, Some(Machine::HERE));
        assert_eq!(entry.program(), Path::new("/bin/sh"));
        assert_eq!(entry.obstacle, None);

        let outer = directory.path().join("outer");
        write(&outer, &format!("#!{}\n", script.display()));
        assert_eq!(Entry::of(&outer, None).chain.len(), 3);

        let looped = directory.path().join("looped");
        write(&looped, &format!("#!{}\n", looped.display()));
        assert_eq!(Entry::of(&looped, None).obstacle, Some(Obstacle::NotElf));
    }

    #[test]
    fn another_class_is_an_obstacle() {
        let mut other = Machine::HERE;
        other.class = 3 - other.class;
        let entry = Entry::of(Path::new("/bin/true"), Some(other));
        assert_eq!(entry.obstacle, Some(Obstacle::Target(Machine::HERE)));
    }

    #[test]
    fn a_loader_says_which_libc_and_is_one_itself() {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let loader = maps
            .lines()
            .filter_map(|line| Some(&line[line.find('/')?..]));
        let loader = loader.into_iter().find(|path| path.contains("/ld-linux"));
        let loader = Path::new(loader.unwrap());
        assert_eq!(Entry::of(loader, Some(Machine::HERE)).obstacle, None);

        let directory = tempfile::tempdir().unwrap();
        let program = fs::read("/bin/true").unwrap();
        let name = b"/ld-linux";
        let at = program.windows(name.len()).position(|part| part == name);
        let at = at.unwrap() + 1;
        for (start, obstacle) in [
            (&b"ld-musl-"[..], Obstacle::Musl),
            (b"ld-uClibc", Obstacle::OtherLibc),
        ] {
            let mut other = program.clone();
            other[at..at + start.len()].copy_from_slice(start);
            let path = directory.path().join("other");
            fs::write(&path, other).unwrap();
            assert_eq!(Entry::of(&path, None).obstacle, Some(obstacle));
        }
    }

    #[test]
    fn commands_are_found_as_exec_finds_them() {
        let path = Some(OsStr::new("/no/such:/bin"));
        assert_eq!(find(OsStr::new("sh"), path), Ok(PathBuf::from("/bin/sh")));
        assert_eq!(
            find(OsStr::new("no-such-command"), path),
            Err(Unfound::Missing)
        );
        assert_eq!(
            find(OsStr::new("/etc/passwd"), path),
            Err(Unfound::NotExecutable)
        );
        assert_eq!(find(OsStr::new("/etc"), path), Err(Unfound::NotExecutable));
    }
}

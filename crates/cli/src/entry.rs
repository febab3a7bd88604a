//! Can a preload enter this program? Followed from a command's name to what the
//! kernel will start: scripts to their interpreters, then the ELF file.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags};

use crate::elf::{Elf, Target};

/// The kernel follows at most so many interpreters (`BINPRM_MAX_RECURSION` in
/// `fs/exec.c`).
const CHAIN_MAX: usize = 5;

/// The kernel reads so much of a script's first line (`BINPRM_BUF_SIZE`).
const FIRST_LINE: usize = 256;

/// A reason for which ld.so does not load the library into a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// No interpreter: nothing loads libraries.
    Static,
    /// Its loader is musl's, for which a library built for glibc is fatal.
    Musl(Vec<u8>),
    /// Another machine or class than the library.
    Target(Target),
    /// `AT_SECURE`: ld.so takes only names without `/` from trusted directories,
    /// and only set-user-ID libraries.
    SetUser,
    SetGroup,
    Capabilities,
    /// Made by Go: loaded, but it creates files past every library.
    Go,
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
            Obstacle::Musl(_) => "musl program",
            Obstacle::Target(_) => "program of another machine or class",
            Obstacle::SetUser | Obstacle::SetGroup => "runs under another user or group id",
            Obstacle::Capabilities => "has file capabilities",
            Obstacle::Go => "makes its own system calls (Go)",
            Obstacle::NotElf => "no ELF file",
            Obstacle::Unreadable(_) => "cannot be read",
        }
    }

    /// One line for people.
    pub fn shown(&self) -> String {
        match self {
            Obstacle::Static => "static: no dynamic loader, nothing can be preloaded".into(),
            Obstacle::Musl(loader) => format!(
                "musl program (loader {}): a glibc preload would stop it",
                crate::show::bytes(loader)
            ),
            Obstacle::Target(target) => {
                format!(
                    "{}: the library is for another machine or class",
                    target.shown()
                )
            }
            Obstacle::SetUser => "set-user-ID: ld.so ignores the preload".into(),
            Obstacle::SetGroup => "set-group-ID: ld.so ignores the preload".into(),
            Obstacle::Capabilities => "file capabilities: ld.so ignores the preload".into(),
            Obstacle::Go => "made by Go: creates files by system calls of its own".into(),
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
    pub fn of(file: &Path, library: Option<Target>) -> Entry {
        let mut chain = vec![file.to_path_buf()];
        loop {
            let last = chain.last().map_or(file, PathBuf::as_path).to_path_buf();
            let bytes = match read(&last) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let why = crate::failure::reason(&error);
                    return Entry {
                        chain,
                        obstacle: Some(Obstacle::Unreadable(why)),
                    };
                }
            };
            if let Some(interpreter) = script_interpreter(&bytes) {
                if chain.len() <= CHAIN_MAX {
                    chain.push(PathBuf::from(OsString::from_vec(interpreter)));
                    continue;
                }
            }
            let elf = Elf::parse(&bytes);
            return Entry {
                chain,
                obstacle: obstacle(&last, elf.as_ref(), library),
            };
        }
    }

    /// The program that is loaded in the end.
    pub fn program(&self) -> &Path {
        self.chain.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(file)?;
    // A script may be endless (a fifo); an ELF file's headers lie anywhere.
    file.by_ref()
        .take(FIRST_LINE as u64)
        .read_to_end(&mut bytes)?;
    if bytes.starts_with(b"\x7fELF") {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// What `#!` names, as `fs/binfmt_script.c` reads it.
fn script_interpreter(bytes: &[u8]) -> Option<Vec<u8>> {
    let line = bytes.strip_prefix(b"#!")?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = line.iter().position(|byte| !blank(byte))?;
    let name = line[start..].split(|byte| blank(byte)).next()?;
    (!name.is_empty()).then(|| name.to_vec())
}

fn obstacle(file: &Path, elf: Option<&Elf>, library: Option<Target>) -> Option<Obstacle> {
    let Some(elf) = elf else {
        return Some(Obstacle::NotElf);
    };
    let Some(loader) = &elf.interpreter else {
        return Some(Obstacle::Static);
    };
    if loader.windows(7).any(|part| part == b"ld-musl") {
        return Some(Obstacle::Musl(loader.clone()));
    }
    if library.is_some_and(|library| library != elf.target) {
        return Some(Obstacle::Target(elf.target));
    }
    secure(file).or_else(|| elf.go.then_some(Obstacle::Go))
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

    fn ours() -> Target {
        let bytes = fs::read(env::current_exe().unwrap()).unwrap();
        Elf::parse(&bytes).unwrap().target
    }

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
        let entry = Entry::of(&script, Some(ours()));
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
        let mut other = ours();
        other.bits = if other.bits == 64 { 32 } else { 64 };
        let entry = Entry::of(Path::new("/bin/true"), Some(other));
        assert_eq!(entry.obstacle, Some(Obstacle::Target(ours())));
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

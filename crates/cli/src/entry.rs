//! Can a preload enter this program? Followed from a command's name to what the
//! kernel will start: scripts to their interpreters, then the ELF file.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags, fgetxattr, fstatvfs};

use umaskclamp_policy::elf::{Machine, is_loader_name};
use umaskclamp_policy::program::{self, Found, Ids, Program, Reason, Stat};

use crate::calls::fill;

/// Why the library does not get into a program, or nobody knows whether it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Obstacle {
    Cannot(Reason),
    /// Not ELF and no `#!`: a shell may run it, and be entered itself.
    NoFormat,
    /// The kernel will not start it: an interpreter is none, or scripts that run each
    /// other.
    Fails,
    /// A file of the chain cannot be read, so nothing is known.
    Unreadable(String),
}

impl Obstacle {
    /// For people; of a [`Reason`] as it stands in records.
    pub fn text(&self) -> String {
        match self {
            Obstacle::Cannot(reason) => reason.text().into(),
            Obstacle::NoFormat => "neither an ELF file nor a script with #!".into(),
            Obstacle::Fails => "cannot be executed".into(),
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
        let mut look = Look {
            chain: vec![file.to_path_buf()],
            file: None,
            library,
        };
        let obstacle = match program::look(&mut look) {
            Ok(Found::Enters) => None,
            Ok(Found::Cannot(reason)) => Some(Obstacle::Cannot(reason)),
            Ok(Found::NoFormat) => Some(Obstacle::NoFormat),
            Ok(Found::Nothing) => Some(Obstacle::Fails),
            Err(error) => Some(Obstacle::Unreadable(crate::failure::reason(&error))),
        };
        Entry {
            chain: look.chain,
            obstacle,
        }
    }

    /// The program that is loaded in the end.
    pub fn program(&self) -> &Path {
        self.chain.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

/// Looks at programs by the files that there are.
struct Look {
    chain: Vec<PathBuf>,
    file: Option<File>,
    library: Option<Machine>,
}

impl Look {
    fn last(&self) -> &Path {
        self.chain.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

impl Program for Look {
    type Error = io::Error;

    fn open(&mut self) -> io::Result<Stat> {
        let file = File::open(self.last())?;
        let data = file.metadata()?;
        self.file = Some(file);
        Ok(Stat {
            mode: data.mode(),
            user: data.uid(),
            group: data.gid(),
        })
    }

    fn turn(&mut self, interpreter: &[u8]) -> Option<()> {
        self.chain.push(OsStr::from_bytes(interpreter).into());
        Some(())
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> usize {
        self.file.as_ref().map_or(0, |file| fill(file, offset, out))
    }

    fn is_loader(&mut self) -> bool {
        is_loader_name(self.last().as_os_str().as_bytes())
    }

    fn ids(&self) -> Ids {
        Ids {
            user: rustix::process::getuid().as_raw(),
            effective_user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getgid().as_raw(),
            effective_group: rustix::process::getegid().as_raw(),
        }
    }

    fn privileges_ignored(&self) -> bool {
        let mount = self.file.as_ref().and_then(|file| fstatvfs(file).ok());
        mount.is_some_and(|mount| mount.f_flag.contains(StatVfsMountFlags::NOSUID))
            || rustix::thread::no_new_privs().unwrap_or(false)
    }

    fn capabilities(&self, out: &mut [u8]) -> usize {
        let value = |file| fgetxattr(file, "security.capability", out).ok();
        self.file.as_ref().and_then(value).unwrap_or(0)
    }

    /// `umaskclamp run` names the library by `LD_PRELOAD`, and no library that is
    /// installed has the set-user-ID bit.
    fn enters_secure(&self) -> bool {
        false
    }

    fn missing(&mut self, machine: Machine) -> Option<Reason> {
        let other = self.library.filter(|library| *library != machine);
        other.map(|_| Reason::OtherClass)
    }
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
        assert_eq!(Entry::of(&looped, None).obstacle, Some(Obstacle::Fails));
    }

    #[test]
    fn another_class_is_an_obstacle() {
        let mut other = Machine::HERE;
        other.class = 3 - other.class;
        let entry = Entry::of(Path::new("/bin/true"), Some(other));
        let other = Obstacle::Cannot(Reason::OtherClass);
        assert_eq!(entry.obstacle, Some(other));
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
        for (start, reason) in [
            (&b"ld-musl-"[..], Reason::Musl),
            (b"ld-uClibc", Reason::OtherLibc),
        ] {
            let mut other = program.clone();
            other[at..at + start.len()].copy_from_slice(start);
            let path = directory.path().join("other");
            fs::write(&path, other).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            let obstacle = Entry::of(&path, None).obstacle;
            assert_eq!(obstacle, Some(Obstacle::Cannot(reason)));
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

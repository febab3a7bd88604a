//! Where the library is, and how it gets into a program's `LD_PRELOAD`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use umaskclamp_policy::elf::Machine;
use umaskclamp_policy::settings::{Mode, VARIABLES, variables as name};

use crate::elf::{self, Elf};
use crate::entry::Entry;
use crate::failure::{self, Failure};
use crate::files::absolute;
use crate::preload::{LD_PRELOAD, NAME, TRIPLET, entries, is_library, trusted};
use crate::settings::Environment;
use crate::show;

/// The library that was found.
#[derive(Clone, Debug)]
pub struct Library {
    pub path: PathBuf,
    pub elf: Elf,
    /// Whether ld.so finds it by its name alone.
    pub trusted: bool,
}

impl Library {
    /// `given`, or the first that is there: next to this command (a build tree),
    /// where an installation below the same prefix has it, in the system's
    /// directories.
    pub fn find(given: Option<&Path>) -> Result<Library, Failure> {
        if let Some(path) = given {
            return Library::open(&absolute(path)?);
        }
        let candidates = candidates();
        if let Some(path) = candidates.iter().find(|path| path.is_file()) {
            return Library::open(path);
        }
        let line = |line: std::fmt::Arguments| Failure::new(failure::UNAVAILABLE, line);
        let head = format_args!("{NAME} was not found; --library names it. Looked for:");
        Err(candidates.iter().fold(line(head), |failure, path| {
            failure.and(line(format_args!("  {}", path.display())))
        }))
    }

    fn open(path: &Path) -> Result<Library, Failure> {
        let shown = show::bytes(path.as_os_str().as_bytes());
        let cannot = |why: &str| Failure::new(failure::UNAVAILABLE, format_args!("{shown}: {why}"));
        let bytes = fs::read(path).map_err(|error| cannot(&failure::reason(&error)))?;
        let elf = Elf::parse(&bytes).ok_or_else(|| cannot("not an ELF library"))?;
        if !elf.has("openat") {
            return Err(cannot("not the library: it has no hook for openat"));
        }
        Ok(Library {
            path: path.to_path_buf(),
            elf,
            trusted: trusted().iter().any(|place| path.parent() == Some(place)),
        })
    }

    pub fn machine(&self) -> Machine {
        self.elf.machine
    }

    /// Refuses a library for which no program of this machine is.
    pub fn must_be_of(&self, machine: Machine) -> Result<(), Failure> {
        if self.machine() == machine {
            return Ok(());
        }
        Err(Failure::new(
            failure::UNAVAILABLE,
            format_args!(
                "{}: for another machine or class ({})",
                show::bytes(self.path.as_os_str().as_bytes()),
                elf::shown(self.machine())
            ),
        ))
    }

    /// Makes sure that ld.so loads it by its entry in `preload`: where it cannot, it
    /// says so on stderr and starts the program without. Tried with this command, so
    /// that nothing of the job has begun; where a preload cannot enter this command,
    /// nothing is found out.
    pub fn loads(&self, preload: &OsStr, environment: &Environment) -> Result<(), Failure> {
        let Ok(own) = env::current_exe() else {
            return Ok(());
        };
        if Entry::of(&own, Some(self.machine())).obstacle.is_some() {
            return Ok(());
        }
        let mut said = String::new();
        for entry in entries(preload.as_bytes()) {
            if !self.is(entry) {
                continue;
            }
            let mut command = Command::new(&own);
            command.env_clear().envs(environment.iter());
            for variable in VARIABLES {
                command.env_remove(variable.name);
            }
            let output = command
                .arg("--version")
                .env(LD_PRELOAD, OsStr::from_bytes(entry))
                .env(name::MODE, Mode::Off.word())
                .stdin(Stdio::null())
                .output();
            match output {
                Ok(output) if output.status.success() && output.stderr.is_empty() => return Ok(()),
                Ok(output) => said.push_str(&String::from_utf8_lossy(&output.stderr)),
                Err(error) => said.push_str(&failure::reason(&error)),
            }
        }
        Err(Failure::new(
            failure::UNAVAILABLE,
            format_args!(
                "ld.so cannot load the library: {}",
                show::bytes(said.trim().as_bytes())
            ),
        ))
    }

    /// The entry for `LD_PRELOAD`: the bare name from a trusted directory, so
    /// that programs of another class find their own; else the path.
    fn entry(&self) -> Result<OsString, Failure> {
        if self.trusted {
            return Ok(NAME.into());
        }
        let path = self.path.as_os_str();
        // ld.so splits the list at both and knows no escape.
        if path
            .as_bytes()
            .iter()
            .any(|byte| matches!(byte, b' ' | b':'))
        {
            return Err(Failure::new(
                failure::UNAVAILABLE,
                format_args!(
                    "{}: a path with a blank or ':' cannot stand in {LD_PRELOAD}",
                    show::bytes(path.as_bytes())
                ),
            ));
        }
        Ok(path.to_owned())
    }

    /// Whether an entry of `LD_PRELOAD` is this library, or one like it.
    fn is(&self, entry: &[u8]) -> bool {
        is_library(entry) || entry == self.path.as_os_str().as_bytes()
    }

    /// `preload` without the library; `None` if nothing is left.
    pub fn removed(&self, preload: &OsStr) -> Option<OsString> {
        let kept: Vec<&[u8]> = entries(preload.as_bytes())
            .into_iter()
            .filter(|entry| !self.is(entry))
            .collect();
        (!kept.is_empty()).then(|| OsString::from_vec(kept.join(&b':')))
    }

    /// `preload` with the library behind what is there already: others were
    /// first and stay so (ASan insists). One that names it already is kept.
    pub fn appended(&self, preload: Option<&OsStr>) -> Result<OsString, Failure> {
        let given = preload.unwrap_or_default();
        if entries(given.as_bytes())
            .into_iter()
            .any(|entry| self.is(entry))
        {
            return Ok(given.to_owned());
        }
        let mut list = given.to_owned();
        if !list.is_empty() {
            list.push(":");
        }
        list.push(self.entry()?);
        Ok(list)
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    let own = env::current_exe().ok();
    if let Some(directory) = own.as_deref().and_then(Path::parent) {
        candidates.push(directory.join(NAME));
        if let Some(prefix) = directory.parent() {
            let trusted = prefix == Path::new("/usr") || prefix == Path::new("/");
            if !trusted {
                candidates.push(prefix.join("lib").join(TRIPLET).join(NAME));
                candidates.push(prefix.join("lib64").join(NAME));
                candidates.push(prefix.join("lib").join(NAME));
            }
        }
    }
    candidates.extend(trusted().iter().map(|directory| directory.join(NAME)));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_known_by_name_and_by_path() {
        let library = Library {
            path: PathBuf::from("/x/renamed.so"),
            elf: Elf::parse(&fs::read("/proc/self/exe").unwrap()).unwrap(),
            trusted: false,
        };
        let list = OsStr::new("a.so /y/libumaskclamp.so:/x/renamed.so b.so");
        assert_eq!(library.removed(list).unwrap(), "a.so:b.so");
        assert_eq!(library.removed(OsStr::new("libumaskclamp.so")), None);
        assert_eq!(library.appended(Some(list)).unwrap(), list);
        let others = Some(OsStr::new("a.so"));
        assert_eq!(library.appended(others).unwrap(), "a.so:/x/renamed.so");
    }
}

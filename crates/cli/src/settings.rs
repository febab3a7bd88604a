//! The settings as the library will see them: those of the environment with the
//! command line's laid over them, read by the same code.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use umaskclamp_policy::home;
use umaskclamp_policy::list;
use umaskclamp_policy::rules::Rules;
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::settings::{self, ENVIRONMENT_STRING, Fault, FileFault, Mode, Settings};

use crate::failure::{self, Failure};
use crate::library::{LD_PRELOAD, names_library};

/// Which paths are sensitive. Given here, the variables of the environment that
/// say so do not count.
#[derive(Args, Clone, Debug, Default)]
pub struct Selection {
    /// A pattern, or several with ':' between; may be given more than once
    #[arg(
        short,
        long = "pattern",
        value_name = "PATTERN",
        help_heading = "What is sensitive"
    )]
    pub patterns: Vec<OsString>,
    /// A file with one pattern a line; its rules come before those of -p
    #[arg(
        short,
        long = "file",
        value_name = "FILE",
        value_hint = clap::ValueHint::FilePath,
        help_heading = "What is sensitive"
    )]
    pub file: Option<PathBuf>,
    /// The built-in list first, the patterns of -p after it
    #[arg(
        short,
        long,
        conflicts_with = "file",
        help_heading = "What is sensitive"
    )]
    pub builtin: bool,
    /// Permission bits to clear, octal, within 077 (default: 077)
    #[arg(short, long, value_name = "MASK", help_heading = "What is sensitive")]
    pub mask: Option<OsString>,
}

impl Selection {
    /// Is a list chosen, and not the mask alone?
    pub fn chooses(&self) -> bool {
        self.builtin || self.file.is_some() || !self.patterns.is_empty()
    }
}

/// The environment of a program to be started, as `NAME=value`, in its order.
#[derive(Clone, Debug)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// Our own, each variable once: of `LD_PRELOAD` the last counts, as for the dynamic
    /// loader, of all others the first (`getenv(3)`), and of a setting the first that is
    /// not empty, as for the library.
    pub fn ours() -> Self {
        let mut ours = Environment(Vec::new());
        for (key, value) in env::vars_os() {
            let earlier = ours.0.iter_mut().find(|(known, _)| *known == key);
            let setting = key.as_bytes().starts_with(b"UMASKCLAMP_");
            match earlier {
                None => ours.0.push((key, value)),
                Some((_, old)) if key == LD_PRELOAD || setting && old.is_empty() => *old = value,
                Some(_) => {}
            }
        }
        ours
    }

    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_os_str())
    }

    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_os_str(), value.as_os_str()))
    }

    /// Lays the command line's choice over it.
    pub fn select(&mut self, selection: &Selection) -> Result<(), Failure> {
        if selection.patterns.iter().any(|pattern| pattern.is_empty()) {
            // An unset variable of a script: it would choose the built-in list.
            return Err(Failure::new(
                failure::USAGE,
                "-p is empty (a variable that is not set?); leave it out for the built-in \
                 list, or name what is sensitive",
            ));
        }
        if selection.chooses() {
            self.remove(name::PATTERNS);
            self.remove(name::PATTERNS_FILE);
        }
        let mut list = Vec::new();
        if selection.builtin {
            list = built_in(self)?.to_list();
        }
        for pattern in &selection.patterns {
            if !list.is_empty() {
                list.push(b':');
            }
            list.extend(pattern.as_bytes());
        }
        if !list.is_empty() {
            self.set_list(list)?;
        }
        if let Some(file) = &selection.file {
            self.set(name::PATTERNS_FILE, absolute(file)?);
        }
        if let Some(mask) = &selection.mask {
            self.set(name::MASK, mask.clone());
        }
        Ok(())
    }

    fn set_list(&mut self, list: Vec<u8>) -> Result<(), Failure> {
        // One more byte for the `=`, one for the end of the string.
        if name::PATTERNS.len() + list.len() + 2 > ENVIRONMENT_STRING {
            return Err(Failure::new(
                failure::CONFIGURATION,
                format_args!(
                    "the patterns take {} bytes; one environment string holds {ENVIRONMENT_STRING}",
                    list.len()
                ),
            ));
        }
        self.set(name::PATTERNS, OsString::from_vec(list));
        Ok(())
    }

    /// The settings of the job that this command is a part of, if that is protected.
    /// What is wrong with them there is an error: it was written inside the job.
    pub fn of_job(&self) -> Result<Option<Settings>, Failure> {
        let for_all = fs::read("/etc/ld.so.preload").unwrap_or_default();
        let preload = self.get(LD_PRELOAD).unwrap_or_default().as_bytes();
        let mut lists = for_all.split(|&byte| byte == b'\n').chain([preload]);
        if !lists.any(names_library) {
            return Ok(None);
        }
        let settings = self.settings()?;
        Ok((settings.mode != Mode::Off).then_some(settings))
    }

    /// Puts what was selected behind the list in force in the job. Where it begins with
    /// the rules that the job's ends with, those stand once: twice they say the same, and
    /// the same run in a run in a run would outgrow the variable.
    pub fn behind(&mut self, job: &Settings) -> Result<(), Failure> {
        // What is wrong with it is told by who reads the settings next, with the name
        // of the file it stands in.
        if let Ok(selected) = self.settings() {
            let (old, new) = (in_force(job), in_force(&selected));
            let mut rules: Vec<&[u8]> = list::elements(&old).collect();
            let new: Vec<&[u8]> = list::elements(&new).collect();
            let same = (0..rules.len()).find(|&at| new.starts_with(&rules[at..]));
            rules.truncate(same.unwrap_or(rules.len()));
            rules.extend(new);
            self.remove(name::PATTERNS_FILE);
            self.set_list(rules.join(&b':'))?;
        }
        Ok(())
    }

    /// Reads the settings as the library does at load.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let entries: Vec<Vec<u8>> = self
            .0
            .iter()
            .map(|(key, value)| [key.as_bytes(), b"=", value.as_bytes()].concat())
            .collect();
        settings::parse(
            entries.iter().map(Vec::as_slice),
            |path| read_file(Path::new(OsStr::from_bytes(path))),
            || self.home(),
        )
        .map_err(Failure::faults)
    }

    /// `HOME`, or what `/etc/passwd` has for the effective user: the library's
    /// own way, which asks no name service.
    pub fn home(&self) -> Option<Vec<u8>> {
        let set = self.get("HOME").map(OsStr::as_bytes);
        if let Some(home) = set.filter(|home| home.starts_with(b"/")) {
            return Some(home.to_vec());
        }
        let database = fs::read("/etc/passwd").ok()?;
        let user = rustix::process::geteuid().as_raw();
        home::of_user(user, &database).map(<[u8]>::to_vec)
    }
}

/// The list in force, whatever it was read from.
fn in_force(settings: &Settings) -> Vec<u8> {
    let handed_on = settings.effective_list.clone();
    let written = handed_on.filter(|list| !list.is_empty());
    written.unwrap_or_else(|| settings.rules.to_list())
}

/// The built-in rules, seen from this environment's home.
pub fn built_in(environment: &Environment) -> Result<Rules, Failure> {
    Rules::built_in(environment.home().as_deref()).map_err(|faults| {
        let lines = faults.iter().map(|fault| format!("built-in list: {fault}"));
        Failure {
            status: failure::CONFIGURATION,
            lines: lines.collect(),
            faults: Vec::new(),
        }
    })
}

/// `path` from the root on, links left alone.
pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::new(
            failure::SYSTEM,
            format_args!("the current directory: {}", failure::reason(&error)),
        )
    })
}

/// Reads a patterns file; a fifo in its place does not block.
pub fn read_file(path: &Path) -> Result<Vec<u8>, FileFault> {
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblock)
        .open(path)
        .map_err(|error| fault(&error))?;
    let kind = file.metadata().map_err(|error| fault(&error))?.file_type();
    if kind.is_dir() {
        return Err(FileFault::Directory);
    }
    if !kind.is_file() {
        return Err(FileFault::NotRegular);
    }
    let mut text = Vec::new();
    // As the library: what is longer could not travel on to children.
    let most = ENVIRONMENT_STRING as u64;
    match file.take(most + 1).read_to_end(&mut text) {
        Ok(read) if read as u64 > most => Err(FileFault::TooLong),
        Ok(_) => Ok(text),
        Err(error) => Err(fault(&error)),
    }
}

/// Opens a log as the library does, so that a fault is told before the program
/// runs, in the library's own words.
pub fn open_log(path: &Path) -> Result<File, Failure> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .and_then(|file| Ok((file.metadata()?.file_type(), file)));
    let fault = match opened {
        Ok((kind, file)) if kind.is_file() || kind.is_char_device() => return Ok(file),
        Ok(_) => FileFault::NotRegular,
        Err(error) => fault(&error),
    };
    let path = path.as_os_str().as_bytes().to_vec();
    Err(Failure::faults(vec![Fault::LogFile { path, fault }]))
}

fn fault(error: &io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound => FileFault::Missing,
        io::ErrorKind::PermissionDenied => FileFault::Denied,
        io::ErrorKind::IsADirectory => FileFault::Directory,
        _ => match error.raw_os_error().unwrap_or(0) {
            // A fifo that nobody reads.
            number if number == rustix::io::Errno::NXIO.raw_os_error() => FileFault::NotRegular,
            number => FileFault::Errno(number),
        },
    }
}

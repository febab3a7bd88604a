//! The settings as the library will see them: those of the environment with the
//! command line's laid over them, read by the same code.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use clap::Args;
use umaskclamp_policy::home;
use umaskclamp_policy::rules::Rules;
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::settings::{self, ENVIRONMENT_STRING, Mode, Settings};

use crate::failure::{self, Failure};
use crate::files::{absolute, read_file};
use crate::preload::{self, LD_PRELOAD};
use crate::site;

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
#[derive(Clone, Debug, Default)]
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

    /// Lays the host's settings under it. A job that is protected already has its own.
    fn lay_under(&mut self) -> Result<(), Failure> {
        if preload::in_job(self.get(LD_PRELOAD).unwrap_or_default().as_bytes()) {
            return Ok(());
        }
        // Both say what is sensitive: one of them takes the place of both.
        const LISTS: [&str; 2] = [name::PATTERNS, name::PATTERNS_FILE];
        let given = |name: &str| self.get(name).is_some_and(|value| !value.is_empty());
        let lists = LISTS.into_iter().any(given);
        let mut settings = site::read(Path::new("/"), 0)?;
        settings.retain(|(name, _)| !(given(name) || lists && LISTS.contains(name)));
        for (name, value) in settings {
            self.set(name, value);
        }
        Ok(())
    }

    /// Lays the command line's choice over it, and the host's settings under it.
    pub fn select(&mut self, selection: &Selection) -> Result<(), Failure> {
        self.lay_under()?;
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
            list = Rules::built_in().to_list();
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

    /// What is only recorded, and where.
    pub fn record(&mut self, audit: bool, log: Option<&Path>) -> Result<(), Failure> {
        if audit {
            self.set(name::MODE, Mode::Audit.word());
        }
        match log {
            Some(log) if log == Path::new("syslog:") => self.set(name::LOG_FILE, log),
            Some(log) => self.set(name::LOG_FILE, absolute(log)?),
            None => {}
        }
        Ok(())
    }

    pub fn set_list(&mut self, list: Vec<u8>) -> Result<(), Failure> {
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

    /// Reads the settings as the library does at load.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let entries: Vec<Vec<u8>> = self
            .0
            .iter()
            .map(|(key, value)| [key.as_bytes(), b"=", value.as_bytes()].concat())
            .collect();
        let mut settings = settings::parse(
            entries.iter().map(Vec::as_slice),
            |path| read_file(Path::new(OsStr::from_bytes(path))),
            || self.home(),
        )
        .map_err(Failure::faults)?;
        settings.rules = settings.rules.with_index();
        Ok(settings)
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

//! `umaskclamp doctor`: does it work here, and for these commands?

mod modes;
pub mod probe;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use umaskclamp_policy::settings::{Mode, Settings, Unreachable};
use umaskclamp_policy::surface::{SYMBOLS, Treatment};

use crate::calls;
use crate::doubts;
use crate::elf::{self, Elf};
use crate::entry::{self, Entry, Obstacle, Unfound};
use crate::failure::{self, Failure};
use crate::library::{LD_PRELOAD, Library, entries, names_library};
use crate::patterns::origin;
use crate::settings::{Environment, Selection};
use crate::show::{self, painted};

#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    selection: Selection,
    /// The library to look at (default: as umaskclamp run finds it)
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    library: Option<PathBuf>,
    /// List every symbol, with what the library does about it
    #[arg(short, long)]
    verbose: bool,
    /// Commands that are to run under the library
    #[arg(value_name = "COMMAND", value_hint = clap::ValueHint::CommandName)]
    commands: Vec<OsString>,
}

/// How a finding is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Good,
    /// Worth knowing; everything works.
    Note,
    Bad,
}

/// Writes findings and remembers the worst.
struct Findings<'a> {
    out: &'a mut dyn Write,
    worst: Grade,
}

impl Findings<'_> {
    fn tell(&mut self, subject: &str, grade: Grade, text: impl Display) -> Result<(), Failure> {
        let (word, style) = match grade {
            Grade::Good => ("ok", show::GOOD),
            Grade::Note => ("note", show::WARN),
            Grade::Bad => ("bad", show::BAD),
        };
        self.worst = self.worst.max(grade);
        let subject = painted(show::HEAD, format_args!("{subject:<9}"));
        let word = painted(style, format_args!("{word:<4}"));
        writeln!(self.out, "{subject} {word} {text}")?;
        Ok(())
    }

    fn more(&mut self, text: impl Display) -> Result<(), Failure> {
        writeln!(self.out, "{:15}{text}", "")?;
        Ok(())
    }
}

/// Exit status: 0 all is well, 1 something is bad, 69 no library, 78 the settings
/// are wrong.
pub fn doctor(options: &Doctor) -> Result<ExitCode, Failure> {
    let mut environment = Environment::ours();
    environment.select(&options.selection)?;
    let settings = environment.settings()?;
    doubts::refuse(&options.selection, &settings)?;
    let library = Library::find(options.library.as_deref())?;
    let mut out = show::out();
    let mut findings = Findings {
        out: &mut out,
        worst: Grade::Good,
    };
    findings.tell(
        "library",
        Grade::Good,
        format_args!(
            "{} ({})",
            show::bytes(library.path.as_os_str().as_bytes()),
            elf::shown(library.machine()),
        ),
    )?;
    of_settings(&mut findings, &settings)?;
    for doubt in doubts::of(&settings, &environment) {
        findings.tell("patterns", Grade::Note, doubt)?;
    }
    of_modes(&mut findings, &settings)?;
    of_environment(&mut findings, &environment)?;
    of_probe(&mut findings, &library, &environment)?;
    of_libc(&mut findings, &library, options.verbose)?;
    for command in &options.commands {
        of_command(&mut findings, command, &environment, &library, &settings)?;
    }
    let worst = findings.worst;
    out.flush()?;
    Ok(if worst == Grade::Bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn of_settings(findings: &mut Findings, settings: &Settings) -> Result<(), Failure> {
    if settings.mode == Mode::Off {
        return findings.tell("settings", Grade::Bad, "mode off: nothing is protected");
    }
    let grade = if settings.mode == Mode::Audit {
        Grade::Note
    } else {
        Grade::Good
    };
    let origins: Vec<&str> = settings
        .rules
        .iter()
        .map(|(_, rule)| origin(rule.origin))
        .collect();
    let mut sources = origins.clone();
    sources.dedup();
    let text = format!(
        "mode {}, mask {}, {} patterns ({})",
        settings.mode.word(),
        settings.mask,
        origins.len(),
        sources.join(", "),
    );
    findings.tell("settings", grade, text)?;
    for id in &settings.homeless {
        if let Some(rule) = settings.rules.rule(*id) {
            let text = format!(
                "no home directory is known: {} is without force",
                show::bytes(rule.text)
            );
            findings.tell("settings", Grade::Note, text)?;
        }
    }
    Ok(())
}

fn of_modes(findings: &mut Findings, settings: &Settings) -> Result<(), Failure> {
    for modes::Lost { directory, mode } in modes::lost(settings) {
        let text = format!(
            "{}: its file system does not keep modes: a file made with 0600 has {}",
            show::bytes(directory.as_os_str().as_bytes()),
            show::mode(Some(mode)),
        );
        findings.tell("modes", Grade::Bad, text)?;
    }
    Ok(())
}

fn of_environment(findings: &mut Findings, environment: &Environment) -> Result<(), Failure> {
    let preload = environment.get(LD_PRELOAD).unwrap_or_default().as_bytes();
    let others = entries(preload);
    if names_library(preload) {
        findings.tell(
            "preload",
            Grade::Good,
            "LD_PRELOAD names the library already",
        )?;
    } else if others.is_empty() {
        findings.tell(
            "preload",
            Grade::Good,
            "LD_PRELOAD is empty; umaskclamp run sets it",
        )?;
    } else {
        let names: Vec<String> = others.iter().map(|name| show::bytes(name)).collect();
        let text = format!("LD_PRELOAD has before the library: {}", names.join(", "));
        findings.tell("preload", Grade::Note, text)?;
    }
    for name in others
        .iter()
        .filter(|name| name.contains(&b'/') && name.first() != Some(&b'/'))
    {
        let text = format!("{} is relative: lost after a chdir", show::bytes(name));
        findings.tell("preload", Grade::Note, text)?;
    }
    if Path::new("/etc/ld.so.preload").exists() {
        findings.tell(
            "ld.so",
            Grade::Note,
            "/etc/ld.so.preload loads further libraries first",
        )?;
    }
    if !Path::new("/proc/self/fd").is_dir() {
        let text = "not there: paths of descriptors and links in them are not known";
        findings.tell("/proc", Grade::Bad, text)?;
    }
    Ok(())
}

fn of_probe(
    findings: &mut Findings,
    library: &Library,
    environment: &Environment,
) -> Result<(), Failure> {
    let outcome = match probe::probe(library, environment) {
        Ok(outcome) => outcome,
        Err(error) => {
            let text = format!("the probe could not run: {}", failure::reason(&error));
            return findings.tell("active", Grade::Bad, text);
        }
    };
    if let Some(trouble) = &outcome.trouble {
        let text = format!("the probe: {}", show::bytes(trouble.as_bytes()));
        findings.tell("active", Grade::Bad, text)?;
    }
    let narrow = |mode: Option<u32>| mode.is_some_and(|mode| mode & 0o077 == 0);
    let good = outcome
        .doors
        .iter()
        .filter(|door| narrow(door.mode))
        .count();
    let all = outcome.doors.len();
    let grade = if good == all { Grade::Good } else { Grade::Bad };
    let text = format!("a probe found {good} of {all} doors closed at a sensitive path");
    findings.tell("active", grade, text)?;
    for door in &outcome.doors {
        if !narrow(door.mode) {
            let mode = show::mode(door.mode);
            findings.more(painted(show::BAD, format_args!("{}: {mode}", door.door)))?;
        }
    }
    if outcome.plain != Some(0o666) {
        let text = format!(
            "a file at another path has mode {} instead of 0666",
            show::mode(outcome.plain)
        );
        findings.tell("active", Grade::Bad, text)?;
    }
    Ok(())
}

/// The symbols of the libc that runs here against those that the library has.
fn of_libc(findings: &mut Findings, library: &Library, verbose: bool) -> Result<(), Failure> {
    let Some((path, libc)) = running_libc() else {
        let text = "the libc of this process could not be read: no symbols to compare";
        return findings.tell("libc", Grade::Note, text);
    };
    let known: Vec<_> = SYMBOLS
        .iter()
        .filter(|symbol| libc.has(symbol.name))
        .collect();
    let wanted: Vec<_> = known
        .iter()
        .filter(|symbol| symbol.treatment.interposed())
        .collect();
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|symbol| !library.elf.has(symbol.name))
        .map(|symbol| symbol.name)
        .collect();
    let beyond: Vec<&str> = known
        .iter()
        .filter(|symbol| symbol.treatment == Treatment::OutOfReach)
        .map(|symbol| symbol.name)
        .collect();
    let grade = if missing.is_empty() {
        Grade::Good
    } else {
        Grade::Bad
    };
    let text = format!(
        "{}: {} of {} symbols that need a hook have one",
        show::bytes(path.as_os_str().as_bytes()),
        wanted.len() - missing.len(),
        wanted.len(),
    );
    findings.tell("libc", grade, text)?;
    if !missing.is_empty() {
        findings.more(painted(
            show::BAD,
            format_args!("without: {}", missing.join(", ")),
        ))?;
    }
    if !beyond.is_empty() {
        let text = format!("out of a preload's reach: {}", beyond.join(", "));
        for line in wrapped(&text, 64) {
            findings.more(line)?;
        }
    }
    if verbose {
        for symbol in known {
            let note = symbol.note;
            let dash = if note.is_empty() { "" } else { ": " };
            findings.more(format_args!(
                "{:<24} {:<13} {}{dash}{note}",
                symbol.name,
                symbol.treatment.word(),
                symbol.family,
            ))?;
        }
    }
    Ok(())
}

/// The libc that this process runs with, found among its mappings.
fn running_libc() -> Option<(PathBuf, Elf)> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]))
        .find(|path| path.ends_with("/libc.so.6"))?;
    let elf = Elf::parse(&fs::read(path).ok()?)?;
    Some((PathBuf::from(path), elf))
}

/// `text` broken at blanks into lines of at most `most` characters.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn of_command(
    findings: &mut Findings,
    command: &OsStr,
    environment: &Environment,
    library: &Library,
    settings: &Settings,
) -> Result<(), Failure> {
    let name = show::bytes(command.as_bytes());
    let file = match entry::find(command, environment.get("PATH")) {
        Ok(file) => file,
        Err(Unfound::Missing) => return findings.tell(&name, Grade::Bad, "command not found"),
        Err(Unfound::NotExecutable) => {
            return findings.tell(&name, Grade::Bad, "cannot be executed");
        }
    };
    let entry = Entry::of(&file, Some(library.machine()));
    let chain: Vec<String> = entry
        .chain
        .iter()
        .map(|file| show::bytes(file.as_os_str().as_bytes()))
        .collect();
    let chain = chain.join(", run by ");
    match &entry.obstacle {
        None if calls::own(entry.program(), library.machine()) => {
            findings.tell(&name, Grade::Bad, format_args!("{chain}: {}", calls::SHOWN))?;
            findings.more("what goes through libc is clamped; as a child it is not recognised")
        }
        None => findings.tell(&name, Grade::Good, chain),
        Some(Obstacle::NotElf) => {
            let text = format!("{chain}: {}; a shell may run it", Obstacle::NotElf.shown());
            findings.tell(&name, Grade::Note, text)
        }
        Some(obstacle @ Obstacle::Unreadable(_)) => findings.tell(
            &name,
            Grade::Note,
            format_args!("{chain}: {}", obstacle.shown()),
        ),
        Some(obstacle) => {
            findings.tell(
                &name,
                Grade::Bad,
                format_args!("{chain}: {}", obstacle.shown()),
            )?;
            findings.more(match settings.unreachable {
                Unreachable::Umask => format!("as a child it runs under umask | {}", settings.mask),
                Unreachable::Warn => "as a child it runs unprotected, with a record".to_owned(),
                Unreachable::Refuse => "as a child it is refused".to_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_libc_is_found_and_has_what_the_table_names() {
        let (path, libc) = running_libc().unwrap();
        assert!(path.ends_with("libc.so.6"));
        for name in ["open", "openat", "rename", "fopen"] {
            assert!(
                libc.symbols.iter().any(|symbol| symbol == name.as_bytes()),
                "{name}"
            );
        }
    }

    #[test]
    fn lines_are_broken_at_blanks() {
        assert_eq!(wrapped("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
    }
}

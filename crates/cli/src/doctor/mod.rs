//! `umaskclamp doctor`: does it work here, and for these commands?

mod commands;
mod hosts;
mod modes;
pub mod probe;
mod symbols;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use umaskclamp_policy::settings::{Mode, Settings};

use crate::doubts;
use crate::elf;
use crate::failure::Failure;
use crate::library::Library;
use crate::patterns::origin;
use crate::preload::{LD_PRELOAD, entries, names_library};
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

struct Finding {
    subject: String,
    grade: Grade,
    text: String,
    /// Further lines.
    more: Vec<String>,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn tell(&mut self, subject: &str, grade: Grade, text: impl Display) {
        self.0.push(Finding {
            subject: subject.to_owned(),
            grade,
            text: text.to_string(),
            more: Vec::new(),
        });
    }

    /// A line below the last finding.
    fn more(&mut self, text: impl Display) {
        if let Some(last) = self.0.last_mut() {
            last.more.push(text.to_string());
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for finding in &self.0 {
            let (word, style) = match finding.grade {
                Grade::Good => ("ok", show::GOOD),
                Grade::Note => ("note", show::WARN),
                Grade::Bad => ("bad", show::BAD),
            };
            let subject = painted(show::HEAD, format_args!("{:<9}", finding.subject));
            let word = painted(style, format_args!("{word:<4}"));
            writeln!(out, "{subject} {word} {}", finding.text)?;
            for line in &finding.more {
                writeln!(out, "{:15}{line}", "")?;
            }
        }
        out.flush()
    }
}

/// Exit status: 0 all is well, 1 something is bad, 69 no library, 78 the settings
/// are wrong.
pub fn doctor(options: &Doctor) -> Result<ExitCode, Failure> {
    let (environment, settings) = doubts::settings(&options.selection)?;
    let library = Library::find(options.library.as_deref())?;
    let mut findings = Findings::default();
    let path = show::bytes(library.path.as_os_str().as_bytes());
    let machine = elf::shown(library.machine());
    findings.tell("library", Grade::Good, format_args!("{path} ({machine})"));
    of_settings(&mut findings, &settings);
    for doubt in doubts::of(&settings, &environment) {
        findings.tell("patterns", Grade::Note, doubt);
    }
    modes::look(&mut findings, &settings);
    of_environment(&mut findings, &environment);
    probe::look(
        &mut findings,
        &library.appended(environment.get(LD_PRELOAD))?,
    );
    symbols::look(&mut findings, &library, options.verbose);
    hosts::look(&mut findings, Path::new("/"));
    for command in &options.commands {
        commands::look(&mut findings, command, &environment, &library, &settings);
    }
    findings.write(&mut show::out())?;
    let bad = findings.0.iter().any(|finding| finding.grade == Grade::Bad);
    Ok(ExitCode::from(u8::from(bad)))
}

fn of_settings(findings: &mut Findings, settings: &Settings) {
    let grade = match settings.mode {
        Mode::Off => {
            return findings.tell("settings", Grade::Bad, "mode off: nothing is protected");
        }
        Mode::Audit => Grade::Note,
        _ => Grade::Good,
    };
    let rules = settings.rules.iter();
    let mut sources: Vec<&str> = rules.map(|(_, rule)| origin(rule.origin)).collect();
    sources.dedup();
    let text = format!(
        "mode {}, mask {}, {} patterns ({})",
        settings.mode.word(),
        settings.mask,
        settings.rules.len(),
        sources.join(", "),
    );
    findings.tell("settings", grade, text);
    for (_, rule) in settings.rules.iter().filter(|(_, rule)| rule.homeless) {
        let rule = show::bytes(rule.text);
        let text = format_args!("no home directory is known: {rule} is without force");
        findings.tell("settings", Grade::Note, text);
    }
}

fn of_environment(findings: &mut Findings, environment: &Environment) {
    let preload = environment.get(LD_PRELOAD).unwrap_or_default().as_bytes();
    let others = entries(preload);
    if names_library(preload) {
        findings.tell(
            "preload",
            Grade::Good,
            "LD_PRELOAD names the library already",
        );
    } else if others.is_empty() {
        let text = "LD_PRELOAD is empty; umaskclamp run sets it";
        findings.tell("preload", Grade::Good, text);
    } else {
        let names: Vec<String> = others.iter().map(|name| show::bytes(name)).collect();
        let text = format!("LD_PRELOAD has before the library: {}", names.join(", "));
        findings.tell("preload", Grade::Note, text);
    }
    let relative = |name: &&&[u8]| name.contains(&b'/') && !name.starts_with(b"/");
    for name in others.iter().filter(relative) {
        let text = format!("{} is relative: lost after a chdir", show::bytes(name));
        findings.tell("preload", Grade::Note, text);
    }
    if Path::new("/etc/ld.so.preload").exists() {
        let text = "/etc/ld.so.preload loads further libraries first";
        findings.tell("ld.so", Grade::Note, text);
    }
    if !Path::new("/proc/self/fd").is_dir() {
        let text = "not there: paths of descriptors and links in them are not known";
        findings.tell("/proc", Grade::Bad, text);
    }
}

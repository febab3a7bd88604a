//! `umaskclamp run`: a program under the library, with everything checked first.

mod afterwards;
mod child;
mod job;
mod opened;
mod pipe;
mod record;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{ArgGroup, Args};
use rustix::fs::Mode as FileMode;
use umaskclamp_policy::elf::Machine;
use umaskclamp_policy::program::Reason;
use umaskclamp_policy::record::Action;
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::settings::{Mode, Settings, Unreachable};

use afterwards::Report;

use crate::entry::{self, Entry, Obstacle, Unfound};
use crate::failure::{self, Failure};
use crate::library::Library;
use crate::preload::LD_PRELOAD;
use crate::settings::{Environment, Selection};
use crate::{calls, doubts, show};

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("list").args(["patterns", "file", "builtin"]).multiple(true)))]
pub struct Run {
    #[command(flatten)]
    selection: Selection,
    /// The list given here alone. Without this, in a job that is protected already, it
    /// comes behind the list that is in force there
    #[arg(long, requires = "list", help_heading = "What is sensitive")]
    only: bool,
    /// Change nothing; record what would be clamped, and report it (--report)
    #[arg(short, long)]
    audit: bool,
    /// With --audit: look at every path, whatever the patterns say
    #[arg(short = 'A', long, requires = "audit", conflicts_with_all = ["patterns", "file", "builtin"])]
    all: bool,
    /// Append records to FILE (JSON Lines), created with mode 0600
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    log: Option<PathBuf>,
    /// After the program, a table on stderr of what was clamped
    #[arg(short, long)]
    report: bool,
    /// The library to preload (default: looked for next to this command, below
    /// the same prefix, in the system's directories)
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    library: Option<PathBuf>,
    /// The program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_name = "COMMAND",
        value_hint = clap::ValueHint::CommandWithArguments
    )]
    command: Vec<OsString>,
}

pub fn run(options: &Run) -> Result<ExitCode, Failure> {
    let mut environment = options.environment()?;
    let mut settings = job::checked(&environment)?;
    doubts::refuse(&options.selection, &settings)?;
    let library = Library::find(options.library.as_deref())?;
    let preload = library.appended(environment.get(LD_PRELOAD))?;
    if settings.mode != Mode::Off && library.machine() == Machine::HERE {
        library.loads(&preload, &environment)?;
    }
    environment.set(LD_PRELOAD, preload);

    let program = options
        .command
        .first()
        .map_or(OsStr::new(""), OsString::as_os_str);
    let entry = resolve(program, &environment, &library)?;
    if settings.mode != Mode::Off && !of_its_machine(&entry) {
        library.must_be_of(Machine::HERE)?;
    }
    doubts::tell(&settings, &environment);
    tell_mode(options, &settings);
    let mut report = Report::prepare(options, &mut environment, &mut settings)?;
    match &entry.obstacle {
        Some(obstacle) => answer(obstacle, &entry, &library, &mut environment, &settings)?,
        None => tell_own_calls(&entry, &library, &settings),
    }
    opened::tighten(&settings);

    let mut command = Command::new(program);
    command.args(options.command.iter().skip(1));
    command.env_clear().envs(environment.iter());
    pipe::as_started(&mut command);
    // What was said of the program itself is not said again.
    if let Some(report) = report.as_mut().filter(|report| !report.whole) {
        report.skip()?;
    }
    match report {
        None => Err(cannot_start(program, &command.exec())),
        Some(report) => {
            let status =
                child::wait(&mut command).map_err(|error| cannot_start(program, &error))?;
            report.print()?;
            Ok(ExitCode::from(status))
        }
    }
}

fn resolve(
    program: &OsStr,
    environment: &Environment,
    library: &Library,
) -> Result<Entry, Failure> {
    let found = entry::find(program, environment.get("PATH"));
    let shown = show::bytes(program.as_bytes());
    match found {
        Ok(file) => Ok(Entry::of(&file, Some(library.machine()))),
        Err(Unfound::Missing) => Err(Failure::new(
            failure::NOT_FOUND,
            format_args!("{shown}: command not found"),
        )),
        Err(Unfound::NotExecutable) => Err(Failure::new(
            failure::NOT_EXECUTABLE,
            format_args!("{shown}: cannot be executed"),
        )),
    }
}

/// Whether the program is known to be of the library's machine and class.
fn of_its_machine(entry: &Entry) -> bool {
    match &entry.obstacle {
        None => true,
        Some(Obstacle::Cannot(reason)) => reason.is_of_its_machine(),
        Some(_) => false,
    }
}

fn cannot_start(program: &OsStr, error: &std::io::Error) -> Failure {
    let status = match error.kind() {
        std::io::ErrorKind::NotFound => failure::NOT_FOUND,
        _ => failure::NOT_EXECUTABLE,
    };
    Failure::at(status, program, error)
}

/// A mode of the environment's that keeps `run` from protecting anything.
fn tell_mode(options: &Run, settings: &Settings) {
    let what = match settings.mode {
        Mode::Off => "nothing is protected or recorded",
        Mode::Audit if !options.audit => "nothing is protected, what would be is recorded",
        _ => return,
    };
    anstream::eprintln!(
        "umaskclamp: {}={}: {what}",
        name::MODE,
        settings.mode.word()
    );
}

/// The library enters the program, and does not see all that it does. It is not refused,
/// and has no narrowed umask: as a child of the job it would be started as it is.
fn tell_own_calls(entry: &Entry, library: &Library, settings: &Settings) {
    if settings.mode == Mode::Off || !calls::own(entry.program(), library.machine()) {
        return;
    }
    let record = record::of_program(entry, Action::Unreachable, calls::REASON);
    record::leave(&record, settings);
    let program = show::bytes(entry.program().as_os_str().as_bytes());
    anstream::eprintln!("umaskclamp: {program}: {}", calls::SHOWN);
}

/// The library cannot enter the program itself: what UMASKCLAMP_UNREACHABLE says
/// is done here, as the library does it for children.
fn answer(
    obstacle: &Obstacle,
    entry: &Entry,
    library: &Library,
    environment: &mut Environment,
    settings: &Settings,
) -> Result<(), Failure> {
    // A shell runs a file without #!, and the library enters the shell. Of a file
    // that only may be executed nothing is known, and ld.so loads into it.
    let Obstacle::Cannot(reason) = obstacle else {
        return Ok(());
    };
    // musl stops at a library for glibc, and a loader of another class complains on
    // stderr; where it finds the library by name, there may be one of its own.
    let stops = reason.bars_preload() || *reason == Reason::OtherClass && !library.trusted;
    if stops {
        match environment
            .get(LD_PRELOAD)
            .and_then(|list| library.removed(list))
        {
            Some(others) => environment.set(LD_PRELOAD, others),
            None => environment.remove(LD_PRELOAD),
        }
    }
    if settings.mode == Mode::Off {
        return Ok(());
    }
    let program = show::bytes(entry.program().as_os_str().as_bytes());
    let audit = settings.mode == Mode::Audit;
    let refused = settings.unreachable == Unreachable::Refuse;
    let action = match (refused, audit) {
        (false, _) => Action::Unreachable,
        (true, true) => Action::WouldRefuse,
        (true, false) => Action::Refused,
    };
    let what = reason.text();
    let record = record::of_program(entry, action, what);
    record::leave(&record, settings);
    if refused && !audit {
        return Err(Failure::new(
            failure::NOT_ALLOWED,
            format_args!("{program}: {what}; refused ({}=refuse)", name::UNREACHABLE),
        ));
    }
    if settings.unreachable == Unreachable::Umask && !audit {
        let old = rustix::process::umask(FileMode::from_raw_mode(0o077));
        let new = old | FileMode::from_raw_mode(settings.mask.bits());
        rustix::process::umask(new);
        anstream::eprintln!(
            "umaskclamp: {program}: {what}; runs under umask {:04o} instead",
            new.as_raw_mode()
        );
    } else {
        anstream::eprintln!("umaskclamp: {program}: {what}; runs unprotected");
    }
    Ok(())
}

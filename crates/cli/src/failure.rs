//! How the command ends when it cannot do what it was asked: a message of one
//! line on stderr and an exit status of sysexits(3).

use std::fmt::{self, Display};
use std::io;

use umaskclamp_policy::settings::Fault;

/// `EX_USAGE`: the command line is wrong.
pub const USAGE: u8 = 64;
/// `EX_DATAERR`: what was read is not what it should be.
pub const DATA: u8 = 65;
/// `EX_NOINPUT`: a file that is to be read is not there, or not for us.
pub const NO_INPUT: u8 = 66;
/// `EX_UNAVAILABLE`: something that is needed is missing.
pub const UNAVAILABLE: u8 = 69;
/// `EX_OSERR`: the system refused something basic.
pub const SYSTEM: u8 = 71;
/// `EX_CANTCREAT`: a file cannot be created.
pub const CANNOT_CREATE: u8 = 73;
/// `EX_IOERR`: reading or writing failed.
pub const IO: u8 = 74;
/// `EX_NOPERM`: not allowed.
pub const NOT_ALLOWED: u8 = 77;
/// `EX_CONFIG`: the settings are wrong; the library's own status as well.
pub const CONFIGURATION: u8 = 78;
/// What a shell gives for a command that cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;
/// What a shell gives for a command that is not there.
pub const NOT_FOUND: u8 = 127;
/// What a program gives that SIGPIPE ended: its reader went away.
pub const READER_GONE: u8 = 141;

/// Why the command ends, and with which status.
#[derive(Debug)]
pub struct Failure {
    pub status: u8,
    /// Lines for stderr, each without `umaskclamp: ` and newline.
    pub lines: Vec<String>,
    /// The library's own lines, which have their beginning already.
    pub faults: Vec<Fault>,
}

impl Failure {
    pub fn new(status: u8, line: impl Display) -> Self {
        Failure {
            status,
            lines: vec![line.to_string()],
            faults: Vec::new(),
        }
    }

    /// The settings are wrong: the same lines as the library writes.
    pub fn faults(faults: Vec<Fault>) -> Self {
        Failure {
            status: CONFIGURATION,
            lines: Vec::new(),
            faults,
        }
    }
}

/// Only what is written to our own stdout ends up here; errors with a path are
/// given words where the path is known.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure {
                status: READER_GONE,
                lines: Vec::new(),
                faults: Vec::new(),
            };
        }
        Failure::new(IO, format_args!("standard output: {}", reason(&error)))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "umaskclamp: {line}")?;
        }
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// What the system says, without Rust's `(os error 2)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

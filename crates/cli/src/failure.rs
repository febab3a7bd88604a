//! How the command ends when it cannot do what it was asked: a message of one
//! line on stderr and an exit status of sysexits(3).

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::io;
use std::os::unix::ffi::OsStrExt;

use umaskclamp_policy::settings::Fault;

use crate::show;

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
    /// Lines for stderr.
    text: String,
}

impl Failure {
    pub fn new(status: u8, line: impl Display) -> Self {
        let text = format!("umaskclamp: {line}\n");
        Failure { status, text }
    }

    /// What the system says about a path.
    pub fn at(status: u8, path: impl AsRef<OsStr>, error: &io::Error) -> Self {
        let path = show::bytes(path.as_ref().as_bytes());
        Failure::new(status, format_args!("{path}: {}", reason(error)))
    }

    /// The settings are wrong: the same lines as the library writes.
    pub fn faults(faults: Vec<Fault>) -> Self {
        Failure {
            status: CONFIGURATION,
            text: faults.iter().map(|fault| format!("{fault}\n")).collect(),
        }
    }

    /// With the lines of another one below its own.
    pub fn and(mut self, other: Failure) -> Self {
        self.text += &other.text;
        self
    }
}

/// Only what is written to our own stdout ends up here; errors with a path are
/// given words where the path is known.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure {
                status: READER_GONE,
                text: String::new(),
            };
        }
        Failure::at(IO, "standard output", &error)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the system says, without Rust's `(os error 2)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error ").unwrap_or(text.len());
    text[..end].to_owned()
}

//! What can be wrong with the settings, each as one line.

use super::variables as name;
use crate::escape::shown;
use crate::mode::MaskFault;
use crate::pattern::PatternFault;
use crate::rule::Origin;
use alloc::vec::Vec;
use core::fmt;

/// Why a file could not be read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FileFault {
    /// It does not exist.
    Missing,
    /// It may not be read.
    Denied,
    /// It is a directory.
    Directory,
    /// It is a device, a fifo or a socket: reading it could block for ever.
    NotRegular,
    /// It is a symbolic link, which is not followed.
    Link,
    /// It is longer than the reader takes.
    TooLong,
    /// Another error of the system, as its number in `errno(3)`.
    Errno(i32),
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileFault::Missing => f.write_str("no such file"),
            FileFault::Denied => f.write_str("permission denied"),
            FileFault::Directory => f.write_str("is a directory"),
            FileFault::NotRegular => f.write_str("not a regular file"),
            FileFault::Link => f.write_str("is a symbolic link"),
            FileFault::TooLong => f.write_str("too long"),
            FileFault::Errno(number) => write!(f, "cannot be opened (errno {number})"),
        }
    }
}

/// One fault of the settings. `Display` is the line for the user, without its
/// newline and without anything that a terminal could stumble over.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A name beginning with `UMASKCLAMP_` that is not known.
    UnknownVariable {
        /// The name.
        variable: Vec<u8>,
    },
    /// Not one of a variable's words.
    UnknownValue {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: Vec<u8>,
        /// What it may hold.
        known: &'static [&'static str],
    },
    /// Not a mask.
    Mask {
        /// What the variable holds.
        value: Vec<u8>,
        /// What is wrong with it.
        fault: MaskFault,
    },
    /// A path that does not begin with `/`: it would mean another file after
    /// the first `chdir`.
    RelativePath {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: Vec<u8>,
    },
    /// A patterns file that cannot be read.
    File {
        /// Its path.
        path: Vec<u8>,
        /// Why.
        fault: FileFault,
    },
    /// A log file that cannot be written.
    LogFile {
        /// Its path.
        path: Vec<u8>,
        /// Why.
        fault: FileFault,
    },
    /// A bad pattern.
    Pattern {
        /// The file it stands in, if any.
        path: Option<Vec<u8>>,
        /// Which, where, what.
        fault: PatternFault,
    },
    /// The rules of a file and of the environment together are longer than one
    /// string of the environment, in which children are to get them.
    ListTooLong {
        /// The file.
        path: Vec<u8>,
        /// Bytes that the environment string would take.
        bytes: usize,
        /// Bytes that it may take.
        limit: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("umaskclamp: ")?;
        match self {
            Fault::UnknownVariable { variable } => {
                write!(f, "{}: unknown variable: known are ", shown(variable))?;
                list(f, name::VARIABLES.iter().map(|v| v.name))
            }
            Fault::UnknownValue {
                variable,
                value,
                known,
            } => {
                write!(f, "{variable}: unknown value \"{}\": one of ", shown(value))?;
                list(f, known.iter().copied())
            }
            Fault::Mask { value, fault } => {
                write!(f, "{}: \"{}\" is {fault}", name::MASK, shown(value))
            }
            Fault::RelativePath { variable, value } => write!(
                f,
                "{variable}: \"{}\" is not an absolute path",
                shown(value)
            ),
            Fault::File { path, fault } => {
                write!(f, "{}: {}: {fault}", name::PATTERNS_FILE, shown(path))
            }
            Fault::LogFile { path, fault } => {
                write!(f, "{}: {}: {fault}", name::LOG_FILE, shown(path))
            }
            Fault::Pattern { path, fault } => {
                match (path, fault.origin) {
                    (Some(path), _) => {
                        write!(f, "{}: {}", name::PATTERNS_FILE, shown(path))?;
                    }
                    (None, Origin::BuiltIn) => f.write_str("built-in list")?,
                    (None, _) => f.write_str(name::PATTERNS)?,
                }
                write!(f, ": {fault}")
            }
            Fault::ListTooLong { path, bytes, limit } => write!(
                f,
                "{}: {}: the list takes {bytes} bytes as {}, which children get it in; one environment string holds {limit}",
                name::PATTERNS_FILE,
                shown(path),
                name::PATTERNS,
            ),
        }
    }
}

fn list<'a>(f: &mut fmt::Formatter<'_>, words: impl Iterator<Item = &'a str>) -> fmt::Result {
    for (at, word) in words.enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        f.write_str(word)?;
    }
    Ok(())
}

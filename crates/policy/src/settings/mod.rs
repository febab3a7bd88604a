//! The settings: read once, at load, from the environment.

mod fault;
pub mod variables;
mod words;

use alloc::vec::Vec;
pub use fault::{Fault, FileFault};
pub use variables::{VARIABLES, Variable};
pub use words::{ChmodPolicy, Existing, Level, Mode, Unreachable};

use crate::mode::Mask;
use crate::read::read;
use crate::rule::Origin;
use crate::rules::Rules;
use variables as name;
use variables::Each;

/// Bytes that one string of the environment may take with its zero byte:
/// `MAX_ARG_STRLEN`, 32 pages (execve(2)), of the smallest page size.
pub const ENVIRONMENT_STRING: usize = 131_072;

/// Where records go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum LogTarget {
    /// To standard error, as readable lines.
    #[default]
    Stderr,
    /// To the file of this path, as JSON Lines. Two leading slashes, which
    /// mean the same file, say that an ancestor process has checked it.
    File(Vec<u8>),
    /// To the system's log: `syslog:`.
    Syslog,
}

/// What the environment says.
#[derive(Debug)]
pub struct Settings {
    /// `UMASKCLAMP_MODE`
    pub mode: Mode,
    /// `UMASKCLAMP_MASK`
    pub mask: Mask,
    /// `UMASKCLAMP_CHMOD`
    pub chmod: ChmodPolicy,
    /// `UMASKCLAMP_EXISTING`
    pub existing: Existing,
    /// `UMASKCLAMP_UNREACHABLE`
    pub unreachable: Unreachable,
    /// `UMASKCLAMP_LOG`
    pub level: Level,
    /// `UMASKCLAMP_LOG_FILE`
    pub log_file: LogTarget,
    /// The rules in force. Empty when the mode is `off`: then neither list nor
    /// file is looked at, so that a broken one does not bar the way out.
    pub rules: Rules,
    /// The rules as a value of `UMASKCLAMP_PATTERNS`, if a file was read or a rule
    /// names the home directory: children get this instead of the file, which they
    /// may not be able to read, and with the path of the home directory, since
    /// they may have another.
    pub effective_list: Option<Vec<u8>>,
}

/// The values as given, each the first of its name, as `getenv(3)` takes it; but an
/// empty one does not stand before another.
#[derive(Default)]
struct Given<'a> {
    values: Each<&'a [u8]>,
    unknown: Vec<&'a [u8]>,
}

impl<'a> Given<'a> {
    fn read(env: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut given = Given::default();
        for entry in env.filter(|entry| entry.starts_with(b"UMASKCLAMP_")) {
            let Some((variable, value)) = variables::split(entry) else {
                continue;
            };
            match variables::place(variable).and_then(|place| given.values.get_mut(place)) {
                Some(Some(first)) if !first.is_empty() => {}
                Some(place) => *place = Some(value),
                None if given.unknown.contains(&variable) => {}
                None => given.unknown.push(variable),
            }
        }
        given
    }

    fn get(&self, variable: &str) -> Option<&'a [u8]> {
        variables::of(&self.values, variable)
    }

    /// A path or a list, of which an empty one is none.
    fn filled(&self, variable: &str) -> Option<&'a [u8]> {
        self.get(variable).filter(|value| !value.is_empty())
    }

    /// The value of a variable that holds one of a few words; `default` if it
    /// is not set, or wrong and reported.
    fn word<T>(
        &self,
        variable: &'static str,
        parse: impl Fn(&[u8]) -> Option<T>,
        known: &'static [&'static str],
        default: T,
        faults: &mut Vec<Fault>,
    ) -> T {
        let Some(value) = self.get(variable) else {
            return default;
        };
        parse(value).unwrap_or_else(|| {
            faults.push(Fault::UnknownValue {
                variable,
                value: value.to_vec(),
                known,
            });
            default
        })
    }
}

/// Reads the settings from `env`, whose entries are `NAME=value`, other
/// programs' names among them. All faults at once.
///
/// `read_file` gives the content of the patterns file and is called at most
/// once, with the path as the user gave it; `home` gives the home directory of
/// the effective user and is called at most once, when a pattern needs it.
///
/// An empty list or path is as good as none; an empty word is not a word.
pub fn parse<'a>(
    env: impl Iterator<Item = &'a [u8]>,
    read_file: impl FnOnce(&[u8]) -> Result<Vec<u8>, FileFault>,
    home: impl FnOnce() -> Option<Vec<u8>>,
) -> Result<Settings, Vec<Fault>> {
    let given = Given::read(env);
    let unknown = given.unknown.iter().map(|variable| variable.to_vec());
    let mut faults: Vec<Fault> = unknown
        .map(|variable| Fault::UnknownVariable { variable })
        .collect();

    macro_rules! word {
        ($name:expr, $kind:ident :: $default:ident) => {
            given.word(
                $name,
                $kind::parse,
                $kind::WORDS,
                $kind::$default,
                &mut faults,
            )
        };
    }
    let mode = word!(name::MODE, Mode::Enforce);
    let chmod = word!(name::CHMOD, ChmodPolicy::Clamp);
    let existing = word!(name::EXISTING, Existing::Tighten);
    let unreachable = word!(name::UNREACHABLE, Unreachable::Umask);
    let mask = given.get(name::MASK).map_or(Ok(Mask::default()), |value| {
        Mask::parse(value).map_err(|fault| Fault::Mask {
            value: value.to_vec(),
            fault,
        })
    });
    let mask = mask.unwrap_or_else(|fault| {
        faults.push(fault);
        Mask::default()
    });

    let log_file = match given.filled(name::LOG_FILE) {
        None => LogTarget::Stderr,
        Some(b"syslog:") => LogTarget::Syslog,
        Some(path) => {
            relative(name::LOG_FILE, path, &mut faults);
            LogTarget::File(path.to_vec())
        }
    };
    let level = if given.get(name::LOG).is_none() && log_file != LogTarget::Stderr {
        Level::Info
    } else {
        word!(name::LOG, Level::Off)
    };

    let (mut rules, effective_list) = if mode == Mode::Off {
        (Rules::default(), None)
    } else {
        rules(&given, read_file, home, &mut faults)
    };
    rules.mask = mask;
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Settings {
        mode,
        mask,
        chmod,
        existing,
        unreachable,
        level,
        log_file,
        rules,
        effective_list,
    })
}

/// Reports `path` if it is relative.
fn relative(variable: &'static str, path: &[u8], faults: &mut Vec<Fault>) -> bool {
    let relative = path.first() != Some(&b'/');
    if relative {
        faults.push(Fault::RelativePath {
            variable,
            value: path.to_vec(),
        });
    }
    relative
}

/// The rules of the file, then of the list; the built-in ones if both are
/// empty. With them, if a file was read, the list for children.
fn rules(
    given: &Given<'_>,
    read_file: impl FnOnce(&[u8]) -> Result<Vec<u8>, FileFault>,
    home: impl FnOnce() -> Option<Vec<u8>>,
    faults: &mut Vec<Fault>,
) -> (Rules, Option<Vec<u8>>) {
    let list = given.filled(name::PATTERNS);
    let path = given
        .filled(name::PATTERNS_FILE)
        .filter(|path| !relative(name::PATTERNS_FILE, path, faults));
    let text = path.and_then(|path| {
        read_file(path)
            .map_err(|fault| {
                faults.push(Fault::File {
                    path: path.to_vec(),
                    fault,
                });
            })
            .ok()
    });

    let lines = text.as_deref().unwrap_or_default();
    let read = match read(lines, list.unwrap_or_default(), home) {
        Ok(rules) => rules,
        Err(found) => {
            faults.extend(found.into_iter().map(|fault| {
                Fault::Pattern {
                    path: path
                        .filter(|_| fault.origin == Origin::File)
                        .map(<[u8]>::to_vec),
                    fault,
                }
            }));
            return (Rules::default(), None);
        }
    };
    let (rules, built_in) = match read.is_empty() {
        true => (Rules::built_in(), true),
        false => (read, false),
    };

    let size = |list: &[u8]| {
        [name::PATTERNS.len(), list.len(), "=\0".len()]
            .into_iter()
            .fold(0, usize::saturating_add)
    };
    let expanded = rules
        .source
        .home
        .is_some()
        .then(|| rules.to_homeless_list());
    // One that gets too long by it stays as it is.
    if let Some(list) = expanded.filter(|list| size(list) <= ENVIRONMENT_STRING) {
        return (rules, Some(list));
    }
    let effective = text.and(path).map(|path| {
        let effective = match built_in {
            true => Vec::new(),
            false => rules.to_list(),
        };
        let bytes = size(&effective);
        if bytes > ENVIRONMENT_STRING {
            faults.push(Fault::ListTooLong {
                path: path.to_vec(),
                bytes,
                limit: ENVIRONMENT_STRING,
            });
        }
        effective
    });
    (rules, effective)
}

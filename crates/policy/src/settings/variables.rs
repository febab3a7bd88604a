//! The variables, for messages, documentation and the command.

/// One variable of the environment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it may hold: words with commas between, or a kind of value.
    pub values: &'static str,
    /// What applies when it is not set.
    pub default: &'static str,
    /// What it is for, in one sentence.
    pub meaning: &'static str,
}

/// The list of patterns.
pub const PATTERNS: &str = "UMASKCLAMP_PATTERNS";
/// The file of patterns.
pub const PATTERNS_FILE: &str = "UMASKCLAMP_PATTERNS_FILE";
/// Enforce, audit or off.
pub const MODE: &str = "UMASKCLAMP_MODE";
/// The bits to clear.
pub const MASK: &str = "UMASKCLAMP_MASK";
/// Later changes of mode.
pub const CHMOD: &str = "UMASKCLAMP_CHMOD";
/// Files that are there already.
pub const EXISTING: &str = "UMASKCLAMP_EXISTING";
/// Children that cannot be entered.
pub const UNREACHABLE: &str = "UMASKCLAMP_UNREACHABLE";
/// The level of records.
pub const LOG: &str = "UMASKCLAMP_LOG";
/// Where records go.
pub const LOG_FILE: &str = "UMASKCLAMP_LOG_FILE";

/// Every variable that is read. Any other name that begins with `UMASKCLAMP_`
/// is a fault.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: PATTERNS,
        values: "patterns with ':' between",
        default: "the built-in list",
        meaning: "Which paths are sensitive; rules of .gitignore, '!' exempts, the last that matches decides.",
    },
    Variable {
        name: PATTERNS_FILE,
        values: "absolute path",
        default: "none",
        meaning: "A file with one pattern a line; its rules come before those of UMASKCLAMP_PATTERNS.",
    },
    Variable {
        name: MODE,
        values: "enforce, audit, off",
        default: "enforce",
        meaning: "Clamp; or change nothing and record what would be clamped; or do nothing.",
    },
    Variable {
        name: MASK,
        values: "octal bits within 077",
        default: "077",
        meaning: "The permission bits to clear; 027 leaves the group its right to read.",
    },
    Variable {
        name: CHMOD,
        values: "clamp, allow",
        default: "clamp",
        meaning: "Whether a later explicit chmod or ACL is clamped as well.",
    },
    Variable {
        name: EXISTING,
        values: "tighten, leave",
        default: "tighten",
        meaning: "Whether a wide file that is there already is narrowed before it is written.",
    },
    Variable {
        name: UNREACHABLE,
        values: "umask, warn, refuse",
        default: "umask",
        meaning: "What happens to a child that cannot be entered: run it under a narrowed umask; only warn; fail its exec with EPERM.",
    },
    Variable {
        name: LOG,
        values: "off, error, warn, info, debug, trace",
        default: "off; info once UMASKCLAMP_LOG_FILE is set",
        meaning: "Up to which level records are written.",
    },
    Variable {
        name: LOG_FILE,
        values: "absolute path, or syslog:",
        default: "standard error",
        meaning: "Where records go, as JSON Lines.",
    },
];

/// Where [`PATTERNS`] and [`PATTERNS_FILE`] stand in [`VARIABLES`].
pub const LIST: usize = 0;
/// As [`LIST`].
pub const FILE: usize = 1;

/// Something for each of [`VARIABLES`], in their order.
pub type Each<T> = [Option<T>; VARIABLES.len()];

/// That of the variable of this name.
pub fn of<T: Copy>(each: &Each<T>, name: &str) -> Option<T> {
    let place = place(name.as_bytes())?;
    *each.get(place)?
}

/// Where the variable of this name stands in [`VARIABLES`].
pub fn place(name: &[u8]) -> Option<usize> {
    VARIABLES
        .iter()
        .position(|known| known.name.as_bytes() == name)
}

/// Name and value of an entry of the environment. `None` if it has no `=`.
pub fn split(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = entry.iter().position(|&byte| byte == b'=')?;
    Some((entry.get(..equals)?, entry.get(equals.checked_add(1)?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(place(PATTERNS.as_bytes()), Some(LIST));
        assert_eq!(place(PATTERNS_FILE.as_bytes()), Some(FILE));
        assert_eq!(place(b"UMASKCLAMP_"), None);
        assert_eq!(split(b"A=b=c"), Some((&b"A"[..], &b"b=c"[..])));
        assert_eq!(split(b"A"), None);
    }
}

//! The settings that take one word of a few.

/// Declares an enumeration whose values are words of the environment.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$why:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name {
            $($(#[$why])* $value,)*
        }

        impl $name {
            /// The words, the default first.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The value that `word` names, in exactly this spelling.
            pub fn parse(word: &[u8]) -> Option<Self> {
                $(if word == $word.as_bytes() {
                    return Some(Self::$value);
                })*
                None
            }

            /// Its word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }
    };
}

words! {
    /// `UMASKCLAMP_MODE`: what is done about a sensitive path.
    Mode {
        /// Modes are clamped.
        Enforce = "enforce",
        /// Nothing is changed; what would be is recorded.
        Audit = "audit",
        /// The library does nothing at all.
        Off = "off",
    }
}

words! {
    /// `UMASKCLAMP_CHMOD`: what is done about a later explicit chmod or ACL.
    ChmodPolicy {
        /// It is clamped as well.
        Clamp = "clamp",
        /// It is let through.
        Allow = "allow",
    }
}

words! {
    /// `UMASKCLAMP_EXISTING`: what is done about a file that is there already
    /// and wide.
    Existing {
        /// It is narrowed before the program can write to it.
        Tighten = "tighten",
        /// It keeps its mode.
        Leave = "leave",
    }
}

words! {
    /// `UMASKCLAMP_UNREACHABLE`: what is done about a child that a preload
    /// cannot enter.
    Unreachable {
        /// It runs under the umask of the process and the mask.
        Umask = "umask",
        /// It runs as it is, and a record says so.
        Warn = "warn",
        /// It is not started: `EPERM`.
        Refuse = "refuse",
    }
}

words! {
    /// `UMASKCLAMP_LOG`: up to which level records are written.
    Level {
        /// None.
        Off = "off",
        /// What could not be protected.
        Error = "error",
        /// Besides, children that cannot be entered, and refusals.
        Warn = "warn",
        /// Besides, each mode that was or would be changed.
        Info = "info",
        /// Besides, each verdict.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

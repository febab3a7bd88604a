//! What can be wrong with a pattern.

use crate::escape::shown;
use crate::rule::Origin;
use alloc::vec::Vec;
use core::fmt;

/// How many alternatives the braces of one pattern may stand for. Every process of a
/// job writes them out, and a pattern of a line can stand for millions.
pub const MAX_ALTERNATIVES: usize = 1024;

/// How many brace groups a pattern may have.
pub const MAX_GROUPS: usize = 10;

/// To how many bytes braces may bring what a list is stored as.
pub const MAX_STORED: usize = 512 * 1024;

/// What is wrong with a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PatternFaultKind {
    /// Nothing between two colons, or before the first or after the last.
    Empty,
    /// A `!` and nothing behind it.
    LoneExclamation,
    /// A mask and nothing behind it.
    LoneMask,
    /// Three octal digits and a `=` that are no mask, as `777=` and `000=`.
    BadMask,
    /// A `!` and a mask.
    ExemptMask,
    /// A `[` without its `]`.
    UnclosedClass,
    /// A `{` without its `}`.
    UnclosedBrace,
    /// A `\` with nothing behind it.
    TrailingBackslash,
    /// More brace groups than [`MAX_GROUPS`].
    TooManyBraces,
    /// Braces that stand for more than [`MAX_ALTERNATIVES`] patterns.
    TooManyAlternatives,
    /// Braces that make a list take more than [`MAX_STORED`] bytes.
    TooLarge,
    /// One of the alternatives of a brace group leaves an empty pattern.
    EmptyAlternative,
    /// A class that no byte of a name can match, as `[z-a]` or `[/]`.
    EmptyClass,
    /// `[:alpha:]` and its like.
    NamedClass,
    /// `.` or `..` as a component.
    Dots,
    /// `~name/`: only `~/` is known.
    OtherHome,
    /// A zero byte, which no path can hold.
    Nul,
    /// A blank at the beginning or the end that is not escaped.
    Blank,
}

impl fmt::Display for PatternFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PatternFaultKind::*;
        f.write_str(match self {
            Empty => "empty pattern; remove the extra ':'",
            LoneExclamation => "'!' exempts nothing; a pattern must follow it",
            LoneMask => "a mask and nothing behind it; a pattern must follow the '='",
            BadMask => {
                "a mask is 001 to 077; if the digits begin a name, write a '\\' before them, as '\\027='"
            }
            ExemptMask => {
                "'!' and a mask exclude each other; if the digits begin a name, write '!\\027='"
            }
            UnclosedClass => "unclosed character class; missing ']'",
            UnclosedBrace => "unclosed brace; missing '}'",
            TrailingBackslash => "trailing backslash; write '\\\\' for a literal one",
            TooManyBraces => "more than 10 brace groups",
            TooManyAlternatives => "braces with more than 1024 alternatives",
            TooLarge => "braces by which the list takes more than 512 KiB in every process",
            EmptyAlternative => "an alternative of the braces is empty",
            EmptyClass => "character class that matches nothing",
            NamedClass => "named character class; write the range, as '[a-z]'",
            Dots => "'.' or '..' as a component never matches; paths are folded first",
            OtherHome => {
                "only '~/' is a home directory; write the path, or '\\~' for a literal tilde"
            }
            Nul => "zero byte, which no path can hold",
            Blank => "blank at the beginning or end; write '\\ ' if it is part of the name",
        })
    }
}

/// A fault of one pattern: which, where in it, and what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternFault {
    /// Where the pattern was written.
    pub origin: Origin,
    /// The element of the list, or the line of the file, counted from 1.
    pub number: u32,
    /// The pattern as written.
    pub pattern: Vec<u8>,
    /// The byte of the pattern, counted from 0, at which the fault lies.
    pub at: usize,
    /// What is wrong there.
    pub kind: PatternFaultKind,
}

impl fmt::Display for PatternFault {
    /// `pattern 3 "[a" at byte 0: unclosed …`; `line` instead of `pattern` for
    /// a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.origin {
            Origin::File => "line",
            _ => "pattern",
        };
        write!(
            f,
            "{unit} {} \"{}\" at byte {}: {}",
            self.number,
            shown(&self.pattern),
            self.at,
            self.kind
        )
    }
}

/// A kind of fault and the byte of the pattern that it lies at.
pub(crate) type Found = (usize, PatternFaultKind);

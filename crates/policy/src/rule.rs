//! The words of a decision: what is asked, which rule answers, and how.

use crate::mode::Mask;

/// What a path names, as far as patterns care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A directory: patterns with a trailing `/` match it.
    Directory,
    /// Anything else, or nothing known.
    Other,
}

/// Which rule, by its place in [`Rules`]: the later one wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(pub u32);

/// The decision on a path: that of the last rule that matches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No rule matches.
    Plain,
    /// A rule with `!` decides.
    Exempt(RuleId),
    /// A rule without `!` decides.
    Sensitive(Protection),
}

/// What protects a path: the rule that decides, and the bits that it clears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Protection {
    /// The rule.
    pub rule: RuleId,
    /// Its own mask, or that of the settings.
    pub mask: Mask,
}

impl Protection {
    /// By this one, and by another one too: a path is what it is by each of its names.
    pub const fn and(self, other: Self) -> Self {
        Protection {
            rule: self.rule,
            mask: self.mask.and(other.mask),
        }
    }
}

/// Where a rule was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// The list compiled in.
    BuiltIn,
    /// The file that `UMASKCLAMP_PATTERNS_FILE` names.
    File,
    /// `UMASKCLAMP_PATTERNS`.
    #[default]
    Environment,
}

/// One rule, to be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule<'a> {
    /// The pattern as written, its `!` included.
    pub text: &'a [u8],
    /// Where it was written.
    pub origin: Origin,
    /// Its place there, from 1: the element of a list, the line of a file, the
    /// pattern of the built-in list.
    pub number: u32,
    /// Whether it protects; otherwise it exempts.
    pub protects: bool,
    /// The mask that stands before it, if one does.
    pub mask: Option<Mask>,
    /// Whether it, or an alternative of it, is without force because it begins
    /// with `~/` and there is no home directory.
    pub homeless: bool,
}

//! What a record can say was done.

use crate::settings::Level;

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Action {
    /// A requested mode was narrowed.
    Clamped,
    /// An inode that existed was narrowed.
    Tightened,
    /// `audit`: a requested mode would have been narrowed.
    WouldClamp,
    /// `audit`: an inode that existed would have been narrowed.
    WouldTighten,
    /// A child that cannot be entered was started, or a program of which some calls
    /// cannot be seen.
    Unreachable,
    /// A sensitive file got a plain name.
    Linked,
    /// The call was refused.
    Refused,
    /// `audit`: the call would have been refused.
    WouldRefuse,
    /// A variable was left out of a child's environment.
    Dropped,
    /// Something could not be protected.
    Failed,
    /// A decision, without anything to change.
    Verdict,
}

impl Action {
    /// Its word in a record.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Clamped => "clamped",
            Action::Tightened => "tightened",
            Action::WouldClamp => "would-clamp",
            Action::WouldTighten => "would-tighten",
            Action::Unreachable => "unreachable",
            Action::Linked => "linked",
            Action::Refused => "refused",
            Action::WouldRefuse => "would-refuse",
            Action::Dropped => "dropped",
            Action::Failed => "failed",
            Action::Verdict => "verdict",
        }
    }

    /// The level at which it is recorded.
    pub const fn level(self) -> Level {
        match self {
            Action::Failed => Level::Error,
            Action::Unreachable
            | Action::Linked
            | Action::Refused
            | Action::WouldRefuse
            | Action::Dropped => Level::Warn,
            Action::Clamped | Action::Tightened | Action::WouldClamp | Action::WouldTighten => {
                Level::Info
            }
            Action::Verdict => Level::Debug,
        }
    }
}

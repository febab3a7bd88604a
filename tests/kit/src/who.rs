//! On whose behalf a scenario runs.

use std::fmt;

/// The throwaway user: no account needs to exist for a process to have it.
pub const USER: u32 = 12345;
/// A second one, who must not read what the first one wrote.
pub const STRANGER: u32 = 12346;

/// Who runs the program under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// uid 0, with all its capabilities.
    Root,
    /// [`USER`], which only root can become.
    User,
    /// Whoever runs the tests, when that is not root.
    Oneself,
}

impl Who {
    /// Everyone that this process can act as: root and an ordinary user when
    /// it is root, otherwise only itself.
    pub fn all() -> Vec<Who> {
        if Who::am_root() {
            vec![Who::Root, Who::User]
        } else {
            vec![Who::Oneself]
        }
    }

    /// The ordinary user to act as.
    pub fn ordinary() -> Who {
        if Who::am_root() {
            Who::User
        } else {
            Who::Oneself
        }
    }

    /// Whether the tests run as root.
    pub fn am_root() -> bool {
        // SAFETY: geteuid reads a number of the process and cannot fail.
        unsafe { libc::geteuid() == 0 }
    }

    /// The user id to change to, if any.
    pub fn uid(self) -> Option<u32> {
        (self == Who::User).then_some(USER)
    }

    /// Whether the program will have root's rights.
    pub fn is_root(self) -> bool {
        self == Who::Root
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Root => "root",
            Who::User => "user",
            Who::Oneself => "oneself",
        })
    }
}

//! Sequences of calls for names that come, go and are shared, performed bare and
//! under the shim side by side in two trees that are alike.
//!
//! After every call the two have to agree on results, errno, names, link counts and
//! content, and on every mode but those of inodes that had a sensitive name at some
//! time, which may be narrower in the mask's bits. After every *system call* nothing
//! at a sensitive place that others can reach may be wide. And no call changes a mode
//! of anything but what it names and what lies below a directory that it moves.
//!
//! What is sensitive is told from outside ([`Sensitive`]), so that the model shares
//! nothing with what it judges.

mod judge;
mod look;
mod model;
mod player;
mod stage;
mod step;

use std::fmt;

use crate::Who;

pub use judge::play;
pub use stage::Stage;
pub use step::Steps;

/// Whether a path (absolute, of a directory or not) is sensitive by this list.
pub type Sensitive<'a> = &'a dyn Fn(&[Vec<u8>], &[u8], bool) -> bool;

/// A sequence and what it is performed under.
#[derive(Clone, Debug)]
pub struct Case {
    pub who: Who,
    /// Patterns; a leading `/` stands for the tree.
    pub rules: Vec<String>,
    pub mask: u32,
    pub umask: u32,
    /// See [`Steps::perform`]; `next` goes on in a new process.
    pub steps: Vec<String>,
    /// Kill the process in its last step, at this stop of a tracer.
    pub kill: Option<usize>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "as {}, rules {}, mask {:03o}, umask {:03o}",
            self.who,
            self.rules.join(":"),
            self.mask,
            self.umask
        )?;
        if let Some(stop) = self.kill {
            writeln!(f, "killed at stop {stop} of the last step")?;
        }
        Ok(())
    }
}

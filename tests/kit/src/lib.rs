//! What the integration tests stand on: the built library, the ordinary user,
//! a tree with a sensitive and a plain side, a tracer that looks at that tree
//! after every system call, and one table of calls that the program `doors`
//! carries out.
//!
//! The word *bare* means a run without the preload. Every row of the table is
//! run bare and under the shim, and judged by the difference.

pub mod acl;
pub mod artefact;
pub mod judge;
pub mod namespace;
pub mod perform;
pub mod ran;
pub mod rows;
pub mod run;
pub mod scenes;
pub mod sequence;
pub mod stage;
pub mod tree;
pub mod watch;
pub mod who;

pub use artefact::{program, shim};
pub use run::{Report, Run};
pub use tree::Tree;
pub use who::Who;

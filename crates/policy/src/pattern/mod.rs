//! Patterns: how the text of one is read, what can be wrong with it, and what
//! it becomes.
//!
//! A pattern is split at its slashes, and every component is reduced at load
//! to the cheapest thing that says the same: a literal name, `*suffix`,
//! `prefix*`, or a glob of one component ([`glob`]). Braces are written out: to
//! try every combination of branches on every path would take too long. `**` is
//! matched by component, which finds the first place that fits and is done.

mod braces;
pub(crate) mod compile;
mod fault;
mod glob;
mod lex;
mod quick;
pub(crate) mod store;

pub use fault::{MAX_ALTERNATIVES, MAX_GROUPS, MAX_STORED, PatternFault, PatternFaultKind};

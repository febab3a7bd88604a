//! Opening for writing, wherever that is: at a sensitive place as [`super::opening`] does
//! it, at a plain one without following links that were not judged ([`super::nolinks`]).

use libc::{c_int, mode_t};

use super::decide::{Decision, Depth, Route, decide};
use super::nolinks;
pub use super::opening::opens_for_writing;
use super::opening::{Opening, Real, subject};
use crate::call::Given;
use crate::{errno, records};

/// Opens by `real`. Most files that are created are new, and most paths have no link: so
/// where the lexical path is plain such a file is tried first.
#[inline(never)]
pub fn open(given: Given, flags: c_int, mode: mode_t, real: Real) -> c_int {
    let depth = match Depth::of_open(flags) {
        Depth::Routed if nolinks::openat2_usable() => Depth::Lexical,
        depth => depth,
    };
    open_from(&given, depth, flags, mode, real)
}

/// The same, where the place is looked at so far at first.
#[inline(always)]
pub fn open_from(given: &Given, depth: Depth, flags: c_int, mode: mode_t, real: Real) -> c_int {
    let call = match given {
        Ok(call) => call,
        Err(bypass) => {
            records::bypass(bypass);
            return real.make(flags, mode);
        }
    };
    let mut depth = depth;
    loop {
        match decide(call, subject(flags), depth) {
            Decision::Sensitive(sensitive) => {
                return Opening::new(sensitive, flags, mode).open(real);
            }
            Decision::Plain(_) if depth == Depth::Lexical => {
                if let Some(opened) = nolinks::create_new(call, flags, mode) {
                    return errno::of(opened);
                }
                depth = Depth::Routed;
            }
            Decision::Plain(Route::Program) => return real.make(flags, mode),
            Decision::Plain(route) => return nolinks::create(call, route, flags, mode, real),
        }
    }
}

//! Opening for writing, wherever that is: at a sensitive place as [`super::opening`] does
//! it, at a plain one without following links that were not judged ([`super::nolinks`]).

use libc::{c_int, mode_t};

use super::nolinks::{self, Route};
pub use super::opening::opens_for_writing;
use super::opening::{open_at, subject};
use super::{Judged, look};
use crate::call::Call;

/// Opens by `real`, which takes flags and mode and gives a descriptor or -1.
pub fn open(
    mut call: Option<Call>,
    flags: c_int,
    mode: mode_t,
    real: &dyn Fn(c_int, mode_t) -> c_int,
) -> c_int {
    if let Some(call) = &mut call {
        call.tries = call.place.creates && nolinks::openat2_usable();
    }
    open_as_told(call, flags, mode, real)
}

/// The same without trying a new file first: the place is judged in full. The call is
/// `real`, unless other users may change the path meanwhile.
pub fn open_as_told(
    call: Option<Call>,
    flags: c_int,
    mode: mode_t,
    real: &dyn Fn(c_int, mode_t) -> c_int,
) -> c_int {
    let Some(call) = call else {
        return real(flags, mode);
    };
    match look(&call, subject(flags)) {
        Judged::Sensitive(sensitive) => open_at(sensitive, call, flags, mode, real),
        Judged::Plain(Route::Own) => real(flags, mode),
        Judged::Plain(route) => nolinks::create(call, route, flags, mode, real),
    }
}

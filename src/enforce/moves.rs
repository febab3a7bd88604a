//! `rename`: an inode gets another name.
//!
//! The call is made, always; what gets a sensitive name is closed to others first
//! ([`super::arrival`]), and what loses its last plain one afterwards
//! ([`super::departure`]).

use libc::{RENAME_EXCHANGE, c_int, c_uint};

use super::arrival::{Arrival, arrive, narrowable};
use super::content::Content;
use super::departure::Departure;
use super::outlook::How;
use super::{is_sensitive, judge};
use crate::call::{Call, Subject};
use crate::{memory, state};

/// Renames by `real`; with `RENAME_EXCHANGE` both inodes arrive somewhere.
pub fn rename(
    from: Option<Call>,
    to: Option<Call>,
    flags: c_uint,
    real: &dyn Fn() -> c_int,
) -> c_int {
    let (Some(from), Some(to)) = (from, to) else {
        return real();
    };
    let exchanges = flags & RENAME_EXCHANGE != 0;
    // Most renames concern nobody, and are not to take the stack that others need: a
    // handler of signals may have 8 KiB of it.
    let concerned =
        memory::any_named() || concerns(&from, &to) || exchanges && concerns(&to, &from);
    match concerned {
        true => renamed(&from, &to, flags, real),
        false => real(),
    }
}

/// Does anything get a sensitive name by this?
#[inline(never)]
fn concerns(from: &Call, to: &Call) -> bool {
    let (Some(state), Some((subject, _))) = (state::active(), narrowable(from)) else {
        return false;
    };
    let names = || Content::of(from, to, state).is_some();
    judge(to, subject).is_some() || subject == Subject::Directory && names()
}

#[inline(never)]
fn renamed(from: &Call, to: &Call, flags: c_uint, real: &dyn Fn() -> c_int) -> c_int {
    let exchanges = flags & RENAME_EXCHANGE != 0;
    // What is replaced loses its name; what moves from a sensitive name to a plain one
    // loses that.
    let replaced = (!exchanges).then(|| Departure::of(to)).flatten();
    let moved = Departure::of(from);
    let moved = moved.filter(|moved| !moved.plain && !is_sensitive(to));
    let mut arrivals = [Arrival::of(from, to), None];
    if let ([_, back], true) = (&mut arrivals, exchanges) {
        *back = Arrival::of(to, from);
    }
    let result = arrive(&mut arrivals, How::Rename(flags), real);
    for departure in [&replaced, &moved].into_iter().flatten() {
        if result == 0 {
            departure.done();
        }
    }
    result
}

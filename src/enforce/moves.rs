//! `rename`: an inode gets another name.
//!
//! The call is made, always; what gets a sensitive name is closed to others first
//! ([`super::arrival`]), and what loses its last plain one afterwards
//! ([`super::departure`]).

use libc::{RENAME_EXCHANGE, c_int, c_uint};

use super::arrival::{Arrival, arrive, narrowable};
use super::content::Content;
use super::decide::{is_sensitive, sensitive};
use super::departure::Departure;
use super::outlook::How;
use crate::call::{Call, Given, Subject};
use crate::memory;

/// Renames by `real`; with `RENAME_EXCHANGE` both inodes arrive somewhere.
pub fn rename(from: Given, to: Given, flags: c_uint, real: &dyn Fn() -> c_int) -> c_int {
    let (Ok(from), Ok(to)) = (from, to) else {
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
    let Some((subject, _)) = narrowable(from) else {
        return false;
    };
    let names = || Content::of(from, to).is_some();
    sensitive(to, subject).is_some() || subject == Subject::Directory && names()
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

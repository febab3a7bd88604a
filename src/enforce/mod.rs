//! The one way from a request to a mode.
//!
//! A hook hands over what it was called with; here the place is found, the rules
//! are asked, and the real call is made with what the verdict allows. The real
//! call comes as a closure, so that everything that is decided is decided here.
//!
//! # Between the decision and the call
//! Somebody who may write to a directory of the path can turn a link there after
//! the place was judged. What can be won by that?
//! - A place judged sensitive becomes another: the file there is narrow, which is
//!   the safe side.
//! - A place judged plain becomes a sensitive one. The path as named is judged
//!   without looking at links, so what is protected by its name cannot be turned
//!   away; but a wide file at the sensitive place is one that he can open, and keep
//!   open until a backup is written to it. So where others may give names on the
//!   way, what `open`, `fopen` and `freopen` create follows no link that was not
//!   judged ([`nolinks`]).
//! - Not so what `mkdir`, `mknod` and `bind` make, what `rename` and `link` bring,
//!   and what `posix_spawn` opens in the child: the kernel has no such flag for
//!   them, or libc makes the call. None of them writes anything: a directory's
//!   content is judged by itself, nobody's data is in a new node or socket, and
//!   what is renamed or linked was to come to a place where he could read it. If a
//!   program writes there later, the file is one that exists: it is narrowed first,
//!   but whoever holds a descriptor keeps it. For that he has to win a race which
//!   he mostly loses.
//! - An existing file is tightened by its descriptor, after it was opened. Where
//!   only a name is there, the inode is held first ([`held`]): no other file is ever
//!   changed, above all not when a mode is given back.
//!
//! No scratch memory is held across a real call that may block for hours (a fifo), be
//! cancelled, or be left by `siglongjmp`.

mod arrival;
pub mod chmod;
mod content;
pub mod create;
mod departure;
pub mod existing;
pub mod handle;
mod held;
pub mod how;
pub mod links;
pub mod moves;
pub mod nolinks;
pub mod open;
mod opening;
mod outlook;
pub mod queue;
pub mod root;
pub mod socket;
pub mod spawn;
pub mod stream;
pub mod subvolume;
mod tree;

use nolinks::Route;
use umaskclamp_policy::path;
use umaskclamp_policy::rules::{RuleId, Verdict};
use umaskclamp_policy::settings::Mode;

use crate::call::{Call, Sensitive, Subject};
use crate::memory::{self, Names, Remembered};
use crate::place;
use crate::records;
use crate::scratch::Scratch;
use crate::state::{self, State};
use crate::sys::Inode;

/// What holds at the place of a call.
pub enum Judged {
    Sensitive(Sensitive),
    /// Not sensitive: the call is made as the program asked, by this route.
    Plain(Route),
}

/// Is the place of this call sensitive?
pub fn look(call: &Call, subject: Subject) -> Judged {
    let Some(state) = state::active() else {
        return Judged::Plain(Route::Own);
    };
    let rule = match verdict(state, call, subject) {
        Outcome::Sensitive(rule) => Some(rule),
        // What is to be made anew is none that was seen before; what comes of it is
        // recorded then.
        Outcome::Plain(Route::New) => return Judged::Plain(Route::New),
        Outcome::Plain(route) if !linked(call) => {
            records::verdict(call, None);
            return Judged::Plain(match state.settings.mode {
                Mode::Enforce => route,
                Mode::Audit | Mode::Off => Route::Own,
            });
        }
        Outcome::Plain(_) | Outcome::Unknown => None,
    };
    records::verdict(call, rule);
    Judged::Sensitive(Sensitive { state, rule })
}

/// The same for a call that can be made by one route only. `None`: not sensitive, so the
/// real call is made with everything as the program gave it.
#[inline(never)]
pub fn judge(call: &Call, subject: Subject) -> Option<Sensitive> {
    match look(call, subject) {
        Judged::Sensitive(sensitive) => Some(sensitive),
        Judged::Plain(_) => None,
    }
}

/// The call with what holds at its place, if that is sensitive.
pub fn judged(call: Call, subject: Subject) -> Option<(Sensitive, Call)> {
    Some((judge(&call, subject)?, call))
}

/// The same without a record: is what is there at a sensitive place?
pub fn is_sensitive(call: &Call) -> bool {
    state::active()
        .is_some_and(|state| !matches!(verdict(state, call, Subject::Existing), Outcome::Plain(_)))
}

/// Has the inode a sensitive name as well, under which this process saw it? Not if this is
/// its only name. But a descriptor may have outlived the name that it tells.
fn linked(call: &Call) -> bool {
    memory::any(Remembered::Narrow)
        && call.inode().is_ok_and(|inode| {
            let narrow = || memory::is(call.identity(&inode), Remembered::Narrow);
            (inode.links > 1 || !call.place.names(&inode)) && narrow()
        })
}

/// Was the inode of a descriptor seen at a sensitive place, where no path can be told
/// for want of a `/proc`?
fn remembered(call: &Call) -> bool {
    let seen = |inode: &Inode| memory::is(call.identity(inode), Remembered::Seen);
    memory::any(Remembered::Seen)
        && call.place.given.is_empty()
        && place::descriptor_path(call.place.dirfd, &mut [0; 8]) == Err(libc::ENOENT)
        && call.inode().is_ok_and(|inode| seen(&inode))
}

/// Remembers what the call names, an inode of a sensitive place that is narrow by now,
/// for where no path tells that: by a descriptor without a `/proc`, and by the other
/// names that it has.
pub fn remember_narrow(call: &Call, inode: &Inode, names: Names) {
    if !memory::proc_fd_readable() {
        remember(call, inode, Remembered::Seen, Names::Known);
    }
    if inode.links > 1 {
        remember(call, inode, Remembered::Narrow, names);
    }
}

/// Remembers this of an inode, or records that there was no room.
pub fn remember(call: &Call, inode: &Inode, what: Remembered, names: Names) {
    if memory::remember(call.identity(inode), what, names).is_err() {
        records::forgotten(call, inode.permissions());
    }
}

enum Outcome {
    Plain(Route),
    Sensitive(RuleId),
    /// Taken as sensitive although no rule says so: the inode is remembered, or the real
    /// path is longer than any becomes but by links that were made for that.
    Unknown,
}

impl Outcome {
    fn of(verdict: Verdict, route: impl FnOnce() -> Route) -> Self {
        match verdict {
            Verdict::Sensitive(rule) => Outcome::Sensitive(rule),
            Verdict::Plain | Verdict::Exempt(_) => Outcome::Plain(route()),
        }
    }
}

fn verdict(state: &State, call: &Call, subject: Subject) -> Outcome {
    let rules = &state.settings.rules;
    let place = &call.place;
    let settled = |kind| rules.settled_by_names(place.given, kind);
    if let Some(rule) = call.by_kind(subject, rules, settled) {
        return Outcome::Sensitive(rule);
    }
    let on = |path: &[u8]| call.by_kind(subject, rules, |kind| rules.verdict(path, kind));
    let Some(mut scratch) = Scratch::claim() else {
        return unresolved(call, subject, on);
    };
    let buffers = scratch.buffers();
    let base = place.base(&mut buffers.link);
    if base == 0 && remembered(call) {
        return Outcome::Unknown;
    }
    let known = buffers.link.get(..base).unwrap_or_default();
    let beyond = known.first().is_some_and(|&byte| byte != b'/');
    let named = place.named_from(known, &mut buffers.named).len();
    let named = file(subject, &mut buffers.named, named);
    if let Verdict::Sensitive(rule) = by_names(named, beyond, &mut buffers.text, on) {
        return Outcome::Sensitive(rule);
    }
    if call.tries && state.settings.mode == Mode::Enforce {
        return Outcome::Plain(Route::New);
    }
    let named = named.len();
    let Some(real) = place.real_from(base, buffers) else {
        return Outcome::Unknown;
    };
    let path = file(subject, &mut buffers.real, real.length);
    let verdict = if buffers.named.get(..named) == Some(path) {
        Verdict::Plain
    } else {
        by_names(path, beyond, &mut buffers.text, on)
    };
    Outcome::of(verdict, || Route::of(&real, path))
}

/// The verdict on a path by the names that it has inside and outside of the root.
/// `beyond`: a path without leading `/` has none inside.
pub fn by_names(
    path: &[u8],
    beyond: bool,
    room: &mut [u8],
    on: impl Fn(&[u8]) -> Verdict,
) -> Verdict {
    let inside = if beyond && path.first() != Some(&b'/') {
        Verdict::Plain
    } else {
        on(path)
    };
    match inside {
        Verdict::Sensitive(_) => inside,
        _ => place::outside::name(path, beyond, room).map_or(inside, on),
    }
}

/// The path that the verdict is about: the first `length` bytes of `path`. For a file
/// without a name (`O_TMPFILE`) `path` is its directory, and a name is put behind it that
/// no pattern but `*` and its like knows.
fn file(subject: Subject, path: &mut [u8], length: usize) -> &[u8] {
    const NAME: &[u8] = &[0xff; 32];
    let mut end = length;
    if subject == Subject::Unnamed {
        let slash: &[u8] = match path.get(..length) {
            Some(b"" | b"/") | None => b"",
            Some(_) => b"/",
        };
        for part in [slash, NAME] {
            if let Some(room) = path.get_mut(end..end + part.len()) {
                room.copy_from_slice(part);
                end += part.len();
            }
        }
    }
    path.get(..end).unwrap_or_default()
}

/// Not even scratch memory: what the program wrote is matched as far as a small
/// buffer on the stack holds it, else its last name.
#[cold]
fn unresolved(call: &Call, subject: Subject, on: impl FnOnce(&[u8]) -> Verdict) -> Outcome {
    if remembered(call) {
        return Outcome::Unknown;
    }
    let mut folded = [0; 256];
    let known = match path::fold(b"", call.place.given, &mut folded) {
        Some(length) => file(subject, &mut folded, length),
        None => path::last(call.place.given),
    };
    Outcome::of(on(known), || Route::Own)
}

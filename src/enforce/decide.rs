//! Is the place of a call sensitive? And if not, how does a file get there?

use libc::{S_IFDIR, c_int};
use umaskclamp_policy::path;
use umaskclamp_policy::record::Action;
use umaskclamp_policy::rules::{Kind, Protection, Verdict};

use super::remembered::{is_linked, is_remembered};
use crate::call::{Call, Given, Sensitive, Subject};
use crate::place::outside;
use crate::place::resolve::{self, Resolved};
use crate::records::{self, NO_MODES};
use crate::scratch::Scratch;
use crate::sys::{self, PathCopy};

/// How far a place is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// By its lexical path alone. Enough for what is made as a new file and follows no
    /// link, for then that is where it is.
    Lexical,
    /// By its resolved path as well.
    Resolved,
    /// The same, and the [`Route`] of what is created is found out.
    Routed,
}

impl Depth {
    /// What an open with these flags needs.
    pub fn of_open(flags: c_int) -> Self {
        match sys::creates(flags) {
            true => Depth::Routed,
            false => Depth::Resolved,
        }
    }
}

/// What holds at the place of a call.
pub enum Decision<'a> {
    Sensitive(Sensitive<'a>),
    /// The call is made with all as the program gave it, by this route.
    Plain(Route),
}

/// How a file gets to a plain place, although other users may swap links meanwhile.
pub enum Route {
    /// By the program's own call.
    Program,
    /// By the path as given, which has no link.
    NoLinks,
    /// By this path, which has no link, below this directory.
    At(c_int, PathCopy),
    /// By the program's own call with the mode clamped: where it leads is not known.
    Clamped,
}

impl Route {
    /// `path` is the place as it really is.
    fn of(real: &Resolved, path: &[u8]) -> Self {
        match real.route {
            resolve::Route::Program => Route::Program,
            resolve::Route::NoLinks => Route::NoLinks,
            resolve::Route::At { dirfd, tail } => path
                .get(tail..)
                .and_then(PathCopy::of)
                .map_or(Route::Clamped, |path| Route::At(dirfd, path)),
            resolve::Route::Clamped => Route::Clamped,
        }
    }
}

/// Decides, and records it at level `debug`. At [`Depth::Lexical`] a plain place is not
/// the last word, and not recorded.
#[inline(never)]
pub fn decide<'a>(call: &'a Call<'a>, subject: Subject, depth: Depth) -> Decision<'a> {
    let decision = match by_place(call, subject, depth) {
        Decision::Plain(_) if depth != Depth::Lexical && is_linked(call) => {
            Decision::Sensitive(Sensitive::new(call, None))
        }
        decision => decision,
    };
    if records::tells(Action::Verdict) {
        let (rule, reason) = match &decision {
            Decision::Sensitive(Sensitive { rule: None, .. }) => (None, "sensitive: remembered"),
            Decision::Sensitive(sensitive) => (sensitive.rule, "sensitive"),
            Decision::Plain(_) if depth == Depth::Lexical => return decision,
            Decision::Plain(_) => (None, "plain"),
        };
        records::record(call, rule, Action::Verdict, NO_MODES, reason);
    }
    decision
}

/// The same for a call that can be made by one route only. `None`: not sensitive, so the
/// real call is made with everything as the program gave it.
#[inline]
pub fn sensitive<'a>(call: &'a Call<'a>, subject: Subject) -> Option<Sensitive<'a>> {
    match decide(call, subject, Depth::Resolved) {
        Decision::Sensitive(sensitive) => Some(sensitive),
        Decision::Plain(_) => None,
    }
}

/// The same for what a hook hands over.
#[inline]
pub fn given_sensitive<'a>(given: &'a Given<'a>, subject: Subject) -> Option<Sensitive<'a>> {
    match given {
        Ok(call) => sensitive(call, subject),
        Err(bypass) => {
            records::bypass(bypass);
            None
        }
    }
}

/// Is what is there at a sensitive place? Records nothing.
#[inline(never)]
pub fn is_sensitive(call: &Call) -> bool {
    let decision = by_place(call, Subject::Existing, Depth::Resolved);
    matches!(decision, Decision::Sensitive(_))
}

#[inline(always)]
fn by_place<'a>(call: &'a Call<'a>, subject: Subject, depth: Depth) -> Decision<'a> {
    let sensitive = |found| Decision::Sensitive(Sensitive::new(call, found));
    let (rules, place) = (call.state.rules(), &call.place);
    let kind = match subject {
        Subject::Directory => Some(Kind::Directory),
        Subject::Existing if rules.has_directory_only() => None,
        Subject::Other | Subject::Unnamed | Subject::Existing => Some(Kind::Other),
    };
    let settled = |kind| rules.settled_by_names(place.given(), kind);
    let settled = kind.map_or_else(|| by_inode(call, settled), settled);
    if settled.is_some() {
        return sensitive(settled);
    }
    let on = |path: &[u8]| {
        let verdict = |kind| rules.verdict(path, kind);
        kind.map_or_else(|| by_inode(call, verdict), verdict)
    };
    let Some(mut scratch) = Scratch::claim() else {
        return match unresolved(call, subject, on) {
            Some(found) => sensitive(found),
            None => Decision::Plain(Route::Program),
        };
    };
    let buffers = scratch.buffers();
    let base = place.base(&mut buffers.link);
    if base == 0 && is_remembered(call) {
        return sensitive(None);
    }
    let known = buffers.link.get(..base).unwrap_or_default();
    let beyond = known.first().is_some_and(|&byte| byte != b'/');
    let named = place.named_from(known, &mut buffers.named).len();
    let named = file(subject, &mut buffers.named, named);
    let lexical = match by_names(named, beyond, &mut buffers.text, on) {
        Verdict::Sensitive(found) => Some(found),
        Verdict::Plain | Verdict::Exempt(_) => None,
    };
    // Of rules with masks of their own the resolved path may be another's.
    if lexical.is_some() && !rules.have_own_masks() {
        return sensitive(lexical);
    }
    if lexical.is_none() && depth == Depth::Lexical {
        return Decision::Plain(Route::Program);
    }
    let named = named.len();
    // Longer than any becomes but by links that were made for that.
    let Some(real) = place.real_and_route(base, depth == Depth::Routed, buffers) else {
        return sensitive(None);
    };
    let path = file(subject, &mut buffers.real, real.length);
    if buffers.named.get(..named) != Some(path)
        && let Verdict::Sensitive(found) = by_names(path, beyond, &mut buffers.text, on)
    {
        return sensitive(Some(lexical.map_or(found, |lexical| lexical.and(found))));
    }
    if lexical.is_some() {
        return sensitive(lexical);
    }
    Decision::Plain(match call.state.is_audit() {
        true => Route::Program,
        false => Route::of(&real, path),
    })
}

/// Asks what depends on whether a directory is there. Nobody looks unless the answers
/// differ.
#[cold]
#[inline(never)]
fn by_inode<T: PartialEq>(call: &Call, ask: impl Fn(Kind) -> T) -> T {
    let (directory, other) = (ask(Kind::Directory), ask(Kind::Other));
    match directory != other && call.inode().is_ok_and(|inode| inode.is(S_IFDIR)) {
        true => directory,
        false => other,
    }
}

/// The verdict on a path by the names that it has inside and outside of the root.
/// `beyond`: a path without leading `/` has none inside.
#[inline]
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
        _ => outside::name(path, beyond, room).map_or(inside, on),
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

/// Is it sensitive without scratch memory to resolve in, and by which rule? What the
/// program wrote is matched as far as a small buffer on the stack holds it, else its last
/// name.
#[cold]
#[inline(never)]
fn unresolved(
    call: &Call,
    subject: Subject,
    on: impl FnOnce(&[u8]) -> Verdict,
) -> Option<Option<Protection>> {
    if is_remembered(call) {
        return Some(None);
    }
    let mut folded = [0; 256];
    let known = match path::fold(b"", call.place.given(), &mut folded) {
        Some(length) => file(subject, &mut folded, length),
        None => path::last(call.place.given()),
    };
    match on(known) {
        Verdict::Sensitive(found) => Some(Some(found)),
        Verdict::Plain | Verdict::Exempt(_) => None,
    }
}

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
pub mod decide;
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
mod remembered;
pub mod root;
mod sensitive;
pub mod socket;
pub mod spawn;
pub mod stream;
pub mod subvolume;
mod tree;

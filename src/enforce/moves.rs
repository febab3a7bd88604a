//! Calls that put an inode under another name: `rename`, and what `link` shares with it.
//!
//! The call is made, always; what gets a sensitive name is closed to others first.
//! - A file is narrowed before it gets the name, and has its mode back if the call
//!   fails. Where the call can but fail ([`super::outlook`]), nothing is narrowed for it.
//! - A directory is narrowed itself: that closes all that lies in it, whose modes stay.
//!   Only where the mask leaves somebody a way in, or where rules match below the new
//!   name that did not below the old one, is the content narrowed ([`super::content`]).

use libc::{c_int, c_uint, RENAME_EXCHANGE, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK};

use super::content::Content;
use super::held::{Held, Narrowed};
use super::links::LastPlainName;
use super::outlook::{can_only_fail, How};
use super::tree::Pass;
use super::{judge, remember_narrow};
use crate::call::{Call, Sensitive, Subject};
use crate::records;
use crate::sys::{self, Inode};
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
    let there = Arrival::of(&from, &to);
    let back = exchanges.then(|| Arrival::of(&to, &from)).flatten();
    let replaced = LastPlainName::of(&to).filter(|_| !exchanges);
    let result = arrive([there, back], How::Rename(flags), real);
    if let (0, Some(replaced)) = (result, replaced) {
        replaced.gone();
    }
    result
}

/// What a call would narrow. A link's own mode means nothing, and a device is
/// everybody's.
pub fn narrowable(call: &Call) -> Option<(Subject, Inode)> {
    state::active()?;
    let inode = call.inode().ok()?;
    match inode.mode & S_IFMT {
        S_IFDIR => Some((Subject::Directory, inode)),
        S_IFREG | S_IFIFO | S_IFSOCK => Some((Subject::Other, inode)),
        _ => None,
    }
}

pub fn arrive(mut arrivals: [Option<Arrival>; 2], how: How, real: &dyn Fn() -> c_int) -> c_int {
    for arrival in arrivals.iter_mut().flatten() {
        arrival.before(how);
    }
    let result = real();
    for arrival in arrivals.into_iter().flatten() {
        if result == 0 {
            arrival.after();
        } else {
            arrival.undo();
        }
    }
    result
}

/// An inode on its way to a sensitive name, or a directory with such below.
pub struct Arrival<'a> {
    /// Holds for the inode itself.
    sensitive: Option<Sensitive>,
    from: &'a Call<'a>,
    to: &'a Call<'a>,
    inode: Inode,
    held: Option<Held<'a>>,
    narrowed: Option<sys::Result<Narrowed>>,
    /// Of a directory below whose new name more is sensitive than below the old one.
    content: Option<Content>,
}

impl<'a> Arrival<'a> {
    fn of(from: &'a Call<'a>, to: &'a Call<'a>) -> Option<Self> {
        let state = state::active()?;
        let (subject, inode) = narrowable(from)?;
        let sensitive = judge(to, subject);
        // One that is closed itself closes all that lies in it. Without a `/proc` each
        // file in it is narrowed and remembered as well: a descriptor of it, which tells
        // no path there, could widen it.
        let closes = |sensitive: &Sensitive| {
            sensitive.clamp(inode.mode) & 0o077 == 0 && memory::can_be_told()
        };
        let content = match subject {
            Subject::Directory if !sensitive.as_ref().is_some_and(closes) => {
                Content::of(from, to, state)
            }
            _ => None,
        };
        if sensitive.is_none() && content.is_none() {
            return None;
        }
        Some(Self::at(sensitive, from, to, inode, content))
    }

    pub fn at(
        sensitive: Option<Sensitive>,
        from: &'a Call<'a>,
        to: &'a Call<'a>,
        inode: Inode,
        content: Option<Content>,
    ) -> Self {
        Arrival {
            sensitive,
            from,
            to,
            inode,
            held: None,
            narrowed: None,
            content,
        }
    }

    /// The mode that the inode has before its content is seen to: nobody gets in then.
    fn first_mode(&self, sensitive: &Sensitive) -> u32 {
        let wide = self.inode.permissions();
        match &self.content {
            Some(_) => sensitive.close(wide),
            None => sensitive.clamp(wide),
        }
    }

    fn before(&mut self, how: How) {
        let first = self.sensitive.map(|sensitive| self.first_mode(&sensitive));
        let changes = first.is_some_and(|mode| mode != self.inode.permissions());
        let audit = state::active().is_none_or(|state| state.is_audit());
        if audit || !changes && self.content.is_none() {
            return;
        }
        let held = match Held::of(self.from) {
            Ok(held) if held.inode.is_same(&self.inode) => held,
            // Another one has the name by now: seen to afterwards.
            _ => return,
        };
        if !can_only_fail(&held, self.from, self.to, how) {
            if let (Some(mode), true) = (first, changes) {
                self.narrowed = Some(held.narrow(mode));
            } else if let Some(content) = &mut self.content {
                // What cannot be seen to now comes afterwards.
                let _ = content.look(self.from, Pass::Before);
            }
        }
        self.held = Some(held);
    }

    /// The call succeeded, whatever could be told of it before.
    fn after(mut self) {
        let wide = self.inode.permissions();
        let Some(sensitive) = self.sensitive else {
            self.look_after();
            return;
        };
        let first = self.first_mode(&sensitive);
        let audit = sensitive.audit();
        if self.narrowed.is_none() && first != wide && !audit {
            self.narrowed = Some(match &self.held {
                Some(held) => held.narrow(first),
                None => Held::of(self.to).and_then(|held| held.narrow(first)),
            });
        }
        let own = sensitive.clamp(wide);
        match self.narrowed {
            Some(Err(error)) => records::failed(&sensitive, self.to, wide, error),
            _ => {
                remember_narrow(self.to, &self.inode);
                if own != wide {
                    records::tightened(&sensitive, self.to, wide, own);
                }
            }
        }
        // Only a tree that was seen to is opened to whom the mask lets in.
        if self.look_after() && first != own && !audit {
            let _ = Held::of(self.to).and_then(|held| held.narrow(own));
        }
    }

    /// Sees to the content; says whether all of it was.
    fn look_after(&mut self) -> bool {
        let Some(content) = &mut self.content else {
            return true;
        };
        let seen = content.look(self.to, Pass::After);
        if !seen {
            let wide = self.inode.permissions();
            records::not_walked(self.sensitive.as_ref(), self.to, wide);
        }
        seen
    }

    fn undo(mut self) {
        if let (Some(held), Some(Ok(narrowed))) = (&self.held, &self.narrowed) {
            if let (Err(_), Some(sensitive)) = (held.restore(narrowed), &self.sensitive) {
                let wide = self.inode.permissions();
                let narrow = self.first_mode(sensitive);
                records::stays_narrow(sensitive, self.from, wide, narrow);
            }
        } else if let Some(content) = self.content.as_mut().filter(|content| content.begun) {
            content.look(self.from, Pass::Undo);
        }
    }
}

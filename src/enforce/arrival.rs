//! An inode on its way to a sensitive name, by a rename or a link.
//!
//! - A file is narrowed before it gets the name, and has its mode back if the call
//!   fails. Where the call can but fail ([`super::outlook`]), nothing is narrowed for it.
//! - A directory is narrowed itself: that closes all that lies in it, whose modes stay.
//!   Only where the mask leaves somebody a way in, or where rules match below the new
//!   name that did not below the old one, is the content narrowed ([`super::content`]).

use libc::{S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, c_int};
use umaskclamp_policy::record::Action;
use umaskclamp_policy::settings::ChmodPolicy;

use super::content::Content;
use super::decide::{is_sensitive, sensitive};
use super::held::{Held, Narrowed};
use super::outlook::{How, can_only_fail, links_narrow};
use super::remembered::remember_narrow;
use super::tree::Pass;
use crate::call::{Call, Sensitive, Subject};
use crate::memory::{self, Names};
use crate::records;
use crate::sys::{self, Inode};

/// What a call would narrow. A link's own mode means nothing, and a device is
/// everybody's.
pub fn narrowable(call: &Call) -> Option<(Subject, Inode)> {
    let inode = call.inode().ok()?;
    match inode.mode & S_IFMT {
        S_IFDIR => Some((Subject::Directory, inode)),
        S_IFREG | S_IFIFO | S_IFSOCK => Some((Subject::Other, inode)),
        _ => None,
    }
}

pub fn arrive(arrivals: &mut [Option<Arrival>], how: How, real: &dyn Fn() -> c_int) -> c_int {
    for arrival in arrivals.iter_mut().flatten() {
        arrival.before(how);
    }
    let result = real();
    for arrival in arrivals.iter_mut().flatten() {
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
    sensitive: Option<Sensitive<'a>>,
    from: &'a Call<'a>,
    to: &'a Call<'a>,
    inode: Inode,
    held: Option<Held<'a>>,
    narrowed: Option<sys::Result<Narrowed>>,
    /// Of a directory below whose new name more is sensitive than below the old one.
    content: Option<Content>,
}

/// Does what had a sensitive name already keep its mode under this one?
fn keeps_mode(sensitive: &Sensitive, inode: &Inode, subject: Subject) -> bool {
    // The program itself may have given it that mode (`rsync`, `sed -i`).
    let allowed = sensitive.call.state.settings.chmod == ChmodPolicy::Allow;
    // Programs link to a temporary name and rename that (`ln -f`, `cp -alf`): what has
    // other names keeps its mode as it would by a link.
    let linked = inode.links > 1 && subject == Subject::Other;
    allowed || linked && !links_narrow(sensitive)
}

impl<'a> Arrival<'a> {
    #[inline(never)]
    pub fn of(from: &'a Call<'a>, to: &'a Call<'a>) -> Option<Self> {
        let (subject, inode) = narrowable(from)?;
        let sensitive = sensitive(to, subject);
        // Of two names of one inode none is moved (rename(2)).
        if sensitive.is_some() && to.inode().is_ok_and(|there| there.id == inode.id) {
            return None;
        }
        let within = sensitive.filter(|_| is_sensitive(from));
        if within.is_some_and(|sensitive| keeps_mode(&sensitive, &inode, subject)) {
            return None;
        }
        // One that is closed itself closes all that lies in it. Without a `/proc` each
        // file in it is narrowed and remembered as well: a descriptor of it, which tells
        // no path there, could widen it.
        let closes = |sensitive: &Sensitive| {
            sensitive.clamp(inode.mode) & 0o077 == 0 && memory::proc_fd_readable()
        };
        let content = match subject {
            Subject::Directory if !sensitive.as_ref().is_some_and(closes) => Content::of(from, to),
            _ => None,
        };
        if sensitive.is_none() && content.is_none() {
            return None;
        }
        Some(Self::at(sensitive, from, to, inode, content))
    }

    pub fn at(
        sensitive: Option<Sensitive<'a>>,
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

    /// Is it a directory that could not be closed, another user's? Then what lies in it
    /// is narrowed as far as that can be done.
    fn stays_open(&self) -> bool {
        matches!(self.narrowed, Some(Err(_))) && self.inode.is(S_IFDIR)
    }

    /// Does the directory's own mode let nobody in where it comes to? Then what has other
    /// names elsewhere keeps its mode.
    fn closes(&self) -> bool {
        let mode = match &self.sensitive {
            Some(sensitive) if !self.stays_open() => sensitive.clamp(self.inode.mode),
            _ => self.inode.mode,
        };
        mode & 0o077 == 0
    }

    #[inline(never)]
    fn before(&mut self, how: How) {
        let first = self.sensitive.map(|sensitive| self.first_mode(&sensitive));
        let changes = first.is_some_and(|mode| mode != self.inode.permissions());
        let audit = self.to.state.is_audit();
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
            }
            if self.stays_open() {
                self.content = Content::of(self.from, self.to);
            }
            // Behind a directory that is closed it can wait.
            if !matches!(self.narrowed, Some(Ok(_))) {
                let closed = self.closes();
                if let Some(content) = &mut self.content {
                    // What cannot be seen to now comes afterwards.
                    let _ = content.look(self.from, Pass::Before, closed);
                }
            }
        }
        self.held = Some(held);
    }

    /// The call succeeded, whatever could be told of it before.
    #[inline(never)]
    fn after(&mut self) {
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
            if self.stays_open() && self.content.is_none() {
                self.content = Content::of(self.from, self.to);
            }
        }
        let own = sensitive.clamp(wide);
        let done = match &self.narrowed {
            Some(Err(error)) => Err(*error),
            _ => Ok(()),
        };
        if done.is_ok() {
            let names = match is_sensitive(self.from) {
                true => Names::Known,
                false => Names::New,
            };
            remember_narrow(self.to, &self.inode, names);
        }
        if done.is_err() || own != wide {
            sensitive.record_tightened(&self.inode, done);
        }
        // Only a tree that was seen to is opened to whom the mask lets in.
        let closed = matches!(self.narrowed, Some(Ok(_)));
        if self.look_after() && closed && first != own {
            let _ = Held::of(self.to).and_then(|held| held.narrow(own));
        }
    }

    /// Sees to the content; says whether all of it was.
    fn look_after(&mut self) -> bool {
        let closed = self.closes();
        let Some(content) = &mut self.content else {
            return true;
        };
        let seen = content.look(self.to, Pass::After, closed);
        if !seen {
            let modes = (Some(self.inode.permissions()), None);
            let rule = self.sensitive.and_then(|sensitive| sensitive.rule);
            let reason = "not all that lies in it could be looked at";
            records::record(self.to, rule, Action::Failed, modes, reason);
        }
        seen
    }

    #[inline(never)]
    fn undo(&mut self) {
        if let (Some(held), Some(Ok(narrowed))) = (&self.held, &self.narrowed)
            && let (Err(_), Some(sensitive)) = (held.restore(narrowed), &self.sensitive)
        {
            let narrow = self.first_mode(sensitive);
            sensitive
                .with_call(self.from)
                .record_left_narrow(&self.inode, narrow);
        }
        if let Some(content) = self.content.as_mut().filter(|content| content.begun) {
            content.look(self.from, Pass::Undo, false);
        }
    }
}

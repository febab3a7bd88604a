//! Records: what was done, or could not be, in one line each.
//!
//! # JSON Lines, schema 1
//! One object a line, its fields always in this order. Those of the table are
//! always there; `path_hex` stands behind `path` if the path is not UTF-8, and
//! `"cut":true` at the end if something had to be cut to fit.
//!
//! | field | value |
//! |---|---|
//! | `v` | 1, the version of this schema |
//! | `time` | RFC 3339, UTC, microseconds |
//! | `level` | `error`, `warn`, `info`, `debug` |
//! | `pid` | process id |
//! | `program` | name of the program |
//! | `call` | the call of libc |
//! | `action` | one of [`Action`]'s words |
//! | `path` | the path; U+FFFD for what is not UTF-8 |
//! | `path_hex` | all bytes of the path, two hexadecimal digits each |
//! | `requested` | octal mode as text, `"0666"`, or `null` |
//! | `applied` | octal mode as text, or `null` |
//! | `rule` | the pattern that decided, or `null` |
//! | `reason` | why, for what needs one; else empty |
//!
//! A newline, an escape sequence or a mark that reorders text cannot leave its
//! field: it is escaped in both forms.

mod action;
mod time;
mod writer;

use crate::escape::{self, cut};
use writer::Writer;

pub use action::Action;
pub use time::Time;

/// Which inode a record is about, and whose it was.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// `st_dev`
    pub device: u64,
    /// `st_ino`
    pub inode: u64,
    /// `st_uid`
    pub owner: u32,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When.
    pub time: Time,
    /// The process.
    pub pid: u32,
    /// The name of its program.
    pub program: &'a [u8],
    /// The call, as `openat`.
    pub call: &'a str,
    /// The path it was about.
    pub path: &'a [u8],
    /// The mode asked for; the permission bits and the special ones, 07777,
    /// are shown.
    pub requested: Option<u32>,
    /// The mode used instead, shown likewise.
    pub applied: Option<u32>,
    /// The inode that was narrowed, so that its mode can be given back. Only the JSON
    /// form has it.
    pub inode: Option<Identity>,
    /// The pattern that decided, as written.
    pub rule: Option<&'a [u8]>,
    /// What was done.
    pub action: Action,
    /// Why, for what needs a reason; else empty.
    pub reason: &'a str,
}

/// How many bytes of its parts a record shows.
#[derive(Clone, Copy)]
struct Limits {
    path: usize,
    rest: usize,
}

const ALL: Limits = Limits {
    path: usize::MAX,
    rest: usize::MAX,
};

impl Record<'_> {
    /// Writes the record as a JSON object and a newline into `out`; says how
    /// many bytes it takes.
    ///
    /// If it does not fit, the path is cut, and if that is not enough the
    /// program, rule and reason too; it is a JSON object all the same and says
    /// `"cut":true`. 0 if `out` is too short even then: 256 bytes are enough
    /// for any call of libc, 340 with an inode.
    pub fn json(&self, out: &mut [u8]) -> usize {
        self.fitted(out, Record::write_json)
    }

    /// Writes the same facts as a line for people, newline included; says how
    /// many bytes it takes. Cut as [`Record::json`] cuts, with `…` where
    /// something is missing.
    pub fn line(&self, out: &mut [u8]) -> usize {
        self.fitted(out, Record::write_line)
    }

    fn fitted(&self, out: &mut [u8], write: fn(&Self, &mut Writer<'_>, Limits)) -> usize {
        let mut attempt = |limits| {
            let mut writer = Writer::new(out);
            write(self, &mut writer, limits);
            writer.finish()
        };
        if let Some(length) = attempt(ALL) {
            return length;
        }
        // The longest beginning that fits, found by halving: twelve attempts
        // for the longest path, and only for a record that does not fit.
        let longest = |most: usize, attempt: &mut dyn FnMut(usize) -> Option<usize>| {
            let (mut fits, mut fails) = (None, most.saturating_add(1));
            let mut next = 0usize;
            while next < fails {
                match attempt(next) {
                    Some(_) => fits = Some(next),
                    None => fails = next,
                }
                let low = fits?;
                next = low.midpoint(fails).max(low.saturating_add(1));
            }
            fits
        };
        let mut limits = ALL;
        let path = longest(self.path.len(), &mut |path| attempt(Limits { path, ..ALL }));
        limits.path = path.unwrap_or(0);
        if path.is_none() {
            let most = [
                self.program.len(),
                self.call.len(),
                self.rule.map_or(0, <[u8]>::len),
                self.reason.len(),
            ];
            let most = most.into_iter().max().unwrap_or(0);
            match longest(most, &mut |rest| attempt(Limits { path: 0, rest })) {
                Some(rest) => limits.rest = rest,
                None => return 0,
            }
        }
        attempt(limits).unwrap_or(0)
    }

    fn write_json(&self, out: &mut Writer<'_>, limits: Limits) {
        let mut short = false;
        let mut string = |out: &mut Writer<'_>, bytes: &[u8], limit| {
            let part = cut(bytes, limit);
            short |= part.len() < bytes.len();
            out.json_string(part);
        };
        out.text("{\"v\":1,\"time\":\"");
        self.time.write(out);
        out.text("\",\"level\":\"");
        out.text(self.action.level().word());
        out.text("\",\"pid\":");
        out.decimal(u64::from(self.pid), 1);
        out.text(",\"program\":");
        string(out, self.program, limits.rest);
        out.text(",\"call\":");
        string(out, self.call.as_bytes(), limits.rest);
        out.text(",\"action\":\"");
        out.text(self.action.word());
        out.text("\",\"path\":");
        string(out, self.path, limits.path);
        if core::str::from_utf8(self.path).is_err() {
            out.text(",\"path_hex\":\"");
            out.hex(cut(self.path, limits.path));
            out.text("\"");
        }
        for (field, mode) in [
            (",\"requested\":", self.requested),
            (",\"applied\":", self.applied),
        ] {
            out.text(field);
            match mode {
                Some(mode) => {
                    out.text("\"");
                    out.octal(mode);
                    out.text("\"");
                }
                None => out.text("null"),
            }
        }
        if let Some(inode) = self.inode {
            for (field, number) in [
                (",\"device\":", inode.device),
                (",\"inode\":", inode.inode),
                (",\"owner\":", u64::from(inode.owner)),
            ] {
                out.text(field);
                out.decimal(number, 1);
            }
        }
        out.text(",\"rule\":");
        match self.rule {
            Some(rule) => string(out, rule, limits.rest),
            None => out.text("null"),
        }
        out.text(",\"reason\":");
        string(out, self.reason.as_bytes(), limits.rest);
        if short {
            out.text(",\"cut\":true");
        }
        out.text("}\n");
    }

    fn write_line(&self, out: &mut Writer<'_>, limits: Limits) {
        let quoted = |out: &mut Writer<'_>, bytes: &[u8], limit| {
            let part = cut(bytes, limit);
            out.text("\"");
            out.escaped(part);
            out.text(if part.len() < bytes.len() {
                "…\""
            } else {
                "\""
            });
        };
        let plain = |out: &mut Writer<'_>, bytes: &[u8]| {
            let part = cut(bytes, limits.rest);
            out.escaped(part);
            if part.len() < bytes.len() {
                out.text("…");
            }
        };
        out.text("umaskclamp: ");
        self.time.write(out);
        out.text(" ");
        out.text(self.action.level().word());
        out.text(" ");
        plain(out, self.program);
        out.text("[");
        out.decimal(u64::from(self.pid), 1);
        out.text("] ");
        plain(out, self.call.as_bytes());
        out.text(" ");
        out.text(self.action.word());
        match (self.requested, self.applied) {
            (Some(requested), Some(applied)) => {
                out.text(" ");
                out.octal(requested);
                out.text(" -> ");
                out.octal(applied);
            }
            (Some(mode), None) => {
                out.text(" ");
                out.octal(mode);
            }
            (None, Some(mode)) => {
                out.text(" -> ");
                out.octal(mode);
            }
            (None, None) => {}
        }
        out.text(" ");
        quoted(out, self.path, limits.path);
        if let Some(rule) = self.rule {
            out.text(" by ");
            quoted(out, rule, limits.rest);
        }
        if !self.reason.is_empty() {
            out.text(": ");
            plain(out, self.reason.as_bytes());
        }
        out.text("\n");
    }
}

impl Writer<'_> {
    fn escaped(&mut self, bytes: &[u8]) {
        // The writer itself never fails: it remembers that it is full.
        let _ = escape::write(self, bytes);
    }
}

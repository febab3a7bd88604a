//! `umaskclamp scan`: what lies there already, wider than the patterns allow.
//!
//! Every step is taken relative to an open directory and without following
//! links, and a mode is changed through the descriptor that was looked at: who
//! can write in a directory cannot make `--fix` change anything else.

mod walk;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use clap::Args;
use rustix::fs::{FileType, Mode as FileMode, Stat, XattrFlags};
use rustix::io::Errno;
use serde_json::json;
use umaskclamp_policy::acl;
use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::rules::{Kind, Protection, Rules, Verdict};

use crate::doubts;
use crate::explain::kind_word;
use crate::failure::{self, Failure};
use crate::place::Place;
use crate::settings::Selection;
use crate::show::{self, painted};
use walk::{Found, Walk};

#[derive(Args, Debug)]
pub struct Scan {
    #[command(flatten)]
    selection: Selection,
    /// Tighten what is found: modes, ACLs and default ACLs
    #[arg(long)]
    fix: bool,
    /// Show what --fix would do, change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Stay on the file system of each DIR
    #[arg(short = 'x', long)]
    one_file_system: bool,
    /// One JSON object a path
    #[arg(long)]
    json: bool,
    /// Where to look; links are not followed
    #[arg(required = true, value_name = "DIR", value_hint = clap::ValueHint::AnyPath)]
    directories: Vec<OsString>,
}

/// The two attributes that hold ACLs (acl(5)).
const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// The kernel's limit on an attribute's value (`XATTR_SIZE_MAX`).
const XATTR_MAX: usize = 65_536;

#[derive(Default)]
struct Sums {
    looked_at: u64,
    wide: u64,
    fixed: u64,
    failed: u64,
}

/// Exit status: 0 nothing is wide (any more), 1 something is, 74 something could
/// not be looked at.
pub fn scan(options: &Scan) -> Result<ExitCode, Failure> {
    let (_, settings) = doubts::settings(&options.selection)?;
    let mut out = show::out();
    let mut sums = Sums::default();
    let mut unseen = 0;
    for directory in &options.directories {
        let place = Place::of(directory.as_bytes(), true);
        let mut walk = Walk::new(&place, options.one_file_system)
            .map_err(|error| Failure::at(failure::NO_INPUT, directory, &error.into()))?;
        loop {
            match walk.next() {
                None => break,
                Some(Ok(found)) => {
                    sums.looked_at += 1;
                    look(&mut out, options, &settings.rules, &found, &mut sums)?;
                }
                Some(Err((path, error))) => {
                    unseen += 1;
                    let path = show::bytes(&path);
                    anstream::eprintln!("umaskclamp: {path}: {}", errno(error));
                }
            }
        }
    }
    if !options.json {
        write!(out, "{} looked at, {} wide", sums.looked_at, sums.wide)?;
        if options.fix && !options.dry_run {
            write!(out, ", {} tightened, {} failed", sums.fixed, sums.failed)?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(if unseen > 0 {
        ExitCode::from(failure::IO)
    } else if sums.wide > sums.fixed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What an inode gives away, and what would be left.
struct Widths {
    mode: u32,
    narrow: u32,
    /// Rights that an ACL gives beyond the mode; and the ACLs that are wide.
    acls: Vec<(&'static str, Vec<u8>)>,
}

impl Widths {
    fn of(found: &Found, mask: Mask) -> Self {
        let mode = found.stat.st_mode & 0o7777;
        let mut acls = Vec::new();
        for name in [ACCESS, DEFAULT] {
            let mut value = vec![0_u8; XATTR_MAX];
            let Ok(length) = rustix::fs::getxattr(found.by_descriptor(), name, &mut value[..])
            else {
                continue;
            };
            value.truncate(length);
            if acl::loosest(&value).is_some_and(|rights| mask.wide(rights)) {
                acls.push((name, value));
            }
        }
        Widths {
            mode,
            narrow: mask.clamp(mode),
            acls,
        }
    }

    fn wide(&self) -> bool {
        self.mode != self.narrow || !self.acls.is_empty()
    }

    fn notes(&self) -> String {
        let mut notes = String::new();
        for (name, _) in &self.acls {
            notes.push_str(match *name {
                ACCESS => " +acl",
                _ => " +default-acl",
            });
        }
        notes
    }

    /// Through the descriptor that was looked at. An ACL first: its mask entry is
    /// the group's part of the mode.
    fn tighten(&self, found: &Found, mask: Mask) -> Result<(), Errno> {
        let path = found.by_descriptor();
        for (name, value) in &self.acls {
            let mut reduced = value.clone();
            if acl::reduce(&mut reduced, mask) == Ok(true) {
                rustix::fs::setxattr(&path, *name, &reduced, XattrFlags::empty())?;
            }
        }
        if self.mode != self.narrow {
            rustix::fs::chmod(&path, FileMode::from_raw_mode(self.narrow))?;
        }
        Ok(())
    }
}

fn look(
    out: &mut dyn Write,
    options: &Scan,
    rules: &Rules,
    found: &Found,
    sums: &mut Sums,
) -> Result<(), Failure> {
    let kind = match found.kind() {
        FileType::Directory => Kind::Directory,
        // A device is what it is for; a link has no mode of its own.
        FileType::BlockDevice | FileType::CharacterDevice | FileType::Symlink => return Ok(()),
        _ => Kind::Other,
    };
    let verdict = [&found.named, &found.real].map(|path| rules.verdict(path, kind));
    let protections = verdict.into_iter().filter_map(|verdict| match verdict {
        Verdict::Sensitive(found) => Some(found),
        _ => None,
    });
    let Some(protection) = protections.reduce(Protection::and) else {
        return Ok(());
    };
    let Some(rule) = rules.rule(protection.rule) else {
        return Ok(());
    };
    let mask = protection.mask;
    let widths = Widths::of(found, mask);
    if !widths.wide() {
        return Ok(());
    }
    sums.wide += 1;
    let fixing = options.fix && !options.dry_run;
    let done = if fixing {
        Some(widths.tighten(found, mask))
    } else {
        None
    };
    let (word, style) = match &done {
        None if options.dry_run => ("would tighten", show::WARN),
        None => ("wide", show::WARN),
        Some(Ok(())) => ("tightened", show::GOOD),
        Some(Err(_)) => ("failed", show::BAD),
    };
    match &done {
        Some(Ok(())) => sums.fixed += 1,
        Some(Err(_)) => sums.failed += 1,
        None => {}
    }
    if options.json {
        let mut line = json!({
            "v": 1,
            "type": kind_word(found.stat.st_mode),
            "mode": show::mode(Some(widths.mode)),
            "allowed": show::mode(Some(widths.narrow)),
            "acl": widths.acls.iter().any(|(name, _)| *name == ACCESS),
            "default_acl": widths.acls.iter().any(|(name, _)| *name == DEFAULT),
            "rule": String::from_utf8_lossy(rule.text),
            "links": found.stat.st_nlink,
            "action": word.replace(' ', "-"),
            "error": done.and_then(Result::err).map(errno),
        });
        show::put_path(&mut line, &found.named);
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let others = match (kind, found.stat.st_nlink) {
        (Kind::Other, links) if links > 1 => format!(" ({links} links)"),
        _ => String::new(),
    };
    let error = done
        .and_then(Result::err)
        .map_or_else(String::new, |error| format!(": {}", errno(error)));
    writeln!(
        out,
        "{} {} -> {}{}  {}{others}  by {}{error}",
        painted(style, format_args!("{word:<9}")),
        show::mode(Some(widths.mode)),
        show::mode(Some(widths.narrow)),
        widths.notes(),
        show::bytes(&found.named),
        show::bytes(rule.text),
    )?;
    Ok(())
}

/// What the system says, as everywhere else.
fn errno(error: Errno) -> String {
    failure::reason(&error.into())
}

/// The type bits of a file's mode.
fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

//! `umaskclamp report --undo`: what was tightened gets its mode back, if it is still as the
//! library left it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::OFlags;
use serde_json::json;

use super::Report;
use crate::failure::{self, Failure};
use crate::files::by_descriptor;
use crate::records::{Record, Records, open};
use crate::show::{self, painted};

/// What became of an inode.
enum Outcome {
    Restored,
    WouldRestore,
    /// It stays as it is, for this reason.
    Left(&'static str),
    Failed(io::Error),
}

/// Exit status: 0 all is done that can be, 74 a mode could not be set.
pub fn undo(options: &Report) -> Result<ExitCode, Failure> {
    let mut records = Records::default();
    for log in &options.logs {
        let file = open(log)?;
        check(log, &file)?;
        records.read_from(file, log)?;
    }
    records.check()?;
    let mut unknown = 0;
    let mut inodes: BTreeMap<(u64, u64), Vec<&Record>> = BTreeMap::new();
    let tightened = |record: &&Record| record.row.action == "tightened";
    for record in records.all.iter().filter(tightened) {
        match &record.inode {
            Some(inode) if !record.cut => inodes.entry(inode.id).or_default().push(record),
            _ => unknown += 1,
        }
    }
    let mut out = show::out();
    let (mut restored, mut left, mut failed) = (0, 0, 0);
    for records in inodes.values() {
        let path = records.last().map_or(&[][..], |record| &record.row.path);
        let (modes, outcome) = restore(records, options.apply);
        let (word, style, sum, reason) = match outcome {
            Outcome::Restored => ("restored", show::GOOD, &mut restored, String::new()),
            Outcome::WouldRestore => ("would-restore", show::WARN, &mut restored, String::new()),
            Outcome::Left(why) => ("left", show::FAINT, &mut left, why.to_owned()),
            Outcome::Failed(why) => ("failed", show::BAD, &mut failed, failure::reason(&why)),
        };
        *sum += 1;
        let modes = modes.map(|mode| mode.map(|mode| show::mode(Some(mode))));
        if options.json {
            let [now, before] = modes;
            let mut line = json!({"action": word, "now": now, "before": before, "reason": reason});
            show::put_path(&mut line, path);
            writeln!(out, "{line}")?;
            continue;
        }
        let word = painted(style, format_args!("{word:<13}"));
        let modes = modes.into_iter().flatten().collect::<Vec<_>>().join(" -> ");
        let colon = if reason.is_empty() { "" } else { ": " };
        writeln!(
            out,
            "{word} {modes:<12}  {}{colon}{reason}",
            show::bytes(path)
        )?;
    }
    if !options.json {
        let done = match options.apply {
            true => "restored",
            false => "to restore (--apply does it)",
        };
        writeln!(
            out,
            "{restored} {done}, {left} left as they are, {failed} failed"
        )?;
    }
    out.flush()?;
    if unknown > 0 {
        let records = show::counted(unknown, "record");
        anstream::eprintln!("umaskclamp: {records} left out: no whole path, device and inode");
    }
    Ok(ExitCode::from(if failed > 0 { failure::IO } else { 0 }))
}

/// Whoever can write to a log could have modes of others' files changed by it.
fn check(path: &Path, log: &File) -> Result<(), Failure> {
    let data = log.metadata();
    let data = data.map_err(|error| Failure::at(failure::NO_INPUT, path, &error))?;
    let user = rustix::process::geteuid().as_raw();
    let why = if data.uid() != user && data.uid() != 0 {
        "belongs to another user, who may have written anything to it"
    } else if data.mode() & 0o022 != 0 {
        "others can write to it, and may have written anything"
    } else {
        return Ok(());
    };
    let path = show::bytes(path.as_os_str().as_bytes());
    Err(Failure::new(
        failure::NOT_ALLOWED,
        format_args!("{path}: {why}"),
    ))
}

/// The inode that a record is about, if its path still leads there. Nothing of it is opened
/// but its name, and no link is followed.
fn held(record: &Record) -> Option<(File, Metadata)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::PATH | OFlags::NOFOLLOW).bits() as i32)
        .open(OsStr::from_bytes(&record.row.path))
        .ok()?;
    let data = file.metadata().ok()?;
    (Some((data.dev(), data.ino())) == record.inode.as_ref().map(|inode| inode.id))
        .then_some((file, data))
}

/// The mode before, if this record left `after`. No mask reaches beyond 077: neither does
/// what is given back.
fn mode_before(record: &Record, after: u32) -> Option<u32> {
    let before = record.row.requested?;
    let widened = before & 0o077 | after;
    (record.row.applied == Some(after) && before == widened).then_some(before)
}

/// Gives one inode the mode back that it had before it was tightened, as its records in
/// their order tell. The mode that it has now and the one before, as far as they are known.
fn restore(records: &[&Record], apply: bool) -> ([Option<u32>; 2], Outcome) {
    let Some((file, data)) = records.iter().rev().find_map(|record| held(record)) else {
        return ([None; 2], Outcome::Left("no longer there by this name"));
    };
    let now = data.mode() & 0o7777;
    let mut before = now;
    let mut why = "its mode was changed since";
    for record in records.iter().rev() {
        let Some(wide) = mode_before(record, before) else {
            break;
        };
        if record
            .inode
            .as_ref()
            .is_none_or(|inode| inode.owner != data.uid())
        {
            why = "it has another owner now";
            break;
        }
        // A new file gets the number of one that is gone.
        if data.created().is_ok_and(|born| born > record.time) {
            why = "it is another file, made since";
            break;
        }
        before = wide;
    }
    let outcome = if before == now {
        return ([Some(now), None], Outcome::Left(why));
    } else if !apply {
        Outcome::WouldRestore
    } else {
        match fs::set_permissions(by_descriptor(&file), Permissions::from_mode(before)) {
            Ok(()) => Outcome::Restored,
            Err(error) => Outcome::Failed(error),
        }
    };
    ([Some(now), Some(before)], outcome)
}

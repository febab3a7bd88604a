//! Files that the caller's shell opened before `run` began, as by `> dump.sql`: they
//! are there already, wide, and the program writes to them without opening anything.

use std::collections::HashSet;
use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use umaskclamp_policy::record::{Action, Identity};
use umaskclamp_policy::rules::{Kind, Verdict};
use umaskclamp_policy::settings::{Existing, Mode, Settings};

use super::record;
use crate::failure::reason;
use crate::place::Place;
use crate::show;

/// What a record says of such a file.
const REASON: &str = "opened before umaskclamp ran";

/// Narrows what the program is going to inherit, or tells what would be narrowed.
pub fn tighten(settings: &Settings) {
    if settings.mode == Mode::Off || settings.existing == Existing::Leave {
        return;
    }
    // `> file 2>&1` is one file.
    let mut seen = HashSet::new();
    for descriptor in inherited() {
        let Some((path, data)) = wide(&descriptor, settings) else {
            continue;
        };
        if seen.insert((data.dev(), data.ino())) {
            tighten_one(&descriptor, &path, &data, settings);
        }
    }
}

fn tighten_one(descriptor: &Path, path: &Path, data: &Metadata, settings: &Settings) {
    let bytes = path.as_os_str().as_bytes();
    let (Verdict::Sensitive(found), _) =
        Place::of(bytes, true).verdict(&settings.rules, Kind::Other)
    else {
        return;
    };
    let old = data.mode() & 0o7777;
    let new = found.mask.clamp(old);
    if new == old {
        return;
    }
    let done = match settings.mode {
        Mode::Enforce => narrowed(descriptor, new),
        _ => Ok(()),
    };
    let (action, why) = match (&done, settings.mode) {
        (Ok(()), Mode::Enforce) => (Action::Tightened, REASON.to_owned()),
        (Ok(()), _) => (Action::WouldTighten, REASON.to_owned()),
        (Err(error), _) => (
            Action::Failed,
            format!("{REASON}, cannot be narrowed: {}", reason(error)),
        ),
    };
    if done.is_err() {
        anstream::eprintln!("umaskclamp: {}: {why}", show::bytes(bytes));
    }
    let record = record::Record {
        requested: Some(old),
        applied: done.is_ok().then_some(new),
        inode: Some(Identity {
            device: data.dev(),
            inode: data.ino(),
            owner: data.uid(),
        }),
        rule: settings.rules.rule(found.rule).map(|rule| rule.text),
        reason: &why,
        ..record::of("fchmod", bytes, action)
    };
    record::leave(&record, settings);
}

/// The mode is looked at again: there are file systems that keep none.
fn narrowed(descriptor: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(descriptor, Permissions::from_mode(mode))?;
    let now = fs::metadata(descriptor)?.mode() & 0o7777;
    match now & !mode {
        0 => Ok(()),
        _ => Err(io::Error::other("its file system keeps the mode")),
    }
}

/// Descriptors that are open for writing and that exec leaves open, as the links
/// that name them.
fn inherited() -> Vec<PathBuf> {
    let Ok(numbers) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    let numbers = numbers.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    numbers
        .filter(|number| {
            let flags = flags(number).unwrap_or(OFlags::CLOEXEC);
            let writes = flags & OFlags::RWMODE != OFlags::RDONLY;
            writes && !flags.intersects(OFlags::CLOEXEC | OFlags::PATH)
        })
        .map(|number| Path::new("/proc/self/fd").join(number))
        .collect()
}

/// The flags that a descriptor was opened with (proc(5)).
fn flags(number: &str) -> Option<OFlags> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    let bits = u32::from_str_radix(flags.trim(), 8).ok()?;
    Some(OFlags::from_bits_retain(bits))
}

/// The path of a wide regular file, if it still has the one it was opened by.
fn wide(descriptor: &Path, settings: &Settings) -> Option<(PathBuf, Metadata)> {
    let data = fs::metadata(descriptor).ok()?;
    if !data.is_file() || !settings.rules.union(settings.mask).wide(data.mode()) {
        return None;
    }
    let path = fs::read_link(descriptor).ok()?;
    let there = fs::symlink_metadata(&path).ok()?;
    let same = (there.dev(), there.ino()) == (data.dev(), data.ino());
    same.then_some((path, data))
}

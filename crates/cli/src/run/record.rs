//! Records of what `run` itself does, as the library would have left them.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use umaskclamp_policy::path;
use umaskclamp_policy::record::{Action, Time};
use umaskclamp_policy::settings::{LogTarget, Settings};

use crate::entry::Entry;
use crate::files::open_log;

pub use umaskclamp_policy::record::Record;

/// A record of this moment and process.
pub fn of<'a>(call: &'a str, path: &'a [u8], action: Action) -> Record<'a> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Record {
        time: Time {
            seconds: now.as_secs(),
            micros: now.subsec_micros(),
        },
        pid: std::process::id(),
        program: b"umaskclamp",
        call,
        path,
        requested: None,
        applied: None,
        inode: None,
        rule: None,
        action,
        reason: "",
    }
}

/// What could not be entered, or not wholly: a program that is to be started.
pub fn of_program<'a>(entry: &'a Entry, action: Action, reason: &'a str) -> Record<'a> {
    let file = entry.chain.first().map_or(Path::new(""), PathBuf::as_path);
    let file = file.as_os_str().as_bytes();
    Record {
        program: path::last(file),
        reason,
        ..of("execve", file, action)
    }
}

/// Leaves it where the library leaves its own. A log that fails costs the record,
/// not the program.
pub fn leave(record: &Record<'_>, settings: &Settings) {
    if settings.level < record.action.level() {
        return;
    }
    let mut text = [0; 16384];
    match &settings.log_file {
        LogTarget::File(log) => {
            let length = record.json(&mut text);
            if let Ok(mut log) = open_log(Path::new(OsStr::from_bytes(log))) {
                let _ = log.write_all(text.get(..length).unwrap_or_default());
            }
        }
        LogTarget::Stderr => {
            let length = record.line(&mut text);
            let _ = std::io::stderr().write_all(text.get(..length).unwrap_or_default());
        }
        LogTarget::Syslog => {}
    }
}

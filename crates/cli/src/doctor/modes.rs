//! Do the file systems of sensitive directories keep modes? Some take any mode and show
//! another one (vfat, CIFS, FUSE): nothing is protected there by a mode.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use umaskclamp_policy::settings::Settings;

use super::{Findings, Grade};
use crate::show;

/// Those that do, by their `f_type` (statfs(2)): nothing need be tried there.
const KEEP: &[i64] = &[
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683e, // btrfs
    0x0102_1994, // tmpfs
    0x794c_7630, // overlay
    0x2fc1_2fc1, // zfs
    0xf2f5_2010, // f2fs
];

/// Tries each file system once, by a file that is gone at once. A directory that may not
/// be written to tells nothing.
pub fn look(findings: &mut Findings, settings: &Settings) {
    let mut devices = Vec::new();
    for (_, rule) in settings.rules.iter().filter(|(_, rule)| rule.protects) {
        let Some((directory, device)) = existing(rule.text) else {
            continue;
        };
        if devices.contains(&device) {
            continue;
        }
        devices.push(device);
        #[allow(clippy::unnecessary_cast)] // the widths differ from machine to machine
        let kind = rustix::fs::statfs(&directory).map(|system| system.f_type as i64);
        if kind.is_ok_and(|kind| KEEP.contains(&kind)) {
            continue;
        }
        // tempfile(3) asks for 0600.
        let file = tempfile::tempfile_in(&directory);
        let Ok(made) = file.and_then(|file| file.metadata()) else {
            continue;
        };
        if settings.mask.wide(made.mode() & 0o7777) {
            let text = format_args!(
                "{}: its file system does not keep modes: a file made with 0600 has {}",
                show::bytes(directory.as_os_str().as_bytes()),
                show::mode(Some(made.mode())),
            );
            findings.tell("modes", Grade::Bad, text);
        }
    }
}

/// The directory that is there of those that an absolute pattern names, and its device.
fn existing(pattern: &[u8]) -> Option<(PathBuf, u64)> {
    if !pattern.starts_with(b"/") {
        return None;
    }
    let special = |byte: &u8| b"*?[{\\".contains(byte);
    let literal = match pattern.iter().position(special) {
        // What stands before the last slash is a whole name.
        Some(end) => pattern[..end].rsplitn(2, |&byte| byte == b'/').nth(1)?,
        None => pattern,
    };
    let start = Path::new("/").join(OsStr::from_bytes(literal));
    start.ancestors().find_map(|path| {
        let data = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
        Some((path.to_owned(), data.dev()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_before_a_pattern_is_found() {
        let found = |pattern: &str| existing(pattern.as_bytes()).map(|(path, _)| path);
        for pattern in ["/", "/*.sql", "/**", "/usr*/x", "/no/such/place"] {
            assert_eq!(found(pattern), Some(PathBuf::from("/")), "{pattern}");
        }
        for pattern in ["/usr", "/usr/", "/usr/b*", "/usr/nowhere/x*", "/usr/**/x"] {
            let found = found(pattern).unwrap();
            assert_eq!(found.components().count(), 2, "{pattern}");
        }
        assert_eq!(found("*.sql"), None);
        assert_eq!(found("~/x"), None);
    }
}

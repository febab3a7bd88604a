//! Is the library really active? A probe, started under it, goes through the
//! doors that std offers, and the modes are looked at from outside. Only std's:
//! it goes through libc, while `rustix` makes system calls of its own.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::Mode;
use umaskclamp_policy::list;
use umaskclamp_policy::settings::variables as name;

use super::{Findings, Grade};
use crate::failure;
use crate::preload::LD_PRELOAD;
use crate::show::{self, painted};

/// What the probe does, each with the name of what it leaves: made wide, if
/// nobody prevents it.
const DOORS: &[(&str, &str)] = &[
    ("open a new file", "file"),
    ("make a directory", "directory"),
    ("chmod a file", "chmod"),
    ("bind a socket", "socket"),
    ("rename a wide file to there", "renamed"),
    ("link a wide file to there", "linked"),
    ("open a wide file for writing", "existing"),
];

/// The probe itself: `directory` has `sensitive` and `plain` in it.
pub fn act(directory: &Path) -> io::Result<()> {
    rustix::process::umask(Mode::empty());
    let at = |name: &str| directory.join("sensitive").join(name);
    let wide = |path: &Path| {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o666)
            .open(path)
    };
    wide(&at("file"))?;
    DirBuilder::new().mode(0o777).create(at("directory"))?;
    wide(&at("chmod"))?;
    fs::set_permissions(at("chmod"), Permissions::from_mode(0o666))?;
    UnixListener::bind(at("socket"))?;
    for (from, to) in [("rename", "renamed"), ("link", "linked")] {
        let from = directory.join("plain").join(from);
        wide(&from)?;
        if to == "renamed" {
            fs::rename(&from, at(to))?;
        } else {
            fs::hard_link(&from, at(to))?;
        }
    }
    wide(&at("existing"))?.write_all(b"x")?;
    wide(&directory.join("plain").join("left"))?;
    Ok(())
}

/// Starts the probe under the library, with nothing else of the environment's settings,
/// and looks.
pub(super) fn look(findings: &mut Findings, preload: &OsStr) {
    if let Err(error) = try_doors(findings, preload) {
        let why = failure::reason(&error);
        findings.tell(
            "active",
            Grade::Bad,
            format_args!("the probe could not run: {why}"),
        );
    }
}

fn try_doors(findings: &mut Findings, preload: &OsStr) -> io::Result<()> {
    let directory = tempfile::Builder::new().prefix("umaskclamp-").tempdir()?;
    let top = fs::canonicalize(directory.path())?;
    let sensitive = top.join("sensitive");
    fs::create_dir(top.join("plain"))?;
    fs::create_dir(&sensitive)?;
    let existing = sensitive.join("existing");
    fs::write(&existing, b"")?;
    fs::set_permissions(&existing, Permissions::from_mode(0o666))?;

    let mut command = Command::new(std::env::current_exe()?);
    command.arg("probe").arg(&top);
    for variable in umaskclamp_policy::settings::VARIABLES {
        command.env_remove(variable.name);
    }
    let pattern = list::literal(sensitive.as_os_str().as_bytes());
    command.env(name::PATTERNS, OsString::from_vec(pattern));
    command.env(LD_PRELOAD, preload);
    let output = command.stdin(Stdio::null()).output()?;
    let said = output.stderr.trim_ascii();
    if !output.status.success() || !said.is_empty() {
        let text = format_args!("the probe: {}: {}", output.status, show::bytes(said));
        findings.tell("active", Grade::Bad, text);
    }
    let mode = |path: PathBuf| Some(fs::symlink_metadata(path).ok()?.mode() & 0o7777);
    let doors = DOORS
        .iter()
        .map(|(door, left)| (door, mode(sensitive.join(left))));
    let (closed, wide): (Vec<_>, Vec<_>) =
        doors.partition(|(_, mode)| mode.is_some_and(|mode| mode & 0o077 == 0));
    let grade = if wide.is_empty() {
        Grade::Good
    } else {
        Grade::Bad
    };
    let (closed, all) = (closed.len(), DOORS.len());
    let text = format_args!("a probe found {closed} of {all} doors closed at a sensitive path");
    findings.tell("active", grade, text);
    for (door, mode) in wide {
        let text = format_args!("{door}: {}", show::mode(mode));
        findings.more(painted(show::BAD, text));
    }
    let plain = mode(top.join("plain").join("left"));
    if plain != Some(0o666) {
        let plain = show::mode(plain);
        let text = format_args!("a file at another path has mode {plain} instead of 0666");
        findings.tell("active", Grade::Bad, text);
    }
    Ok(())
}

//! Is the library really active? A probe, started under it, goes through the
//! doors that std offers, and the modes are looked at from outside. Only std's:
//! it goes through libc, while `rustix` makes system calls of its own.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::Mode;
use umaskclamp_policy::list;
use umaskclamp_policy::settings::variables as name;

use crate::library::{LD_PRELOAD, Library};
use crate::settings::Environment;

/// What the probe does, each with the name of what it leaves: made wide, if
/// nobody prevents it.
pub const DOORS: &[(&str, &str)] = &[
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

/// What a door let through.
pub struct Passed {
    pub door: &'static str,
    /// The mode that was left; `None`: nothing is there.
    pub mode: Option<u32>,
}

/// What the probe found.
pub struct Outcome {
    pub doors: Vec<Passed>,
    /// The mode of a file at a plain path, which must be as asked.
    pub plain: Option<u32>,
    /// How the probe ended and what it or ld.so said, if not well.
    pub trouble: Option<String>,
}

/// Starts the probe under the library, with nothing else of the environment's
/// settings, and looks.
pub fn probe(library: &Library, environment: &Environment) -> io::Result<Outcome> {
    let directory = tempfile::Builder::new().prefix("umaskclamp-").tempdir()?;
    let top = fs::canonicalize(directory.path())?;
    fs::create_dir(top.join("plain"))?;
    fs::create_dir(top.join("sensitive"))?;
    let existing = top.join("sensitive").join("existing");
    fs::write(&existing, b"")?;
    fs::set_permissions(&existing, Permissions::from_mode(0o666))?;

    let mut command = Command::new(std::env::current_exe()?);
    command.arg("probe").arg(&top);
    for variable in umaskclamp_policy::settings::VARIABLES {
        command.env_remove(variable.name);
    }
    let sensitive = list::literal(top.join("sensitive").as_os_str().as_bytes());
    command.env(name::PATTERNS, OsString::from_vec(sensitive));
    let preload = library
        .appended(environment.get(LD_PRELOAD))
        .map_err(|failure| io::Error::other(failure.lines.join("; ")))?;
    command.env(LD_PRELOAD, preload);
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let trouble = match (output.status.success(), said.is_empty()) {
        (true, true) => None,
        (true, false) => Some(said),
        (false, _) => Some(format!("{}: {said}", output.status)),
    };
    let mode = |path: &Path| {
        fs::symlink_metadata(path)
            .ok()
            .map(|data| data.mode() & 0o7777)
    };
    let doors = DOORS
        .iter()
        .map(|(door, left)| Passed {
            door,
            mode: mode(&top.join("sensitive").join(left)),
        })
        .collect();
    Ok(Outcome {
        doors,
        plain: mode(&top.join("plain").join("left")),
        trouble,
    })
}

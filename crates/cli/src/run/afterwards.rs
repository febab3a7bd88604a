//! What `run` tells when the program has ended.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use umaskclamp_policy::record::Action;
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::settings::{Level, LogTarget, Mode, Settings, Unreachable};

use super::Run;
use crate::failure::{self, Failure};
use crate::files::{absolute, open_log};
use crate::records::{Records, rows};
use crate::settings::Environment;
use crate::{calls, report, show};

/// What a report needs: where the program's records begin.
pub struct Report {
    /// All records, or only those of programs that ran unprotected.
    pub whole: bool,
    mode: Mode,
    log: File,
    path: PathBuf,
    /// Whether what the job does as another user leaves no record there.
    closed: bool,
    /// Keeps a log of our own until it is read.
    _directory: Option<tempfile::TempDir>,
}

impl Report {
    pub fn prepare(
        options: &Run,
        environment: &mut Environment,
        settings: &mut Settings,
    ) -> Result<Option<Report>, Failure> {
        let whole = options.report || options.audit;
        // Who is to be warned does not read a log that nobody named.
        let warned = settings.unreachable == Unreachable::Warn && settings.mode == Mode::Enforce;
        let told = settings.log_file == LogTarget::Stderr && settings.level >= Level::Warn;
        if !whole && (!warned || told) {
            return Ok(None);
        }
        if settings.log_file == LogTarget::Syslog && !options.report {
            return Ok(None);
        }
        let level = if whole { Level::Info } else { Level::Warn };
        if settings.level < level {
            environment.set(name::LOG, level.word());
            settings.level = level;
        }
        let (path, directory) = match &settings.log_file {
            LogTarget::File(path) => (PathBuf::from(OsString::from_vec(path.clone())), None),
            LogTarget::Syslog => {
                return Err(Failure::new(
                    failure::USAGE,
                    "--report needs a log file; the system's log cannot be read back",
                ));
            }
            LogTarget::Stderr => {
                let (path, directory) = temporary().map_err(|error| {
                    Failure::at(failure::CANNOT_CREATE, "temporary log", &error)
                })?;
                let path = absolute(&path)?;
                environment.set(name::LOG_FILE, path.clone());
                // What `run` records itself is to be in the report as well.
                settings.log_file = LogTarget::File(path.as_os_str().as_bytes().to_vec());
                (path, Some(directory))
            }
        };
        open_log(&path)?;
        let log =
            File::open(&path).map_err(|error| Failure::at(failure::NO_INPUT, &path, &error))?;
        let mut report = Report {
            whole,
            mode: settings.mode,
            log,
            closed: changes_users() && !others_write(&path),
            path,
            _directory: directory,
        };
        report.skip()?;
        Ok(Some(report))
    }

    /// Leaves out what is there until now.
    pub fn skip(&mut self) -> Result<(), Failure> {
        match self.log.seek(SeekFrom::End(0)) {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::at(failure::NO_INPUT, &self.path, &error)),
        }
    }

    /// To stderr: stdout is the program's.
    pub fn print(self) -> Result<(), Failure> {
        let mut records = Records::default();
        records.read_from(self.log, &self.path)?;
        if !self.whole {
            tell_unprotected(&records);
            return Ok(());
        }
        records.check()?;
        if self.mode == Mode::Off {
            // "Nothing was left unprotected" would be a lie.
            return Ok(());
        }
        let stderr = std::io::stderr();
        let columns = show::columns(&stderr);
        let mut out = anstream::AutoStream::auto(stderr).lock();
        // Where there is no stderr the program's status still counts.
        let _ = report::write(&mut out, &records, columns);
        drop(out);
        if self.closed {
            let log = show::bytes(self.path.as_os_str().as_bytes());
            anstream::eprintln!(
                "umaskclamp: records of programs that ran as another user, if any did, are not \
                 here: {log} is not open to them"
            );
        }
        Ok(())
    }
}

/// Whether the job can run a program as another user that the library enters: it does
/// not enter set-user-ID ones, which everybody else needs for that.
fn changes_users() -> bool {
    rustix::process::geteuid().is_root()
}

/// A log of our own. Where the job can change users, all that it runs can add records to
/// it: nobody else can read it, replace it, or find it, for its name is in the
/// environment of the job's programs alone, and in a directory that is not listed.
fn temporary() -> std::io::Result<(PathBuf, tempfile::TempDir)> {
    // Unasked, its mode is what the umask leaves.
    let directory = tempfile::Builder::new()
        .prefix("umaskclamp-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()?;
    if !changes_users() {
        return Ok((directory.path().join("records"), directory));
    }
    let mut name = [0; 16];
    rustix::rand::getrandom(&mut name, rustix::rand::GetRandomFlags::empty())?;
    let path = directory
        .path()
        .join(format!("{:032x}", u128::from_ne_bytes(name)));
    let log = File::create_new(&path)?;
    log.set_permissions(Permissions::from_mode(0o622))?;
    fs::set_permissions(directory.path(), Permissions::from_mode(0o711))?;
    Ok((path, directory))
}

/// Whether every user can add to a file, and reach it.
fn others_write(path: &Path) -> bool {
    let open = |path: &Path, bit| fs::metadata(path).is_ok_and(|data| data.mode() & bit == bit);
    path.canonicalize().is_ok_and(|path| {
        open(&path, 0o002) && path.ancestors().skip(1).all(|place| open(place, 0o001))
    })
}

/// `UMASKCLAMP_UNREACHABLE=warn`: the warning. No count: a process records a program
/// that it starts again only once.
fn tell_unprotected(records: &Records) {
    for (row, (_, programs)) in rows(&records.all) {
        // A `run` inside the job has said the other one itself: only it can.
        if row.action == Action::Unreachable.word() && row.reason != calls::REASON {
            let path = show::bytes(&row.path);
            let by = programs.join(", ");
            anstream::eprintln!(
                "umaskclamp: {path}: {}; ran unprotected, started by {by}",
                row.reason
            );
        }
    }
}

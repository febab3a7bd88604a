//! `umaskclamp unit`: a drop-in that puts the library into a service of systemd's.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::doubts;
use crate::failure::{self, Failure};
use crate::library::Library;
use crate::preload::LD_PRELOAD;
use crate::settings::{Environment, Selection};
use crate::show;

#[derive(Args, Debug)]
pub struct Unit {
    #[command(flatten)]
    selection: Selection,
    /// Change nothing, record what would be clamped
    #[arg(short, long)]
    audit: bool,
    /// Append records to FILE (JSON Lines), created with mode 0600
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    log: Option<PathBuf>,
    /// The library to preload (default: as umaskclamp run finds it)
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    library: Option<PathBuf>,
    /// Write the drop-in; without this it is shown
    #[arg(short, long)]
    write: bool,
    /// Take away what --write has written
    #[arg(long, conflicts_with = "write")]
    remove: bool,
    /// The service, with or without .service
    #[arg(value_name = "NAME", value_hint = clap::ValueHint::Other)]
    name: String,
}

/// Where drop-ins of the administrator's lie (systemd.unit(5)).
const OURS: &str = "/etc/systemd/system";

/// Where units lie, as far as `umaskclamp unit` looks for them.
const PLACES: &[&str] = &[
    OURS,
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// By this line a drop-in is known as ours.
const HEAD: &str = "# Written by umaskclamp unit, and taken away by umaskclamp unit --remove.\n";

pub fn unit(options: &Unit) -> Result<ExitCode, Failure> {
    let service = service(&options.name)?;
    let drop_in = Path::new(OURS).join(format!("{service}.d/umaskclamp.conf"));
    // What stands there may be the administrator's own.
    let there = fs::read(&drop_in);
    let strange = there
        .as_ref()
        .is_ok_and(|text| !text.starts_with(HEAD.as_bytes()));
    if strange && (options.write || options.remove) {
        return Err(Failure::new(
            failure::NOT_ALLOWED,
            format_args!("{}: not written by umaskclamp unit", drop_in.display()),
        ));
    }
    if options.remove {
        fs::remove_file(&drop_in)
            .map_err(|error| Failure::at(failure::NO_INPUT, &drop_in, &error))?;
        // It stays if it holds anything else.
        let _ = drop_in.parent().map(fs::remove_dir);
        tell(&drop_in, "taken away", &service);
        return Ok(ExitCode::SUCCESS);
    }
    let mut places = PLACES.iter().map(|place| Path::new(place).join(&service));
    let Some(unit) = places.find(|unit| unit.exists()) else {
        return Err(Failure::new(
            failure::NO_INPUT,
            format_args!("{service}: no such unit; looked in {}", PLACES.join(", ")),
        ));
    };
    let text = text(options, &service)?;
    verify(&unit, &service, &text)?;
    if options.write {
        write(&drop_in, &text).map_err(|e| Failure::at(failure::CANNOT_CREATE, &drop_in, &e))?;
        tell(&drop_in, "written", &service);
    } else {
        let mut out = show::out();
        writeln!(out, "# {}", drop_in.display())?;
        out.write_all(text.as_bytes())?;
        out.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(drop_in: &Path, what: &str, service: &str) {
    anstream::eprintln!(
        "umaskclamp: {}: {what}; in force after: systemctl daemon-reload && systemctl restart {service}",
        drop_in.display()
    );
}

/// The whole name of the service. It becomes part of a path: it may have no slash.
fn service(name: &str) -> Result<String, Failure> {
    let known = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(known) {
        let name = show::bytes(name.as_bytes());
        return Err(Failure::new(
            failure::USAGE,
            format_args!("{name}: not the name of a service"),
        ));
    }
    let stem = name.strip_suffix(".service").unwrap_or(name);
    Ok(format!("{stem}.service"))
}

/// The drop-in. Nothing of our own environment gets into it: the service has another one.
fn text(options: &Unit, service: &str) -> Result<String, Failure> {
    let mut environment = Environment::default();
    environment.select(&options.selection)?;
    environment.record(options.audit, options.log.as_deref())?;
    let settings = environment.settings()?;
    doubts::refuse(&options.selection, &settings)?;
    doubts::tell(&settings, &environment);
    let library = Library::find(options.library.as_deref())?;
    let preload = library.appended(preload(service).as_deref().map(OsStr::new))?;
    environment.set(LD_PRELOAD, preload);
    let mut text = format!("{HEAD}[Service]\n");
    for (name, value) in environment.iter() {
        let value = value.to_str().filter(|value| !value.contains(show::hidden));
        let value = value.ok_or_else(|| {
            let name = name.to_string_lossy();
            let why = format_args!("{name}: a unit cannot hold these characters");
            Failure::new(failure::CONFIGURATION, why)
        })?;
        text += &assignment(&name.to_string_lossy(), value);
    }
    Ok(text)
}

/// A line that systemd reads as this variable: it takes out a level of quotes, and `%`
/// begins a specifier (systemd.exec(5), systemd.unit(5)).
fn assignment(name: &str, value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    format!("Environment=\"{name}={value}\"\n")
}

/// What the service preloads already, which the drop-in's line replaces. Only a running
/// systemd can tell.
fn preload(service: &str) -> Option<String> {
    let output = Command::new("systemctl")
        .args(["show", "--property=Environment", "--value", service])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (before, behind) = text.split_once("LD_PRELOAD=")?;
    let end = if before.ends_with('"') { '"' } else { ' ' };
    Some(behind.split([end, '\n']).next()?.to_owned())
}

/// Asks systemd, where there is one, what it says about the drop-in, before it is written.
fn verify(unit: &Path, service: &str, text: &str) -> Result<(), Failure> {
    let said = (|| -> io::Result<Vec<u8>> {
        let directory = tempfile::Builder::new().prefix("umaskclamp-").tempdir()?;
        let drop_in = directory
            .path()
            .join(format!("{service}.d/umaskclamp.conf"));
        write(&drop_in, text)?;
        // The empty last entry stands for systemd's own places.
        let mut places = directory.path().as_os_str().to_owned();
        places.push(":");
        let output = Command::new("systemd-analyze")
            .args(["--man=no", "verify"])
            .arg(unit)
            .env("SYSTEMD_UNIT_PATH", places)
            .stdin(Stdio::null())
            .output()?;
        let about = drop_in.as_os_str().as_bytes();
        let mut lines = output.stderr.split(|&byte| byte == b'\n');
        let line = lines.find(|line| line.windows(about.len()).any(|part| part == about));
        Ok(line.unwrap_or_default().to_vec())
    })();
    match said {
        Ok(said) if !said.is_empty() => Err(Failure::new(
            failure::CONFIGURATION,
            format_args!("systemd-analyze verify: {}", show::bytes(&said)),
        )),
        // What cannot be asked says nothing against it.
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    // Whatever the umask is: who can write there runs programs as root.
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services() {
        assert_eq!(service("rear").unwrap(), "rear.service");
        assert_eq!(service("a@b\\x2d.service").unwrap(), "a@b\\x2d.service");
        for name in ["", "../x", "a/b", ".service", "a b", "a\nb"] {
            assert!(service(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_value_is_one_word_and_no_specifier() {
        let line = assignment("A", r#"/srv/a b:"c"\:d%n"#);
        assert_eq!(line, "Environment=\"A=/srv/a b:\\\"c\\\"\\\\:d%%n\"\n");
    }
}

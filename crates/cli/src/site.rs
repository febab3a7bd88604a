//! `/etc/umaskclamp`: settings for all jobs of this host, where neither the environment nor
//! the command line says otherwise.
//!
//! `umaskclamp.conf` is read first, then `umaskclamp.conf.d/*.conf` in the order of their
//! names; of a variable the last line counts. A line is `UMASKCLAMP_MASK=027`, empty, or a
//! comment that begins with `#`.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{CWD, Dir, Mode, OFlags};
use rustix::io::Errno;
use umaskclamp_policy::settings::VARIABLES;

use crate::failure::{self, Failure};
use crate::show;

const FILE: &str = "umaskclamp.conf";
const DIRECTORY: &str = "umaskclamp.conf.d";

/// Variables with their values, each once.
type Settings = Vec<(&'static str, OsString)>;

/// Reads what lies below `root`, where only `owner` may be able to write: whoever can write
/// there decides what is protected in the jobs of all others.
pub fn read(root: &Path, owner: u32) -> Result<Settings, Failure> {
    let place = root.join("etc/umaskclamp");
    let missing = |name: &str| {
        let found = place.join(name).symlink_metadata();
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let mut settings = Settings::new();
    if missing(FILE) && missing(DIRECTORY) {
        return Ok(settings);
    }
    let above = OFlags::PATH | OFlags::DIRECTORY;
    let top = open(CWD, root.as_os_str(), above, owner, "/")?;
    let etc = open(top, OsStr::new("etc"), above, owner, "/etc")?;
    let shown = "/etc/umaskclamp";
    let place = open(etc, OsStr::new("umaskclamp"), above, owner, shown)?;
    if !missing(FILE) {
        let path = format!("{shown}/{FILE}");
        let file = open(&place, OsStr::new(FILE), OFlags::empty(), owner, &path)?;
        assign(&mut settings, file, &path)?;
    }
    if missing(DIRECTORY) {
        return Ok(settings);
    }
    let shown = format!("{shown}/{DIRECTORY}");
    let directory = open(
        place,
        OsStr::new(DIRECTORY),
        OFlags::DIRECTORY,
        owner,
        &shown,
    )?;
    let names = Dir::read_from(&directory).and_then(Iterator::collect::<Result<Vec<_>, Errno>>);
    let names = names.map_err(|error| wrong(&shown, failure::reason(&error.into())))?;
    let mut names: Vec<&[u8]> = names
        .iter()
        .map(|entry| entry.file_name().to_bytes())
        .collect();
    names.retain(|name| name.ends_with(b".conf") && !name.starts_with(b"."));
    names.sort_unstable();
    for name in names {
        let path = format!("{shown}/{}", show::bytes(name));
        let file = open(
            &directory,
            OsStr::from_bytes(name),
            OFlags::empty(),
            owner,
            &path,
        )?;
        assign(&mut settings, file, &path)?;
    }
    Ok(settings)
}

fn wrong(path: &str, why: impl Display) -> Failure {
    Failure::new(failure::CONFIGURATION, format_args!("{path}: {why}"))
}

/// Opens a file or directory that nobody but `owner` can write. Looked at by its descriptor,
/// in a directory that was looked at likewise: none of them is swapped meanwhile.
fn open(
    at: impl AsFd,
    name: &OsStr,
    flags: OFlags,
    owner: u32,
    path: &str,
) -> Result<OwnedFd, Failure> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(at, name, flags, Mode::empty())
        .and_then(|file| Ok((rustix::fs::fstat(&file)?, file)));
    match opened {
        Ok((stat, _)) if stat.st_uid != owner => Err(wrong(
            path,
            format_args!("belongs to user {}, not to root", stat.st_uid),
        )),
        Ok((stat, _)) if stat.st_mode & 0o022 != 0 => {
            let mode = show::mode(Some(stat.st_mode));
            Err(wrong(
                path,
                format_args!("others than root can write there: mode {mode}"),
            ))
        }
        Ok((_, file)) => Ok(file),
        Err(Errno::LOOP) => Err(wrong(path, "is a link, which is not followed")),
        Err(error) => Err(wrong(path, failure::reason(&error.into()))),
    }
}

/// Takes over the lines of one file.
fn assign(settings: &mut Settings, file: OwnedFd, path: &str) -> Result<(), Failure> {
    let mut text = Vec::new();
    let read = File::from(file).read_to_end(&mut text);
    read.map_err(|error| wrong(path, failure::reason(&error)))?;
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let mut parts = line.splitn(2, |&byte| byte == b'=');
        let name = parts.next().unwrap_or_default();
        let variable = VARIABLES
            .iter()
            .find(|variable| variable.name.as_bytes() == name);
        let (Some(variable), Some(value)) = (variable, parts.next()) else {
            let line = show::bytes(line);
            return Err(wrong(
                &format!("{path}:{number}"),
                format_args!("\"{line}\" is no UMASKCLAMP_NAME=value, or no such variable"),
            ));
        };
        settings.retain(|(known, _)| *known != variable.name);
        settings.push((variable.name, OsString::from_vec(value.to_vec())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    /// A root with these files below /etc/umaskclamp.
    fn root(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = root.path().join("etc/umaskclamp").join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
            mode(&file, 0o644).unwrap();
            for place in file
                .ancestors()
                .skip(1)
                .take_while(|place| place.starts_with(&root))
            {
                mode(place, 0o755).unwrap();
            }
        }
        root
    }

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn fault(root: &TempDir) -> String {
        read(root.path(), us()).unwrap_err().to_string()
    }

    #[test]
    fn the_last_line_of_the_last_file_counts() {
        let root = root(&[
            (
                "umaskclamp.conf",
                "# all hosts\n\nUMASKCLAMP_MASK=027\n UMASKCLAMP_LOG=warn \n",
            ),
            (
                "umaskclamp.conf.d/20-b.conf",
                "UMASKCLAMP_PATTERNS=/srv/a=b:*.key",
            ),
            (
                "umaskclamp.conf.d/10-a.conf",
                "UMASKCLAMP_PATTERNS=/a\nUMASKCLAMP_MASK=077\n",
            ),
            ("umaskclamp.conf.d/30-c.conf.bak", "no line"),
            ("umaskclamp.conf.d/.30-d.conf", "no line"),
        ]);
        let mut settings = read(root.path(), us()).unwrap();
        settings.sort();
        let expected = [
            ("UMASKCLAMP_LOG", "warn"),
            ("UMASKCLAMP_MASK", "077"),
            ("UMASKCLAMP_PATTERNS", "/srv/a=b:*.key"),
        ];
        assert_eq!(settings, expected.map(|(name, value)| (name, value.into())));
    }

    #[test]
    fn without_files_nothing_is_looked_at() {
        let root = root(&[("patterns.example", "*.key\n")]);
        let place = root.path().join("etc/umaskclamp");
        fs::set_permissions(place, Permissions::from_mode(0o777)).unwrap();
        assert_eq!(read(root.path(), us() + 1).unwrap(), []);
    }

    #[test]
    fn what_others_can_write_is_refused() {
        let files = [("umaskclamp.conf", ""), ("umaskclamp.conf.d/a.conf", "")];
        for place in [
            "",
            "etc",
            "etc/umaskclamp",
            "etc/umaskclamp/umaskclamp.conf.d",
        ] {
            for mode in [0o775, 0o1777] {
                let root = root(&files);
                let place = root.path().join(place);
                fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
                assert!(fault(&root).contains("can write there"), "{mode:o}");
            }
        }
        for (file, _) in files {
            let root = root(&files);
            let file = root.path().join("etc/umaskclamp").join(file);
            fs::set_permissions(&file, Permissions::from_mode(0o646)).unwrap();
            assert!(fault(&root).contains("can write there"));
            fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
            assert_eq!(read(root.path(), us()).unwrap(), []);
            let other = read(root.path(), us() + 1).unwrap_err();
            assert!(other.to_string().contains("belongs to user"));
        }
    }

    #[test]
    fn links_and_other_lines_are_refused() {
        let root = root(&[("umaskclamp.conf.d/a.conf", "")]);
        let place = root.path().join("etc/umaskclamp");
        symlink("umaskclamp.conf.d/a.conf", place.join("umaskclamp.conf")).unwrap();
        assert!(fault(&root).contains("is a link"));
        fs::remove_file(place.join("umaskclamp.conf")).unwrap();
        for line in [
            "LD_PRELOAD=/x.so",
            "UMASKCLAMP_NO=1",
            "UMASKCLAMP_MASK",
            "export A=b",
        ] {
            fs::write(
                place.join("umaskclamp.conf.d/a.conf"),
                format!("#\n{line}\n"),
            )
            .unwrap();
            assert!(fault(&root).contains("a.conf:2: "), "{line}");
        }
    }
}

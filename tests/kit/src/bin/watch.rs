//! Runs a command under the kit's tracer and writes down what its files were.
//!
//! `watch TREE REPORT COMMAND [ARGUMENT...]` watches the directory TREE while
//! the command and its children run. What the command printed is passed on when
//! it ended, its standard input is empty, and its exit status is this one's
//! (128 + signal as the shell has it, 124 if it took longer than the tracer's
//! patience). REPORT gets a line for each inode that was ever seen in TREE and
//! one for each file that was written there, in fields separated by tabs:
//!
//! - `inode`, kind, mode before the start or `-`, first mode, every bit it ever
//!   had, mode at the end or `-`, rights that a default ACL gave to others, the
//!   system call that brought the last new bit, path below TREE;
//! - `write`, mode at the loosest of the writes, system call, path below TREE.
//!
//! Modes are octal permission bits. A newline, tab or backslash in a path is
//! written as a backslash and three octal digits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use umaskclamp_testkit::watch::{Report, Seen, watch};

fn main() {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [tree, report, program, rest @ ..] = args.as_slice() else {
        eprintln!("usage: watch TREE REPORT COMMAND [ARGUMENT...]");
        exit(64);
    };
    let outcome = watch(Command::new(program).args(rest), Path::new(tree), &[]);
    let passed_on = io::stdout()
        .write_all(&outcome.stdout)
        .and_then(|()| io::stderr().write_all(&outcome.stderr))
        .and_then(|()| std::fs::write(report, facts(&outcome)));
    if let Err(error) = passed_on {
        eprintln!("watch: {error}");
        exit(74);
    }
    exit(status(&outcome));
}

fn status(outcome: &Report) -> i32 {
    if outcome.late {
        return 124;
    }
    let signal = outcome.status.signal().map(|signal| 128 + signal);
    outcome.status.code().or(signal).unwrap_or(70)
}

fn facts(outcome: &Report) -> String {
    let mut text = String::new();
    for seen in &outcome.seen {
        let _ = writeln!(
            text,
            "inode\t{}\t{}\t{:04o}\t{:04o}\t{}\t{:04o}\t{}\t{}",
            kind(seen),
            octal(seen.before),
            seen.first,
            seen.loosest,
            octal(seen.last),
            seen.default,
            seen.by,
            escaped(&seen.path),
        );
    }
    let mut writes: BTreeMap<&PathBuf, (u32, &str)> = BTreeMap::new();
    for write in &outcome.writes {
        let worst = writes
            .entry(&write.path)
            .or_insert((write.mode, write.call));
        if (write.mode & 0o077).count_ones() > (worst.0 & 0o077).count_ones() {
            *worst = (write.mode, write.call);
        }
    }
    for (path, (mode, call)) in writes {
        let _ = writeln!(text, "write\t{mode:04o}\t{call}\t{}", escaped(path));
    }
    text
}

fn octal(mode: Option<u32>) -> String {
    mode.map_or_else(|| "-".to_owned(), |mode| format!("{mode:04o}"))
}

fn kind(seen: &Seen) -> &'static str {
    match seen.kind {
        libc::S_IFREG => "file",
        libc::S_IFDIR => "directory",
        libc::S_IFIFO => "fifo",
        libc::S_IFSOCK => "socket",
        libc::S_IFCHR | libc::S_IFBLK => "device",
        _ => "other",
    }
}

fn escaped(path: &Path) -> String {
    let mut text = Vec::new();
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'\n' | b'\t' | b'\\' => text.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
            _ => text.push(byte),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

//! Where records go: one `write(2)` a line.
//!
//! A log file is opened for each record and closed again: a descriptor kept open
//! would take a number from the program, be inherited or closed by it, and its
//! number could then be a file of the program's.

use core::fmt::{self, Write};

use libc::{c_char, c_int};
use log::{Log, Metadata, Record};
use umaskclamp_policy::settings::LogTarget;

use crate::{memory, state, sys};

const STDERR: c_int = 2;

/// How a log file is opened: `O_NONBLOCK` so that a fifo put in its place cannot
/// hold the program.
pub const LOG_FLAGS: c_int = libc::O_WRONLY
    | libc::O_APPEND
    | libc::O_CREAT
    | libc::O_NOFOLLOW
    | libc::O_NONBLOCK
    | libc::O_CLOEXEC;

/// Mode of a log file that is created.
pub const LOG_MODE: u32 = 0o600;

pub struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        // One string without padding reaches `Line` in one piece.
        let _ = write!(Line, "{}", record.args());
    }

    fn flush(&self) {}
}

/// Writes what it is given in one system call, or not at all.
struct Line;

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(state) = state::loaded() else {
            return Ok(());
        };
        match &state.settings.log_file {
            LogTarget::Stderr => {
                // A program that closed its stderr has a file of its own by that
                // number now.
                let now = sys::stat_of(STDERR).ok().map(|inode| inode.id);
                if now.is_some() && now == state.stderr {
                    let _ = sys::write_unsignalled(STDERR, text.as_bytes());
                }
            }
            LogTarget::File(name) => {
                if let Some(path) = state.log_path() {
                    to_file(path, name.starts_with(b"//"), text.as_bytes());
                }
            }
            LogTarget::Syslog => {
                let _ = sys::send_datagram(sys::SYSLOG, text.trim_end().as_bytes());
            }
        }
        Ok(())
    }
}

fn to_file(path: *const c_char, checked: bool, text: &[u8]) {
    // A path that was checked by an ancestor, or before a `chroot`, may be another one
    // here: no file is made there.
    let flags = if checked || memory::root_changed() {
        LOG_FLAGS & !libc::O_CREAT
    } else {
        LOG_FLAGS
    };
    match sys::open(path, flags, LOG_MODE) {
        Ok(fd) => write_to(fd, text),
        // The descriptor table is full.
        Err(libc::EMFILE) => sys::helper::with_room(-1, &mut || {
            if let Ok(fd) = sys::open(path, flags, LOG_MODE) {
                write_to(fd, text);
            }
        }),
        Err(_) => {}
    }
}

/// Writes to the log file, which was just opened, and closes it.
fn write_to(mut fd: c_int, text: &[u8]) {
    // With 0–2 closed the log file would be the program's stdout or stderr for
    // as long as it is open, and another thread could write into it.
    if fd <= STDERR {
        let low = fd;
        let high = sys::duplicate_above(fd, STDERR);
        sys::close(low);
        match high {
            Ok(high) => fd = high,
            Err(_) => return,
        }
    }
    let _ = sys::write_unsignalled(fd, text);
    sys::close(fd);
}

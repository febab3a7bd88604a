//! Records: one line for what was clamped, tightened or left unprotected.
//!
//! They go through the `log` crate to a logger that makes one `write(2)` a line.
//! A log file is opened for each record and closed again: a descriptor kept open
//! would take a number from the program, be inherited or closed by it, and its
//! number could then be a file of the program's.

use core::fmt::{self, Write};

use libc::{c_char, c_int};
use log::{LevelFilter, Log, Metadata, Record as LogRecord};
use umaskclamp_policy::record::{Action, Identity, Record, Time};
use umaskclamp_policy::rules::RuleId;
use umaskclamp_policy::settings::{Level, LogTarget};

use crate::call::{Call, Sensitive};
use crate::children::fallback;
use crate::late::clock_gettime;
use crate::memory;
use crate::scratch::Scratch;
use crate::state::{self, State};
use crate::sys::{self, Inode};
use redhook::real;

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

static LOGGER: Logger = Logger;

/// Why a file is wide although a narrow mode was asked for.
const NOT_KEPT: &str = "the file system does not keep modes";

/// Starts logging at this level.
pub fn start(level: Level) {
    log::set_max_level(match level {
        Level::Off => LevelFilter::Off,
        Level::Error => LevelFilter::Error,
        Level::Warn => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Debug => LevelFilter::Debug,
        Level::Trace => LevelFilter::Trace,
    });
    if level != Level::Off {
        let _ = log::set_logger(&LOGGER);
    }
}

/// A mode was clamped (or would have been, in audit mode).
pub fn clamped(sensitive: &Sensitive, call: &Call, requested: u32, applied: u32) {
    let action = if sensitive.audit() {
        Action::WouldClamp
    } else {
        Action::Clamped
    };
    changed(sensitive, call, action, None, (requested, applied));
}

/// An inode was narrowed (or would have been, in audit mode), which was like this before.
pub fn tightened(sensitive: &Sensitive, call: &Call, before: &Inode) {
    let action = if sensitive.audit() {
        Action::WouldTighten
    } else {
        Action::Tightened
    };
    let wide = before.permissions();
    let modes = (wide, sensitive.clamp(wide));
    changed(sensitive, call, action, Some(before), modes);
}

fn changed(
    sensitive: &Sensitive,
    call: &Call,
    action: Action,
    before: Option<&Inode>,
    (requested, applied): (u32, u32),
) {
    if log::log_enabled!(log::Level::Info) {
        let modes = (Some(requested), Some(applied));
        let (state, rule) = (sensitive.state, sensitive.rule);
        emit_of(before, state, call, action, modes, rule, "");
    }
}

/// Has what the call made or changed no bit of the mask? A file system may take a mode
/// and not keep it (vfat, CIFS, FUSE): then that is what is recorded, here. Looked at
/// only where something is logged, by `inode`.
pub fn is_kept(
    sensitive: &Sensitive,
    call: &Call,
    inode: impl FnOnce() -> sys::Result<Inode>,
) -> bool {
    if sensitive.audit() || !log::log_enabled!(log::Level::Error) {
        return true;
    }
    let wide = |inode: &Inode| !inode.is(libc::S_IFLNK) && sensitive.wide(inode.permissions());
    let Some(inode) = inode().ok().filter(wide) else {
        return true;
    };
    let modes = (Some(inode.permissions()), None);
    let (state, rule) = (sensitive.state, sensitive.rule);
    emit(state, call, Action::Failed, modes, rule, NOT_KEPT);
    false
}

/// An inode at a sensitive place could not be narrowed.
pub fn failed(sensitive: &Sensitive, call: &Call, mode: u32, error: c_int) {
    if log::log_enabled!(log::Level::Error) {
        let reason = match error {
            // Root is refused by a file system that has no such mode (vfat), or for
            // what is immutable.
            libc::EPERM if sys::effective_user() == 0 => "not permitted",
            libc::EPERM => "not the owner",
            libc::EROFS => "read-only file system",
            libc::ENOMEM => "no memory",
            libc::EOPNOTSUPP => NOT_KEPT,
            _ => "cannot be changed",
        };
        let modes = (Some(mode), None);
        emit(
            sensitive.state,
            call,
            Action::Failed,
            modes,
            sensitive.rule,
            reason,
        );
    }
}

/// An inode was narrowed for a call that failed, and it cannot be told whether its mode
/// may come back.
pub fn stays_narrow(sensitive: &Sensitive, call: &Call, before: &Inode, narrow: u32) {
    if log::log_enabled!(log::Level::Info) {
        let modes = (Some(before.permissions()), Some(narrow));
        let reason = "the call failed, and others changed it meanwhile";
        let (state, rule) = (sensitive.state, sensitive.rule);
        let before = Some(before);
        emit_of(before, state, call, Action::Tightened, modes, rule, reason);
    }
}

/// A sensitive file got a plain name.
pub fn linked(sensitive: &Sensitive, call: &Call) {
    if log::log_enabled!(log::Level::Warn) {
        let reason = "a sensitive file has this name as well: others may widen it";
        let (state, rule) = (sensitive.state, sensitive.rule);
        emit(state, call, Action::Linked, (None, None), rule, reason);
    }
}

/// The table of what is remembered is full.
pub fn forgotten(call: &Call, mode: u32) {
    lost(None, call, mode, "no room to remember its other name");
}

/// Not all that lies in a directory could be looked at when it moved.
pub fn not_walked(sensitive: Option<&Sensitive>, call: &Call, mode: u32) {
    let rule = sensitive.and_then(|sensitive| sensitive.rule);
    lost(
        rule,
        call,
        mode,
        "not all that lies in it could be looked at",
    );
}

fn lost(rule: Option<RuleId>, call: &Call, mode: u32, reason: &str) {
    if log::log_enabled!(log::Level::Error)
        && let Some(state) = state::active()
    {
        emit(
            state,
            call,
            Action::Failed,
            (Some(mode), None),
            rule,
            reason,
        );
    }
}

/// A ring was asked for and refused.
pub fn refused_io_uring(audit: bool) {
    if log::log_enabled!(log::Level::Warn)
        && let (Some(state), Some(call)) = (state::active(), Call::on("io_uring_setup", -1))
    {
        let reason = "its calls would pass every hook";
        let action = if audit {
            Action::WouldRefuse
        } else {
            Action::Refused
        };
        emit(state, &call, action, (None, None), None, reason);
    }
}

/// Is anything recorded about such children?
pub fn tells_unreachable() -> bool {
    log::log_enabled!(log::Level::Warn)
}

/// What is told of a child: that it cannot be entered, or lost a variable.
pub fn child(state: &'static State, call: &Call, action: Action, reason: &str) {
    if log::log_enabled!(log::Level::Warn) {
        emit(state, call, action, (None, None), None, reason);
    }
}

/// What was decided about a place, for level `debug`.
pub fn verdict(call: &Call, rule: Option<RuleId>) {
    if log::log_enabled!(log::Level::Debug)
        && let Some(state) = state::active()
    {
        let reason = if rule.is_some() { "sensitive" } else { "plain" };
        emit(state, call, Action::Verdict, (None, None), rule, reason);
    }
}

type Modes = (Option<u32>, Option<u32>);

fn emit(
    state: &State,
    call: &Call,
    action: Action,
    modes: Modes,
    rule: Option<RuleId>,
    reason: &str,
) {
    emit_of(None, state, call, action, modes, rule, reason);
}

/// A record that says which inode it is about, so that its mode can be given back.
fn emit_of(
    inode: Option<&Inode>,
    state: &State,
    call: &Call,
    action: Action,
    (requested, applied): Modes,
    rule: Option<RuleId>,
    reason: &str,
) {
    // No memory for a record: the record is lost, the call is not.
    let Some(mut scratch) = Scratch::claim() else {
        return;
    };
    let buffers = scratch.buffers();
    let path = call.place.named(&mut buffers.named, &mut buffers.link);
    let rule = rule.and_then(|rule| state.settings.rules.rule(rule));
    let record = Record {
        time: now(),
        pid: sys::process_id(),
        program: state.program,
        call: call.name,
        path,
        requested,
        applied,
        inode: inode.map(|inode| Identity {
            device: inode.id.0,
            inode: inode.id.1,
            owner: inode.user,
        }),
        rule: rule.map(|rule| rule.text),
        action,
        reason,
    };
    let length = match state.settings.log_file {
        LogTarget::Stderr => record.line(&mut buffers.text),
        LogTarget::File(_) => record.json(&mut buffers.text),
        LogTarget::Syslog => {
            // The rest of a datagram behind its head, shorter than the kernel's
            // usual limit for one.
            const DATAGRAM_MAX: usize = 16 * 1024;
            let head = syslog_head(action.level());
            let (start, rest) = buffers.text.split_at_mut(head.len());
            start.copy_from_slice(head);
            head.len() + record.json(rest.get_mut(..DATAGRAM_MAX).unwrap_or_default())
        }
    };
    let Ok(text) = core::str::from_utf8(buffers.text.get(..length).unwrap_or_default()) else {
        return;
    };
    let level = match action.level() {
        Level::Error => log::Level::Error,
        Level::Warn => log::Level::Warn,
        Level::Info => log::Level::Info,
        _ => log::Level::Debug,
    };
    log::log!(level, "{text}");
}

/// Priority (facility `user`) and tag, as syslogd reads them (RFC 3164).
fn syslog_head(level: Level) -> &'static [u8] {
    match level {
        Level::Error => b"<11>umaskclamp: ",
        Level::Warn => b"<12>umaskclamp: ",
        Level::Info => b"<14>umaskclamp: ",
        _ => b"<15>umaskclamp: ",
    }
}

fn now() -> Time {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel (or the vDSO) writes a `timespec` there.
    unsafe { real!(clock_gettime)(libc::CLOCK_REALTIME, &mut time) };
    #[allow(clippy::unnecessary_cast)] // the widths differ from machine to machine
    Time {
        seconds: time.tv_sec as u64,
        micros: (time.tv_nsec / 1000) as u32,
    }
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &LogRecord) {
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
        Err(libc::EMFILE) => fallback::with_room(-1, &mut || {
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

//! Records: one line for what was clamped, tightened or left unprotected, through the
//! `log` crate to [`sink`].

mod sink;

use core::str;

use log::LevelFilter;
use umaskclamp_policy::record::{Action, Identity, Record, Time};
use umaskclamp_policy::rules::RuleId;
use umaskclamp_policy::settings::{Level, LogTarget};

use crate::call::{Bypass, Call};
use crate::late::clock_gettime;
use crate::scratch::Scratch;
use crate::state;
use crate::sys::{self, Inode};
use redhook::real;
pub use sink::{LOG_FLAGS, LOG_MODE};

/// The mode that was asked for or found, and the one instead.
pub type Modes = (Option<u32>, Option<u32>);

pub const NO_MODES: Modes = (None, None);

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
        let _ = log::set_logger(&sink::Logger);
    }
}

#[inline]
const fn level(action: Action) -> log::Level {
    match action.level() {
        Level::Error => log::Level::Error,
        Level::Warn => log::Level::Warn,
        Level::Info => log::Level::Info,
        _ => log::Level::Debug,
    }
}

/// Is such a thing recorded?
#[inline]
pub fn tells(action: Action) -> bool {
    level(action) <= log::max_level()
}

/// Records what was done, or could not be, by which rule.
#[inline]
pub fn record(call: &Call, rule: Option<RuleId>, action: Action, modes: Modes, reason: &str) {
    record_inode(call, rule, action, modes, None, reason);
}

/// The same with which inode it was done to, so that its mode can be given back.
#[inline]
pub fn record_inode(
    call: &Call,
    rule: Option<RuleId>,
    action: Action,
    modes: Modes,
    inode: Option<&Inode>,
    reason: &str,
) {
    if tells(action) {
        emit(call, rule, action, modes, inode, reason);
    }
}

/// A ring was asked for and refused.
pub fn refused_io_uring(audit: bool) {
    let action = match audit {
        true => Action::WouldRefuse,
        false => Action::Refused,
    };
    pathless("io_uring_setup", action, "its calls would pass every hook");
}

/// Why a hook stepped aside, for level `debug`.
#[cold]
pub fn bypass(bypass: &Bypass) {
    pathless(bypass.symbol, Action::Verdict, bypass.reason.text());
}

fn pathless(symbol: &'static str, action: Action, reason: &str) {
    if let Some(state) = state::active() {
        let call = Call::of(symbol, state, -1, c"");
        record(&call, None, action, NO_MODES, reason);
    }
}

#[cold]
#[inline(never)]
fn emit(
    call: &Call,
    rule: Option<RuleId>,
    action: Action,
    modes: Modes,
    inode: Option<&Inode>,
    reason: &str,
) {
    // Without memory the record is lost, the call is not.
    let Some(mut scratch) = Scratch::claim() else {
        return;
    };
    let state = call.state;
    let buffers = scratch.buffers();
    let path = call.place.named(&mut buffers.named, &mut buffers.link);
    let record = Record {
        time: now(),
        pid: sys::process_id(),
        program: state.program,
        call: call.symbol,
        path,
        requested: modes.0,
        applied: modes.1,
        inode: inode.map(|inode| Identity {
            device: inode.id.0,
            inode: inode.id.1,
            owner: inode.user,
        }),
        rule: rule.and_then(|rule| state.rules().text(rule)),
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
    if let Ok(text) = str::from_utf8(buffers.text.get(..length).unwrap_or_default()) {
        log::log!(level(action), "{text}");
    }
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

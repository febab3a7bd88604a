//! What was read at load, as every hook sees it.

use alloc::vec::Vec;

use libc::c_char;
use redhook::Published;
use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::rules::Rules;
use umaskclamp_policy::settings::{Level, LogTarget, Mode, Settings};

use crate::{arena, sys};

/// The snapshot of the settings. Written once by the constructor, never after:
/// a program that edits its own environment changes nothing.
pub struct State {
    pub settings: Settings,
    /// `argv[0]` without its directories, for records.
    pub program: &'static [u8],
    log_path: Option<Vec<u8>>,
    /// The effective user at load.
    pub user: u32,
    /// Bytes of a page of memory.
    pub page: usize,
    /// Device and inode number of what was the program's stderr at load.
    pub stderr: Option<(u64, u64)>,
    /// What any rule clears, for what is made nobody knows where.
    pub widest: Mask,
    /// Is there anything to protect?
    armed: bool,
}

impl State {
    pub fn new(settings: Settings, program: &'static [u8], user: u32, page: usize) -> Self {
        let log_path = match &settings.log_file {
            LogTarget::File(path) => Some([path.as_slice(), b"\0"].concat()),
            _ => None,
        };
        let armed = settings.mode != Mode::Off && settings.rules.any_protects();
        let to_stderr = settings.log_file == LogTarget::Stderr && settings.level != Level::Off;
        let stderr = to_stderr.then(|| sys::stat_of(2).ok()).flatten();
        State {
            page,
            user,
            stderr: stderr.map(|inode| inode.id),
            widest: settings.rules.union(settings.mask),
            armed,
            settings,
            program,
            log_path,
        }
    }

    /// The rules. Most processes never ask; the index of a user's list is made when the
    /// first call does. Without memory for it, every pattern is tried.
    #[inline]
    pub fn rules(&'static self) -> &'static Rules {
        let rules = &self.settings.rules;
        match rules.has_index() {
            true => rules,
            false => INDEXED.get().unwrap_or_else(|| index(rules)),
        }
    }

    /// Is nothing to be changed, only recorded?
    pub fn is_audit(&self) -> bool {
        self.settings.mode == Mode::Audit
    }

    /// Is what records are written to there?
    pub fn reaches_log(&self) -> bool {
        let path = match self.settings.log_file {
            LogTarget::Stderr => return true,
            LogTarget::File(_) => self.log_path(),
            LogTarget::Syslog => Some(sys::SYSLOG.as_ptr().cast()),
        };
        path.is_some_and(|path| sys::stat_at(libc::AT_FDCWD, path, 0).is_ok())
    }

    /// The log file's path, NUL-terminated.
    pub fn log_path(&self) -> Option<*const c_char> {
        self.log_path.as_ref().map(|path| path.as_ptr().cast())
    }
}

static STATE: Published<State> = Published::new();

/// The rules with their index.
static INDEXED: Published<Rules> = Published::new();

#[cold]
#[inline(never)]
fn index(rules: &'static Rules) -> &'static Rules {
    arena::publish(&INDEXED, rules.index_size(), |bytes| {
        rules.indexed_in(bytes)
    })
    .unwrap_or(rules)
}

/// Makes the settings visible to the hooks.
pub fn publish(state: &'static State) {
    STATE.set(state);
}

/// The snapshot, once the constructor has run.
pub fn loaded() -> Option<&'static State> {
    STATE.get()
}

/// The snapshot, if hooks have anything to do: not before load (the program's
/// allocator may call us from inside the dynamic loader), not in mode `off`, and
/// not where no rule protects: a program under a seccomp filter dies of a system
/// call that it did not expect.
#[inline]
pub fn active() -> Option<&'static State> {
    loaded().filter(|state| state.armed)
}

//! A tracer that looks at a tree after every system call that can make, widen
//! or name an inode, and before every one that writes.
//!
//! A `stat` after the program ended says nothing of the moments before. Here
//! the program is stopped at the exit of the system call (ptrace(2),
//! PTRACE_SYSCALL), so what is seen is the mode at the first instant, and no
//! mode in between can be missed.

pub(crate) mod calls;
mod numbers;
mod scan;

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub use scan::Seen;

/// A program that is not done after this time is killed: a deadlock must fail
/// a test, not hold it for ever. Programs here are done in seconds, but a busy
/// machine takes ten times as long and more.
pub const PATIENCE: Duration = Duration::from_secs(1800);

/// A write to a file of the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    /// Below the tree.
    pub path: PathBuf,
    /// Permission bits that the file had when the call was entered.
    pub mode: u32,
    /// The system call.
    pub call: &'static str,
}

/// What a run left behind and what was seen of it.
#[derive(Debug)]
pub struct Report {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Every name in the tree that ever was, sorted.
    pub seen: Vec<Seen>,
    /// Every write to a regular file of the tree, in order.
    pub writes: Vec<Write>,
    /// How many system calls were made, if it was watched.
    pub calls: usize,
    /// Killed because it took longer than [`PATIENCE`].
    pub late: bool,
}

impl Report {
    /// Did this come with a directory that was renamed, and is closed to others? Then
    /// its own mode lets nobody in.
    pub fn came_closed(&self, seen: &Seen) -> bool {
        let closes = |above: &&Seen| {
            seen.path.starts_with(&above.path)
                && seen.path != above.path
                && above.before.is_none()
                && above.by.contains("rename")
                && above.loosest & 0o077 == 0
        };
        seen.by.contains("rename") && self.seen.iter().any(|above| closes(&above))
    }
}

/// Runs `command` to its end without looking at its system calls.
pub fn plain(command: &mut Command) -> Report {
    go(command, |child, late| {
        let status = child.wait().expect("wait");
        late.send(()).ok();
        (status, Vec::new(), Vec::new(), 0)
    })
}

/// Runs `command` and all its children under the tracer, watching `tree` and
/// the files `also`.
pub fn watch(command: &mut Command, tree: &Path, also: &[String]) -> Report {
    // SAFETY: the closure runs in the forked child before exec; ptrace is a
    // system call without allocation or lock.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    let tree = tree.canonicalize().expect("tree");
    go(command, move |child, done| {
        let mut tracer = Tracer::new(child.id() as libc::pid_t, &tree, also);
        let status = tracer.follow();
        done.send(()).ok();
        let seen = tracer.tree.into_seen();
        (status, seen, tracer.writes, tracer.calls)
    })
}

type Followed = (ExitStatus, Vec<Seen>, Vec<Write>, usize);

fn go(
    command: &mut Command,
    follow: impl FnOnce(&mut std::process::Child, mpsc::Sender<()>) -> Followed,
) -> Report {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{:?}: {e}", command.get_program()));
    let pid = child.id() as libc::pid_t;
    let drain = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                let _ = pipe.read_to_end(&mut bytes);
            }
            bytes
        })
    };
    let stdout = drain(child.stdout.take().map(|p| Box::new(p) as _));
    let stderr = drain(child.stderr.take().map(|p| Box::new(p) as _));
    let (done, wait) = mpsc::channel();
    let program = command.get_program().to_owned();
    let watchdog = thread::spawn(move || {
        let late = wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
        if late {
            let minutes = PATIENCE.as_secs() / 60;
            eprintln!("{program:?}: killed, for it was still running after {minutes} minutes");
            // SAFETY: a signal to a child that has not been waited for yet.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        late
    });
    let (status, seen, writes, calls) = follow(&mut child, done);
    Report {
        status,
        late: watchdog.join().expect("watchdog"),
        stdout: stdout.join().expect("stdout"),
        stderr: stderr.join().expect("stderr"),
        seen,
        writes,
        calls,
    }
}

struct Tracer {
    main: libc::pid_t,
    tree: scan::Tree,
    writes: Vec<Write>,
    calls: usize,
    /// The call that each thread is in.
    inside: HashMap<libc::pid_t, calls::Entry>,
}

impl Tracer {
    fn new(main: libc::pid_t, tree: &Path, also: &[String]) -> Tracer {
        Tracer {
            main,
            tree: scan::Tree::new(tree, also),
            writes: Vec::new(),
            calls: 0,
            inside: HashMap::new(),
        }
    }

    fn follow(&mut self) -> ExitStatus {
        let mut status = 0;
        // The child stops by itself with SIGTRAP when its exec is done.
        // SAFETY: `status` is ours; the child is traced by this thread.
        let first = unsafe { libc::waitpid(self.main, &mut status, libc::__WALL) };
        assert_eq!(first, self.main, "waitpid: {}", io::Error::last_os_error());
        if !libc::WIFSTOPPED(status) {
            return ExitStatus::from_raw(status);
        }
        let options = libc::PTRACE_O_TRACESYSGOOD
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACEVFORK
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_TRACEEXEC
            | libc::PTRACE_O_EXITKILL;
        // SAFETY: the child is stopped and traced by this thread.
        let set = unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, self.main, 0, options) };
        assert_eq!(set, 0, "ptrace options: {}", io::Error::last_os_error());
        self.tree.scan("(before)");
        self.inside.insert(self.main, calls::Entry::default());
        resume(self.main, 0);
        let mut ended = None;
        loop {
            // `__WNOTHREAD`: other tests of this process have children too.
            // SAFETY: `status` is ours.
            let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD) };
            if pid < 0 {
                break;
            }
            if !libc::WIFSTOPPED(status) {
                self.inside.remove(&pid);
                if pid == self.main {
                    ended = Some(ExitStatus::from_raw(status));
                }
                continue;
            }
            resume(pid, self.stopped(pid, status));
        }
        ended.expect("the program ended")
    }

    /// What to do about a stop; returns the signal to deliver.
    fn stopped(&mut self, pid: libc::pid_t, status: i32) -> i32 {
        let signal = libc::WSTOPSIG(status);
        if signal == libc::SIGTRAP | 0x80 {
            self.system_call(pid);
            return 0;
        }
        if status >> 16 != 0 {
            return 0;
        }
        if signal == libc::SIGSTOP && !self.inside.contains_key(&pid) {
            // A new child starts with a stop that nobody sent.
            self.inside.insert(pid, calls::Entry::default());
            return 0;
        }
        signal
    }

    fn system_call(&mut self, pid: libc::pid_t) {
        match calls::info(pid) {
            Some(calls::Stop::Entry(entry)) => {
                self.calls += 1;
                if let Some(write) = calls::writes(pid, &entry, self.tree.root()) {
                    self.writes.push(write);
                }
                self.inside.insert(pid, entry);
            }
            Some(calls::Stop::Exit(result)) => {
                let entry = self.inside.get(&pid).copied().unwrap_or_default();
                if let Some(call) = calls::touches(&entry)
                    && result >= 0
                {
                    self.tree.scan(call);
                    if let Some((name, mode)) = calls::nameless(pid, &entry, result) {
                        self.tree.note(&name, mode, call);
                    }
                }
            }
            None => {}
        }
    }
}

fn resume(pid: libc::pid_t, signal: i32) {
    // SAFETY: the thread is in a ptrace stop of this tracer, or already gone,
    // which ptrace reports as ESRCH and the next waitpid explains.
    unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid, 0, signal) };
}

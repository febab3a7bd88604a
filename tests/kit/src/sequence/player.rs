//! A process that performs steps one by one, traced or not.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::watch::calls::{self, Stop};

pub struct Player {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Stopped by this thread between the steps.
    traced: bool,
}

/// How a step ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Done(String),
    /// Killed on purpose.
    Killed,
    /// It ended by itself, with this status.
    Died(String),
}

impl Player {
    /// `None` if it cannot enter its tree: a step before may have closed that to its owner.
    pub fn start(mut command: Command, tree: &Path, umask: u32, traced: bool) -> Option<Player> {
        command
            .arg(tree)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        // SAFETY: umask(2) is a system call without allocation or lock.
        unsafe {
            command.pre_exec(move || {
                libc::umask(umask as libc::mode_t);
                Ok(())
            });
        }
        let mut child = command.spawn().expect("the performer starts");
        let orders = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut player = Player {
            child,
            orders,
            answers,
            traced: false,
        };
        let ready = player.answer();
        if ready.is_empty() {
            let _ = player.child.wait();
            return None;
        }
        assert_eq!(ready, "ready", "the performer did not start");
        if traced {
            player.seize();
        }
        Some(player)
    }

    fn pid(&self) -> libc::pid_t {
        self.child.id() as libc::pid_t
    }

    /// Its start is behind it: from here on every system call is seen.
    fn seize(&mut self) {
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        let mut status = 0;
        // SAFETY: our own child, which nobody traces; `status` is ours.
        unsafe {
            let seized = libc::ptrace(libc::PTRACE_SEIZE, self.pid(), 0, options);
            assert_eq!(seized, 0, "ptrace: {}", io::Error::last_os_error());
            libc::ptrace(libc::PTRACE_INTERRUPT, self.pid(), 0, 0);
            libc::waitpid(self.pid(), &mut status, libc::__WALL);
        }
        assert!(libc::WIFSTOPPED(status));
        self.traced = true;
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a line of text");
        line.trim_end().to_owned()
    }

    /// Performs `line`; `look` is called after each system call that may have changed
    /// the tree, and `kill_at` is the number of the stop at which to kill it.
    pub fn step(
        &mut self,
        line: &str,
        kill_at: Option<usize>,
        look: &mut dyn FnMut(&'static str),
    ) -> Step {
        if writeln!(self.orders, "{line}").is_err() {
            return self.died();
        }
        if !self.traced {
            let answer = self.answer();
            return match answer.is_empty() {
                true => self.died(),
                false => Step::Done(answer),
            };
        }
        let mut entry = calls::Entry::default();
        let mut answered = false;
        let mut stops = 0;
        let mut signal = 0;
        loop {
            let mut status = 0;
            // SAFETY: our child, stopped by us; `status` is ours.
            unsafe {
                libc::ptrace(libc::PTRACE_SYSCALL, self.pid(), 0, signal);
                libc::waitpid(self.pid(), &mut status, libc::__WALL);
            }
            if !libc::WIFSTOPPED(status) {
                return Step::Died(format!("status {status:#x}"));
            }
            signal = 0;
            if libc::WSTOPSIG(status) != libc::SIGTRAP | 0x80 {
                // Stops of a tracer carry an event; the rest are signals for the program.
                if status >> 16 == 0 {
                    signal = libc::WSTOPSIG(status);
                }
                continue;
            }
            stops += 1;
            if kill_at == Some(stops) {
                self.child.kill().expect("kill");
                self.child.wait().expect("wait");
                return Step::Killed;
            }
            match calls::info(self.pid()) {
                Some(Stop::Entry(entered)) => {
                    entry = entered;
                    answered = entry.name == Some("write") && entry.args[0] == 1;
                }
                Some(Stop::Exit(_)) if answered => return Step::Done(self.answer()),
                Some(Stop::Exit(result)) if result >= 0 => {
                    if let Some(call) = calls::touches(&entry) {
                        look(call);
                    }
                }
                _ => {}
            }
        }
    }

    fn died(&mut self) -> Step {
        let status = self.child.wait().expect("wait");
        Step::Died(status.to_string())
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It may be gone, or already have been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

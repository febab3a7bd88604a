//! One run of one program: who runs it, where, with which settings, with or
//! without the preload.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

pub use crate::watch::Report;
use crate::{artefact, watch, who::Who};

/// Whether `UMASKCLAMP_TEST_WITHOUT=1` takes the preload away from every run,
/// to show that the tests named `enforce_*` notice.
pub fn without() -> bool {
    std::env::var_os("UMASKCLAMP_TEST_WITHOUT").is_some_and(|v| v == "1")
}

/// A program to run, in an environment made from nothing.
pub struct Run {
    command: Command,
}

impl Run {
    /// `program` under the shim, unless [`without`] says otherwise.
    pub fn new(program: impl AsRef<OsStr>) -> Run {
        let mut run = Run::bare(program);
        if !without() {
            run.command.env("LD_PRELOAD", artefact::shim());
        }
        run
    }

    /// `program` without any preload.
    pub fn bare(program: impl AsRef<OsStr>) -> Run {
        let mut command = Command::new(program);
        command.env_clear().env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        command
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C")
            .env("TZ", "UTC");
        // Descriptors that whoever started the tests left open are not the
        // program's. Where the kernel has no such call (before 5.11) they stay.
        // SAFETY: a system call that allocates nothing and takes no lock.
        unsafe {
            command.pre_exec(|| {
                libc::syscall(
                    libc::SYS_close_range,
                    3,
                    u32::MAX,
                    libc::CLOSE_RANGE_CLOEXEC,
                );
                Ok(())
            });
        }
        Run { command }
    }

    /// The kit's own program `name`, under the shim or bare; through the
    /// emulator if it is another machine's. The emulator itself is this
    /// machine's: the preload is its program's, not its own.
    pub fn kit(name: &str, preload: bool) -> Run {
        let program = artefact::program(name);
        let Some((emulator, words)) = artefact::emulator() else {
            return if preload {
                Run::new(program)
            } else {
                Run::bare(program)
            };
        };
        let mut run = Run::bare(emulator).args(words);
        if preload && !without() {
            let mut entry = OsString::from("LD_PRELOAD=");
            entry.push(artefact::shim());
            run = run.arg("-E").arg(entry);
        }
        run.arg(program)
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        self.command.arg(arg);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Run {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    /// `UMASKCLAMP_PATTERNS`.
    pub fn patterns(self, list: impl AsRef<OsStr>) -> Run {
        self.env("UMASKCLAMP_PATTERNS", list)
    }

    pub fn cwd(mut self, dir: &Path) -> Run {
        self.command.current_dir(dir);
        self
    }

    /// As whom. Only root can run as somebody else.
    pub fn who(mut self, who: Who) -> Run {
        if let Some(uid) = who.uid() {
            self.command.uid(uid).gid(uid);
        }
        self
    }

    /// As this user id, with no group but the one of the same number.
    pub fn uid(mut self, uid: u32) -> Run {
        self.command.uid(uid).gid(uid);
        self
    }

    /// With this umask.
    pub fn umask(mut self, umask: u32) -> Run {
        // SAFETY: umask(2) is a system call that cannot fail, allocates
        // nothing and takes no lock; it runs in the child only.
        unsafe {
            self.command.pre_exec(move || {
                libc::umask(umask);
                Ok(())
            });
        }
        self
    }

    /// Adds a step in the child before exec, such as a resource limit.
    ///
    /// # Safety
    /// As for [`CommandExt::pre_exec`]: only what is async-signal-safe.
    pub unsafe fn pre_exec(
        mut self,
        step: impl FnMut() -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Run {
        // SAFETY: passed on to our caller.
        unsafe { self.command.pre_exec(step) };
        self
    }

    /// The command itself, for what this builder does not cover.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Report {
        watch::plain(&mut self.command)
    }

    /// Runs it to its end, looking at `tree` after every system call.
    pub fn watch(self, tree: &Path) -> Report {
        self.watch_also(tree, &[])
    }

    /// As [`Run::watch`], looking at these single files too, wherever they are.
    pub fn watch_also(mut self, tree: &Path, also: &[String]) -> Report {
        watch::watch(&mut self.command, tree, also)
    }
}

/// A shell script under the shim.
pub fn sh(script: impl Into<OsString>) -> Run {
    Run::new("/bin/sh").arg("-c").arg(script.into())
}

//! Why a program is not protected.

/// Why a preload cannot enter a program, or does not see all that it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// No interpreter: nothing loads libraries.
    Static,
    /// `AT_SECURE` by set-user-ID or set-group-ID: ld.so takes only names without `/`
    /// from standard directories, and only set-user-ID libraries.
    SetId,
    /// `AT_SECURE` by file capabilities.
    Capabilities,
    /// Its loader is musl's, for which a library built for glibc is fatal.
    Musl,
    /// Its loader is that of a third libc.
    OtherLibc,
    /// No loader of this machine runs it.
    OtherMachine,
    /// There is no library of its class.
    OtherClass,
    /// Go makes its own system calls.
    Go,
    /// So does Bun.
    Bun,
    /// Its loader does not find the library.
    NoLibrary,
    /// Its arguments leave no room for the settings.
    NoRoom,
}

impl Reason {
    /// For records and for people.
    pub fn text(self) -> &'static str {
        match self {
            Reason::Static => "static program",
            Reason::SetId => "runs under another user or group id",
            Reason::Capabilities => "has file capabilities",
            Reason::Musl => "musl program",
            Reason::OtherLibc => "program of another libc",
            Reason::OtherMachine => "program of another machine",
            Reason::OtherClass => "no library of its class",
            Reason::Go => "makes its own system calls (Go)",
            Reason::Bun => "makes its own system calls (Bun)",
            Reason::NoLibrary => "cannot find the library",
            Reason::NoRoom => "no room for the settings beside its arguments",
        }
    }

    /// Is the program of the library's machine and class, so far as it is known?
    pub fn is_of_its_machine(self) -> bool {
        matches!(
            self,
            Reason::SetId | Reason::Capabilities | Reason::Go | Reason::Bun
        )
    }

    /// Would our entry in `LD_PRELOAD` keep the program from starting (musl), or
    /// make it complain on stderr about nothing that its children could use?
    pub fn bars_preload(self) -> bool {
        matches!(self, Reason::Musl | Reason::OtherLibc | Reason::NoLibrary)
    }
}

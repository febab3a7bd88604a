//! The symbols of glibc through which an inode can appear, widen, get a name, be
//! written by name, or a program start: what the library does to each, and why it
//! leaves the others alone.
//!
//! This one table is what the library's exports are checked against, what a test
//! compares with the libc that is running, and what the manual page and
//! `umaskclamp doctor` print.

/// What is done to a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Treatment {
    /// Interposed: a requested mode is clamped, an existing file tightened.
    Clamp,
    /// Interposed: a file that is written by its name is tightened first.
    Tighten,
    /// Interposed: an inode is narrowed before it gets a name.
    NarrowBefore,
    /// Interposed: the preload and the settings are put back for the child.
    Reinject,
    /// Interposed: goes the way of what it asks for.
    Dispatch,
    /// Interposed: remembered for another symbol.
    Watch,
    /// Interposed: answered with an error, since what it gives passes every hook.
    Refuse,
    /// Not interposed; the note says why nothing is needed.
    Nothing,
    /// Not interposed; the note says why a preload cannot or does not.
    OutOfReach,
}

impl Treatment {
    /// Does the library export a symbol of this treatment?
    pub const fn interposed(self) -> bool {
        !matches!(self, Treatment::Nothing | Treatment::OutOfReach)
    }

    /// One word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            Treatment::Clamp => "clamp",
            Treatment::Tighten => "tighten",
            Treatment::NarrowBefore => "narrow-before",
            Treatment::Reinject => "re-inject",
            Treatment::Dispatch => "dispatch",
            Treatment::Watch => "watch",
            Treatment::Refuse => "refuse",
            Treatment::Nothing => "nothing",
            Treatment::OutOfReach => "out of reach",
        }
    }
}

/// One symbol.
#[derive(Clone, Copy, Debug)]
pub struct Symbol {
    /// Its name in the dynamic symbol table.
    pub name: &'static str,
    /// The family it belongs to.
    pub family: &'static str,
    /// The glibc it came with (x86-64, where 2.2.5 is the first), as `2.34`; the liburing,
    /// for what is its. Empty for a system call that no libc has a function for.
    pub since: &'static str,
    /// Has the kernel a call of this name, whose number leads to the hook as well? Not on
    /// every machine has each one a number.
    pub numbered: bool,
    /// What is done to it.
    pub treatment: Treatment,
    /// Why, where that is not plain from the treatment.
    pub note: &'static str,
}

impl Symbol {
    /// Does the library export it?
    pub const fn exported(&self) -> bool {
        self.treatment.interposed() && !self.since.is_empty()
    }
}

macro_rules! table {
    ($($family:literal $treatment:ident $note:literal { $($name:ident $since:literal $($numbered:ident)?),* $(,)? })*) => {
        /// All symbols, family by family.
        pub const SYMBOLS: &[Symbol] = &[$($(Symbol {
            name: stringify!($name),
            family: $family,
            since: $since,
            numbered: !stringify!($($numbered)?).is_empty(),
            treatment: Treatment::$treatment,
            note: $note,
        }),*),*];
    };
}

table! {
    "open" Clamp "" {
        open "2.2.5" numbered, open64 "2.2.5", __open "2.2.5", __open64 "2.2.5",
        openat "2.4" numbered, openat64 "2.4", creat "2.2.5" numbered, creat64 "2.2.5",
    }
    "open" Clamp "fortified: takes no mode, opens what is there" {
        __open_2 "2.7", __open64_2 "2.7", __openat_2 "2.7", __openat64_2 "2.7",
    }
    "open" OutOfReach "libc's own, for its own use" {
        __open_nocancel "2.2.5", __open64_nocancel "2.2.5",
    }
    "open" Tighten "takes a handle, not a name; needs CAP_DAC_READ_SEARCH" {
        open_by_handle_at "2.14" numbered,
    }
    "open" Nothing "gives a handle, opens nothing" { name_to_handle_at "2.14" }
    "open" Clamp "exported where libc has it, and only there; by number everywhere" {
        openat2 "2.43" numbered,
    }
    "stdio" Clamp "libc opens inside itself, with 0666" {
        fopen "2.2.5", fopen64 "2.2.5", _IO_fopen "2.2.5",
        freopen "2.2.5", freopen64 "2.2.5",
        setmntent "2.2.5", __setmntent "2.2.5",
        _IO_file_open "2.2.5", _IO_file_fopen "2.2.5",
    }
    "stdio" Nothing "makes a stream of what is open" {
        fdopen "2.2.5", _IO_fdopen "2.2.5", fmemopen "2.2.5", fopencookie "2.2.5",
        open_memstream "2.2.5", open_wmemstream "2.4",
    }
    "directory" Clamp "" { mkdir "2.2.5" numbered, mkdirat "2.4" numbered }
    "directory" Clamp "a subvolume or a snapshot of btrfs; nothing else is looked at" {
        ioctl "2.2.5" numbered,
    }
    "node" Clamp "" {
        mknod "2.33" numbered, mknodat "2.33" numbered, __xmknod "2.2.5", __xmknodat "2.4",
        mkfifo "2.2.5", mkfifoat "2.4",
    }
    "temporary" Nothing "0600 or 0700, whatever the umask" {
        mkstemp "2.2.5", mkstemp64 "2.2.5", mkostemp "2.7", mkostemp64 "2.7",
        mkstemps "2.11", mkstemps64 "2.11", mkostemps "2.11", mkostemps64 "2.11",
        mkdtemp "2.2.5", tmpfile "2.2.5", tmpfile64 "2.2.5",
    }
    "temporary" Nothing "gives a name; what is created goes through open" {
        mktemp "2.2.5", __mktemp "2.2.5", tempnam "2.2.5", tmpnam "2.2.5", tmpnam_r "2.2.5",
    }
    "socket" Clamp "the socket is narrowed, bound, and given its mode back" { bind "2.2.5" numbered }
    "socket" Clamp "for old binaries; binds inside libc" { svcunix_create "2.2.5" }
    "socket" Nothing "binds no path" {
        bindresvport "2.2.5", socket "2.2.5", __socket "2.2.5", socketpair "2.2.5",
        svcunixfd_create "2.2.5",
    }
    "ipc" Clamp "files below /dev/shm and /dev/mqueue" {
        shm_open "2.2.5", sem_open "2.2.5", mq_open "2.3.4" numbered,
    }
    "ipc" Nothing "fortified: creates nothing" { __mq_open_2 "2.7" }
    "ipc" Nothing "keys, not paths" { shmget "2.2.5" }
    "ipc" Nothing "has no name and cannot be given one" { memfd_create "2.27" }
    "chmod" Clamp "" { chmod "2.2.5" numbered, fchmod "2.2.5" numbered, fchmodat "2.4" numbered, lchmod "2.3.2" }
    "chmod" Clamp "no function of libc: by number alone" { fchmodat2 "" numbered }
    "xattr" Clamp "no function of libc: by number alone" { setxattrat "" numbered }
    "xattr" Clamp "a POSIX ACL is an attribute" {
        setxattr "2.3" numbered, lsetxattr "2.3" numbered, fsetxattr "2.3" numbered,
    }
    "xattr" Nothing "without its ACL a file keeps the mode, whose group bits were its mask" {
        removexattr "2.3", lremovexattr "2.3", fremovexattr "2.3",
    }
    "rename" NarrowBefore "" { rename "2.2.5" numbered, renameat "2.4" numbered, renameat2 "2.28" numbered }
    "rename" NarrowBefore "" { link "2.2.5" numbered, linkat "2.4" numbered }
    "rename" Nothing "a link's own mode means nothing; what it points to is found when it is used" {
        symlink "2.2.5", symlinkat "2.4",
    }
    "rename" Watch "the last plain name of an inode that kept its mode at a sensitive one" {
        unlink "2.2.5" numbered, unlinkat "2.4" numbered, remove "2.2.5",
    }
    "write by name" Tighten "" { truncate "2.2.5" numbered, truncate64 "2.2.5" numbered }
    "write by name" Nothing "the descriptor was narrowed when it was opened for writing" {
        ftruncate "2.2.5", ftruncate64 "2.2.5", fallocate "2.10", fallocate64 "2.10",
        posix_fallocate "2.2.5", posix_fallocate64 "2.2.5",
    }
    "login records" Tighten "" {
        updwtmp "2.2.5", updwtmpx "2.2.5", pututline "2.2.5", pututxline "2.2.5",
        login "2.2.5", logout "2.2.5", logwtmp "2.2.5",
    }
    "login records" Watch "names the file of pututline" { utmpname "2.2.5", utmpxname "2.2.5" }
    "filter" Watch "a program under a filter of system calls must see none but its own" {
        prctl "2.2.5" numbered,
    }
    "filter" Watch "no function of libc: by number alone" { seccomp "" numbered }
    "fixed files" Nothing "/etc/.pwd.lock, 0600" { lckpwdf "2.2.5", ulckpwdf "2.2.5" }
    "fixed files" OutOfReach "/etc/hostid, 0644, and it holds no secret" { sethostid "2.2.5" }
    "fixed files" OutOfReach "gmon.out of a program built with -pg, opened inside libc" {
        _mcleanup "2.2.5", monstartup "2.2.5", __monstartup "2.2.5",
    }
    "fixed files" Nothing "write to a stream of the caller's" {
        putpwent "2.2.5", putspent "2.2.5", putgrent "2.2.5", putsgent "2.10",
        addmntent "2.2.5",
    }
    "terminal" Nothing "opens /dev/ptmx; the mount says the mode" {
        posix_openpt "2.2.5", openpty "2.2.5", forkpty "2.2.5", login_tty "2.2.5",
    }
    "syscall" Dispatch "by number; io_uring_setup is answered with ENOSYS" { syscall "2.2.5" }
    "io_uring" Refuse "liburing's own, which calls the kernel by itself; answered with ENOSYS" {
        io_uring_queue_init "0.1", io_uring_queue_init_params "0.2",
        io_uring_setup "2.4" numbered, io_uring_queue_init_mem "2.5",
    }
    "symbols" Dispatch "a name with a hook leads to the hook, by a handle of libc as well" {
        dlsym "2.2.5", dlvsym "2.2.5",
    }
    "symbols" Dispatch "with RTLD_DEEPBIND: what was bound past the hooks is led back to them" {
        dlopen "2.2.5",
    }
    "umask" Nothing "never touched: a clamped mode makes it irrelevant" { umask "2.2.5" }
    "root" Watch "paths mean something else behind it; descriptors are remembered before" {
        chroot "2.2.5" numbered, pivot_root "2.2.5" numbered, mount "2.2.5" numbered, move_mount "2.36" numbered,
        umount "2.2.5" numbered, umount2 "2.2.5" numbered, setns "2.14" numbered,
    }
    "root" OutOfReach "changes what paths mean; see docs/limits.md on chroot and mounts" {
        open_tree "2.36",
        fsopen "2.36", fsconfig "2.36", fsmount "2.36", fspick "2.36", mount_setattr "2.36",
        unshare "2.4",
    }
    "kernel writes" OutOfReach "the kernel writes to a file that exists" {
        acct "2.2.5", swapon "2.2.5", quotactl "2.2.5",
    }
    "process" Nothing "the library stays mapped, and no hook holds a lock" {
        fork "2.2.5", __fork "2.2.5", __libc_fork "2.2.5", _Fork "2.34", vfork "2.2.5",
        __vfork "2.2.5", clone "2.2.5", __clone "2.2.5",
        pthread_create "2.2.5", thrd_create "2.28",
    }
    "reading" Nothing "opens for reading" {
        opendir "2.2.5", fts_open "2.2.5", fts64_open "2.23", catopen "2.2.5",
        iconv_open "2.2.5", __gconv_open "2.2.5", __open_catalog "2.2.5",
        __nss_files_fopen "2.2.5", __nss_files_data_open "2.2.5",
    }
    "reading" OutOfReach "a second namespace has its own libc" { dlmopen "2.3.4" }
    "exec" Reinject "" {
        execve "2.2.5" numbered, execv "2.2.5", execvp "2.2.5", execvpe "2.11",
        execl "2.2.5", execle "2.2.5", execlp "2.2.5", fexecve "2.2.5", execveat "2.34" numbered,
    }
    "exec" Reinject "starts a shell with the process's environment" {
        system "2.2.5", popen "2.2.5", _IO_popen "2.2.5", wordexp "2.2.5",
    }
    "exec" OutOfReach "libc's own, or a method of popen's stream that is called by no name" {
        __libc_system "2.2.5", _IO_proc_open "2.2.5",
    }
    "exec" Nothing "runs on another machine" { rexec "2.2.5", rexec_af "2.2.5" }
    "spawn" Reinject "" { posix_spawn "2.2.5", posix_spawnp "2.2.5" }
    "spawn" Nothing "read when the child is spawned" {
        posix_spawn_file_actions_addopen "2.2.5",
        posix_spawn_file_actions_addchdir_np "2.29",
        posix_spawn_file_actions_addfchdir_np "2.29",
    }
    "spawn" Nothing "opens nothing" {
        posix_spawn_file_actions_init "2.2.5", posix_spawn_file_actions_destroy "2.2.5",
        posix_spawn_file_actions_addclose "2.2.5", posix_spawn_file_actions_adddup2 "2.2.5",
        posix_spawn_file_actions_addclosefrom_np "2.34",
        posix_spawn_file_actions_addtcsetpgrp_np "2.35",
    }
    "log" Nothing "a socket, or the console" {
        openlog "2.2.5", syslog "2.2.5", vsyslog "2.2.5", __syslog_chk "2.4", __vsyslog_chk "2.4",
    }
    "descriptors" Nothing "no inode of a file" { pidfd_open "2.36" }
}

/// The entry of this name.
pub fn symbol(name: &str) -> Option<&'static Symbol> {
    SYMBOLS.iter().find(|symbol| symbol.name == name)
}

/// Leads the number of the system call of this name to a hook?
pub const fn is_numbered(name: &str) -> bool {
    let mut symbols = SYMBOLS;
    while let [symbol, rest @ ..] = symbols {
        if symbol.numbered && same(symbol.name, name) {
            return true;
        }
        symbols = rest;
    }
    false
}

/// `==`, for the compiler.
const fn same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([a, one_rest @ ..], [b, other_rest @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

//! `syscall` (syscall(2)): programs that name the kernel's calls by number, among
//! them allocators at their own start, long before our constructor.
//!
//! All six arguments are passed on as they came. A number that creates or widens
//! goes the way of the hook of its name.

use core::ffi::c_void;

use libc::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, ENOSYS};
use libc::{c_char, c_int, c_long, c_uint, mode_t, sockaddr, socklen_t};

use super::ioctl::subvolume;
use super::openat2::openat2;
use super::socket::path_of;
use super::uring::refuses;
use crate::call::{Call, Subject};
use crate::children::envp::Array;
use crate::children::{at, at_path, exec};
use crate::enforce::chmod::{acl, chmod, names_acl, widens as widens_existing};
use crate::enforce::create::{create, widens};
use crate::enforce::existing::written;
use crate::enforce::nolinks::filter_comes;
use crate::enforce::open::{open, opens_for_writing};
use crate::enforce::root::{enter, leave};
use crate::enforce::{handle, how, links, moves, queue, socket};
use crate::{errno, state};
use redhook::{hook, real};

/// The six arguments, as wide as a register.
type Arguments = [c_long; 6];

hook! {
    unsafe fn syscall(number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long) -> c_long => hook_syscall {
        if state::active().is_none() {
            return real!(syscall)(number, a, b, c, d, e, f);
        }
        // The kernel looks at the low 32 bits only (`do_syscall_64`).
        let number = c_long::from(number as c_int);
        let call = Number { number, arguments: [a, b, c, d, e, f] };
        if let Some(result) = call.opening().or_else(|| call.creating()) {
            return result;
        }
        if let Some(result) = call.changing().or_else(|| call.moving()) {
            return result;
        }
        call.other().unwrap_or_else(|| call.pass())
    }
}

/// The real symbol, for a call of libc's that this libc has not.
///
/// # Safety
/// As for the system call of this number.
#[cfg(libc_has_openat2)]
pub unsafe fn real_syscall(number: c_long, arguments: Arguments) -> c_long {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the caller's promise.
    unsafe { real!(syscall)(number, a, b, c, d, e, f) }
}

/// A system call by number.
#[derive(Clone, Copy)]
struct Number {
    number: c_long,
    arguments: Arguments,
}

impl Number {
    /// The call as it is.
    fn pass(&self) -> c_long {
        let [a, b, c, d, e, f] = self.arguments;
        // SAFETY: the program's own call, with what the rules changed in it.
        unsafe { real!(syscall)(self.number, a, b, c, d, e, f) }
    }

    /// The call with one argument changed; 0, a descriptor or -1.
    fn with(mut self, index: usize, value: c_long) -> c_int {
        if let Some(argument) = self.arguments.get_mut(index) {
            *argument = value;
        }
        self.pass() as c_int
    }

    fn int(&self, index: usize) -> c_int {
        self.arguments.get(index).copied().unwrap_or_default() as c_int
    }

    fn mode(&self, index: usize) -> mode_t {
        self.int(index) as mode_t
    }

    fn path(&self, index: usize) -> *const c_char {
        self.arguments.get(index).copied().unwrap_or_default() as *const c_char
    }

    /// The place of the path in argument `index`, relative to the descriptor in
    /// the one before or, if `index` is 0, to the cwd.
    fn place(&self, name: &'static str, index: usize, follow: bool) -> Option<Call<'_>> {
        let dirfd = index
            .checked_sub(1)
            .map_or(AT_FDCWD, |before| self.int(before));
        // SAFETY: the program's own argument, read as the kernel would.
        unsafe { Call::at(name, dirfd, self.path(index), follow) }
    }

    /// The same for a call that opens with these flags.
    fn opened(&self, name: &'static str, index: usize, flags: c_int) -> Option<Call<'_>> {
        let dirfd = index
            .checked_sub(1)
            .map_or(AT_FDCWD, |before| self.int(before));
        // SAFETY: the program's own argument, read as the kernel would.
        let mut call = unsafe { Call::opening(name, dirfd, self.path(index), flags) }?;
        call.cancels = false;
        Some(call)
    }

    /// The same where `AT_EMPTY_PATH` may stand in the flags.
    fn place_or_descriptor(
        &self,
        name: &'static str,
        index: usize,
        follow: bool,
        flags: c_int,
    ) -> Option<Call<'_>> {
        let dirfd = index
            .checked_sub(1)
            .map_or(AT_FDCWD, |before| self.int(before));
        let empty = flags & AT_EMPTY_PATH != 0;
        // SAFETY: the program's own argument, read as the kernel would.
        unsafe { Call::at_or_on(name, dirfd, self.path(index), follow, empty) }
    }

    fn opening(&self) -> Option<c_long> {
        let (path, flags) = match self.number {
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_open => (0, 1),
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_creat => return Some(self.creat()),
            libc::SYS_openat => (1, 2),
            libc::SYS_openat2 => return Some(self.openat2()),
            libc::SYS_mq_open => return Some(self.mq_open()),
            _ => return None,
        };
        let wanted = self.int(flags);
        if !opens_for_writing(wanted) {
            return None;
        }
        let call = self.opened("syscall(open)", path, wanted);
        let real = |wanted, mode| self.opening_with(flags, wanted, mode);
        let result = open(call, wanted, self.mode(flags + 1), &real);
        Some(c_long::from(result))
    }

    /// The call with other flags in argument `flags` and another mode behind it.
    fn opening_with(&self, flags: usize, wanted: c_int, mode: mode_t) -> c_int {
        let mut changed = *self;
        if let Some(argument) = changed.arguments.get_mut(flags) {
            *argument = c_long::from(wanted);
        }
        changed.with(flags + 1, mode as c_long)
    }

    fn mq_open(&self) -> c_long {
        // SAFETY: the program's own argument; the kernel's names have no `/`.
        let path = unsafe { super::ipc::queue(self.path(0)) };
        let call = path.as_ref().and_then(|path| path.call("mq_open"));
        let real = |wanted, mode| self.opening_with(1, wanted, mode);
        c_long::from(queue::open(call, self.int(1), self.mode(2), &real))
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    fn creat(&self) -> c_long {
        let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC | super::open::LARGE;
        let call = self.opened("syscall(creat)", 0, flags);
        let result = open(call, flags, self.mode(1), &|wanted, mode| {
            let mut changed = *self;
            if wanted != flags {
                changed.number = libc::SYS_open;
                changed.arguments = [self.path(0) as c_long, c_long::from(wanted), 0, 0, 0, 0];
                return changed.with(2, mode as c_long);
            }
            changed.with(1, mode as c_long)
        });
        c_long::from(result)
    }

    fn openat2(&self) -> c_long {
        let [_, _, how, size, ..] = self.arguments;
        let program = (self.int(0), self.path(1), how as *const u8, size as usize);
        let real = |how: *const u8, size: usize| {
            let mut changed = *self;
            let [_, _, given, given_size, ..] = &mut changed.arguments;
            (*given, *given_size) = (how as c_long, size as c_long);
            changed.pass() as c_int
        };
        // SAFETY: the program's own arguments.
        c_long::from(unsafe { openat2(program, &real) })
    }

    fn creating(&self) -> Option<c_long> {
        let (name, path, mode, subject) = match self.number {
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_mkdir => ("syscall(mkdir)", 0, 1, Subject::Directory),
            libc::SYS_mkdirat => ("syscall(mkdirat)", 1, 2, Subject::Directory),
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_mknod => ("syscall(mknod)", 0, 1, Subject::Other),
            libc::SYS_mknodat => ("syscall(mknodat)", 1, 2, Subject::Other),
            _ => return None,
        };
        if !widens(self.mode(mode)) {
            return None;
        }
        let call = self.place(name, path, false);
        let result = create(call, subject, self.mode(mode), &mut |allowed| {
            self.with(mode, allowed as c_long)
        });
        Some(c_long::from(result))
    }

    fn changing(&self) -> Option<c_long> {
        const FCHMODAT2: c_long = 452;
        const SETXATTRAT: c_long = 463;
        let (call, mode) = match self.number {
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_chmod if widens_existing(self.mode(1)) => {
                (self.place("syscall(chmod)", 0, true), 1)
            }
            libc::SYS_fchmod if widens_existing(self.mode(1)) => {
                (Call::on("syscall(fchmod)", self.int(0)), 1)
            }
            // The kernel's has no flags.
            libc::SYS_fchmodat if widens_existing(self.mode(2)) => {
                (self.place("syscall(fchmodat)", 1, true), 2)
            }
            FCHMODAT2 if widens_existing(self.mode(2)) => {
                let flags = self.int(3);
                let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
                let call = self.place_or_descriptor("fchmodat2", 1, follow, flags);
                (call, 2)
            }
            libc::SYS_setxattr => {
                return self.attribute(self.place("syscall(setxattr)", 0, true)?);
            }
            libc::SYS_lsetxattr => {
                return self.attribute(self.place("syscall(lsetxattr)", 0, false)?);
            }
            libc::SYS_fsetxattr => {
                return self.attribute(Call::on("syscall(fsetxattr)", self.int(0))?);
            }
            SETXATTRAT => return self.attribute_at(),
            _ => return None,
        };
        let result = chmod(call, self.mode(mode), &|allowed| {
            self.with(mode, allowed as c_long)
        });
        Some(c_long::from(result))
    }

    fn attribute(&self, call: Call) -> Option<c_long> {
        // SAFETY: the program's own argument.
        if !unsafe { names_acl(self.path(1)) } {
            return None;
        }
        let [_, _, value, size, ..] = self.arguments;
        // SAFETY: the program's own arguments.
        let result = unsafe {
            acl(
                Some(call),
                value as *const c_void,
                size as usize,
                &|value| self.with(2, value as c_long),
            )
        };
        Some(c_long::from(result))
    }

    fn attribute_at(&self) -> Option<c_long> {
        let [_, _, flags, name, given, size] = self.arguments;
        // SAFETY: the program's own argument.
        if !unsafe { names_acl(name as *const c_char) } {
            return None;
        }
        // SAFETY: the program's own arguments.
        let given = unsafe { how::read_xattr(given as *const u8, size as usize) }?;
        let flags = flags as c_int;
        let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
        let call = if self.path(1).is_null() && flags & AT_EMPTY_PATH != 0 {
            // This call takes no path for an empty one.
            Call::on("setxattrat", self.int(0))?
        } else {
            self.place_or_descriptor("setxattrat", 1, follow, flags)?
        };
        // SAFETY: the program's own arguments.
        let result = unsafe {
            acl(Some(call), given.value(), given.size(), &|value| {
                let copy = given.with(value);
                self.with(4, &raw const copy as c_long)
            })
        };
        Some(c_long::from(result))
    }

    fn moving(&self) -> Option<c_long> {
        let real = || self.pass() as c_int;
        let result = match self.number {
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_rename => moves::rename(
                self.place("syscall(rename)", 0, false),
                // SAFETY: the program's own argument.
                unsafe { Call::at("syscall(rename)", AT_FDCWD, self.path(1), false) },
                0,
                &real,
            ),
            #[cfg(not(target_arch = "riscv64"))]
            libc::SYS_renameat => moves::rename(
                self.place("syscall(renameat)", 1, false),
                self.place("syscall(renameat)", 3, false),
                0,
                &real,
            ),
            libc::SYS_renameat2 => moves::rename(
                self.place("syscall(renameat2)", 1, false),
                self.place("syscall(renameat2)", 3, false),
                self.int(4) as c_uint,
                &real,
            ),
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_link => links::link(
                self.place("syscall(link)", 0, false),
                // SAFETY: the program's own argument.
                unsafe { Call::at("syscall(link)", AT_FDCWD, self.path(1), false) },
                &real,
            ),
            libc::SYS_linkat => {
                let flags = self.int(4);
                let follow = flags & AT_SYMLINK_FOLLOW != 0;
                links::link(
                    self.place_or_descriptor("syscall(linkat)", 1, follow, flags),
                    self.place("syscall(linkat)", 3, false),
                    &real,
                )
            }
            #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
            libc::SYS_unlink if links::any_linked() => {
                links::unlink(self.place("syscall(unlink)", 0, false), &real)
            }
            libc::SYS_unlinkat if links::any_linked() => {
                links::unlink(self.place("syscall(unlinkat)", 1, false), &real)
            }
            _ => return None,
        };
        Some(c_long::from(result))
    }

    fn other(&self) -> Option<c_long> {
        match self.number {
            libc::SYS_bind => {
                let address = self.path(1).cast::<sockaddr>();
                // SAFETY: the program's own arguments.
                let path = unsafe { path_of(address, self.int(2) as socklen_t) }?;
                // SAFETY: the path is terminated and outlives the call.
                let call =
                    unsafe { Call::at("syscall(bind)", AT_FDCWD, path.as_ptr().cast(), false) };
                let result = socket::bind(call, self.int(0), &mut || self.pass() as c_int);
                Some(c_long::from(result))
            }
            libc::SYS_open_by_handle_at if opens_for_writing(self.int(2)) => {
                let name = "syscall(open_by_handle_at)";
                let real = |flags| self.with(2, c_long::from(flags));
                Some(c_long::from(handle::open(name, self.int(2), &real)))
            }
            libc::SYS_truncate => {
                let mut result = -1;
                written(self.place("syscall(truncate)", 0, true), &mut || {
                    result = self.pass();
                    result == 0
                });
                Some(result)
            }
            libc::SYS_execve => {
                let start = at_path("syscall(execve)", self.path(0));
                let real = |environment: Array| self.with(2, environment as c_long);
                // SAFETY: the program's own arguments.
                let result = unsafe { exec(start, self.path(2).cast(), &real) };
                Some(c_long::from(result))
            }
            libc::SYS_execveat => {
                let start = at("syscall(execveat)", self.int(0), self.path(1), self.int(4));
                let real = |environment: Array| self.with(3, environment as c_long);
                // SAFETY: the program's own arguments.
                let result = unsafe { exec(start, self.path(3).cast(), &real) };
                Some(c_long::from(result))
            }
            libc::SYS_ioctl => {
                let real = || self.pass() as c_int;
                let (fd, request) = (self.int(0), self.int(1) as u32);
                let argument = self.path(2).cast_mut().cast();
                // SAFETY: the program's own arguments.
                unsafe { subvolume("syscall(ioctl)", fd, request, argument, &real) }
                    .map(c_long::from)
            }
            libc::SYS_io_uring_setup if refuses() => {
                errno::set(ENOSYS);
                Some(-1)
            }
            libc::SYS_chroot => {
                // SAFETY: the program's own argument.
                unsafe { enter("syscall(chroot)", self.path(0)) };
                None
            }
            libc::SYS_pivot_root => {
                // SAFETY: the program's own argument.
                unsafe { leave("syscall", self.path(0)) };
                None
            }
            libc::SYS_mount | libc::SYS_move_mount | libc::SYS_umount2 | libc::SYS_setns => {
                // SAFETY: no path is given.
                unsafe { leave("syscall", core::ptr::null()) };
                None
            }
            libc::SYS_seccomp => {
                filter_comes();
                None
            }
            libc::SYS_prctl if self.int(0) == libc::PR_SET_SECCOMP => {
                filter_comes();
                None
            }
            _ => None,
        }
    }
}

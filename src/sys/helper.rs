//! A helper task beside the calling thread, with an umask, a root or a descriptor table
//! of its own.
//!
//! `umask | mask` is what protects a child that a preload cannot enter, or a socket that
//! another user made. Weaker than the clamp: it holds everywhere and not only at sensitive
//! paths, and below a default ACL not at all. Here, and nowhere else in the library, is
//! umask(2) called.

use core::ffi::c_void;

use libc::c_int;
use syscalls::Sysno;

use super::signals::{block_signals, set_signals};
use super::{close, is_open, map, task, unmap};

/// Makes a call that replaces this program, under a narrowed umask, which is put
/// back when the call fails.
///
/// A `vfork` child has an umask of its own already. In a program with threads the
/// others see the narrow umask until the exec ends them, or fails: nothing gets
/// wider by that.
pub fn under(mask: u32, real: &mut dyn FnMut() -> c_int) -> c_int {
    // The first call only asks: between the two, nobody gets more than the owner.
    let before = umask(0o077);
    umask(before | mask);
    let result = real();
    let now = umask(before);
    if now != before | mask {
        // Another thread's, set meanwhile.
        umask(now);
    }
    result
}

/// Bytes of the helper's stack: `posix_spawn` makes one of its own for the child.
const STACK: usize = 64 * 1024;

/// What the helper is to do, and what came of it.
struct Task<'a> {
    real: &'a mut dyn FnMut() -> c_int,
    result: c_int,
}

/// Makes a call so that it, and nobody else, has a narrowed umask.
///
/// The helper is a task of this process that shares all but the umask, cwd and
/// root (`clone` without `CLONE_FS`); the calling thread waits until it is gone
/// (`CLONE_VFORK`), so that its thread-local data, `errno` among them, are used
/// by one of the two at a time. The helper takes no signal: a handler that jumps
/// would leave on the wrong stack. `real` is told which ones the caller had blocked.
///
/// The kernel may refuse the helper: where the next children are to be in another pid
/// namespace (`unshare`), a task of this process is to be in none; it may be one more
/// than the user may have (`RLIMIT_NPROC`). Then the call is made here, under the
/// umask of the whole process, which other threads see for so long: narrow for a moment
/// rather than not at all.
pub fn aside(mask: u32, real: &mut dyn FnMut(u64) -> c_int) -> c_int {
    let helped = helped(libc::CLONE_FILES, &mut |blocked| {
        under(mask, &mut || real(blocked))
    });
    helped.unwrap_or_else(|| here(mask, real))
}

/// The same without a helper, under the umask of the process.
#[cold]
pub fn here(mask: u32, real: &mut dyn FnMut(u64) -> c_int) -> c_int {
    // No handler of a signal sees the umask.
    let blocked = block_signals();
    let result = under(mask, &mut || real(blocked));
    set_signals(blocked);
    result
}

/// Runs with a copy of the descriptor table, which is full: one of the copies, not
/// `kept`, is closed to have room for another.
pub fn with_room(kept: c_int, run: &mut dyn FnMut()) {
    helped(libc::CLONE_FS, &mut |_| {
        let others = (3..1 << 16).chain(0..3);
        let mut others = others.filter(|&fd| fd != kept && is_open(fd));
        if let Some(fd) = others.next() {
            close(fd);
        }
        run();
        0
    });
}

/// Runs where a root of its own may be taken, and nobody else sees it. `None` if the
/// kernel refuses the helper: then nothing was done.
pub fn with_own_root(run: &mut dyn FnMut() -> c_int) -> Option<c_int> {
    helped(libc::CLONE_FILES, &mut |_| run())
}

/// `shared` is what else such a task shares. `None` if the kernel refuses it: then
/// nothing was done.
fn helped(shared: c_int, real: &mut dyn FnMut(u64) -> c_int) -> Option<c_int> {
    let stack = map(STACK)?;
    let before = block_signals();
    let mut task = Task {
        real: &mut || real(before),
        result: 0,
    };
    let kind = shared
        | libc::CLONE_VM
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_VFORK;
    // SAFETY: the stack is a fresh mapping, whose end is one of a page, and the task
    // outlives the helper, which is gone when this returns.
    let helper = unsafe {
        let top = stack.add(STACK).cast::<c_void>();
        task::start(kind, top, helper, core::ptr::addr_of_mut!(task).cast())
    };
    set_signals(before);
    // SAFETY: the mapping of above; nothing runs on it any more.
    unsafe { unmap(stack, STACK) };
    helper.ok().map(|_| task.result)
}

extern "C" fn helper(task: *mut c_void) {
    // SAFETY: `helped` passes a `Task` and waits until this returns.
    let task = unsafe { &mut *task.cast::<Task>() };
    task.result = (task.real)();
}

/// `umask(2)`: the one before.
fn umask(bits: u32) -> u32 {
    raw!(Sysno::umask, bits).map_or(bits, |before| before as u32)
}

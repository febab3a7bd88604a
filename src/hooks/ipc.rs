//! Named POSIX objects: shared memory, semaphores, message queues. libc opens
//! them inside itself; their names are files below `/dev/shm` and `/dev/mqueue`
//! (shm_overview(7), sem_overview(7), mq_overview(7)).

use core::ffi::c_void;

use libc::{AT_FDCWD, c_char, c_int, c_uint, mode_t, sem_t};

use crate::call::{Bypass, Call, Given, Reason};
use crate::enforce::decide::Depth;
use crate::enforce::existing::created_or_written;
use crate::enforce::open::{open_from, opens_for_writing};
use crate::enforce::queue;
use crate::place;

/// The file behind a name, terminated.
struct ObjectPath([u8; Self::SIZE]);

impl ObjectPath {
    /// The longest directory, `NAME_MAX` and a terminator.
    const SIZE: usize = 32 + 256;

    /// `None` if libc would refuse the name or cannot read it.
    ///
    /// # Safety
    /// As for [`place::read_path`].
    unsafe fn below(directory: &[u8], name: *const c_char) -> Option<Self> {
        // SAFETY: the name as the program gave it, which libc or the kernel reads as well.
        let name = unsafe { place::read_path(name) }?;
        let slashes = name.iter().take_while(|&&byte| byte == b'/').count();
        let name = name.get(slashes..)?;
        if name.is_empty() || name.contains(&b'/') || directory.len() + name.len() >= Self::SIZE {
            return None;
        }
        let mut path = [0; Self::SIZE];
        for (slot, &byte) in path.iter_mut().zip(directory.iter().chain(name)) {
            *slot = byte;
        }
        Some(ObjectPath(path))
    }

    /// The call on this file. None of these functions follows a link there.
    fn call<'a>(symbol: &'static str, path: &'a Option<Self>) -> Given<'a> {
        let reason = Reason::NoObject;
        let ObjectPath(path) = path.as_ref().ok_or(Bypass { symbol, reason })?;
        // SAFETY: the path is terminated and lives as long as the call.
        unsafe { Call::at(symbol, AT_FDCWD, path.as_ptr().cast(), false) }
    }
}

family! { |symbol, real|
    #[symbol]
    unsafe fn shm_open(name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        if !opens_for_writing(flags) {
            return real(name, flags, mode);
        }
        let path = ObjectPath::below(b"/dev/shm/", name);
        let call = ObjectPath::call(symbol, &path);
        // Not by another path: libc adds flags (shm_open.c).
        open_from(&call, Depth::Resolved, flags, mode, &|flags, mode| real(name, flags, mode))
    }

    #[symbol]
    unsafe fn sem_open(name: *const c_char, flags: c_int, mode: mode_t, value: c_uint) -> *mut sem_t {
        let path = ObjectPath::below(b"/dev/shm/sem.", name);
        let call = ObjectPath::call(symbol, &path);
        let mut semaphore = libc::SEM_FAILED;
        // Without `O_CREAT` the mode is not there and not used.
        created_or_written(call, mode, &mut |mode| {
            semaphore = real(name, flags, mode, value);
            semaphore != libc::SEM_FAILED
        });
        semaphore
    }

    // The kernel's names are those of libc without the `/`.
    #[symbol, number]
    unsafe fn mq_open(name: *const c_char, flags: c_int, mode: mode_t, attributes: *mut c_void) -> c_int {
        let path = ObjectPath::below(b"/dev/mqueue/", name);
        let call = ObjectPath::call(symbol, &path);
        queue::open(call, flags, mode, &|flags, mode| real(name, flags, mode, attributes))
    }
}

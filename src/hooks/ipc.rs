//! Named POSIX objects: shared memory, semaphores, message queues. libc opens
//! them inside itself; their names are files below `/dev/shm` and `/dev/mqueue`
//! (shm_overview(7), sem_overview(7), mq_overview(7)).

use core::ffi::c_void;

use libc::{AT_FDCWD, c_char, c_int, c_uint, mode_t, sem_t};

use crate::call::Call;
use crate::enforce::existing::created_or_written;
use crate::enforce::open::{open, opens_for_writing};
use crate::enforce::queue as enforce_queue;
use crate::place;
use redhook::{hook, real};

/// The file behind a name, terminated.
pub struct ObjectPath([u8; Self::SIZE]);

impl ObjectPath {
    /// The longest directory, `NAME_MAX` and a terminator.
    const SIZE: usize = 32 + 256;

    /// `None` if libc would refuse the name or cannot read it.
    ///
    /// # Safety
    /// `name` is the program's own argument.
    unsafe fn below(directory: &[u8], name: *const c_char) -> Option<Self> {
        // SAFETY: the caller's promise.
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
    pub fn call(&self, name: &'static str) -> Option<Call<'_>> {
        // SAFETY: the path is terminated and lives as long as the call.
        unsafe { Call::at(name, AT_FDCWD, self.0.as_ptr().cast(), false) }
    }
}

hook! {
    unsafe fn shm_open(name: *const c_char, flags: c_int, mode: mode_t) -> c_int => hook_shm_open {
        let real = |flags, mode| real!(shm_open)(name, flags, mode);
        if !opens_for_writing(flags) {
            return real(flags, mode);
        }
        let path = ObjectPath::below(b"/dev/shm/", name);
        open(path.as_ref().and_then(|path| path.call("shm_open")), flags, mode, &real)
    }
}

hook! {
    unsafe fn sem_open(name: *const c_char, flags: c_int, mode: mode_t, value: c_uint) -> *mut sem_t => hook_sem_open {
        let path = ObjectPath::below(b"/dev/shm/sem.", name);
        let call = path.as_ref().and_then(|path| path.call("sem_open"));
        let mut semaphore = libc::SEM_FAILED;
        // Without `O_CREAT` the mode is not there and not used.
        created_or_written(call, mode, &mut |mode| {
            semaphore = real!(sem_open)(name, flags, mode, value);
            semaphore != libc::SEM_FAILED
        });
        semaphore
    }
}

/// The file behind a queue's name.
///
/// # Safety
/// `name` is the program's own argument.
pub unsafe fn queue(name: *const c_char) -> Option<ObjectPath> {
    // SAFETY: the caller's promise.
    unsafe { ObjectPath::below(b"/dev/mqueue/", name) }
}

hook! {
    unsafe fn mq_open(name: *const c_char, flags: c_int, mode: mode_t, attributes: *mut c_void) -> c_int => hook_mq_open {
        let path = queue(name);
        let call = path.as_ref().and_then(|path| path.call("mq_open"));
        enforce_queue::open(call, flags, mode, &|flags, mode| {
            real!(mq_open)(name, flags, mode, attributes)
        })
    }
}

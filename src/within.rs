//! What `std` would ask of libc, answered within this library.
//!
//! `std` brings along what prints a panic and its backtrace: 180 KiB that no path
//! of ours reaches, and some thirty symbols of libc, which the loader would look
//! up in every process at its start, a third of a microsecond each. Some of them
//! are newer than the glibc that this library is to run on (`gettid` 2.30,
//! `stat64` 2.33, `_dl_find_object` 2.35). So these names have a meaning of their
//! own inside here: a panic, which would be a fault of ours, says its message and
//! aborts; it prints no backtrace, reads no file and maps none.
//!
//! The system calls here are real ones and set `errno`, so that a later use of
//! one of these names by our own code does what it says.

use core::ffi::{c_char, c_int, c_long, c_short, c_void, CStr};
use core::sync::atomic::AtomicI32;

use libc::{off64_t, posix_spawnattr_t, sigset_t, size_t, ssize_t, ENOSYS, FILE};

use syscalls::{syscall, Sysno};

use crate::jump::stands_for;
use crate::real::{self, Slot};
use crate::{errno, lookup, sys};

/// Fails: only what prints a backtrace asks.
unsafe extern "C" fn unavailable() -> isize {
    errno::set(ENOSYS);
    -1
}

unsafe extern "C" fn no_pointer() -> *mut c_void {
    errno::set(ENOSYS);
    core::ptr::null_mut()
}

unsafe extern "C" fn no_mapping() -> *mut c_void {
    errno::set(ENOSYS);
    libc::MAP_FAILED
}

/// Nothing to give back: none of these was ever given.
unsafe extern "C" fn nothing() {}

stands_for!("fstat64" => unavailable);
stands_for!("stat64" => unavailable);
stands_for!("statx" => unavailable, ".weak ");
stands_for!("lseek64" => unavailable_offset);
stands_for!("readlink" => unavailable);
stands_for!("mmap64" => no_mapping);
stands_for!("getcwd" => no_pointer);
stands_for!("realpath" => no_pointer);
stands_for!("free" => nothing);
stands_for!("malloc" => no_pointer);
stands_for!("realloc" => no_pointer);
stands_for!("writev" => unavailable);
stands_for!("pthread_key_create" => unavailable);
stands_for!("pthread_key_delete" => unavailable);
stands_for!("pthread_setspecific" => unavailable);
stands_for!("__cxa_thread_atexit_impl" => unavailable, ".weak ");
stands_for!("__dso_handle" => nothing, ".weak ");

unsafe extern "C" fn unavailable_offset() -> off64_t {
    errno::set(ENOSYS);
    -1
}

stands_for!("close" => close);
stands_for!("read" => read);
stands_for!("write" => write);
stands_for!("munmap" => munmap);
stands_for!("gettid" => thread_id, ".weak ");
stands_for!("abort" => abort);
stands_for!("fcntl" => fcntl);
stands_for!("getenv" => getenv);
stands_for!("__errno_location" => errno_location);
// Rust's own atomics of aarch64 ask for the processor's: told nothing, they do without.
stands_for!("getauxval" => no_unwinding);

unsafe extern "C" fn close(fd: c_int) -> c_int {
    sys::close(fd);
    0
}

unsafe extern "C" fn read(fd: c_int, buffer: *mut u8, size: size_t) -> ssize_t {
    // SAFETY: the caller's buffer.
    let buffer = unsafe { core::slice::from_raw_parts_mut(buffer, size) };
    length(sys::read(fd, buffer))
}

unsafe extern "C" fn write(fd: c_int, buffer: *const u8, size: size_t) -> ssize_t {
    // SAFETY: the caller's buffer.
    length(sys::write(fd, unsafe {
        core::slice::from_raw_parts(buffer, size)
    }))
}

fn length(outcome: sys::Result<usize>) -> ssize_t {
    outcome.map_or_else(
        |error| {
            errno::set(error);
            -1
        },
        |length| length as ssize_t,
    )
}

unsafe extern "C" fn munmap(address: *mut c_void, size: size_t) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { sys::unmap(address.cast(), size) };
    0
}

/// fcntl(2): on i386 libc has a newer one (glibc 2.28) under the old name. A
/// variadic caller passes the argument in the same place.
unsafe extern "C" fn fcntl(fd: c_int, command: c_int, argument: usize) -> c_int {
    #[cfg(target_pointer_width = "64")]
    const NUMBER: Sysno = Sysno::fcntl;
    #[cfg(target_pointer_width = "32")]
    const NUMBER: Sysno = Sysno::fcntl64;
    // SAFETY: the caller's own arguments.
    match unsafe { syscall!(NUMBER, fd, command, argument) } {
        Ok(value) => value as c_int,
        Err(error) => {
            errno::set(error.into_raw());
            -1
        }
    }
}

/// `gettid(2)`.
unsafe extern "C" fn thread_id() -> c_int {
    // SAFETY: the kernel reads and writes nothing.
    unsafe { syscall!(Sysno::gettid) }.map_or(0, |id| id as c_int)
}

/// abort(3) without libc's lock, and without a handler of the program's: what is
/// left of this process is not fit to run one.
unsafe extern "C" fn abort() -> ! {
    /// The kernel's `struct sigaction`, all zero: `SIG_DFL`.
    const DEFAULT: [usize; 5] = [0; 5];
    const SET_SIZE: usize = 8;
    static UNBLOCKED: u64 = 1 << (libc::SIGABRT - 1);
    let none = core::ptr::null_mut::<c_void>();
    // SAFETY: the kernel reads the two constants, which are as large as it takes
    // them to be.
    unsafe {
        let action = DEFAULT.as_ptr();
        let _ = syscall!(Sysno::rt_sigaction, libc::SIGABRT, action, none, SET_SIZE);
        let set = core::ptr::addr_of!(UNBLOCKED);
        let _ = syscall!(
            Sysno::rt_sigprocmask,
            libc::SIG_UNBLOCK,
            set,
            none,
            SET_SIZE
        );
        let _ = syscall!(Sysno::tgkill, sys::process_id(), thread_id(), libc::SIGABRT);
    }
    sys::exit(127)
}

/// getenv(3): the environment as it is now.
unsafe extern "C" fn getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: a terminated string.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    let mut entry = crate::hooks::exec::current();
    if entry.is_null() {
        return core::ptr::null_mut();
    }
    loop {
        // SAFETY: the array ends with a null pointer, where this ends.
        let text = unsafe { entry.read() };
        if text.is_null() {
            return core::ptr::null_mut();
        }
        // SAFETY: an entry is a terminated string; the comparison ends with the
        // first byte that differs, at the latest the terminating one.
        let same = name
            .iter()
            .enumerate()
            .all(|(index, &byte)| unsafe { text.cast::<u8>().add(index).read() } == byte);
        // SAFETY: as many bytes are there, none of them the terminating one.
        if same && unsafe { text.cast::<u8>().add(name.len()).read() } == b'=' {
            // SAFETY: as above.
            return unsafe { text.add(name.len() + 1) }.cast_mut();
        }
        // SAFETY: as above.
        entry = unsafe { entry.add(1) };
    }
}

/// Where libc's wrappers leave the calling thread's `errno`.
unsafe extern "C" fn errno_location() -> *mut c_int {
    /// For a process without a libc that has one.
    static NONE: AtomicI32 = AtomicI32::new(0);
    static REAL: Slot = Slot::new();
    const NAME: &CStr = c"__errno_location";
    match REAL.address(NAME, const { lookup::hash(NAME) }) {
        // SAFETY: libc's function of this name.
        Some(real) => unsafe {
            core::mem::transmute::<usize, unsafe extern "C" fn() -> *mut c_int>(real)()
        },
        None => NONE.as_ptr(),
    }
}

/// Of libc's functions that the hooks use, each is looked for behind this library when
/// it is first called: that takes no lock and no memory (`crate::lookup`), and never
/// finds one of the program's own that has the same name.
macro_rules! late {
    ($name:literal => $function:ident($($argument:ident: $type:ty),*) -> $result:ty, $failed:expr) => {
        stands_for!($name => $function);

        unsafe extern "C" fn $function($($argument: $type),*) -> $result {
            static REAL: Slot = Slot::new();
            const NAME: &CStr = real::name(concat!($name, "\0"));
            let Some(real) = REAL.address(NAME, const { lookup::hash(NAME) }) else {
                errno::set(ENOSYS);
                return $failed;
            };
            // SAFETY: libc's function of this name, with its own arguments.
            unsafe {
                let real = core::mem::transmute::<usize, unsafe extern "C" fn($($type),*) -> $result>(real);
                real($($argument),*)
            }
        }
    };
}

late!("fdopen" => fdopen(fd: c_int, mode: *const c_char) -> *mut FILE, core::ptr::null_mut());
late!("fileno" => fileno(file: *mut FILE) -> c_int, -1);
late!("__fsetlocking" => fsetlocking(file: *mut FILE, kind: c_int) -> c_int, -1);
late!("clock_gettime" => clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int, -1);
late!("socket" => socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int, -1);
late!("posix_spawnattr_init" => spawnattr_init(attributes: *mut posix_spawnattr_t) -> c_int, ENOSYS);
late!("posix_spawnattr_getflags" => spawnattr_getflags(attributes: *const posix_spawnattr_t, flags: *mut c_short) -> c_int, ENOSYS);
late!("posix_spawnattr_setflags" => spawnattr_setflags(attributes: *mut posix_spawnattr_t, flags: c_short) -> c_int, ENOSYS);
late!("posix_spawnattr_setsigmask" => spawnattr_setsigmask(attributes: *mut posix_spawnattr_t, signals: *const sigset_t) -> c_int, ENOSYS);
late!("fseek" => fseek(file: *mut FILE, offset: c_long, whence: c_int) -> c_int, -1);

/// Unwinding (`libgcc_s`, Itanium C++ ABI, level I). Nothing unwinds from here:
/// the library is built with `panic = "abort"`. A thread that is cancelled in a
/// hook is unwound by the process's own libgcc, through our tables.
macro_rules! unwinding {
    ($($name:literal)*) => {
        $(stands_for!($name => no_unwinding);)*
    };
}

/// `_URC_END_OF_STACK`, and zero for what asks about a frame.
unsafe extern "C" fn end_of_stack() -> c_int {
    5
}

unsafe extern "C" fn no_unwinding() -> usize {
    0
}

stands_for!("_Unwind_Backtrace" => end_of_stack);
stands_for!("_Unwind_RaiseException" => end_of_stack);
stands_for!("_Unwind_Resume" => abort);
unwinding! {
    "dl_iterate_phdr"
    "_Unwind_DeleteException" "_Unwind_FindEnclosingFunction" "_Unwind_GetCFA"
    "_Unwind_GetDataRelBase" "_Unwind_GetIP" "_Unwind_GetIPInfo"
    "_Unwind_GetLanguageSpecificData" "_Unwind_GetRegionStart"
    "_Unwind_GetTextRelBase" "_Unwind_SetGR" "_Unwind_SetIP"
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
mod thread_local {
    //! `std` counts panics in a thread-local. Its first use would have libc
    //! allocate it, and `__tls_get_addr` makes the loader one more needed
    //! library, without which no musl program starts. Whoever panics aborts, so
    //! one for all threads will do.

    use core::cell::UnsafeCell;

    /// More than `std` has: `.tbss` is 16 bytes.
    const SIZE: usize = 256;

    #[repr(align(16))]
    struct Area(UnsafeCell<[u8; SIZE]>);

    // SAFETY: only a panic touches it, and that ends the process.
    unsafe impl Sync for Area {}

    static AREA: Area = Area(UnsafeCell::new([0; SIZE]));

    /// What the compiler hands over (ELF Handling For Thread-Local Storage, 3.4).
    #[repr(C)]
    struct Index {
        module: usize,
        offset: usize,
    }

    #[cfg(target_arch = "x86_64")]
    crate::jump::stands_for!("__tls_get_addr" => address);
    // i386 has a name of its own, with the argument in a register.
    #[cfg(target_arch = "x86")]
    core::arch::global_asm!(
        ".hidden ___tls_get_addr",
        ".globl ___tls_get_addr",
        "___tls_get_addr:",
        "push eax",
        "call {}",
        "add esp, 4",
        "ret",
        sym address
    );

    unsafe extern "C" fn address(index: *const Index) -> *mut u8 {
        // SAFETY: the linker wrote it.
        let offset = unsafe { (*index).offset };
        if offset > SIZE / 2 {
            crate::sys::exit(127);
        }
        // SAFETY: inside the area.
        unsafe { AREA.0.get().cast::<u8>().add(offset) }
    }
}

//! The constructor: reads the settings, once, before the program's own code.
//!
//! It is the first constructor to run (`-z initfirst`), so libc itself has not
//! set `environ` yet: the environment comes as the constructor's third argument,
//! and what children are to see is put into that same array, which libc then
//! takes as `environ`.
//!
//! glibc calls constructors with the arguments of `main`; musl with none, and then
//! whatever was in their place is not looked at: there this library does nothing.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::fmt::Write;

use libc::{c_char, c_int};
use umaskclamp_policy::home;
use umaskclamp_policy::settings::{self, Fault, FileFault, Mode, Settings};

use crate::children::snapshot;
use crate::environment::Environment;
use crate::records::{self, LOG_FLAGS, LOG_MODE};
use crate::state::{self, State};
use crate::{known, lookup, sys};

/// `EX_CONFIG` (sysexits(3)).
const EXIT_CONFIGURATION: c_int = 78;

/// A patterns file may not be longer than one environment string can be: it
/// travels to children as one (`MAX_ARG_STRLEN`).
const FILE_MAX: usize = 128 * 1024;

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn(c_int, *const *const c_char, *mut *const c_char) = constructor;

extern "C" fn constructor(
    count: c_int,
    arguments: *const *const c_char,
    environment: *mut *const c_char,
) {
    lookup::prepare();
    // The kernel puts the environment right behind the arguments and their null
    // pointer: what is no such pair was not handed over.
    let behind = arguments.wrapping_offset(count as isize).wrapping_add(1);
    if count < 0 || arguments.is_null() || behind != environment.cast_const() {
        return;
    }
    // SAFETY: as just seen, the dynamic loader called with the arguments of `main`,
    // before there is a second thread.
    let mut environment = unsafe { Environment::of(environment) };
    // SAFETY: as above.
    let program = unsafe { program_name(arguments) };
    // As `secure_getenv(3)`: a setuid program's caller does not set its settings.
    let secure = environment.auxiliary(libc::AT_SECURE) != 0;
    let settings = match read(&environment, secure) {
        Ok(settings) => settings,
        Err(faults) => refuse(&faults),
    };
    if settings.mode != Mode::Off {
        environment.hand_on(&settings, secure);
        snapshot::take(&mut environment);
    }
    let headers = [libc::AT_PHDR, libc::AT_PHNUM].map(|kind| environment.auxiliary(kind));
    // SAFETY: as the kernel laid them out for this program.
    unsafe { known::prepare(environment.highest(), headers) };
    records::start(settings.level);
    let user = environment.auxiliary(libc::AT_EUID) as u32;
    let page = environment.auxiliary(libc::AT_PAGESZ);
    state::publish(Box::leak(Box::new(State::new(
        settings, program, user, page,
    ))));
}

fn read(environment: &Environment, secure: bool) -> Result<Settings, Vec<Fault>> {
    let entries = environment.starting(snapshot::SETTING).filter(|_| !secure);
    let settings = settings::parse(entries, read_file, || home(environment));
    if secure || settings.as_ref().is_ok_and(|read| read.mode == Mode::Off) {
        return settings;
    }
    match (settings, log_fault(environment)) {
        (Err(mut faults), Some(fault)) => {
            faults.push(fault);
            Err(faults)
        }
        (_, Some(fault)) => Err(vec![fault]),
        (settings, None) => settings,
    }
}

/// Opens the log file once, so that a fault is told before the program runs and
/// not by missing records. Two leading slashes: an ancestor did.
fn log_fault(environment: &Environment) -> Option<Fault> {
    let path = environment.value(b"UMASKCLAMP_LOG_FILE")?;
    if !path.starts_with(b"/") || path.starts_with(b"//") {
        return None;
    }
    let fault = check_log(path).err()?;
    Some(Fault::LogFile {
        path: path.to_vec(),
        fault,
    })
}

/// Stops the program: one line a fault.
fn refuse(faults: &[Fault]) -> ! {
    let mut text = String::new();
    for fault in faults {
        let _ = writeln!(text, "{fault}");
    }
    let _ = sys::write(2, text.as_bytes());
    sys::exit(EXIT_CONFIGURATION)
}

/// `argv[0]` without its directories.
///
/// # Safety
/// `arguments` is the argument vector of a process.
unsafe fn program_name(arguments: *const *const c_char) -> &'static [u8] {
    if arguments.is_null() {
        return b"";
    }
    // SAFETY: an argument vector ends with a null pointer, so it has one entry.
    let name = unsafe { *arguments };
    if name.is_null() {
        return b"";
    }
    // SAFETY: an argument is a terminated string.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    let name = umaskclamp_policy::path::last(name);
    // The program may overwrite its arguments (`setproctitle`).
    name.to_vec().leak()
}

/// `HOME`, or the home directory that `/etc/passwd` has for the effective user.
fn home(environment: &Environment) -> Option<Vec<u8>> {
    let set = environment
        .value(b"HOME")
        .filter(|home| home.starts_with(b"/"));
    if let Some(home) = set {
        return Some(home.to_vec());
    }
    let database = read_whole(c"/etc/passwd", usize::MAX).ok()?;
    home::of_user(sys::effective_user(), &database).map(<[u8]>::to_vec)
}

fn read_file(path: &[u8]) -> Result<Vec<u8>, FileFault> {
    let path = terminated(path);
    let path = CStr::from_bytes_with_nul(&path).map_err(|_| FileFault::Missing)?;
    let inode = sys::stat_at(libc::AT_FDCWD, path.as_ptr(), 0).map_err(fault)?;
    match inode.mode & libc::S_IFMT {
        libc::S_IFREG => read_whole(path, FILE_MAX).map_err(fault),
        libc::S_IFDIR => Err(FileFault::Directory),
        _ => Err(FileFault::NotRegular),
    }
}

fn read_whole(path: &CStr, most: usize) -> sys::Result<Vec<u8>> {
    const STEP: usize = 4096;
    // `O_NONBLOCK`: a fifo must not hold the program before it starts.
    let fd = sys::open(path.as_ptr(), libc::O_RDONLY | libc::O_NONBLOCK, 0)?;
    let mut bytes = Vec::new();
    let result = loop {
        let length = bytes.len();
        bytes.resize(length + STEP, 0);
        let read = sys::read(fd, bytes.get_mut(length..).unwrap_or_default());
        bytes.truncate(length + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => break Ok(bytes),
            Ok(_) if bytes.len() > most => break Err(libc::EFBIG),
            Ok(_) | Err(libc::EINTR) => {}
            Err(error) => break Err(error),
        }
    };
    sys::close(fd);
    result
}

fn check_log(path: &[u8]) -> Result<(), FileFault> {
    let path = terminated(path);
    let fd = sys::open(path.as_ptr().cast(), LOG_FLAGS, LOG_MODE).map_err(fault)?;
    let inode = sys::stat_of(fd);
    sys::close(fd);
    match inode {
        Ok(inode) if inode.is(libc::S_IFREG) || inode.is(libc::S_IFCHR) => Ok(()),
        Ok(_) => Err(FileFault::NotRegular),
        Err(error) => Err(fault(error)),
    }
}

fn fault(error: c_int) -> FileFault {
    match error {
        libc::ENOENT => FileFault::Missing,
        libc::EACCES | libc::EPERM | libc::EROFS => FileFault::Denied,
        libc::EISDIR => FileFault::Directory,
        libc::ELOOP => FileFault::Link,
        libc::ENXIO => FileFault::NotRegular,
        libc::EFBIG => FileFault::TooLong,
        error => FileFault::Errno(error),
    }
}

fn terminated(path: &[u8]) -> Vec<u8> {
    [path, b"\0"].concat()
}

//! Carries a row out in this process and says what came of it.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use crate::rows::{Arg, Ret, Row, Step};

/// What errno holds before each call: a success must leave it.
const UNTOUCHED: c_int = 1234;

/// Any function of libc, called as a variadic one: on x86-64, aarch64,
/// riscv64 and the 32-bit machines that agrees with a fixed list of integer
/// and pointer arguments.
type Function = unsafe extern "C" fn(usize, ...) -> usize;

unsafe extern "C" {
    fn dlvsym(handle: *mut c_void, symbol: *const c_char, version: *const c_char) -> *mut c_void;
    fn fwide(stream: *mut libc::FILE, mode: c_int) -> c_int;
    fn fgetwc(stream: *mut libc::FILE) -> u32;
    fn fputwc(c: libc::wchar_t, stream: *mut libc::FILE) -> u32;
    static mut environ: *mut *mut c_char;
}

fn errno() -> c_int {
    // SAFETY: the address is this thread's own errno.
    unsafe { *libc::__errno_location() }
}

fn set_errno(value: c_int) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = value };
}

/// Versions that glibc's machines began with, or soon afterwards.
const VERSIONS: [&CStr; 6] = [
    c"GLIBC_2.2.5",
    c"GLIBC_2.4",
    c"GLIBC_2.17",
    c"GLIBC_2.3",
    c"GLIBC_2.0",
    c"GLIBC_2.1",
];

/// The symbol as the dynamic linker finds it for a program: the preload's, if
/// there is one. Symbols that glibc keeps only for old binaries (`__xmknod`,
/// since 2.33) have to be asked for with their version.
fn resolve(call: &str) -> Option<Function> {
    let name = CString::new(call).ok()?;
    // SAFETY: the name ends in NUL.
    let mut found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    for version in VERSIONS {
        if found.is_null() {
            // SAFETY: both names end in NUL.
            found = unsafe { dlvsym(libc::RTLD_DEFAULT, name.as_ptr(), version.as_ptr()) };
        }
    }
    if found.is_null() {
        return None;
    }
    // SAFETY: every symbol in the table is a function of integers and pointers.
    Some(unsafe { std::mem::transmute::<*mut c_void, Function>(found) })
}

struct Performer<'a> {
    row: &'a Row,
    root: &'a Path,
    dirfd: c_int,
    results: Vec<usize>,
    slots: [Vec<u64>; 2],
    /// Memory that the calls point to; kept until the process ends.
    kept: Vec<Vec<u8>>,
    lists: Vec<Vec<*const c_char>>,
    facts: String,
}

/// Carries out `row` in the tree `root` and returns the facts, one line.
pub fn perform(row: &Row, root: &Path) -> String {
    let mut performer = Performer {
        row,
        root,
        dirfd: libc::AT_FDCWD,
        results: Vec::new(),
        slots: [vec![0; 512], vec![0; 512]],
        kept: Vec::new(),
        lists: Vec::new(),
        facts: String::new(),
    };
    performer.stand();
    for step in &row.steps {
        if !performer.step(step) {
            break;
        }
    }
    performer.close();
    performer.facts
}

impl Performer<'_> {
    fn text(&self, template: &str) -> Vec<u8> {
        let unique = self.root.file_name().unwrap_or_default();
        let more = [
            ("{D}", self.root.as_os_str().as_bytes().to_vec()),
            ("{F}", self.dirfd.to_string().into()),
            ("{P}", std::process::id().to_string().into()),
            ("{U}", unique.as_bytes().to_vec()),
            (
                "{R0}",
                self.results
                    .first()
                    .map(|r| (*r as c_int).to_string())
                    .unwrap_or_default()
                    .into(),
            ),
        ];
        self.row.expand(template, &more)
    }

    fn string(&mut self, template: &str) -> usize {
        let mut bytes = self.text(template);
        bytes.push(0);
        self.keep(bytes)
    }

    fn keep(&mut self, bytes: Vec<u8>) -> usize {
        let address = bytes.as_ptr() as usize;
        self.kept.push(bytes);
        address
    }

    /// Working directory, directory descriptor and umask.
    fn stand(&mut self) {
        let spot = self.row.spot.clone();
        let (remove, cwd) = match spot.cwd.strip_prefix('!') {
            Some(cwd) => (true, cwd),
            None => (false, spot.cwd),
        };
        let cwd = self.string(&format!("{{D}}/{cwd}")) as *const c_char;
        // SAFETY: the strings end in NUL and are kept.
        unsafe {
            assert_eq!(libc::chdir(cwd), 0, "chdir");
            if remove {
                assert_eq!(libc::rmdir(cwd), 0, "rmdir");
            }
        }
        match spot.at {
            None => {}
            Some("#") => self.dirfd = 99,
            Some(at) => {
                let (flags, at) = match at.strip_prefix('^') {
                    Some(at) => (libc::O_PATH, at),
                    None => (libc::O_RDONLY, at),
                };
                let at = self.string(&format!("{{D}}/{at}")) as *const c_char;
                // SAFETY: as above.
                self.dirfd = unsafe { libc::open(at, flags | libc::O_CLOEXEC) };
                assert!(self.dirfd >= 0, "directory descriptor");
            }
        }
        // SAFETY: umask cannot fail.
        unsafe { libc::umask(self.row.umask) };
    }

    fn arg(&mut self, arg: &Arg) -> usize {
        match arg {
            Arg::Path => self.string(self.row.spot.path),
            Arg::Dir => self.dirfd as usize,
            Arg::Num(value) => *value as usize,
            Arg::Text(text) => self.string(text),
            Arg::Null => 0,
            Arg::Eight => 8,
            Arg::Hole => pages() + 4096,
            Arg::Edge => {
                let edge = pages() + 4096 - 16;
                // SAFETY: the sixteen bytes before the end of a mapped page.
                unsafe {
                    ptr::copy_nonoverlapping(b"edge/of/the/page".as_ptr(), edge as *mut u8, 16)
                };
                edge
            }
            Arg::Open(flags, path) => {
                let path = self.string(path) as *const c_char;
                // SAFETY: the path ends in NUL and is kept.
                let fd = unsafe { libc::open(path, *flags) };
                assert!(
                    fd >= 0,
                    "{}: open beforehand: errno {}",
                    self.row.name,
                    errno()
                );
                fd as usize
            }
            Arg::Stream(mode, path) => {
                let path = self.string(path) as *const c_char;
                let mode = self.string(mode) as *const c_char;
                // SAFETY: both strings end in NUL and are kept.
                let stream = unsafe { libc::fopen(path, mode) };
                assert!(
                    !stream.is_null(),
                    "{}: fopen beforehand: {}",
                    self.row.name,
                    errno()
                );
                stream as usize
            }
            Arg::Data(bytes) => self.keep(bytes.clone()),
            Arg::Slot(index) => self.slots[*index].as_mut_ptr() as usize,
            Arg::Result(index) => self.results[*index],
            Arg::Address => {
                let path = self.text(self.row.spot.path);
                let mut address = vec![0u8; 110];
                address[..2].copy_from_slice(&(libc::AF_UNIX as u16).to_ne_bytes());
                assert!(path.len() < 108, "the tree's path is too long for a socket");
                address[2..2 + path.len()].copy_from_slice(&path);
                self.keep(address)
            }
            // SAFETY: the environment of a program with one thread.
            Arg::Environ => unsafe { environ as usize },
            Arg::Argv(list) => {
                let mut pointers: Vec<*const c_char> = list
                    .iter()
                    .map(|text| self.string(text) as *const c_char)
                    .collect();
                pointers.push(ptr::null());
                self.lists.push(pointers);
                self.lists.last().map_or(0, |list| list.as_ptr() as usize)
            }
        }
    }

    /// Does one call; false if the next ones make no sense any more.
    fn step(&mut self, step: &Step) -> bool {
        let Some(function) = resolve(&step.call) else {
            let _ = write!(self.facts, "{}=missing ", step.call);
            return false;
        };
        let mut args = [0usize; 7];
        for (slot, arg) in args.iter_mut().zip(&step.args) {
            *slot = self.arg(arg);
        }
        let [a, b, c, d, e, f, g] = args;
        set_errno(UNTOUCHED);
        // SAFETY: the row gives the arguments that the function takes; those
        // that are bad on purpose are for the kernel to refuse.
        let result = unsafe { function(a, b, c, d, e, f, g) };
        let error = errno();
        self.results.push(result);
        let number = result as c_int;
        let shown = match step.ret {
            Ret::Void => "void".to_owned(),
            Ret::File | Ret::Pointer if result == 0 => "null".to_owned(),
            Ret::File | Ret::Pointer => "pointer".to_owned(),
            _ => number.to_string(),
        };
        let _ = write!(self.facts, "{}={shown} errno={error} ", step.call);
        match step.ret {
            Ret::Fd if number >= 0 => self.descriptor(number, true),
            Ret::Kept if number >= 0 => self.descriptor(number, false),
            Ret::File if result != 0 => self.stream(result as *mut libc::FILE),
            Ret::Child if number == 0 => self.child(),
            Ret::Int | Ret::Fd | Ret::Kept => return number >= 0,
            Ret::Code | Ret::Child => return number == 0,
            _ => {}
        }
        true
    }

    fn descriptor(&mut self, fd: c_int, write: bool) {
        // SAFETY: calls on a descriptor that the row has just got.
        let (status, own, position) = unsafe {
            (
                libc::fcntl(fd, libc::F_GETFL),
                libc::fcntl(fd, libc::F_GETFD),
                libc::lseek(fd, 0, libc::SEEK_CUR),
            )
        };
        let _ = write!(
            self.facts,
            "fd={fd} flags={status:o} cloexec={own} at={position} "
        );
        if write {
            set_errno(0);
            // SAFETY: four bytes from a literal.
            let wrote = unsafe { libc::write(fd, c"new\n".as_ptr().cast(), 4) };
            let _ = write!(self.facts, "wrote={wrote}/{} ", errno());
        }
    }

    fn stream(&mut self, stream: *mut libc::FILE) {
        // SAFETY: calls on a stream that the row has just got, closed once.
        unsafe {
            self.descriptor(libc::fileno(stream), false);
            let wide = fwide(stream, 0);
            let before = (
                libc::ftell(stream),
                libc::feof(stream),
                libc::ferror(stream),
            );
            set_errno(0);
            let read = if wide > 0 {
                fgetwc(stream) as c_int
            } else {
                libc::fgetc(stream)
            };
            let read_error = (errno(), libc::feof(stream), libc::ferror(stream));
            libc::clearerr(stream);
            let sought = libc::fseek(stream, 0, libc::SEEK_CUR);
            set_errno(0);
            let put = if wide > 0 {
                fputwc(0xe9, stream) as c_int
            } else {
                libc::fputs(c"new\n".as_ptr(), stream)
            };
            let put_error = (errno(), libc::ferror(stream));
            let after = (libc::fflush(stream), libc::ftell(stream));
            let closed = libc::fclose(stream);
            let _ = write!(
                self.facts,
                "wide={wide} before={before:?} read={read}/{read_error:?} sought={sought} \
                 put={put}/{put_error:?} after={after:?} closed={closed} "
            );
        }
    }

    fn child(&mut self) {
        let pid = self.slots[0].first().map_or(0, |word| *word as libc::pid_t);
        let mut status = 0;
        // SAFETY: waits for the child that posix_spawn has just named.
        let waited = unsafe { libc::waitpid(pid, &mut status, 0) == pid };
        let _ = write!(self.facts, "waited={waited} status={status:x} ");
    }

    /// What is left of the process: its umask, its descriptors, and what is
    /// in the file now.
    fn close(&mut self) {
        for (step, result) in self.row.steps.iter().zip(&self.results) {
            // SAFETY: a zeroed `stat` is one, and the descriptor is the row's.
            let (stat, found) = unsafe {
                let mut stat: libc::stat = std::mem::zeroed();
                let found = libc::fstat(*result as c_int, &mut stat);
                (stat, found)
            };
            if step.call == "socket" && found == 0 {
                let _ = write!(self.facts, "socket={:o} ", stat.st_mode);
            }
        }
        // SAFETY: umask cannot fail.
        let umask = unsafe { libc::umask(0) };
        // SAFETY: F_GETFD only asks.
        let is_open = |fd: &c_int| unsafe { libc::fcntl(*fd, libc::F_GETFD) } >= 0;
        let open: Vec<c_int> = (0..200).filter(is_open).collect();
        let target = self.text(&format!("{{D}}/{}", self.row.spot.real));
        let target = Path::new(std::ffi::OsStr::from_bytes(&target));
        let regular = std::fs::metadata(target).is_ok_and(|m| m.is_file());
        let content = if regular {
            std::fs::read(target).unwrap_or_default()
        } else {
            Vec::new()
        };
        let content = content.escape_ascii().to_string();
        let short = content.get(..40).unwrap_or(&content);
        let _ = write!(
            self.facts,
            "umask={umask:03o} open={open:?} content={short:?}"
        );
    }
}

/// The address of two pages, the second one mapped without any right.
fn pages() -> usize {
    // SAFETY: new anonymous memory, at an address of the kernel's choice.
    unsafe {
        let at = libc::mmap(
            ptr::null_mut(),
            8192,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(at, libc::MAP_FAILED, "mmap");
        let hole = at.cast::<u8>().add(4096).cast::<c_void>();
        assert_eq!(libc::mprotect(hole, 4096, libc::PROT_NONE), 0, "mprotect");
        at as usize
    }
}

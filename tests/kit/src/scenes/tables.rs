//! The descriptor table: full, nearly full, with holes where 0 to 2 were.

use std::ffi::c_int;
use std::path::Path;

use super::{c, fact};
use crate::acl;

/// Takes every descriptor that is left and says how many there are in all.
fn fill() -> c_int {
    let limit = libc::rlimit {
        rlim_cur: 64,
        rlim_max: 64,
    };
    // SAFETY: a plain structure, and descriptors that stay open.
    unsafe {
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
        let mut last = -1;
        loop {
            let fd = libc::dup(2);
            if fd < 0 {
                return last;
            }
            last = fd;
        }
    }
}

/// Every kind of call at `dir/side`, as facts.
fn calls(dir: &Path, side: &str, end: &str) -> String {
    let at = |name: &str| c(dir.join(side).join(name));
    let list = acl::generous(6);
    let access = c(acl::ACCESS);
    let from = c(dir.join("outside/from"));
    let mut facts = String::new();
    let mut note = |call: &str, result: i64| facts += &fact(&format!("{side} {call}"), result);
    // SAFETY: every string ends in NUL and lives as long as the call; the ACL
    // is as long as is said; streams and descriptors are not used afterwards.
    unsafe {
        let new = libc::O_CREAT | libc::O_WRONLY;
        note("open", libc::open(at("o").as_ptr(), new, 0o666).into());
        note(
            "open existing",
            libc::open(at("wide").as_ptr(), libc::O_WRONLY).into(),
        );
        note(
            "openat",
            libc::openat(libc::AT_FDCWD, at("oa").as_ptr(), new, 0o666).into(),
        );
        note("creat", libc::creat(at("c").as_ptr(), 0o666).into());
        let stream = libc::fopen(at("f").as_ptr(), c"w".as_ptr());
        note("fopen", if stream.is_null() { -1 } else { 0 });
        note("mkdir", libc::mkdir(at("d").as_ptr(), 0o777).into());
        note("mkfifo", libc::mkfifo(at("p").as_ptr(), 0o666).into());
        note(
            "mknod",
            libc::mknod(at("n").as_ptr(), libc::S_IFREG | 0o666, 0).into(),
        );
        note("chmod", libc::chmod(at("narrow").as_ptr(), 0o666).into());
        let value = list.as_ptr().cast();
        note(
            "setxattr",
            libc::setxattr(at("narrow").as_ptr(), access.as_ptr(), value, list.len(), 0).into(),
        );
        note(
            "rename",
            libc::rename(from.as_ptr(), at(&format!("r.{end}")).as_ptr()).into(),
        );
        note(
            "link",
            libc::link(at(&format!("r.{end}")).as_ptr(), at("l").as_ptr()).into(),
        );
        note(
            "truncate",
            libc::truncate(at("a/b/wide").as_ptr(), 1).into(),
        );
    }
    facts
}

fn both(dir: &Path) -> String {
    calls(dir, "secret", "iso") + &calls(dir, "plain", "txt")
}

/// No descriptor left.
pub fn full(dir: &Path) -> String {
    let last = fill();
    format!("{}last {last}\n", both(dir))
}

/// One descriptor left: whatever a call opens gets that number.
pub fn one_free(dir: &Path) -> String {
    let last = fill();
    let mut facts = String::new();
    for name in ["secret/one", "plain/one", "secret/wide", "plain/wide"] {
        // SAFETY: a descriptor of ours, and strings that end in NUL.
        unsafe {
            libc::close(last);
            let path = c(dir.join(name));
            let fd = libc::open(path.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o666);
            facts += &format!("{name} open {}\n", fd == last);
            libc::close(fd);
            let stream = libc::fopen(path.as_ptr(), c"a+".as_ptr());
            facts += &format!(
                "{name} fopen {}\n",
                !stream.is_null() && libc::fileno(stream) == last
            );
            // The program's next descriptor is the same as without a shim.
            facts += &format!("{name} none left {}\n", libc::dup(2));
            if !stream.is_null() {
                libc::fclose(stream);
            }
            libc::close(last);
            libc::dup(2);
        }
    }
    facts
}

/// Descriptors 0 to 2 closed: what is opened becomes them.
pub fn closed(dir: &Path) -> String {
    // SAFETY: nothing of this program reads or writes them until the end, when
    // stdout is put back.
    unsafe {
        let kept = libc::fcntl(1, libc::F_DUPFD, 50);
        for fd in 0..3 {
            libc::close(fd);
        }
        let mut numbers: Vec<c_int> = Vec::new();
        for name in ["secret/zero", "plain/one", "secret/two", "plain/three"] {
            numbers.push(libc::open(
                c(dir.join(name)).as_ptr(),
                libc::O_CREAT | libc::O_RDWR,
                0o666,
            ));
        }
        libc::dup2(kept, 1);
        libc::close(kept);
        format!("numbers {numbers:?}\n")
    }
}

unsafe extern "C" {
    /// libc's stream of that name.
    static stdout: *mut libc::FILE;
}

/// `freopen` of stdout: the stream stays the same one, on descriptor 1, and
/// what children write goes there too.
pub fn reopened(dir: &Path) -> String {
    let mut facts = String::new();
    // SAFETY: strings that end in NUL; the stream is libc's own and stays open;
    // Rust's buffer of its own stdout is empty.
    unsafe {
        let kept = libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 50);
        for (name, mode) in [
            ("secret/wide", c"w"),
            ("plain/wide", c"a"),
            ("secret/new", c"w+"),
            ("plain/new", c"wx"),
            ("secret/narrow", c"r+"),
            ("secret/none/new", c"w"),
        ] {
            let before = stdout;
            let stream = libc::freopen(c(dir.join(name)).as_ptr(), mode.as_ptr(), stdout);
            let same = stream == before;
            facts += &format!("{name} same {same} null {} ", stream.is_null());
            if !stream.is_null() {
                libc::puts(c"by libc".as_ptr());
                libc::fflush(stream);
                facts += &format!("number {} ", libc::fileno(stream));
                libc::system(c"echo by a child".as_ptr());
            }
            let text = std::fs::read(dir.join(name)).unwrap_or_default();
            facts += &format!("{:?}\n", text.escape_ascii().to_string());
        }
        libc::dup2(kept, 1);
    }
    facts
}

/// POSIX record locks, which a process loses when it closes any descriptor of
/// the file (fcntl(2)): a shim that opens the file itself on the way would
/// lose them. A child looks whether they are still held.
pub fn locks(dir: &Path) -> String {
    let mut facts = String::new();
    for side in ["secret", "plain"] {
        let path = c(dir.join(side).join("wide"));
        // SAFETY: a plain structure that the kernel reads and fills; the child
        // only makes system calls before it exits.
        unsafe {
            let fd = libc::open(path.as_ptr(), libc::O_RDWR);
            let mut lock: libc::flock = std::mem::zeroed();
            lock.l_type = libc::F_WRLCK as _;
            facts += &fact("lock", libc::fcntl(fd, libc::F_SETLK, &lock).into());
            let mut look = |after: &str| {
                let child = libc::fork();
                if child == 0 {
                    let mut other = lock;
                    libc::fcntl(fd, libc::F_GETLK, &mut other);
                    libc::_exit((other.l_type == libc::F_UNLCK as _) as c_int);
                }
                let mut status = 0;
                libc::waitpid(child, &mut status, 0);
                facts += &format!("{side} after {after}: lost {}\n", libc::WEXITSTATUS(status));
            };
            look("nothing");
            // Opened and kept open: only a close would lose the lock.
            libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CREAT, 0o666);
            look("open");
            let stream = libc::fopen(path.as_ptr(), c"r+".as_ptr());
            look("fopen r+");
            libc::fopen(path.as_ptr(), c"w".as_ptr());
            look("fopen w");
            libc::fopen(path.as_ptr(), c"a,ccs=UTF-8".as_ptr());
            look("fopen ccs");
            libc::chmod(path.as_ptr(), 0o666);
            look("chmod");
            libc::truncate(path.as_ptr(), 1);
            look("truncate");
            libc::fclose(stream);
            look("close");
            // A stream keeps its number: libc as well closes the one that it got.
            libc::fcntl(fd, libc::F_SETLK, &lock);
            look("locking again");
            let other = libc::fopen(c"/dev/null".as_ptr(), c"r".as_ptr());
            libc::freopen(path.as_ptr(), c"r+".as_ptr(), other);
            look("freopen");
        }
    }
    facts
}

//! Somebody who may write to a directory on the way swaps links there while a
//! program creates files: two processes, the one under the shim and the other
//! somebody else's.

use std::ffi::CStr;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use libc::{O_CREAT, O_EXCL, O_TRUNC, O_WRONLY, c_int};

use super::{c, fact};

/// How often each door is tried.
const TRIES: u32 = 10_000;
/// How often something has to come to be at the sensitive place, else it is tried
/// longer: two processes need not take turns often.
const LEAST: u64 = 20;

/// Does `step` with 0 and 1 in turn, until there is a file `outside/stop`.
fn until_stopped(dir: &Path, mut step: impl FnMut(usize)) -> String {
    let stop = dir.join("outside/stop");
    while !stop.exists() {
        for turn in 0..64 {
            step(turn % 2);
        }
    }
    "stopped\n".to_owned()
}

/// The last name is a dangling link to either side.
pub fn swap_last(dir: &Path) -> String {
    let (link, aside) = (dir.join("outside/flip"), dir.join("outside/aside"));
    until_stopped(dir, |turn| {
        symlink(["../plain/made", "../secret/made"][turn], &aside).expect("symlink");
        fs::rename(&aside, &link).expect("rename");
    })
}

/// The last name is a file that is there, and a dangling link.
pub fn swap_kind(dir: &Path) -> String {
    let (file, link) = (dir.join("outside/flip"), dir.join("outside/aside"));
    fs::write(&file, "").expect("write");
    symlink("../secret/made", &link).expect("symlink");
    exchange(dir, &file, &link)
}

/// A directory on the way is one, and a link to the other side.
pub fn swap_way(dir: &Path) -> String {
    let (way, link) = (dir.join("outside/flip"), dir.join("outside/aside"));
    symlink("../secret", &link).expect("symlink");
    exchange(dir, &way, &link)
}

fn exchange(dir: &Path, one: &Path, other: &Path) -> String {
    let (one, other) = (c(one), c(other));
    until_stopped(dir, |_| {
        let (at, flags) = (libc::AT_FDCWD, libc::RENAME_EXCHANGE);
        // By its number: glibc has had the name since 2.28 only.
        // SAFETY: two strings that end in NUL.
        let done = unsafe {
            let (one, other) = (one.as_ptr(), other.as_ptr());
            libc::syscall(libc::SYS_renameat2, at, one, at, other, flags)
        };
        assert_eq!(done, 0, "exchange");
    })
}

type Door = (&'static str, unsafe fn(c_int, &CStr, &CStr));

/// Each way of creating a file, by its path or by an open directory and the path
/// below it.
const DOORS: [Door; 7] = [
    ("open", |_, path, _| {
        // SAFETY: the caller's promise.
        closed(unsafe { libc::open(path.as_ptr(), NEW, 0o666) })
    }),
    ("open-exclusive", |_, path, _| {
        // SAFETY: the caller's promise.
        closed(unsafe { libc::open(path.as_ptr(), NEW | O_EXCL, 0o666) })
    }),
    ("openat", |dirfd, _, below| {
        // SAFETY: the caller's promise.
        closed(unsafe { libc::openat(dirfd, below.as_ptr(), NEW | O_TRUNC, 0o666) })
    }),
    ("openat-exclusive", |dirfd, _, below| {
        // SAFETY: the caller's promise.
        closed(unsafe { libc::openat(dirfd, below.as_ptr(), NEW | O_EXCL, 0o666) })
    }),
    ("creat", |_, path, _| {
        // SAFETY: the caller's promise.
        closed(unsafe { libc::creat(path.as_ptr(), 0o666) })
    }),
    ("fopen", |_, path, _| {
        // SAFETY: the caller's promise; the stream is closed once.
        unsafe {
            let stream = libc::fopen(path.as_ptr(), c"w".as_ptr());
            if stream.is_null() {
                return;
            }
            libc::fclose(stream);
        }
    }),
    ("syscall", |dirfd, _, below| {
        let mode: c_int = 0o666;
        // SAFETY: the caller's promise.
        let fd = unsafe { libc::syscall(libc::SYS_openat, dirfd, below.as_ptr(), NEW, mode) };
        closed(fd as c_int)
    }),
];

const NEW: c_int = O_CREAT | O_WRONLY;

fn closed(fd: c_int) {
    // SAFETY: a descriptor that was just opened, if any.
    unsafe { libc::close(fd) };
}

/// Creates by every door, again and again (an exclusive open follows no last link,
/// only others on the way); counts what came to be at the
/// sensitive place, and how much of it was ever wide (nobody changes a mode).
fn creating(dir: &Path, below: &str, made: &[&str], exclusive: bool) -> String {
    let root = fs::File::open(dir).expect("open");
    let (path, below) = (c(dir.join(below)), c(below));
    let secret = dir.join("secret/made");
    let mut facts = String::new();
    for (name, door) in DOORS {
        if name.ends_with("exclusive") && !exclusive {
            continue;
        }
        let (mut there, mut wide) = (0u64, 0u64);
        for tries in 0..100 * TRIES {
            if tries >= TRIES && there >= LEAST {
                break;
            }
            // SAFETY: an open directory and two strings that end in NUL.
            unsafe { door(root.as_raw_fd(), &path, &below) };
            if let Ok(meta) = fs::symlink_metadata(&secret) {
                there += 1;
                wide += u64::from(meta.mode() & 0o077 != 0);
                fs::remove_file(&secret).expect("remove");
            }
            for plain in made {
                let _ = fs::remove_file(dir.join(plain));
            }
        }
        facts += &format!("{name} {there} {wide}\n");
    }
    facts
}

/// While the last name is swapped.
pub fn last(dir: &Path) -> String {
    creating(dir, "outside/flip", &["plain/made"], false)
}

/// While the last name is a file now and then.
pub fn kind(dir: &Path) -> String {
    creating(dir, "outside/flip", &[], false)
}

/// While a directory on the way is swapped.
pub fn way(dir: &Path) -> String {
    let made = ["outside/flip/made", "outside/aside/made"];
    creating(dir, "outside/flip/made", &made, true)
}

/// The same where a link that nobody touches leads there.
pub fn via(dir: &Path) -> String {
    let made = ["outside/flip/made", "outside/aside/made"];
    creating(dir, "outside/via/made", &made, true)
}

/// Opens to create what is another's in a sticky directory: the kernel may refuse
/// (fs.protected_regular, protected_fifos and protected_symlinks).
pub fn theirs(dir: &Path) -> String {
    let mut facts = String::new();
    for name in ["file", "fifo", "link", "dangling", "absent"] {
        let path = c(dir.join(format!("outside/theirs-{name}")));
        let flags = NEW | libc::O_NONBLOCK;
        // SAFETY: strings that end in NUL; what is opened is closed once.
        unsafe {
            let fd = libc::open(path.as_ptr(), flags, 0o666);
            facts += &fact(&format!("open {name}"), fd.into());
            closed(fd);
            // A fifo without a reader would hold `fopen`.
            if name != "fifo" {
                let stream = libc::fopen(path.as_ptr(), c"a".as_ptr());
                facts += &fact(&format!("fopen {name}"), i64::from(!stream.is_null()) - 1);
                if !stream.is_null() {
                    libc::fclose(stream);
                }
            }
        }
    }
    facts
}

/// Creates one plain file that others create and remove meanwhile: nothing fails
/// that could not fail by itself, and every mode is the one asked for.
pub fn rivals(dir: &Path) -> String {
    let mut facts = String::new();
    for (name, below) in [("file", "outside/common"), ("link", "outside/link")] {
        let (path, plain) = (c(dir.join(below)), dir.join("plain/common"));
        let (mut failed, mut wrong) = (0u64, 0u64);
        for _ in 0..TRIES {
            // SAFETY: a string that ends in NUL, a descriptor that is closed once.
            unsafe {
                let fd = libc::open(path.as_ptr(), O_CREAT | O_WRONLY, 0o640);
                let mut stat: libc::stat = std::mem::zeroed();
                if fd < 0 || libc::fstat(fd, &mut stat) != 0 {
                    failed += 1;
                }
                wrong += u64::from(stat.st_mode & 0o777 != 0o640);
                libc::close(fd);
            }
            let _ = match name {
                "file" => fs::remove_file(dir.join(below)),
                _ => fs::remove_file(&plain),
            };
        }
        facts += &format!("{name}: failed {failed} wrong {wrong}\n");
    }
    facts
}

//! Is the program under a filter of system calls (seccomp(2)), which may kill it for
//! one that it does not make by itself?

use core::sync::atomic::{AtomicU8, Ordering};

use libc::{O_CLOEXEC, O_RDONLY, c_int};
use syscalls::Sysno;

use super::{close, read};

/// Asked once, before the first call of ours that few programs make: to ask takes
/// longer than to create a file. It only grows.
static KNOWN: AtomicU8 = AtomicU8::new(UNTOLD);
const UNTOLD: u8 = 0;
const FREE: u8 = 1;
const FILTERED: u8 = 2;

/// The program puts itself under a filter.
pub fn filter_comes() {
    KNOWN.store(FILTERED, Ordering::Relaxed);
}

/// Is it under one, or can that not be told? Where there is another way.
pub fn may_be_filtered() -> bool {
    known() != FREE
}

/// Is it under one? Where there is no other way if it is not: without `/proc`, or with a
/// full descriptor table.
pub fn is_filtered() -> bool {
    known() == FILTERED
}

fn known() -> u8 {
    match KNOWN.load(Ordering::Relaxed) {
        UNTOLD => {
            let told = look();
            // A signal handler may have put it under one meanwhile.
            KNOWN.fetch_max(told, Ordering::Relaxed).max(told)
        }
        known => known,
    }
}

/// What `/proc` says. It is read by calls that every program makes at its start, when
/// its libraries are read: prctl(2), which would tell as well, is none of them.
#[cold]
#[inline(never)]
fn look() -> u8 {
    let path = c"/proc/self/status".as_ptr();
    let flags = O_RDONLY | O_CLOEXEC;
    let Ok(fd) = raw!(Sysno::openat, libc::AT_FDCWD, path, flags, 0) else {
        return UNTOLD;
    };
    let mut piece = [0; 1024];
    // The line that is being read, as far as it is of interest.
    let (mut line, mut length) = ([0; 16], 0);
    let mut told = UNTOLD;
    while let Ok(count @ 1..) = read(fd as c_int, &mut piece) {
        for &byte in piece.iter().take(count) {
            if byte == b'\n' {
                match line.get(..length) {
                    Some(b"Seccomp:\t0") => told = FREE,
                    Some(line) if line.starts_with(b"Seccomp:") => told = FILTERED,
                    _ => {}
                }
                length = 0;
            } else {
                if let Some(slot) = line.get_mut(length) {
                    *slot = byte;
                }
                length += 1;
            }
        }
    }
    close(fd as c_int);
    told
}

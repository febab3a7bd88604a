//! Programs that the library enters and that still make some of their calls past it.
//! Only the command looks for that: the whole file has to be read, which is too much
//! for a library that is asked at each exec.

use std::env;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use umaskclamp_policy::elf::calls::{OVERLAP, creates};
use umaskclamp_policy::elf::{Machine, is_loader_name};

/// What a record says of such a program.
pub const REASON: &str = "makes some system calls of its own";

/// The same in one line for people.
pub const SHOWN: &str = "makes some system calls of its own, as Rust's rustix does: \
                         what it creates by them is not clamped";

/// What is held of a file at once.
const WINDOW: usize = 1 << 18;

/// Whether a program creates by calls of its own, as its code tells. One that cannot be
/// read tells nothing.
pub fn own(program: &Path, machine: Machine) -> bool {
    // The dynamic loader opens libraries before any of them is there, and this command
    // creates by such calls only what it keeps to itself.
    let ours = || fs::canonicalize(program).ok() == env::current_exe().ok();
    if is_loader_name(program.as_os_str().as_bytes()) || ours() {
        return false;
    }
    let Ok(file) = File::open(program) else {
        return false;
    };
    let mut window = vec![0; WINDOW];
    let mut at = 0;
    loop {
        let length = fill(&file, at, &mut window);
        if creates(window.get(..length).unwrap_or_default(), machine) {
            return true;
        }
        if length < WINDOW {
            return false;
        }
        at += (WINDOW - OVERLAP) as u64;
    }
}

/// Reads as much of `out` as the file has at this offset; says how much.
pub fn fill(file: &File, offset: u64, out: &mut [u8]) -> usize {
    let mut length = 0;
    while let Some(rest) = out.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(length as u64)) {
            Ok(0) | Err(_) => break,
            Ok(more) => length += more,
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// None is lost where two windows meet.
    #[test]
    fn calls_are_found_wherever_they_lie() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        // mov $0x101,%eax; mov $-100,%edi; syscall, and the same for read.
        let calls = [1u8, 0].map(|high| {
            let number = [0xb8, high, high, 0, 0];
            [&number[..], b"\xbf\x9c\xff\xff\xff\x0f\x05"].concat()
        });
        for end in WINDOW - OVERLAP - 20..WINDOW + 20 {
            for (call, told) in calls.iter().zip([true, false]) {
                let mut bytes = vec![0; WINDOW + 40];
                bytes[end - call.len()..end].copy_from_slice(call);
                fs::write(&path, &bytes).unwrap();
                assert_eq!(own(&path, Machine::X86_64), told, "{end}");
            }
        }
    }

    #[test]
    fn programs_through_libc_are_not_meant() {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut files = maps
            .lines()
            .filter_map(|line| Some(&line[line.find('/')?..]));
        let loader = files.find(|path| path.contains("/ld-linux")).unwrap();
        assert!(!own(Path::new(loader), Machine::HERE));
        assert!(!own(Path::new("/bin/sh"), Machine::HERE));
        assert!(!own(Path::new("/no/such"), Machine::HERE));
    }
}

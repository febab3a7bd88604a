//! What is preloaded: by `LD_PRELOAD`, and is the library among it?

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use umaskclamp_policy::path;

use crate::elf::Elf;

/// The library's file name.
pub const NAME: &str = "libumaskclamp.so";

/// The variable that ld.so reads (ld.so(8)).
pub const LD_PRELOAD: &str = "LD_PRELOAD";

/// Debian's name of the architecture that this command was built for, a part of
/// the directories in which libraries lie.
pub const TRIPLET: &str = if cfg!(target_arch = "x86_64") {
    "x86_64-linux-gnu"
} else if cfg!(target_arch = "aarch64") {
    "aarch64-linux-gnu"
} else if cfg!(target_arch = "x86") {
    "i386-linux-gnu"
} else if cfg!(target_arch = "arm") {
    "arm-linux-gnueabihf"
} else if cfg!(target_arch = "riscv64") {
    "riscv64-linux-gnu"
} else {
    "lib"
};

/// The entries of an `LD_PRELOAD`.
pub fn entries(preload: &[u8]) -> Vec<&[u8]> {
    preload
        .split(|byte| matches!(byte, b' ' | b':'))
        .filter(|entry| !entry.is_empty())
        .collect()
}

/// Whether one of the entries is our library, wherever it lies.
pub fn names_library(preload: &[u8]) -> bool {
    entries(preload).into_iter().any(is_library)
}

/// Whether an entry of `LD_PRELOAD` is our library: by its usual name, wherever that
/// leads, or by what it calls itself (a link, a copy), as the dynamic loader knows two
/// for one.
pub fn is_library(entry: &[u8]) -> bool {
    if path::last(entry) == NAME.as_bytes() {
        return true;
    }
    let file = Path::new(OsStr::from_bytes(entry));
    let places = match entry.contains(&b'/') {
        true => vec![file.to_path_buf()],
        false => trusted().iter().map(|place| place.join(file)).collect(),
    };
    // What is no file, as a fifo, may never end.
    let found = places.into_iter().find(|place| place.is_file());
    let elf = found
        .and_then(|file| fs::read(file).ok())
        .and_then(|bytes| Elf::parse(&bytes));
    elf.and_then(|elf| elf.name).as_deref() == Some(NAME.as_bytes())
}

/// Directories in which ld.so looks for a bare name without being told
/// (ld.so(8), and Debian's multi-arch ones).
pub fn trusted() -> [PathBuf; 4] {
    let wide = if usize::BITS == 64 { "lib64" } else { "lib32" };
    [
        format!("/usr/lib/{TRIPLET}"),
        format!("/lib/{TRIPLET}"),
        format!("/usr/{wide}"),
        format!("/{wide}"),
    ]
    .map(PathBuf::from)
}

/// Is a process with this `LD_PRELOAD` part of a job that is protected already?
pub fn in_job(preload: &[u8]) -> bool {
    let for_all = fs::read("/etc/ld.so.preload").unwrap_or_default();
    let mut lists = for_all.split(|&byte| byte == b'\n').chain([preload]);
    lists.any(names_library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_preloads_stay_where_they_are() {
        assert_eq!(entries(b" a.so::b.so "), [b"a.so", b"b.so"]);
        assert!(names_library(b"/x/libasan.so:/opt/lib/libumaskclamp.so"));
        assert!(!names_library(b"/opt/libumaskclamp.so.d/other.so"));
    }
}

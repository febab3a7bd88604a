//! Files that the command and the library read and write, opened as the library does.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use umaskclamp_policy::settings::{ENVIRONMENT_STRING, Fault, FileFault};

use crate::failure::{self, Failure};

/// `path` from the root on, links left alone.
pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::at(failure::SYSTEM, "the current directory", &error))
}

/// A path that leads to this inode and to no other, for calls that take no descriptor of
/// `O_PATH`.
pub fn by_descriptor(descriptor: &impl AsRawFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

/// Reads a patterns file; a fifo in its place does not block.
pub fn read_file(path: &Path) -> Result<Vec<u8>, FileFault> {
    let nonblock = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblock)
        .open(path)
        .map_err(|error| fault(&error))?;
    let kind = file.metadata().map_err(|error| fault(&error))?.file_type();
    if kind.is_dir() {
        return Err(FileFault::Directory);
    }
    if !kind.is_file() {
        return Err(FileFault::NotRegular);
    }
    let mut text = Vec::new();
    // As the library: what is longer could not travel on to children.
    let most = ENVIRONMENT_STRING as u64;
    match file.take(most + 1).read_to_end(&mut text) {
        Ok(read) if read as u64 > most => Err(FileFault::TooLong),
        Ok(_) => Ok(text),
        Err(error) => Err(fault(&error)),
    }
}

/// Opens a log as the library does, so that a fault is told before the program
/// runs, in the library's own words.
pub fn open_log(path: &Path) -> Result<File, Failure> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .and_then(|file| Ok((file.metadata()?.file_type(), file)));
    let fault = match opened {
        Ok((kind, file)) if kind.is_file() || kind.is_char_device() => return Ok(file),
        Ok(_) => FileFault::NotRegular,
        Err(error) => fault(&error),
    };
    let path = path.as_os_str().as_bytes().to_vec();
    Err(Failure::faults(vec![Fault::LogFile { path, fault }]))
}

fn fault(error: &io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound => FileFault::Missing,
        io::ErrorKind::PermissionDenied => FileFault::Denied,
        io::ErrorKind::IsADirectory => FileFault::Directory,
        _ => match error.raw_os_error().unwrap_or(0) {
            // A fifo that nobody reads.
            number if number == rustix::io::Errno::NXIO.raw_os_error() => FileFault::NotRegular,
            number => FileFault::Errno(number),
        },
    }
}

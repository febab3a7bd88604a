//! A walk through a tree by descriptors: depth first, links not followed, in the order of
//! the bytes of names, so that two walks can be compared.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::file_type;
use crate::files::by_descriptor;
use crate::place::Place;

/// The kernel's own file systems, by their `f_type` (statfs(2)): what lies there
/// is no file, and its modes are the kernel's.
const KERNELS: &[i64] = &[
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x1cd1,      // devpts
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0xcafe_4a11, // bpf
    0x7363_6673, // securityfs
];

/// One inode, held open without any right but to look (`O_PATH`).
pub struct Found {
    descriptor: OwnedFd,
    pub stat: Stat,
    /// As the user named it.
    pub named: Vec<u8>,
    /// Where it really is.
    pub real: Vec<u8>,
}

impl Found {
    /// A path for calls that take no descriptor of `O_PATH`.
    pub fn by_descriptor(&self) -> String {
        by_descriptor(&self.descriptor)
    }

    pub fn kind(&self) -> FileType {
        file_type(&self.stat)
    }
}

/// A directory that is being read, with the lengths of its paths.
struct Level {
    directory: OwnedFd,
    names: std::vec::IntoIter<CString>,
    named: usize,
    real: usize,
}

/// The walk. An error is told with the path at which it happened, and the walk
/// goes on behind it.
pub struct Walk {
    first: Option<Found>,
    levels: Vec<Level>,
    named: Vec<u8>,
    real: Vec<u8>,
    /// The file system to stay on.
    device: Option<u64>,
}

type Step = Result<Found, (Vec<u8>, Errno)>;

impl Walk {
    /// A walk that begins at `place`, which may be a file.
    pub fn new(place: &Place, one_file_system: bool) -> Result<Self, Errno> {
        let path = CString::new(place.given.clone()).map_err(|_| Errno::NOENT)?;
        let first = open(CWD, &path, OFlags::empty())?;
        let stat = rustix::fs::fstat(&first)?;
        let device = one_file_system.then_some(stat.st_dev);
        Ok(Walk {
            first: Some(Found {
                descriptor: first,
                stat,
                named: place.named.clone(),
                real: place.real.clone(),
            }),
            levels: Vec::new(),
            named: place.named.clone(),
            real: place.real.clone(),
            device,
        })
    }

    /// The next inode, directories before what is in them.
    pub fn next(&mut self) -> Option<Step> {
        if let Some(first) = self.first.take() {
            return Some(self.enter(first));
        }
        loop {
            let level = self.levels.last_mut()?;
            self.named.truncate(level.named);
            self.real.truncate(level.real);
            let Some(name) = level.names.next() else {
                self.levels.pop();
                continue;
            };
            for path in [&mut self.named, &mut self.real] {
                if path.last() != Some(&b'/') {
                    path.push(b'/');
                }
                path.extend(name.to_bytes());
            }
            let opened = open(level.directory.as_fd(), &name, OFlags::NOFOLLOW)
                .and_then(|descriptor| Ok((rustix::fs::fstat(&descriptor)?, descriptor)));
            let (stat, descriptor) = match opened {
                Ok(opened) => opened,
                // Gone since the directory was read.
                Err(Errno::NOENT) => continue,
                Err(error) => return Some(Err((self.named.clone(), error))),
            };
            let elsewhere = self.device.is_some_and(|device| device != stat.st_dev);
            if elsewhere {
                continue;
            }
            let found = Found {
                descriptor,
                stat,
                named: self.named.clone(),
                real: self.real.clone(),
            };
            return Some(self.enter(found));
        }
    }

    /// Goes into what was found if it is a directory.
    fn enter(&mut self, found: Found) -> Step {
        if found.kind() != FileType::Directory || is_kernels(&found) {
            return Ok(found);
        }
        let opened =
            open_directory(&found).and_then(|directory| Ok((names_in(&directory)?, directory)));
        match opened {
            Ok((names, directory)) => {
                self.levels.push(Level {
                    directory,
                    names: names.into_iter(),
                    named: self.named.len(),
                    real: self.real.len(),
                });
                Ok(found)
            }
            Err(error) => Err((found.named, error)),
        }
    }
}

fn open(at: impl AsFd, name: &CStr, more: OFlags) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        at,
        name,
        OFlags::PATH | OFlags::CLOEXEC | more,
        Mode::empty(),
    )
}

/// The directory itself for reading: `.` of it cannot be another one.
fn open_directory(found: &Found) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(&found.descriptor, c".", flags, Mode::empty())
}

fn names_in(directory: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let entries = Dir::read_from(directory)?;
    let names: Result<Vec<_>, _> = entries
        .map(|entry| Ok(entry?.file_name().to_owned()))
        .collect();
    let mut names: Vec<CString> = names?;
    names.retain(|name| !matches!(name.to_bytes(), b"." | b".."));
    names.sort_unstable();
    Ok(names)
}

fn is_kernels(found: &Found) -> bool {
    let told = rustix::fs::fstatfs(&found.descriptor);
    #[allow(clippy::unnecessary_cast)] // the width differs from machine to machine
    told.is_ok_and(|system| KERNELS.contains(&(system.f_type as i64)))
}

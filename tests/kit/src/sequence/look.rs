//! A small tree as it is at one instant.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Device and number.
pub type Id = (u32, u32, u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Id,
    pub mount: u64,
    pub mode: u32,
    pub links: u32,
    pub user: u32,
    pub group: u32,
    /// Of a file what is in it, of a link where it leads.
    pub content: Vec<u8>,
}

impl Entry {
    pub fn kind(&self) -> u32 {
        self.mode & libc::S_IFMT
    }

    pub fn is_directory(&self) -> bool {
        self.kind() == libc::S_IFDIR
    }

    /// May its mode say anything of a place? Not that of a link or a device.
    pub fn counts(&self) -> bool {
        let kinds = [libc::S_IFREG, libc::S_IFDIR, libc::S_IFIFO, libc::S_IFSOCK];
        kinds.contains(&self.kind())
    }

    pub fn bits(&self) -> u32 {
        self.mode & 0o7777
    }
}

/// By the path below the tree; the tree itself is the empty path.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

/// Looks at `path`; a last link is followed only if asked to.
pub fn entry(path: &Path, follow: bool) -> Option<Entry> {
    let text = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    let wanted = libc::STATX_BASIC_STATS | libc::STATX_MNT_ID;
    // SAFETY: a string that lives, and room for what the kernel writes.
    let result = unsafe {
        libc::statx(
            libc::AT_FDCWD,
            text.as_ptr(),
            flags,
            wanted,
            found.as_mut_ptr(),
        )
    };
    if result != 0 {
        return None;
    }
    // SAFETY: it was zeroed, and every bit pattern is a value of this type.
    let found = unsafe { found.assume_init() };
    Some(Entry {
        id: (found.stx_dev_major, found.stx_dev_minor, found.stx_ino),
        mount: found.stx_mnt_id,
        mode: u32::from(found.stx_mode),
        links: found.stx_nlink,
        user: found.stx_uid,
        group: found.stx_gid,
        content: Vec::new(),
    })
}

/// Everything below `root`, with what is in it if `whole`.
pub fn look(root: &Path, whole: bool) -> Snapshot {
    let mut found = Snapshot::new();
    if let Some(top) = entry(root, false) {
        found.insert(PathBuf::new(), top);
    }
    below(root, Path::new(""), whole, &mut found);
    found
}

fn below(root: &Path, directory: &Path, whole: bool, found: &mut Snapshot) {
    let Ok(entries) = fs::read_dir(root.join(directory)) else {
        return;
    };
    for name in entries.flatten().map(|entry| entry.file_name()) {
        let path = directory.join(name);
        let full = root.join(&path);
        let Some(mut entry) = entry(&full, false) else {
            continue;
        };
        if whole {
            entry.content = match entry.kind() {
                libc::S_IFREG => fs::read(&full).unwrap_or_default(),
                libc::S_IFLNK => {
                    let target = fs::read_link(&full).unwrap_or_default();
                    target.as_os_str().as_bytes().to_vec()
                }
                _ => Vec::new(),
            };
        }
        let inside = entry.is_directory();
        found.insert(path.clone(), entry);
        if inside {
            below(root, &path, whole, found);
        }
    }
}

//! POSIX ACLs in the form that the kernel keeps them in extended attributes
//! (acl(5), linux/posix_acl_xattr.h): a version of four bytes, then entries of
//! tag (2 bytes), rights (2 bytes), id (4 bytes), all little-endian.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::who::STRANGER;

/// Attribute of the ACL that guards an inode.
pub const ACCESS: &str = "system.posix_acl_access";
/// Attribute of the ACL that a directory hands to what is created in it.
pub const DEFAULT: &str = "system.posix_acl_default";

const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

fn encode(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// An ACL that gives the stranger, the group and everybody else `rights`
/// (0 to 7), and the owner everything.
pub fn generous(rights: u16) -> Vec<u8> {
    let none = u32::MAX;
    encode(&[
        (USER_OBJ, 7, none),
        (USER, rights, STRANGER),
        (GROUP_OBJ, rights, none),
        (GROUP, rights, STRANGER),
        (MASK, rights, none),
        (OTHER, rights, none),
    ])
}

/// An ACL of the three base entries only, as `chmod MODE` would make it.
pub fn base(mode: u16) -> Vec<u8> {
    let none = u32::MAX;
    encode(&[
        (USER_OBJ, mode >> 6 & 7, none),
        (GROUP_OBJ, mode >> 3 & 7, none),
        (OTHER, mode & 7, none),
    ])
}

/// The rights, as bits of a mode below 0100, that an ACL gives to anybody but
/// the owner: named entries and the group as limited by the mask, and others.
/// Bytes that are no ACL give 0.
pub fn loose(acl: &[u8]) -> u32 {
    let mut class = 0;
    let mut mask = 7;
    let mut other = 0;
    for entry in acl.get(4..).unwrap_or_default().chunks_exact(8) {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let rights = u32::from(u16::from_le_bytes([entry[2], entry[3]])) & 7;
        match tag {
            USER | GROUP | GROUP_OBJ => class |= rights,
            MASK => mask = rights,
            OTHER => other = rights,
            _ => {}
        }
    }
    (class & mask) << 3 | other
}

/// The extended attribute `name` of `path` itself (not of what it links to);
/// empty if there is none.
pub fn get(path: &Path, name: &str) -> Vec<u8> {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL in a path");
    let name = CString::new(name).expect("no NUL in a name");
    let mut value = vec![0u8; 4096];
    // SAFETY: both strings end in NUL, and the size is that of the buffer.
    let got = unsafe {
        libc::lgetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    value.truncate(usize::try_from(got).unwrap_or(0));
    value
}

/// Sets the extended attribute `name` of `path`.
///
/// # Errors
/// What lsetxattr(2) reports: ENOTSUP on a file system without ACLs.
pub fn set(path: &Path, name: &str, value: &[u8]) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL in a path");
    let name = CString::new(name).expect("no NUL in a name");
    // SAFETY: both strings end in NUL, and the size is that of the value.
    let done = unsafe {
        libc::lsetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

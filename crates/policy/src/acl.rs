//! POSIX ACLs in the form in which they pass through `setxattr(2)` as
//! `system.posix_acl_access` and `system.posix_acl_default`
//! (the kernel's `include/uapi/linux/posix_acl_xattr.h`): a version of four
//! bytes, then entries of eight, all little-endian: tag (2 bytes), rights (2),
//! user or group id (4).

use crate::mode::Mask;
use core::fmt;

const VERSION: [u8; 4] = [2, 0, 0, 0];
const ENTRY: usize = 8;

const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// Not an ACL: the kernel refuses it as well (`EINVAL`, `EOPNOTSUPP` for
/// another version).
///
/// Only what `posix_acl_from_xattr` and `posix_acl_valid` of the kernel's
/// `fs/posix_acl.c` refuse may be called malformed: what is passed on untouched
/// must not be something that the kernel would apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a POSIX ACL of version 2")
    }
}

fn entries(value: &[u8]) -> Result<&[u8], Malformed> {
    let entries = value.strip_prefix(&VERSION).ok_or(Malformed)?;
    if entries.len() % ENTRY != 0 {
        return Err(Malformed);
    }
    for entry in entries.chunks_exact(ENTRY) {
        let (tag, rights) = read(entry);
        let known = matches!(tag, USER_OBJ | USER | GROUP_OBJ | GROUP | MASK | OTHER);
        if !known || rights & !7 != 0 {
            return Err(Malformed);
        }
    }
    Ok(entries)
}

fn read(entry: &[u8]) -> (u16, u16) {
    match entry {
        &[a, b, c, d, ..] => (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
        _ => (0, 0),
    }
}

fn has_mask(entries: &[u8]) -> bool {
    entries.chunks_exact(ENTRY).any(|e| read(e).0 == MASK)
}

/// Cuts the rights that an ACL gives to anybody but the owner down to what the
/// mask leaves, in place: the mask entry (which limits the group and every
/// named user and group) or, without one, the group; and others. Default ACLs
/// alike. `Ok(true)` if that changed something; a malformed value is left as
/// it is.
pub fn reduce(value: &mut [u8], mask: Mask) -> Result<bool, Malformed> {
    let masked = has_mask(entries(value)?);
    let mut changed = false;
    let (_, entries) = value.split_at_mut_checked(VERSION.len()).ok_or(Malformed)?;
    for entry in entries.chunks_exact_mut(ENTRY) {
        let (tag, rights) = read(entry);
        let allowed = match tag {
            OTHER => mask.other_rights(),
            MASK => mask.group_rights(),
            // Named entries without a mask entry are refused by the kernel;
            // cutting them costs nothing and trusts nobody.
            USER | GROUP_OBJ | GROUP if !masked => mask.group_rights(),
            _ => continue,
        };
        let cut = rights & allowed as u16;
        if cut != rights
            && let [_, _, low, high, ..] = entry
        {
            [*low, *high] = cut.to_le_bytes();
            changed = true;
        }
    }
    Ok(changed)
}

/// The rights that anybody but the owner effectively gets, at their places in
/// a mode: 0070 for what the group or any named user or group gets, 0007 for
/// others. `None` if the value is malformed.
pub fn loosest(value: &[u8]) -> Option<u32> {
    let entries = entries(value).ok()?;
    let mut limit = 7;
    let (mut group, mut other) = (0, 0);
    for (tag, rights) in entries.chunks_exact(ENTRY).map(read) {
        match tag {
            MASK => limit &= rights,
            OTHER => other |= rights,
            USER | GROUP_OBJ | GROUP => group |= rights,
            _ => {}
        }
    }
    Some(u32::from(group & limit) << 3 | u32::from(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{prelude::v1::*, vec};

    fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut value = VERSION.to_vec();
        for (tag, rights, id) in entries {
            value.extend(tag.to_le_bytes());
            value.extend(rights.to_le_bytes());
            value.extend(id.to_le_bytes());
        }
        value
    }

    const NOBODY: u32 = u32::MAX;

    #[test]
    fn minimal_acl_is_cut_like_a_mode() {
        let mut value = acl(&[
            (USER_OBJ, 6, NOBODY),
            (GROUP_OBJ, 6, NOBODY),
            (OTHER, 4, NOBODY),
        ]);
        assert_eq!(loosest(&value), Some(0o64));
        assert_eq!(reduce(&mut value, Mask::new(0o27).unwrap()), Ok(true));
        assert_eq!(
            value,
            acl(&[
                (USER_OBJ, 6, NOBODY),
                (GROUP_OBJ, 4, NOBODY),
                (OTHER, 0, NOBODY)
            ])
        );
        assert_eq!(reduce(&mut value, Mask::new(0o27).unwrap()), Ok(false));
    }

    #[test]
    fn mask_entry_limits_the_named_ones() {
        let full = [
            (USER_OBJ, 7, NOBODY),
            (USER, 7, 1000),
            (GROUP_OBJ, 5, NOBODY),
            (GROUP, 7, 50),
            (MASK, 7, NOBODY),
            (OTHER, 5, NOBODY),
        ];
        let mut value = acl(&full);
        assert_eq!(loosest(&value), Some(0o75));
        assert_eq!(reduce(&mut value, Mask::default()), Ok(true));
        let mut wanted = full;
        wanted[4].1 = 0;
        wanted[5].1 = 0;
        assert_eq!(value, acl(&wanted));
        assert_eq!(loosest(&value), Some(0));
    }

    #[test]
    fn malformed_values_are_left_alone() {
        let good = acl(&[(USER_OBJ, 6, NOBODY), (OTHER, 4, NOBODY)]);
        let mut bad: Vec<Vec<u8>> = vec![vec![], vec![2, 0, 0], vec![1, 0, 0, 0], vec![3, 0, 0, 0]];
        bad.push(good[..good.len() - 1].to_vec());
        bad.push(acl(&[(0x40, 4, 0), (OTHER, 7, 0)]));
        bad.push(acl(&[(0, 4, 0), (OTHER, 7, 0)]));
        bad.push(acl(&[(OTHER, 8, 0)]));
        for mut value in bad {
            let before = value.clone();
            assert_eq!(reduce(&mut value, Mask::default()), Err(Malformed));
            assert_eq!(value, before);
            assert_eq!(loosest(&value), None);
        }
    }

    #[test]
    fn an_acl_without_entries_takes_the_acl_away() {
        let mut value = acl(&[]);
        assert_eq!(reduce(&mut value, Mask::default()), Ok(false));
        assert_eq!(loosest(&value), Some(0));
    }
}

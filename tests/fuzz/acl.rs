//! ACL arithmetic: any bytes, against a model, and against the kernel.

use std::ffi::CString;
use std::os::unix::fs::MetadataExt;

use proptest::prelude::*;
use umaskclamp_policy::acl::{loosest, reduce};
use umaskclamp_policy::mode::Mask;
use umaskclamp_testkit::acl::{ACCESS, DEFAULT, get};

type Entry = (u16, u16, u32);

fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// Mostly what the kernel takes: in order, with a mask where one is needed.
fn valid() -> impl Strategy<Value = Vec<Entry>> {
    let rights = || 0u16..8;
    let named = prop::collection::btree_map(1u32..50, rights(), 0..4);
    (
        rights(),
        named.clone(),
        rights(),
        named,
        rights(),
        rights(),
        any::<bool>(),
    )
        .prop_map(|(owner, users, group, groups, mask, other, extra)| {
            let none = u32::MAX;
            let needed = extra || !users.is_empty() || !groups.is_empty();
            let mut entries = vec![(0x01, owner, none)];
            entries.extend(users.into_iter().map(|(id, rights)| (0x02, rights, id)));
            entries.push((0x04, group, none));
            entries.extend(groups.into_iter().map(|(id, rights)| (0x08, rights, id)));
            if needed {
                entries.push((0x10, mask, none));
            }
            entries.push((0x20, other, none));
            entries
        })
}

/// What others than the owner get: the group class through the mask, others.
fn given(entries: &[Entry]) -> u32 {
    let mask = entries.iter().find(|e| e.0 == 0x10).map_or(7, |e| e.1);
    let group = entries
        .iter()
        .filter(|e| matches!(e.0, 0x02 | 0x04 | 0x08))
        .fold(0, |all, e| all | e.1 & mask);
    let other = entries
        .iter()
        .filter(|e| e.0 == 0x20)
        .fold(0, |all, e| all | e.1);
    u32::from(group) << 3 | u32::from(other)
}

#[test]
fn acl_arithmetic() {
    let bytes = prop_oneof![
        3 => valid().prop_map(|entries| encode(&entries)),
        1 => prop::collection::vec((0u16..0x40, 0u16..16, any::<u32>()), 0..8)
            .prop_map(|entries| encode(&entries)),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ];
    crate::fuzz((bytes, 0u32..0o100), 50, |(bytes, bits)| {
        let mask = Mask::new(bits).map_err(|_| TestCaseError::fail("mask"))?;
        let mut cut = bytes.clone();
        match reduce(&mut cut, mask) {
            Err(_) => prop_assert_eq!(&cut, &bytes, "a refused value was changed"),
            Ok(changed) => {
                prop_assert_eq!(changed, cut != bytes);
                prop_assert_eq!(cut.len(), bytes.len());
                let (Some(before), Some(after)) = (loosest(&bytes), loosest(&cut)) else {
                    return Err(TestCaseError::fail("reduced, but malformed"));
                };
                prop_assert_eq!(after & bits, 0, "{:03o} is left of {:03o}", after, before);
                prop_assert_eq!(after & !before, 0, "{:03o} from {:03o}", after, before);
                prop_assert_eq!(reduce(&mut cut, mask), Ok(false));
            }
        }
        Ok(())
    });
}

/// The kernel takes what comes out, and its mode is the one that was promised.
#[test]
fn acl_against_the_kernel() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = CString::new(dir.path().as_os_str().as_encoded_bytes()).expect("no NUL");
    let apply = |attribute: &str, value: &[u8]| {
        let attribute = CString::new(attribute).expect("no NUL");
        // SAFETY: two strings and a value, all alive during the call.
        unsafe {
            libc::setxattr(
                path.as_ptr(),
                attribute.as_ptr(),
                value.as_ptr().cast(),
                value.len(),
                0,
            )
        }
    };
    if apply(ACCESS, &encode(&[(1, 7, !0), (4, 0, !0), (0x20, 0, !0)])) != 0 {
        println!("left out: the ACLs of a file system that has none");
        return;
    }
    crate::fuzz((valid(), 0u32..0o100), 20, |(entries, bits)| {
        let mask = Mask::new(bits).map_err(|_| TestCaseError::fail("mask"))?;
        let mut value = encode(&entries);
        prop_assert_eq!(loosest(&value), Some(given(&entries)));
        prop_assert!(reduce(&mut value, mask).is_ok());
        prop_assert_eq!(apply(ACCESS, &value), 0, "the kernel refuses it");
        let mode = std::fs::metadata(dir.path())?.mode();
        prop_assert_eq!(mode & bits, 0, "mode {:04o}", mode & 0o7777);
        prop_assert_eq!(mode >> 6 & 7, u32::from(entries[0].1), "the owner's rights");
        prop_assert_eq!(
            apply(DEFAULT, &value),
            0,
            "the kernel refuses it as a default ACL"
        );
        prop_assert_eq!(loosest(&get(dir.path(), DEFAULT)).unwrap_or(0) & bits, 0);
        Ok(())
    });
}

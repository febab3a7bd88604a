//! Folding and ACLs against slow models of them.

use proptest::prelude::*;
use umaskclamp_policy::acl;
use umaskclamp_policy::mode::Mask;
use umaskclamp_policy::path::{fold, last, names};

/// Folds with a stack, as one would on paper.
fn slow_fold(base: &[u8], given: &[u8]) -> Vec<u8> {
    let whole = if given.starts_with(b"/") {
        given.to_vec()
    } else {
        [base, b"/", given].concat()
    };
    let absolute = given.starts_with(b"/") || base.starts_with(b"/");
    let mut stack: Vec<&[u8]> = Vec::new();
    for name in whole.split(|&b| b == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(stack.pop()),
            name => stack.push(name),
        }
    }
    let mut out = if absolute { b"/".to_vec() } else { Vec::new() };
    out.extend(stack.join(&b'/'));
    out
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aab//...\xff".to_vec()), 0..24)
}

/// Entries as they may really stand in an ACL, and a few that may not.
fn entries() -> impl Strategy<Value = Vec<(u16, u16, u32)>> {
    let tag = prop_oneof![
        20 => prop::sample::select(vec![0x01u16, 0x02, 0x04, 0x08, 0x10, 0x20]),
        1 => any::<u16>(),
    ];
    let rights = prop_oneof![20 => 0u16..8, 1 => any::<u16>()];
    prop::collection::vec((tag, rights, any::<u32>()), 0..9)
}

fn encode(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut value = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        value.extend(tag.to_le_bytes());
        value.extend(rights.to_le_bytes());
        value.extend(id.to_le_bytes());
    }
    value
}

/// What a user who is not the owner may do, by every entry that could be his:
/// acl(5), "ACCESS CHECK ALGORITHM". Rights of the group class and of others.
fn reachable(entries: &[(u16, u16, u32)]) -> (u16, u16) {
    let mut group = 0;
    let mut other = 0;
    for (tag, rights, _) in entries {
        let limited = entries
            .iter()
            .filter(|(tag, ..)| *tag == 0x10)
            .fold(*rights, |rights, (_, mask, _)| rights & mask);
        match tag {
            0x02 | 0x04 | 0x08 => group |= limited,
            0x20 => other |= rights,
            _ => {}
        }
    }
    (group, other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn fold_is_the_slow_one(base in path(), given in path(), room in 0usize..32) {
        let wanted = slow_fold(&base, &given);
        let mut out = vec![0x55; room];
        match fold(&base, &given, &mut out) {
            Some(length) => prop_assert_eq!(&out[..length], &wanted[..]),
            None => prop_assert!(wanted.len() > room),
        }
        prop_assert_eq!(names(&wanted).last().unwrap_or_default(), last(&wanted));
    }

    #[test]
    fn fold_changes_nothing_twice(base in path(), given in path()) {
        let once = slow_fold(&base, &given);
        let mut out = vec![0; once.len()];
        prop_assert_eq!(fold(b"", &once, &mut out), Some(once.len()));
        prop_assert_eq!(out, once);
    }

    #[test]
    fn a_reduced_acl_gives_what_it_gave_within_the_mask(
        entries in entries(),
        bits in 0u32..0o100,
    ) {
        let mask = Mask::new(bits).unwrap();
        let mut value = encode(&entries);
        let before = value.clone();
        let sound = entries
            .iter()
            .all(|(tag, rights, _)| [1, 2, 4, 8, 16, 32].contains(tag) && *rights < 8);
        let reduced = acl::reduce(&mut value, mask);
        if !sound {
            prop_assert_eq!(reduced, Err(acl::Malformed));
            prop_assert_eq!(&value, &before);
            prop_assert_eq!(acl::loosest(&value), None);
            return Ok(());
        }
        prop_assert_eq!(reduced, Ok(value != before));
        let (group, other) = reachable(&entries);
        let allowed = (
            group & !(bits >> 3) as u16 & 7,
            other & !bits as u16 & 7,
        );
        let after: Vec<(u16, u16, u32)> = value[4..]
            .chunks_exact(8)
            .map(|e| {
                (
                    u16::from_le_bytes([e[0], e[1]]),
                    u16::from_le_bytes([e[2], e[3]]),
                    u32::from_le_bytes([e[4], e[5], e[6], e[7]]),
                )
            })
            .collect();
        prop_assert_eq!(reachable(&after), allowed);
        prop_assert_eq!(
            acl::loosest(&value),
            Some(u32::from(allowed.0) << 3 | u32::from(allowed.1))
        );
        for (old, new) in entries.iter().zip(&after) {
            // Nobody else's entry, no owner's right, no bit is added.
            prop_assert_eq!((old.0, old.2), (new.0, new.2));
            prop_assert_eq!(new.1 & !old.1, 0);
            prop_assert!(old.0 != 0x01 || old.1 == new.1);
        }
        prop_assert_eq!(acl::reduce(&mut value, mask), Ok(false));
    }

    #[test]
    fn any_bytes_are_an_acl_or_are_left(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut reduced = value.clone();
        if acl::reduce(&mut reduced, Mask::default()).is_err() {
            prop_assert_eq!(acl::loosest(&value), None);
            prop_assert_eq!(reduced, value);
        } else {
            prop_assert_eq!(acl::loosest(&reduced), Some(0));
        }
    }

    #[test]
    fn every_octal_text_is_its_number(bits in 0u32..0o1000, zeros in 0usize..4) {
        let text = format!("{}{bits:o}", "0".repeat(zeros));
        prop_assert_eq!(Mask::parse(text.as_bytes()), Mask::new(bits));
    }
}

//! Folding a path, against a slow model of the words of its documentation.

use proptest::prelude::*;
use umaskclamp_policy::path::{climbs, fold, last, names};

/// Component by component, with a stack. What is known of the base may have no
/// beginning: then `..` may take away what is not known, and nothing is left.
fn model(base: &[u8], given: &[u8]) -> Vec<u8> {
    let rooted = given.first() == Some(&b'/') || base.first() == Some(&b'/');
    let from: &[u8] = if given.first() == Some(&b'/') {
        b""
    } else {
        base
    };
    let mut stack: Vec<&[u8]> = Vec::new();
    for name in from
        .split(|&b| b == b'/')
        .chain(given.split(|&b| b == b'/'))
    {
        match name {
            b"" | b"." => {}
            b".." => {
                stack.pop();
            }
            _ => stack.push(name),
        }
    }
    let mut out = Vec::new();
    if rooted {
        out.push(b'/');
    }
    out.extend(stack.join(&b'/'));
    out
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec!["a", "bc", "..", ".", "...", "/", "//", ".a", "a."])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(1u8.., 1..5),
        1 => (1usize..300).prop_map(|length| vec![b'x'; length]),
    ];
    (
        prop::collection::vec((piece, prop::bool::weighted(0.8)), 0..14),
        any::<bool>(),
    )
        .prop_map(|(pieces, absolute)| {
            let mut out = if absolute { vec![b'/'] } else { Vec::new() };
            for (piece, slash) in pieces {
                out.extend(piece);
                if slash {
                    out.push(b'/');
                }
            }
            out
        })
}

#[test]
fn path_folding() {
    let inputs = (anything(), anything(), 0usize..2000);
    crate::fuzz(inputs, 50, |(base, given, room)| {
        let wanted = model(&base, &given);
        let mut out = vec![0xAA; room];
        match fold(&base, &given, &mut out) {
            Some(length) => prop_assert_eq!(&out[..length], &wanted[..]),
            None => prop_assert!(wanted.len() > room, "{} bytes do not fit", wanted.len()),
        }
        // Folding what is folded changes nothing.
        let mut again = vec![0; wanted.len()];
        prop_assert_eq!(fold(b"", &wanted, &mut again), Some(wanted.len()));
        prop_assert_eq!(&again, &wanted);
        let parts: Vec<&[u8]> = given
            .split(|&b| b == b'/')
            .filter(|part| !part.is_empty())
            .collect();
        prop_assert_eq!(names(&given).collect::<Vec<_>>(), parts.clone());
        prop_assert_eq!(last(&given), parts.last().copied().unwrap_or_default());
        prop_assert_eq!(climbs(&given), parts.contains(&&b".."[..]));
        Ok(())
    });
}

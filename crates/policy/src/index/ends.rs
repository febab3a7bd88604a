//! The ends of names, their lengths and hashes: what the index asks before it
//! looks anything up.

/// Pieces are told apart by length up to this one; longer ones are entered
/// under their first or last so many bytes.
pub(super) const LONGEST: usize = 64;

/// What a piece is, so that equal bytes in different roles differ in hash.
pub(super) const HEAD: u64 = 1;
pub(super) const NAME: u64 = 2;
pub(super) const START: u64 = 3;
pub(super) const END: u64 = 4;
pub(super) const STEM: u64 = 5;

/// How many `?` stand in a pattern for the random end of a temporary name: as many
/// bytes as mkstemp(3) makes, and rsync for each file that it copies. Patterns for such
/// names would all be entered under the dot that the names begin with otherwise, and
/// every name with one would ask for each of them.
pub(super) const RANDOM: usize = 6;

/// The bit of the last byte; none of an empty text.
pub(super) fn last_bit(text: &[u8]) -> u64 {
    text.last().map_or(0, |&last| 1u64 << (last & 63))
}

/// `name` without such an end; empty if it is too short to have one.
pub(super) fn stem(name: &[u8]) -> &[u8] {
    let end = name.len().saturating_sub(RANDOM);
    name.get(..end).unwrap_or_default()
}

/// A quick hash: the lists are the user's own, so nobody is kept from making
/// collisions, which only cost time.
pub(super) fn hash(kind: u64, bytes: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = kind;
    let mut mix = |word: u64| {
        state = (state ^ word).wrapping_mul(FACTOR);
        state ^= state >> 32;
    };
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    for word in words {
        mix(u64::from_le_bytes(word.try_into().unwrap_or_default()));
    }
    mix(rest
        .iter()
        .fold(bytes.len() as u64, |word, &b| word << 8 | u64::from(b)));
    state as u32
}

pub(super) fn head_bit(length: usize) -> u64 {
    1u64 << (length & 63)
}

pub(super) fn length_bit(length: usize) -> u64 {
    match length.min(LONGEST).checked_sub(1) {
        Some(bit) => 1u64 << (bit & 63),
        None => 0,
    }
}

/// The lengths that occur in the list, up to that of a name.
pub(super) fn lengths(set: u64, name: usize) -> impl Iterator<Item = usize> {
    let within = length_bit(name);
    let mut left = set & (within | within.wrapping_sub(1));
    core::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.checked_sub(1)?;
        Some((bit as usize).saturating_add(1))
    })
}

/// The first two bytes of a name, 0 for a second one that is not there.
pub(super) fn first_two(name: &[u8]) -> (u8, u8) {
    match name {
        [first, second, ..] => (*first, *second),
        [first] => (*first, 0),
        [] => (0, 0),
    }
}

/// The last two bytes of a name, the last one first.
pub(super) fn last_two(name: &[u8]) -> (u8, u8) {
    match name {
        [.., second, first] => (*first, *second),
        [first] => (*first, 0),
        [] => (0, 0),
    }
}

//! What alternatives are entered under in the index.

use super::ends::{
    END, HEAD, LONGEST, NAME, RANDOM, START, STEM, add, add_all, first_two, hash, head_bit,
    last_bit, last_two, length_bit,
};
use super::{Index, Link};
use crate::pattern::store::{Alternative, Segment, Shape, Store};
use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

/// What an alternative is entered under.
enum Piece<'a> {
    Head(&'a [u8]),
    Name(&'a [u8]),
    Start(&'a [u8]),
    End(&'a [u8]),
    /// The end of what stands before six bytes that may be any.
    Stem(&'a [u8]),
}

impl Index {
    pub fn of(store: &Store) -> Self {
        let alternatives = &store.alternatives;
        let buckets = alternatives.len().saturating_mul(2).next_power_of_two();
        let mut index = Index {
            buckets: Cow::Owned(vec![0; buckets]),
            links: Cow::Owned(Vec::with_capacity(alternatives.len())),
            ..Index::default()
        };
        for (at, alternative) in (0u32..).zip(alternatives.iter()) {
            let hash = match piece(store, alternative) {
                Some(piece) => index.enter(&piece),
                None => {
                    index.others.to_mut().push(at);
                    index.links.to_mut().push(Link { hash: 0, next: 0 });
                    continue;
                }
            };
            let bucket = hash as usize & buckets.saturating_sub(1);
            let next = index
                .buckets
                .to_mut()
                .get_mut(bucket)
                .map_or(0, |first| core::mem::replace(first, at.saturating_add(1)));
            index.links.to_mut().push(Link { hash, next });
        }
        index.others.to_mut().reverse();
        index
    }

    /// Notes that there is such a piece; gives its hash.
    fn enter(&mut self, piece: &Piece<'_>) -> u32 {
        match *piece {
            Piece::Head(path) => {
                self.head_lengths |= head_bit(path.len());
                add(&mut self.ends, last_two(path));
                hash(HEAD, path)
            }
            Piece::Name(name) => {
                add(&mut self.starts, first_two(name));
                hash(NAME, name)
            }
            Piece::Start(text) => {
                self.start_lengths |= length_bit(text.len());
                add_all(&mut self.starts, text, first_two);
                hash(START, text)
            }
            Piece::End(text) | Piece::Stem(text) => {
                self.end_lengths |= length_bit(text.len());
                if matches!(piece, Piece::Stem(_)) {
                    self.stems |= last_bit(text);
                    return hash(STEM, text);
                }
                add_all(&mut self.ends, text, last_two);
                hash(END, text)
            }
        }
    }
}

/// The piece to enter `alternative` under: the beginning of the path, or else
/// the most telling of its components.
fn piece<'a>(store: &'a Store, alternative: &Alternative) -> Option<Piece<'a>> {
    let head = store.text(alternative.head);
    if !head.is_empty() {
        return Some(Piece::Head(head));
    }
    let segments = store.segments(alternative).iter();
    segments
        .filter_map(|segment| piece_of(store, segment))
        .max_by_key(|piece| match piece {
            Piece::Head(text) | Piece::Name(text) => (1, text.len()),
            Piece::Start(text) | Piece::End(text) | Piece::Stem(text) => (0, text.len()),
        })
}

fn piece_of<'a>(store: &'a Store, segment: &Segment) -> Option<Piece<'a>> {
    let text = store.text(segment.text);
    let start = |text: &'a [u8]| Piece::Start(text.get(..LONGEST).unwrap_or(text));
    let last = |text: &'a [u8]| {
        let from = text.len().saturating_sub(LONGEST);
        text.get(from..).unwrap_or_default()
    };
    if text.is_empty() {
        return None;
    }
    match segment.shape {
        Shape::Literal => Some(Piece::Name(text)),
        Shape::Prefix => Some(start(text)),
        Shape::Suffix => Some(Piece::End(last(text))),
        Shape::Any | Shape::Depth => None,
        Shape::Glob => {
            // Of `\??????` the first is a byte like any other.
            let stem = text.strip_suffix(RANDOM);
            let stem = stem.filter(|stem| !stem.ends_with(b"\\"));
            let whole = stem.unwrap_or(text);
            let special = |&b: &u8| matches!(b, b'*' | b'?' | b'[' | b']' | b'\\');
            let first = whole.iter().position(special).unwrap_or(whole.len());
            let behind = match whole.iter().rposition(special) {
                // Behind a backslash one more byte belongs to it.
                Some(at) if whole.get(at) == Some(&b'\\') => at.saturating_add(2),
                Some(at) => at.saturating_add(1),
                None => whole.len(),
            };
            let head = whole.get(..first).unwrap_or_default();
            let tail = whole.get(behind..).unwrap_or_default();
            if head.is_empty() && tail.is_empty() {
                None
            } else if head.len() >= tail.len() {
                Some(start(head))
            } else if stem.is_some() {
                Some(Piece::Stem(last(tail)))
            } else {
                Some(Piece::End(last(tail)))
            }
        }
    }
}

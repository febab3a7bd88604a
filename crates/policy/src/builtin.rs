//! The list that applies when the user names none.

use alloc::string::String;

/// The file as it lies in the source: patterns, each with a comment above it
/// that says why it is there.
pub const TEXT: &str = include_str!("../builtin.patterns");

/// The patterns alone, one a line. Every process of a job reads the list, so
/// the comments are left out when this is compiled, not when it is read.
pub(crate) const PATTERNS: &[u8] = &strip::<{ stripped(TEXT.as_bytes()) }>(TEXT.as_bytes());

// These three run in the compiler: what they could overstep is an error there.

/// Whether the line that begins at `at` is a comment or empty.
#[allow(clippy::indexing_slicing)]
const fn idle(text: &[u8], at: usize) -> bool {
    at >= text.len() || text[at] == b'#' || text[at] == b'\n'
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn stripped(text: &[u8]) -> usize {
    let (mut at, mut length) = (0, 0);
    while at < text.len() {
        let keep = !idle(text, at);
        loop {
            length += keep as usize;
            at += 1;
            if at >= text.len() || text[at - 1] == b'\n' {
                break;
            }
        }
    }
    length
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn strip<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let (mut at, mut length) = (0, 0);
    while at < text.len() {
        let keep = !idle(text, at);
        loop {
            if keep {
                out[length] = text[at];
                length += 1;
            }
            at += 1;
            if at >= text.len() || text[at - 1] == b'\n' {
                break;
            }
        }
    }
    out
}

/// The patterns in their order, each with the comment above it: lines joined
/// by a blank. A pattern without a comment of its own shares the one before.
pub fn entries() -> impl Iterator<Item = (&'static str, String)> {
    let mut comment = String::new();
    let mut open = false;
    TEXT.lines().filter_map(move |line| {
        if let Some(text) = line.strip_prefix('#') {
            if !open {
                comment.clear();
            }
            open = true;
            if !comment.is_empty() {
                comment.push(' ');
            }
            comment.push_str(text.trim());
            return None;
        }
        if line.is_empty() {
            // An empty line ends a comment that belongs to no pattern.
            if open {
                comment.clear();
            }
            open = false;
            return None;
        }
        open = false;
        Some((line, comment.clone()))
    })
}

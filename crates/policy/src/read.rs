//! From the text of a list to its rules, or to its faults.

use crate::builtin;
use crate::index;
use crate::list;
use crate::mode::Mask;
use crate::path::fold;
use crate::pattern::check::check;
use crate::pattern::{Head, PatternFault, PatternFaultKind};
use crate::rule::Origin;
use crate::rules::Rules;
use crate::source::Source;
use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

impl Rules {
    /// The rules of a list as `UMASKCLAMP_PATTERNS` holds it, seen from `home`.
    pub fn from_list(list: &[u8], home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        Ok(read(b"", list, || home.map(<[u8]>::to_vec))?.with_index())
    }

    /// The rules of a file's text, seen from `home`.
    pub fn from_file(text: &[u8], home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        Ok(read(text, b"", || home.map(<[u8]>::to_vec))?.with_index())
    }

    /// The built-in rules, which `build.rs` found good: none of them depends on who asks.
    pub fn built_in() -> Rules {
        Rules {
            source: Source {
                text: Cow::Borrowed(builtin::PATTERNS),
                lines: builtin::PATTERNS.len(),
                origin: Origin::BuiltIn,
                home: None,
            },
            index: Cow::Borrowed(include_bytes!(concat!(env!("OUT_DIR"), "/built-in.index"))),
            ..Rules::default()
        }
    }

    /// The same rules with an index.
    pub fn with_index(mut self) -> Rules {
        if self.index.is_empty() {
            let mut bytes = vec![0; index::size(&self.source)];
            index::write(&self.source, &mut bytes);
            self.index = Cow::Owned(bytes);
        }
        self
    }
}

/// The rules of the lines of a file, then of a list, without an index.
pub(crate) fn read(
    lines: &[u8],
    list: &[u8],
    home: impl FnOnce() -> Option<Vec<u8>>,
) -> Result<Rules, Vec<PatternFault>> {
    let mut source = Source {
        text: Cow::Owned([lines, list].concat()),
        lines: lines.len(),
        origin: Origin::File,
        home: None,
    };
    let mut ask = Some(home);
    let mut found = None;
    let mut known = || {
        if let Some(ask) = ask.take() {
            found = ask().and_then(|home| folded(&home));
        }
        found.is_some()
    };
    let (mut stored, mut own_masks) = (0, false);
    let mut good = |pattern: &[u8], stored: &mut usize| {
        own_masks |= Head::of(pattern).mask.is_some();
        good(pattern, &mut known, stored)
    };
    let mut faults = Vec::new();
    if !lines.is_empty() || !list::unusual(list).all(|one| good(one, &mut stored).is_ok()) {
        stored = 0;
        for (origin, number, pattern) in source.written() {
            if let Err((at, kind)) = good(pattern, &mut stored) {
                faults.push(PatternFault {
                    origin,
                    number,
                    pattern: pattern.to_vec(),
                    at,
                    kind,
                });
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    source.home = found.map(Cow::Owned);
    Ok(Rules {
        source,
        own_masks,
        ..Rules::default()
    })
}

/// Checks one pattern with what stands before it.
fn good(
    pattern: &[u8],
    home: &mut dyn FnMut() -> bool,
    stored: &mut usize,
) -> Result<(), (usize, PatternFaultKind)> {
    let head = Head::of(pattern);
    let first = pattern.get(head.start);
    let at = usize::from(head.exempts);
    match head.mask {
        None if first.is_none() && head.exempts => Err((0, PatternFaultKind::LoneExclamation)),
        None if first.is_none() => Err((0, PatternFaultKind::Empty)),
        None => check(pattern, head.start, home, stored),
        Some(_) if head.exempts => Err((at, PatternFaultKind::ExemptMask)),
        Some(bits) if bits == 0 || Mask::new(bits).is_err() => Err((at, PatternFaultKind::BadMask)),
        Some(_) if first.is_none() => Err((at, PatternFaultKind::LoneMask)),
        Some(_) if first == Some(&b'!') => Err((head.start, PatternFaultKind::ExemptMask)),
        Some(_) => check(pattern, head.start, home, stored),
    }
}

/// The home directory, folded. One that is not absolute is none.
fn folded(home: &[u8]) -> Option<Vec<u8>> {
    if home.first() != Some(&b'/') {
        return None;
    }
    let mut folded = vec![0; home.len()];
    let length = fold(b"/", home, &mut folded)?;
    folded.truncate(length);
    Some(folded)
}

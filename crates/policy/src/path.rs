//! Paths as bytes: folding and components.

/// The components of `path`: what stands between its slashes, empty ones left
/// out. `.` and `..` are components like any other here.
pub fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&b| b == b'/').filter(|name| !name.is_empty())
}

/// The last component of `path`, empty if there is none (`/`, `//`, the empty
/// path).
pub fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/')
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// Whether one component of `path` is `..`, so that it cannot be folded by
/// looking at it alone: `link/../f` is where the link leads.
pub fn climbs(path: &[u8]) -> bool {
    names(path).any(|name| name == b"..")
}

/// Where `byte` is first. Eight bytes are looked at in one step: every creation
/// looks through its path, some of them several times.
#[inline]
pub fn position(byte: u8, text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let wanted = ONES.wrapping_mul(u64::from(byte));
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // A byte is zero where it is the one that is sought, and only there, or
        // above such a one, does the subtraction borrow into its high bit.
        let differs = u64::from_le_bytes(*word) ^ wanted;
        let found = differs.wrapping_sub(ONES) & !differs & HIGH;
        if found != 0 {
            let within = (found.trailing_zeros() >> 3) as usize;
            return Some(at.saturating_mul(8).saturating_add(within));
        }
    }
    let before = text.len().saturating_sub(rest.len());
    let within = rest.iter().position(|&b| b == byte)?;
    Some(before.saturating_add(within))
}

/// Splits off the first component: `(component, what follows it)`. `None` when
/// only slashes, or nothing, are left.
#[inline]
pub(crate) fn step(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut path = path;
    loop {
        match path {
            [] => return None,
            [b'/', rest @ ..] => path = rest,
            _ => break,
        }
    }
    match position(b'/', path) {
        Some(end) => path.split_at_checked(end),
        None => Some((path, &[])),
    }
}

/// The components of a path, each with what follows it.
pub(crate) fn steps(path: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = path;
    core::iter::from_fn(move || {
        let (name, left) = step(rest)?;
        rest = left;
        Some((name, left))
    })
}

/// Writes `given`, seen from the directory `base`, into `out`, and says how
/// many bytes it takes.
///
/// The folding is lexical: `.`, `//` and a trailing `/` go, `..` takes the
/// component before it away, and at the root stays there. An absolute `given`
/// does not need `base`. A `base` that is empty or does not begin with `/` is
/// a directory that is known in part or not at all: the result then has no
/// leading `/`, holds what is known, and may be empty.
///
/// `None`: the result is longer than `out`. Only the result counts, however
/// long the way to it is.
pub fn fold(base: &[u8], given: &[u8], out: &mut [u8]) -> Option<usize> {
    let base = if given.first() == Some(&b'/') {
        b"/"
    } else {
        base
    };
    let absolute = base.first() == Some(&b'/');

    // From the end to the beginning, so that a `..` is known before the
    // component that it takes away, and nothing is written that must go again.
    let mut start = out.len();
    let mut climbing = 0usize;
    let components = [given, base]
        .into_iter()
        .flat_map(|part| part.rsplit(|&b| b == b'/'));
    for name in components {
        match name {
            b"" | b"." => {}
            b".." => climbing = climbing.saturating_add(1),
            _ if climbing > 0 => climbing = climbing.saturating_sub(1),
            _ => {
                if start < out.len() {
                    start = put_before(out, start, b"/")?;
                }
                start = put_before(out, start, name)?;
            }
        }
    }
    if absolute {
        start = put_before(out, start, b"/")?;
    }
    let length = out.len().checked_sub(start)?;
    out.copy_within(start.., 0);
    Some(length)
}

/// The same for a `base` that is folded already, as the kernel tells a directory.
pub fn fold_below(base: &[u8], given: &[u8], out: &mut [u8]) -> Option<usize> {
    let joined = match given.first() {
        Some(b'/') => join(b"/", given, out),
        _ => join(base, given, out),
    };
    joined.or_else(|| fold(base, given, out))
}

/// The same for a directory out of which no `..` leads, as `/` is for a process.
#[inline]
pub fn fold_in_root(base: &[u8], given: &[u8], out: &mut [u8]) -> Option<usize> {
    let base = if base == b"/" { b"" } else { base };
    let length = fold(b"/", given, out.get_mut(base.len()..)?)?;
    out.get_mut(..base.len())?.copy_from_slice(base);
    match length {
        1 if !base.is_empty() => Some(base.len()),
        length => base.len().checked_add(length),
    }
}

/// The usual case of `fold`, without its care: a folded absolute `base` (or an
/// absolute `given`) and nothing to fold. `None`: it is another case, or does not
/// fit.
fn join(base: &[u8], given: &[u8], out: &mut [u8]) -> Option<usize> {
    let (base, given) = match (base, given) {
        (b"/", [b'/', given @ ..]) => (&b""[..], given),
        (b"/", given) => (&b""[..], given),
        ([b'/', ..], given) => (base, given),
        _ => return None,
    };
    if !nothing_to_fold(given) {
        return None;
    }
    let length = base.len().checked_add(1)?.checked_add(given.len())?;
    let (head, rest) = out.get_mut(..length)?.split_at_mut_checked(base.len())?;
    let (slash, tail) = rest.split_first_mut()?;
    head.copy_from_slice(base);
    *slash = b'/';
    tail.copy_from_slice(given);
    Some(length)
}

/// Whether folding would leave this path as it is. What has a component that
/// begins with a dot counts as not so, which costs a hidden file a little time.
fn nothing_to_fold(relative: &[u8]) -> bool {
    let mut rest = relative;
    loop {
        if matches!(rest, [] | [b'/' | b'.', ..]) {
            return false;
        }
        let Some(slash) = position(b'/', rest) else {
            return true;
        };
        rest = rest.get(slash.saturating_add(1)..).unwrap_or_default();
    }
}

/// Writes `bytes` so that they end before `end`; says where they begin.
fn put_before(out: &mut [u8], end: usize, bytes: &[u8]) -> Option<usize> {
    let begin = end.checked_sub(bytes.len())?;
    out.get_mut(begin..end)?.copy_from_slice(bytes);
    Some(begin)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_step_is_one_component() {
        assert_eq!(super::step(b"//a/b"), Some((&b"a"[..], &b"/b"[..])));
        assert_eq!(super::step(b"/"), None);
    }
}

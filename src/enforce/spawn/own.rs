//! Paths through a process's own entries of `/proc`: the parent's lead elsewhere than the
//! child's will.

use libc::c_int;

/// What a path through a process's own entry of `/proc` names, and what follows.
pub enum Own<'p> {
    Directory(&'p [u8]),
    Descriptor(c_int, &'p [u8]),
}

/// Is this such a path? The parent's entry leads elsewhere than the child's will.
pub fn own_entry(path: &[u8]) -> Option<Own<'_>> {
    const STANDARD: [(&[u8], c_int); 3] =
        [(b"/dev/stdin", 0), (b"/dev/stdout", 1), (b"/dev/stderr", 2)];
    for (name, fd) in STANDARD {
        if path == name {
            return Some(Own::Descriptor(fd, b""));
        }
    }
    let entries: [&[u8]; 2] = [b"/proc/self/", b"/proc/thread-self/"];
    let own = entries.iter().find_map(|entry| path.strip_prefix(*entry));
    if let Some(below) = own.and_then(|own| own.strip_prefix(b"cwd")) {
        return below_entry(below).map(Own::Directory);
    }
    let numbered = own
        .and_then(|own| own.strip_prefix(b"fd/"))
        .or_else(|| path.strip_prefix(b"/dev/fd/"))?;
    let digits = numbered
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, below) = numbered.split_at_checked(digits)?;
    let fd = core::str::from_utf8(number).ok()?.parse().ok()?;
    below_entry(below).map(|rest| Own::Descriptor(fd, rest))
}

/// What follows the entry, without the slashes between.
fn below_entry(rest: &[u8]) -> Option<&[u8]> {
    let slashes = rest.iter().take_while(|&&byte| byte == b'/').count();
    (rest.is_empty() || slashes > 0)
        .then(|| rest.get(slashes..))
        .flatten()
}

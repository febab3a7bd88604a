//! A slow and obvious matcher, written from the words of the pattern rules
//! alone: it expands, splits and tries everything, by recursion, byte by byte.

use umaskclamp_policy::rules::Kind;

/// Whether `pattern`, without its `!`, matches `path` or an ancestor of it.
pub fn matches(pattern: &[u8], path: &[u8], kind: Kind, home: Option<&[u8]>) -> bool {
    alternatives(pattern)
        .iter()
        .any(|alternative| matches_alternative(alternative, path, kind, home))
}

/// The number of the last of `list`'s patterns that matches, from 0, and
/// whether it protects.
pub fn verdict(
    list: &[Vec<u8>],
    path: &[u8],
    kind: Kind,
    home: Option<&[u8]>,
) -> Option<(usize, bool)> {
    let mut found = None;
    for (number, pattern) in list.iter().enumerate() {
        let (body, protects) = match pattern.split_first() {
            Some((b'!', body)) => (body, false),
            _ => (&pattern[..], true),
        };
        if matches(body, path, kind, home) {
            found = Some((number, protects));
        }
    }
    found
}

/// One byte of a pattern with its backslash, or a whole class.
fn items(pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        let length = match pattern[at] {
            b'\\' => 2,
            b'[' => class_length(&pattern[at..]),
            _ => 1,
        };
        out.push(pattern[at..at + length].to_vec());
        at += length;
    }
    out
}

fn class_length(class: &[u8]) -> usize {
    let mut at = 1;
    if matches!(class[at], b'!' | b'^') {
        at += 1;
    }
    let mut first = true;
    while first || class[at] != b']' {
        at += if class[at] == b'\\' { 2 } else { 1 };
        first = false;
    }
    at + 1
}

/// What the braces of `pattern` stand for.
fn alternatives(pattern: &[u8]) -> Vec<Vec<u8>> {
    let items = items(pattern);
    let Some(open) = items.iter().position(|item| item == b"{") else {
        return vec![pattern.to_vec()];
    };
    let mut depth = 0;
    let mut branches = vec![Vec::new()];
    let mut close = open;
    for (at, item) in items.iter().enumerate().skip(open) {
        match item.as_slice() {
            b"{" => depth += 1,
            b"}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            close = at;
            break;
        }
        if depth == 1 && item == b"," {
            branches.push(Vec::new());
        } else if !(depth == 1 && item == b"{") {
            branches.last_mut().unwrap().extend_from_slice(item);
        }
    }
    let before = items[..open].concat();
    let after = items[close + 1..].concat();
    branches
        .iter()
        .flat_map(|branch| alternatives(&[&before[..], branch, &after].concat()))
        .collect()
}

fn matches_alternative(pattern: &[u8], path: &[u8], kind: Kind, home: Option<&[u8]>) -> bool {
    let mut pattern = pattern.to_vec();
    let of_home = [&b"~/"[..], b"~\\/"];
    if pattern == b"~" || of_home.iter().any(|start| pattern.starts_with(start)) {
        let Some(home) = home else { return false };
        let mut literal: Vec<u8> = home.iter().flat_map(|&b| [b'\\', b]).collect();
        literal.extend_from_slice(&pattern[1..]);
        pattern = literal;
    }
    // Components: what stands between slashes, escaped or not.
    let mut components: Vec<Vec<u8>> = vec![Vec::new()];
    for item in items(&pattern) {
        if item == b"/" || item == b"\\/" {
            components.push(Vec::new());
        } else {
            components.last_mut().unwrap().extend(item);
        }
    }
    let leading = components[0].is_empty();
    let trailing = components.last().unwrap().is_empty();
    components.retain(|component| !component.is_empty());
    if components.is_empty() {
        // The root: everything.
        return true;
    }
    let anchored = leading && components[0] != b"**";
    let absolute = path.starts_with(b"/");
    if anchored && !absolute {
        return false;
    }
    if !leading {
        // A name, or a path that matches at any depth.
        components.insert(0, b"**".to_vec());
        if components == [b"**", b"**"] {
            components = vec![b"**".to_vec()];
        }
    }
    let names: Vec<&[u8]> = path
        .split(|&b| b == b'/')
        .filter(|n| !n.is_empty())
        .collect();
    (0..=names.len()).any(|count| {
        let directory = count < names.len() || kind == Kind::Directory;
        (directory || !trailing) && components_match(&components, &names[..count])
    })
}

fn components_match(pattern: &[Vec<u8>], names: &[&[u8]]) -> bool {
    match pattern.split_first() {
        None => names.is_empty(),
        Some((first, [])) if first == b"**" => !names.is_empty(),
        Some((first, rest)) if first == b"**" => {
            (0..=names.len()).any(|skipped| components_match(rest, &names[skipped..]))
        }
        Some((first, rest)) => {
            !names.is_empty()
                && name_matches(&items(first), names[0])
                && components_match(rest, &names[1..])
        }
    }
}

fn name_matches(pattern: &[Vec<u8>], name: &[u8]) -> bool {
    let Some((item, rest)) = pattern.split_first() else {
        return name.is_empty();
    };
    if item == b"*" {
        return (0..=name.len()).any(|taken| name_matches(rest, &name[taken..]));
    }
    let Some((&byte, left)) = name.split_first() else {
        return false;
    };
    let fits = match item.as_slice() {
        b"?" => true,
        [b'\\', escaped] => *escaped == byte,
        [b'[', ..] => class_has(item, byte),
        [literal] => *literal == byte,
        _ => unreachable!(),
    };
    fits && name_matches(rest, left)
}

fn class_has(class: &[u8], byte: u8) -> bool {
    let mut members = &class[1..class.len() - 1];
    let negated = matches!(members[0], b'!' | b'^');
    if negated {
        members = &members[1..];
    }
    // Each member with its backslash taken off, and whether it had one or
    // stands first: then a `-` is no range.
    let mut found = false;
    let mut at = 0;
    let take = |at: &mut usize| {
        if members[*at] == b'\\' {
            *at += 1;
        }
        *at += 1;
        members[*at - 1]
    };
    while at < members.len() {
        let low = take(&mut at);
        let mut high = low;
        if at + 1 < members.len() && members[at] == b'-' {
            at += 1;
            high = take(&mut at);
        }
        found |= low <= byte && byte <= high;
    }
    found != negated
}

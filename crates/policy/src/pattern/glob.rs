//! A name against a glob of one component: `*`, `?`, classes and escaped bytes.

use super::lex::Members;

/// Whether `glob` matches the whole of `name`.
///
/// A glob that [`super::lex::lex`] let through: every class is closed, and something
/// stands behind every backslash. With the first `*` that fits the name as well as any
/// later one, only the last `*` met is ever tried again.
pub(crate) fn matches(glob: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut rest) = (glob, name);
    // What stands behind the last `*`, and what of the name is left to it.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', behind @ ..] = pattern {
            pattern = behind;
            star = Some((behind, rest));
        } else if let Some(behind) = one(pattern, rest.first()) {
            let Some((_, left)) = rest.split_first() else {
                return true;
            };
            (pattern, rest) = (behind, left);
        } else {
            let Some((behind, [_, left @ ..])) = star else {
                return false;
            };
            (pattern, rest) = (behind, left);
            star = Some((behind, left));
        }
    }
}

/// What is left of `glob` behind the piece that matches this byte, or, at the end of the
/// name, of a glob that ends too.
fn one<'g>(glob: &'g [u8], byte: Option<&u8>) -> Option<&'g [u8]> {
    let Some(&byte) = byte else {
        return glob.is_empty().then_some(glob);
    };
    match glob {
        [b'?', behind @ ..] => Some(behind),
        [b'[', ..] => {
            let mut members = Members::of(glob, 0);
            let found = members
                .by_ref()
                .any(|(low, high)| (low..=high).contains(&byte));
            while members.next().is_some() {}
            (found != members.negated).then(|| glob.get(members.at..).unwrap_or_default())
        }
        [b'\\', own, behind @ ..] | [own, behind @ ..] => (*own == byte).then_some(behind),
        [] => None,
    }
}

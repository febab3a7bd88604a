//! An alternative of a pattern against a path, component by component.

use super::class;
use super::tokens::{Token, Tokens};
use crate::path::step;
use crate::rule::Kind;

/// One alternative. It matches a path if it matches the path or an ancestor of it, so the
/// shortest beginning of the path that it matches is all that counts.
#[derive(Clone, Copy)]
pub(crate) struct Alternative<'a> {
    /// Its first component; none is the root. `**` before others is left out: what
    /// follows may be at any depth.
    pub first: Option<Tokens<'a>>,
    /// Whether it begins at the root.
    pub anchored: bool,
}

impl<'a> Alternative<'a> {
    pub fn of(tokens: Tokens<'a>) -> Self {
        let mut anchored = tokens.clone().next() == Some(Token::Slash);
        let mut first = component(tokens);
        // `/**/a` is `a` at any depth, as `**/a` is.
        while let Some(behind) = first.and_then(stars) {
            anchored = false;
            match component(behind) {
                None => break,
                next => first = next,
            }
        }
        Alternative { first, anchored }
    }

    /// Its components, each with whether it is a `**` before others.
    pub fn components(&self) -> impl Iterator<Item = (Tokens<'a>, bool)> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            let first = next?;
            let deeper = depth(first);
            next = deeper.or_else(|| component(behind(first)));
            Some((first, deeper.is_some()))
        })
    }

    /// Whether it is a single component at any depth.
    pub fn is_name(&self) -> bool {
        !self.anchored && self.components().count() == 1
    }

    /// Whether only directories match it.
    pub fn is_directory(&self) -> bool {
        let last = self.components().last();
        last.is_some_and(|(first, _)| behind(first).next().is_some())
    }

    /// Whether it matches the folded `path` or an ancestor of it.
    pub fn matches(&self, path: &[u8], kind: Kind) -> bool {
        let Some(first) = self.first else {
            // The root: every path lies below it, known in full or not.
            return true;
        };
        if self.anchored && path.first() != Some(&b'/') {
            return false;
        }
        let (mut pattern, mut rest) = (first, path);
        // Between two `**`, the first place that fits is as good as any later one, so
        // only what stands behind the last of them is ever tried again.
        let mut again = (!self.anchored).then_some((first, path));
        loop {
            if let Some(behind) = depth(pattern) {
                (pattern, again) = (behind, Some((behind, rest)));
                continue;
            }
            let Some((name, left)) = step(rest) else {
                return false;
            };
            if let Some(behind) = matches_name(pattern, name) {
                let directory = behind.clone().next().is_some();
                let Some(next) = component(behind) else {
                    // What is left of the path lies beneath what matched, which is
                    // therefore a directory.
                    return !directory || kind == Kind::Directory || step(left).is_some();
                };
                (pattern, rest) = (next, left);
            } else {
                let tried = again.and_then(|(first, from)| Some((first, step(from)?.1)));
                let Some((first, from)) = tried else {
                    return false;
                };
                (pattern, rest, again) = (first, from, tried);
            }
        }
    }
}

/// The next component: what stands behind slashes. `None` at the end.
fn component(tokens: Tokens<'_>) -> Option<Tokens<'_>> {
    let (mut here, mut ahead) = (tokens, tokens);
    while ahead.next()? == Token::Slash {
        here = ahead;
    }
    Some(here)
}

/// What follows the component, from the slash or the end on.
fn behind(component: Tokens<'_>) -> Tokens<'_> {
    let (mut here, mut ahead) = (component, component);
    while !matches!(ahead.next(), None | Some(Token::Slash)) {
        here = ahead;
    }
    here
}

/// What follows the component, if it is a `**`. Three stars are, as two beside other
/// bytes, no more than one.
fn stars(component: Tokens<'_>) -> Option<Tokens<'_>> {
    let mut tokens = component;
    let two = tokens.next() == Some(Token::Star) && tokens.next() == Some(Token::Star);
    (two && matches!(tokens.clone().next(), None | Some(Token::Slash))).then_some(tokens)
}

/// The component behind a `**`. At the end there is none, and it says no more than a
/// `*`: beneath `a/**` lies what lies beneath `a/*`.
fn depth(pattern: Tokens<'_>) -> Option<Tokens<'_>> {
    component(stars(pattern)?)
}

/// What follows the component, if it matches the whole of `name`. With the first `*` that
/// fits the name as well as any later one, only the last `*` met is ever tried again.
pub(crate) fn matches_name<'a>(component: Tokens<'a>, name: &[u8]) -> Option<Tokens<'a>> {
    let (mut pattern, mut rest) = (component, name);
    // What stands behind the last `*`, and what of the name is left to it.
    let mut star: Option<(Tokens<'a>, &[u8])> = None;
    loop {
        let mut behind = pattern;
        let token = behind.next();
        let fits = match (token, rest.split_first()) {
            (Some(Token::Star), _) => {
                (pattern, star) = (behind, Some((behind, rest)));
                continue;
            }
            (None | Some(Token::Slash), None) => return Some(pattern),
            (Some(Token::One), Some(_)) => true,
            (Some(Token::Byte(own)), Some((&byte, _))) => own == byte,
            (Some(Token::Class(class)), Some((&byte, _))) => class::has(class, byte),
            _ => false,
        };
        if fits {
            (pattern, rest) = (behind, rest.get(1..)?);
        } else {
            let (again, from) = star?;
            rest = from.get(1..)?;
            (pattern, star) = (again, Some((again, rest)));
        }
    }
}

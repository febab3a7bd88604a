//! Braces: the alternatives that a pattern stands for.
//!
//! `{/a,b}/c` is one absolute pattern and one that matches at any depth, so the
//! alternatives are told apart before anything is classified.
//!
//! Every process of a job does this, with memory that it never gives back: the
//! alternatives are written one after the other into the same place.

use super::fault::{Found, PatternFaultKind};
use super::lex::{Spanned, Token};
use alloc::vec::Vec;

/// What is done with one alternative.
type Take<'a> = &'a mut dyn FnMut(&[Spanned]) -> Result<(), Found>;

/// Gives every alternative of `tokens` to `take`, in the order in which they are
/// written.
pub(crate) fn each(tokens: &[Spanned], take: Take) -> Result<(), Found> {
    let mut done = Vec::with_capacity(tokens.len());
    let rest = Rest { tokens, then: None };
    grow(&mut done, &rest, take)
}

/// What is still to be written: a branch, then what follows its group.
struct Rest<'a> {
    tokens: &'a [Spanned],
    then: Option<&'a Rest<'a>>,
}

/// Appends each alternative of `rest` to `done` and takes it away again. It calls
/// itself twice a group, of which there are ten at most.
fn grow(done: &mut Vec<Spanned>, rest: &Rest, take: Take) -> Result<(), Found> {
    let length = done.len();
    let tokens = rest.tokens;
    let open = tokens.iter().position(|s| s.token == Token::Open);
    let (before, group) = tokens
        .split_at_checked(open.unwrap_or(tokens.len()))
        .unwrap_or((tokens, &[]));
    done.extend_from_slice(before);
    let result = match (group.first(), rest.then) {
        (Some(open), then) => match after(group) {
            Some(tokens) => branches(done, group, &Rest { tokens, then }, take),
            None => Err((open.at as usize, PatternFaultKind::UnclosedBrace)),
        },
        (None, Some(then)) => grow(done, then, take),
        (None, None) => take(done),
    };
    done.truncate(length);
    result
}

/// The same for each branch of a group, with what follows it.
fn branches(
    done: &mut Vec<Spanned>,
    group: &[Spanned],
    after: &Rest,
    take: Take,
) -> Result<(), Found> {
    let mut left = group;
    // A branch begins behind the `{`, or behind the comma that ends the one before.
    while let Some((tokens, behind)) = branch(left) {
        let then = Some(after);
        grow(done, &Rest { tokens, then }, take)?;
        left = behind;
    }
    Ok(())
}

/// The branch that begins behind the first token, and what is left from the comma or
/// brace that ends it. `None` if the first token is the brace that closes the group.
fn branch(left: &[Spanned]) -> Option<(&[Spanned], &[Spanned])> {
    let (first, rest) = left.split_first()?;
    if first.token == Token::Close {
        return None;
    }
    let mut depth = 0usize;
    let end = rest.iter().position(|s| {
        let ends = depth == 0 && matches!(s.token, Token::Comma | Token::Close);
        match s.token {
            Token::Open => depth = depth.saturating_add(1),
            Token::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        ends
    })?;
    rest.split_at_checked(end)
}

/// What follows the group that `group` begins with.
fn after(group: &[Spanned]) -> Option<&[Spanned]> {
    let mut left = group;
    while let Some((_, behind)) = branch(left) {
        left = behind;
    }
    match left.split_first()? {
        (close, after) if close.token == Token::Close => Some(after),
        _ => None,
    }
}

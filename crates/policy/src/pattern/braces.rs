//! Braces: the alternatives that a pattern stands for.
//!
//! `{/a,b}/c` is one absolute pattern and one that matches at any depth, so the
//! alternatives are told apart before anything is classified. `fast_glob`
//! could match braces, but tries every combination of branches on every path.

use super::lex::{Spanned, Token};
use super::{Found, PatternFaultKind, MAX_ALTERNATIVES};

/// Every alternative of `tokens`, in the order in which they are written.
pub(crate) fn expand(tokens: &[Spanned]) -> Result<Vec<Vec<Spanned>>, Found> {
    let mut out = Vec::new();
    grow(Vec::new(), tokens, &mut out)?;
    Ok(out)
}

/// Appends to `out` what `done` and then each alternative of `rest` make.
/// It calls itself once a group, of which there are ten at most.
fn grow(
    mut done: Vec<Spanned>,
    rest: &[Spanned],
    out: &mut Vec<Vec<Spanned>>,
) -> Result<(), Found> {
    let Some(open) = rest.iter().position(|s| s.token == Token::Open) else {
        done.extend_from_slice(rest);
        if out.len() >= MAX_ALTERNATIVES {
            return Err((0, PatternFaultKind::TooManyAlternatives));
        }
        out.push(done);
        return Ok(());
    };
    let (before, group) = rest.split_at_checked(open).unwrap_or((rest, &[]));
    done.extend_from_slice(before);
    let at = group.first().map_or(0, |s| s.at as usize);
    let (branches, after) = split_group(group).ok_or((at, PatternFaultKind::UnclosedBrace))?;
    for branch in branches {
        let mut next = branch.to_vec();
        next.extend_from_slice(after);
        grow(done.clone(), &next, out).map_err(|(found, kind)| match kind {
            PatternFaultKind::TooManyAlternatives => (at, kind),
            _ => (found, kind),
        })?;
    }
    Ok(())
}

/// Splits a group that begins with its `{` into its branches and what follows
/// its `}`.
fn split_group(group: &[Spanned]) -> Option<(Vec<&[Spanned]>, &[Spanned])> {
    let mut depth = 0usize;
    let mut begin = 1usize;
    let mut branches = Vec::new();
    for (at, spanned) in group.iter().enumerate() {
        match spanned.token {
            Token::Open => depth = depth.saturating_add(1),
            Token::Comma if depth == 1 => {
                branches.push(group.get(begin..at)?);
                begin = at.saturating_add(1);
            }
            Token::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    branches.push(group.get(begin..at)?);
                    return Some((branches, group.get(at.saturating_add(1)..)?));
                }
            }
            _ => {}
        }
    }
    None
}

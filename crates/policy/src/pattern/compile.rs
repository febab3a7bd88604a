//! From tokens to what is stored: the classification of a pattern.

use super::fault::{Found, MAX_ALTERNATIVES, MAX_STORED, PatternFaultKind};
use super::lex::{Spanned, Token, lex, write_class};
use super::store::{Alternative, Segment, Shape, Span, Store};
use super::{braces, quick};
use crate::path::fold;
use alloc::vec;
use alloc::vec::Vec;

/// Compiles patterns into a [`Store`]; keeps what it needs from one to the
/// next, so that a list costs few allocations.
pub(crate) struct Compiler<H> {
    tokens: Vec<Spanned>,
    home: Home<H>,
    /// Which rules have a `~` for the home directory, and at which byte.
    tildes: Vec<(u32, u32)>,
}

/// Where patterns name the home directory.
pub(crate) struct Tildes {
    /// The home directory, folded, empty for the root.
    pub home: Vec<u8>,
    /// In which rule, at which byte of it.
    pub at: Vec<(u32, u32)>,
}

enum Home<H> {
    Unasked(Option<H>),
    Known(Option<Vec<u8>>),
}

impl<H> Home<H> {
    fn known(&self) -> Option<&[u8]> {
        match self {
            Home::Known(home) => home.as_deref(),
            Home::Unasked(_) => None,
        }
    }
}

/// How a pattern was taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// All of it is in force.
    Whole,
    /// It needs a home directory, and there is none: an alternative is left
    /// out.
    Homeless,
}

impl<H: FnOnce() -> Option<Vec<u8>>> Compiler<H> {
    pub fn new(home: H) -> Self {
        Compiler {
            tokens: Vec::new(),
            home: Home::Unasked(Some(home)),
            tildes: Vec::new(),
        }
    }

    /// Where patterns name the home directory, if one does.
    pub fn tildes(&mut self) -> Option<Tildes> {
        let at = core::mem::take(&mut self.tildes);
        let home = self.home.known().filter(|_| !at.is_empty())?.to_vec();
        Some(Tildes { home, at })
    }

    /// What gives the home directory, which must not have been asked yet.
    pub fn into_home(self) -> impl FnOnce() -> Option<Vec<u8>> {
        move || match self.home {
            Home::Unasked(ask) => ask.and_then(|ask| ask()),
            Home::Known(home) => home,
        }
    }

    /// Takes the pattern `text` of the rule `rule`, which lies at `span` of the
    /// store's bytes, into the store; its `!` being its first `start` bytes.
    pub fn compile(
        &mut self,
        text: &[u8],
        span: Span,
        start: usize,
        rule: u32,
        store: &mut Store,
    ) -> Result<Taken, Found> {
        let skip = start as u32;
        let body = Span {
            start: span.start.saturating_add(skip),
            len: span.len.saturating_sub(skip),
        };
        if quick::take(body, rule, store) {
            return Ok(Taken::Whole);
        }
        let mut tokens = core::mem::take(&mut self.tokens);
        tokens.clear();
        let result = self.compile_with(text, start, rule, store, &mut tokens);
        self.tokens = tokens;
        result
    }

    fn compile_with(
        &mut self,
        text: &[u8],
        start: usize,
        rule: u32,
        store: &mut Store,
        tokens: &mut Vec<Spanned>,
    ) -> Result<Taken, Found> {
        let braces = lex(text, start, tokens)?;
        let blank =
            |s: &&Spanned| matches!(text.get(s.at as usize), Some(b' ' | b'\t' | b'\n' | b'\r'));
        if let Some(edge) = [tokens.first(), tokens.last()]
            .into_iter()
            .flatten()
            .find(blank)
        {
            return Err((edge.at as usize, PatternFaultKind::Blank));
        }
        if !braces {
            return self.alternative(text, tokens, rule, store);
        }
        let open = tokens.iter().find(|s| s.token == Token::Open);
        let open = open.map_or(start, |s| s.at as usize);
        let mut taken = Taken::Whole;
        let mut count = 0usize;
        braces::each(tokens, &mut |alternative| {
            count = count.saturating_add(1);
            if count > MAX_ALTERNATIVES {
                return Err((open, PatternFaultKind::TooManyAlternatives));
            }
            if store.size() > MAX_STORED {
                return Err((open, PatternFaultKind::TooLarge));
            }
            if alternative.is_empty() {
                return Err((start, PatternFaultKind::EmptyAlternative));
            }
            if self.alternative(text, alternative, rule, store)? == Taken::Homeless {
                taken = Taken::Homeless;
            }
            Ok(())
        })?;
        Ok(taken)
    }

    /// Takes one alternative in: `tokens` has no braces and is not empty.
    fn alternative(
        &mut self,
        text: &[u8],
        tokens: &[Spanned],
        rule: u32,
        store: &mut Store,
    ) -> Result<Taken, Found> {
        let slash = |s: &Spanned| s.token == Token::Slash;
        let (mut tokens, mut anchored) = (tokens, tokens.first().is_some_and(slash));
        let directory = tokens.last().is_some_and(slash);
        let mut head = Span::default();
        if let Some((first, rest)) = tokens.split_first() {
            // `\~` begins with a backslash in the text.
            if text.get(first.at as usize) == Some(&b'~') {
                if rest.first().is_none_or(slash) {
                    let Some(home) = self.home() else {
                        return Ok(Taken::Homeless);
                    };
                    head = store.push(home);
                    self.tildes.push((rule, first.at));
                    tokens = rest;
                    anchored = true;
                } else if rest.iter().any(slash) {
                    return Err((first.at as usize, PatternFaultKind::OtherHome));
                }
            }
        }

        let first = store.segments.len();
        let mut literal = anchored;
        let mut depth_last = false;
        for component in tokens.split(slash).filter(|c| !c.is_empty()) {
            let mark = store.bytes.len() as u32;
            if literal {
                // Components of the head stand in one piece, as in a path.
                store.bytes.to_mut().push(b'/');
            }
            let segment = segment(text, component, store)?;
            if literal && segment.shape == Shape::Literal {
                if head.len == 0 {
                    head.start = mark;
                }
                head = store.since(head.start);
                continue;
            }
            literal = false;
            depth_last = segment.shape == Shape::Depth;
            let begun = store.segments.get(first..).and_then(<[Segment]>::last);
            match (depth_last, begun) {
                // `/**/a` is `a` at any depth, as `**/a` is.
                (true, None) if head.len == 0 => anchored = false,
                (true, Some(before)) if before.shape == Shape::Depth => {}
                _ => store.segments.to_mut().push(segment),
            }
        }
        if depth_last {
            // Beneath `a/**` lies what lies beneath `a/*`.
            if store.segments.len() > first {
                store.segments.to_mut().pop();
            }
            store.segments.to_mut().push(Segment {
                shape: Shape::Any,
                text: Span::default(),
            });
        }
        store.alternatives.to_mut().push(Alternative {
            rule,
            head,
            first: first as u32,
            count: store.segments.len().saturating_sub(first) as u32,
            anchored,
            directory,
        });
        Ok(Taken::Whole)
    }

    /// The home directory, folded, empty for the root: asked for once, and
    /// only if a pattern needs it. One that is not absolute is none.
    fn home(&mut self) -> Option<&[u8]> {
        if let Home::Unasked(ask) = &mut self.home {
            let given = ask.take().and_then(|ask| ask());
            let folded = given
                .filter(|home| home.first() == Some(&b'/'))
                .map(|home| {
                    let mut folded = vec![0; home.len()];
                    let length = fold(b"/", &home, &mut folded).unwrap_or(0);
                    folded.truncate(length);
                    if folded == b"/" {
                        folded.clear();
                    }
                    folded
                });
            self.home = Home::Known(folded);
        }
        self.home.known()
    }
}

/// Reduces the tokens of one component to the cheapest thing that says the
/// same.
fn segment(text: &[u8], tokens: &[Spanned], store: &mut Store) -> Result<Segment, Found> {
    let at = tokens.first().map_or(0, |s| s.at as usize);
    let is_star = |s: &Spanned| s.token == Token::Star;
    let stars = tokens.iter().take_while(|s| is_star(s)).count();
    let whole = |shape, text| Ok(Segment { shape, text });
    if stars == tokens.len() {
        // Three stars are, as two beside other bytes, no more than one.
        let shape = if stars == 2 { Shape::Depth } else { Shape::Any };
        return whole(shape, Span::default());
    }

    let start = store.bytes.len() as u32;
    let (_, behind) = tokens.split_at_checked(stars).unwrap_or((&[], tokens));
    let ends = behind.iter().rev().take_while(|s| is_star(s)).count();
    let middle = behind
        .get(..behind.len().saturating_sub(ends))
        .unwrap_or_default();
    let bytes = |s: &Spanned| match s.token {
        Token::Byte(byte) => Some(byte),
        _ => None,
    };
    if middle.iter().all(|s| bytes(s).is_some()) && (stars == 0 || ends == 0) {
        store.bytes.to_mut().extend(middle.iter().filter_map(bytes));
        let text = store.since(start);
        let shape = match (stars, ends) {
            (0, 0) => Shape::Literal,
            (0, _) => Shape::Prefix,
            _ => Shape::Suffix,
        };
        if shape == Shape::Literal && matches!(store.text(text), b"." | b"..") {
            return Err((at, PatternFaultKind::Dots));
        }
        return whole(shape, text);
    }

    let mut after_star = false;
    for spanned in tokens {
        match spanned.token {
            Token::Star if after_star => {}
            Token::Star => store.bytes.to_mut().push(b'*'),
            Token::One => store.bytes.to_mut().push(b'?'),
            Token::Class { .. } => write_class(text, spanned.at as usize, store.bytes.to_mut())?,
            Token::Byte(byte) => {
                if matches!(byte, b'*' | b'?' | b'[' | b'\\') {
                    store.bytes.to_mut().push(b'\\');
                }
                store.bytes.to_mut().push(byte);
            }
            Token::Slash | Token::Open | Token::Comma | Token::Close => {}
        }
        after_star = spanned.token == Token::Star;
    }
    whole(Shape::Glob, store.since(start))
}

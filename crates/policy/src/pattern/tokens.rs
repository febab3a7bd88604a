//! The tokens of one alternative of a pattern, read from the text as it was written:
//! nothing is stored, so that a pattern can be matched without memory.

use super::class;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token<'a> {
    /// A byte that stands for itself, escaped or not.
    Byte(u8),
    /// A separator of components. `\/` is one too.
    Slash,
    /// `?`
    One,
    /// One `*`.
    Star,
    /// A class with its brackets.
    Class(&'a [u8]),
}

/// A place in a pattern that [`super::check`] let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens<'a> {
    /// What is left of the home directory, which stands before the text.
    home: &'a [u8],
    text: &'a [u8],
    /// The byte behind the last token.
    at: u32,
    /// Which alternative of the groups to come: each takes its part of it, the first
    /// the remainder of the division by the number of its own.
    number: u32,
    /// How many groups are open.
    depth: u32,
    /// The first group, if it is known which of its branches is taken.
    first: First,
}

/// Of the first group: where it opens, where the branch begins, and where it ends; 0 if it
/// is not known.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    open: u32,
    branch: u32,
    end: u32,
}

impl<'a> Tokens<'a> {
    /// Alternative `number` of the pattern that begins at the byte `start`, as it is
    /// written: a `~` is a byte like any other.
    pub fn new(text: &'a [u8], start: usize, number: u32) -> Self {
        Tokens {
            home: &[],
            text,
            at: start as u32,
            number,
            depth: 0,
            first: First::default(),
        }
    }

    /// The same as it is meant, if the home directory need not be known, or is.
    pub fn with_home(self, home: Option<&'a [u8]>) -> Option<Self> {
        match self.home_tilde() {
            Some(behind) => Some(Tokens {
                home: home?,
                ..behind
            }),
            None => Some(self),
        }
    }

    /// What follows a `~` that stands for the home directory.
    pub fn home_tilde(self) -> Option<Self> {
        let behind = self.behind_tilde()?;
        matches!(behind.clone().next(), None | Some(Token::Slash)).then_some(behind)
    }

    /// What follows a `~` at the beginning that is not escaped.
    pub fn behind_tilde(self) -> Option<Self> {
        let mut tokens = self;
        let tilde = tokens.next() == Some(Token::Byte(b'~'));
        (tilde && self.text.get(tokens.begin()) == Some(&b'~')).then_some(tokens)
    }

    /// The byte at which the last token begins, if it is one byte at the beginning of a
    /// component: no backslash but its own can stand before it.
    pub fn begin(&self) -> usize {
        let begin = (self.at as usize).saturating_sub(1);
        let before = begin.saturating_sub(1);
        match self.text.get(before) {
            Some(b'\\') => before,
            _ => begin,
        }
    }

    fn byte_at(&self, at: u32) -> Option<u8> {
        self.text.get(at as usize).copied()
    }

    /// Goes on in the branch that the number says, of the group that was just opened.
    fn enter(&mut self) {
        let open = self.at.saturating_sub(1);
        if self.first.end > 0 && self.first.open == open {
            (self.at, self.depth) = (self.first.branch, 1);
            return;
        }
        let (total, _) = group(self.text, open as usize);
        let mut chosen = self.number.checked_rem(total).unwrap_or(0);
        let later = self.number.checked_div(total).unwrap_or(0);
        loop {
            let (count, end) = branch(self.text, self.at as usize, true);
            if chosen < count || self.text.get(end) != Some(&b',') {
                self.number = later.saturating_mul(count).saturating_add(chosen);
                self.depth = self.depth.saturating_add(1);
                return;
            }
            chosen = chosen.saturating_sub(count);
            self.at = end.saturating_add(1) as u32;
        }
    }

    /// Goes on behind the group, of which a branch just ended.
    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 && self.at <= self.first.end {
            self.at = self.first.end;
            return;
        }
        while self.byte_at(self.at.saturating_sub(1)) == Some(b',') {
            let (_, end) = branch(self.text, self.at as usize, true);
            self.at = end.saturating_add(1) as u32;
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some((&byte, left)) = self.home.split_first() {
            self.home = left;
            return Some(match byte {
                b'/' => Token::Slash,
                _ => Token::Byte(byte),
            });
        }
        loop {
            let begin = self.at;
            let byte = self.byte_at(begin)?;
            self.at = begin.saturating_add(1);
            return Some(match byte {
                b'/' => Token::Slash,
                b'?' => Token::One,
                b'*' => Token::Star,
                b'\\' => {
                    let escaped = self.byte_at(self.at)?;
                    self.at = self.at.saturating_add(1);
                    match escaped {
                        b'/' => Token::Slash,
                        _ => Token::Byte(escaped),
                    }
                }
                b'[' => {
                    let begin = begin as usize;
                    let end = class::end(self.text, begin).ok()?;
                    self.at = end as u32;
                    Token::Class(self.text.get(begin..end)?)
                }
                b'{' => {
                    self.enter();
                    continue;
                }
                b',' | b'}' if self.depth > 0 => {
                    self.leave();
                    continue;
                }
                _ => Token::Byte(byte),
            });
        }
    }
}

/// All alternatives of the pattern that begins at the byte `start`, with their numbers.
pub(crate) fn alternatives(text: &[u8], start: usize) -> Alternatives<'_> {
    let open = first_group(text, start);
    let (total, end) = open.map_or((1, start), |open| group(text, open));
    let mut all = Alternatives {
        text,
        start,
        branch: First::default(),
        total,
        later: 1,
        offset: 0,
        count: 1,
        next: 0,
    };
    if let Some(open) = open {
        all.later = branch(text, end, false).0;
        all.branch = First {
            open: open as u32,
            branch: open.saturating_add(1) as u32,
            end: end as u32,
        };
        all.count = all.branch_count().0;
    }
    all
}

/// See [`alternatives`]. Which branch of the first group comes next is known from the one
/// before, so that a long list of endings is not counted anew for each of them.
pub(crate) struct Alternatives<'a> {
    text: &'a [u8],
    start: usize,
    branch: First,
    /// How many alternatives the first group stands for, and what follows it.
    total: u32,
    later: u32,
    /// How many the branches before this one do, and this one; and which is next.
    offset: u32,
    count: u32,
    next: u32,
}

impl Alternatives<'_> {
    /// How many alternatives the branch stands for, and where it ends.
    fn branch_count(&self) -> (u32, usize) {
        branch(self.text, self.branch.branch as usize, true)
    }
}

impl<'a> Iterator for Alternatives<'a> {
    type Item = (u32, Tokens<'a>);

    fn next(&mut self) -> Option<(u32, Tokens<'a>)> {
        if self.next >= self.count.saturating_mul(self.later) {
            let (count, end) = self.branch_count();
            if self.branch.end == 0 || self.text.get(end) != Some(&b',') {
                return None;
            }
            self.branch.branch = end.saturating_add(1) as u32;
            self.offset = self.offset.saturating_add(count);
            (self.count, self.next) = (self.branch_count().0, 0);
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        let own = number.checked_rem(self.count).unwrap_or(0);
        let rest = number.checked_div(self.count).unwrap_or(0);
        let before = rest.saturating_mul(self.total).saturating_add(self.offset);
        let first = self.branch;
        let tokens = Tokens::new(self.text, self.start, number);
        Some((before.saturating_add(own), Tokens { first, ..tokens }))
    }
}

/// Where the first group opens.
fn first_group(text: &[u8], start: usize) -> Option<usize> {
    let mut at = text.contains(&b'{').then_some(start)?;
    loop {
        let next = at.saturating_add(1);
        at = match text.get(at)? {
            b'{' => return Some(at),
            b'\\' => next.saturating_add(1),
            b'[' => class::end(text, at).unwrap_or(next),
            _ => next,
        };
    }
}

/// How many alternatives what begins at `at` stands for, and where it ends: a branch of
/// a group at the comma or the brace behind it, a pattern where the text ends.
fn branch(text: &[u8], at: usize, within: bool) -> (u32, usize) {
    let (mut count, mut at) = (1u32, at);
    while let Some(&byte) = text.get(at) {
        let next = at.saturating_add(1);
        at = match byte {
            b',' | b'}' if within => break,
            b'\\' => next.saturating_add(1),
            b'[' => class::end(text, at).unwrap_or(next),
            b'{' => {
                let (more, end) = group(text, at);
                count = count.saturating_mul(more);
                end
            }
            _ => next,
        };
    }
    (count, at)
}

/// The same for the group that opens at `open`; it ends behind its brace. This and
/// [`branch`] call each other at most once a group, of which there are ten.
fn group(text: &[u8], open: usize) -> (u32, usize) {
    let (mut count, mut at) = (0u32, open);
    loop {
        let (more, end) = branch(text, at.saturating_add(1), true);
        count = count.saturating_add(more);
        at = end;
        if text.get(at) != Some(&b',') {
            return (count, at.saturating_add(1));
        }
    }
}

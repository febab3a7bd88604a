//! How the index is written: what each alternative is entered under.

use super::ends::{
    END, HEAD, LONGEST, NAME, RANDOM, START, STEM, first_two, hash, head_bit, last_bit, last_two,
    length_bit,
};
use super::layout::{
    self, BEHIND_EXEMPT, DIRECTORY_ONLY, END_LENGTHS, ENDS, HEAD_LENGTHS, Link, Room,
    START_LENGTHS, STARTS, STEMS, Shape,
};
use crate::pattern::alternative::Alternative;
use crate::pattern::tokens::{Token, Tokens};
use crate::source::Source;

/// How many bytes the index of these patterns takes.
pub(crate) fn size(source: &Source) -> usize {
    let (count, links, literals) = measure(source);
    layout::size(count, links, literals)
}

/// How many rules and alternatives there are, and how many bytes the literals of all take
/// at most.
#[inline(never)]
fn measure(source: &Source) -> (u32, u32, usize) {
    let (mut count, mut links, mut literals) = (0u32, 0u32, 0usize);
    for (_, pattern) in source.patterns() {
        count = count.saturating_add(1);
        for (_, alternative) in pattern.alternatives() {
            links = links.saturating_add(1);
            // And the slash before the first component.
            let tokens = alternative.first.map_or(0, Iterator::count);
            literals = literals.saturating_add(tokens).saturating_add(1);
        }
    }
    (count, links, literals)
}

/// Writes the index of these patterns into `bytes`, which are as many as [`size`] says, and
/// all zero.
#[inline(never)]
pub(crate) fn write(source: &Source, bytes: &mut [u8]) {
    let (count, links, _) = measure(source);
    let mut builder = Builder {
        room: Room::new(bytes, count, links),
        links: 0,
        end: 0,
    };
    for (id, pattern) in source.patterns() {
        let start = pattern.text.as_ptr().addr();
        let start = start.saturating_sub(source.text.as_ptr().addr());
        let end = start.saturating_add(pattern.text.len());
        builder.room.rule(id.0, start..end);
        if !pattern.protects() {
            builder.room.set(BEHIND_EXEMPT, id.0.saturating_add(1));
        }
        for (number, alternative) in pattern.alternatives() {
            builder.alternative(id.0, number, &alternative);
        }
    }
}

struct Builder<'a> {
    room: Room<'a>,
    links: u32,
    /// Where the literals written so far end.
    end: usize,
}

impl Builder<'_> {
    #[inline(never)]
    fn alternative(&mut self, rule: u32, number: u32, alternative: &Alternative<'_>) {
        let start = self.end;
        let is_name = alternative.is_name();
        let mut shape = Shape::Other;
        let mut role = None;
        if alternative.anchored {
            let whole = self.head(alternative);
            role = (self.end > start).then_some(HEAD);
            if whole && role.is_some() {
                shape = Shape::Head;
            }
        }
        if role.is_none() {
            let surveys = alternative.components().map(|(first, _)| Survey::of(first));
            let pieces = surveys.filter_map(|survey| Some((survey.piece()?, survey.shape())));
            if let Some((piece, own)) = pieces.max_by_key(|(piece, _)| piece.weight()) {
                self.write(piece.run);
                role = Some(piece.role);
                if is_name {
                    shape = own;
                }
            }
        }
        let mut link = Link {
            rule,
            number,
            shape,
            is_name,
            directory: alternative.is_directory(),
            start: start as u32,
            len: self.end.saturating_sub(start) as u32,
            ..Link::default()
        };
        if link.directory {
            self.room.set(DIRECTORY_ONLY, 1);
        }
        match role {
            Some(role) => {
                link.hash = self.note(role, start);
                self.room.enter(self.links, link);
            }
            None => self.room.other(self.links, &link),
        }
        if shape == Shape::Other {
            self.end = start;
        }
        self.links = self.links.saturating_add(1);
    }

    /// Writes the components that a path has to begin with; says whether they are all.
    fn head(&mut self, alternative: &Alternative<'_>) -> bool {
        for (first, _) in alternative.components() {
            let survey = Survey::of(first);
            if survey.shape() != Shape::Name {
                return false;
            }
            self.byte(b'/');
            self.write(survey.begin());
        }
        true
    }

    fn write(&mut self, run: Run<'_>) {
        for token in run.from.take(run.len) {
            if let Token::Byte(byte) = token {
                self.byte(byte);
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.room.byte(self.end, byte);
        self.end = self.end.saturating_add(1);
    }

    /// Notes that there is the piece that was written from `start` on; gives its hash.
    fn note(&mut self, role: u64, start: usize) -> u32 {
        let text = self.room.literal(start..self.end);
        let length = text.len();
        let short = length.min(LONGEST);
        let part = match role {
            START => text.get(..short),
            END | STEM => text.get(length.saturating_sub(short)..),
            _ => Some(text),
        };
        let part = part.unwrap_or_default();
        let (hash, last) = (hash(role, part), last_bit(part));
        let row = |(near, far): (u8, u8)| match short {
            // Whatever the second byte is.
            1 if matches!(role, START | END) => (near, u64::MAX),
            _ => (near, 1 << (far & 63)),
        };
        let (first_row, last_row) = (row(first_two(part)), row(last_two(part)));
        match role {
            HEAD => self.room.add(HEAD_LENGTHS, head_bit(length)),
            START => self.room.add(START_LENGTHS, length_bit(short)),
            END | STEM => self.room.add(END_LENGTHS, length_bit(short)),
            _ => {}
        }
        match role {
            NAME | START => self.room.add_row(STARTS, first_row),
            HEAD | END => self.room.add_row(ENDS, last_row),
            _ => self.room.add(STEMS, last),
        }
        hash
    }
}

/// Bytes of a component that stand together.
#[derive(Clone, Copy)]
struct Run<'a> {
    from: Tokens<'a>,
    len: usize,
}

/// What an alternative is entered under.
struct Piece<'a> {
    role: u64,
    run: Run<'a>,
}

impl Piece<'_> {
    /// How much it tells: a whole name more than a part of one, and a long one more than
    /// a short one.
    fn weight(&self) -> (bool, usize) {
        match self.role {
            NAME => (true, self.run.len),
            _ => (false, self.run.len.min(LONGEST)),
        }
    }
}

/// What a component consists of.
struct Survey<'a> {
    first: Tokens<'a>,
    tokens: usize,
    stars: usize,
    /// How many bytes it begins with.
    head: usize,
    /// The bytes that it ends with.
    tail: Run<'a>,
    /// The question marks that it ends with, and the bytes before them.
    ones: usize,
    stem: Run<'a>,
}

impl<'a> Survey<'a> {
    fn of(first: Tokens<'a>) -> Self {
        let nothing = Run {
            from: first,
            len: 0,
        };
        let mut survey = Survey {
            first,
            tokens: 0,
            stars: 0,
            head: 0,
            tail: nothing,
            ones: 0,
            stem: nothing,
        };
        let mut tokens = first;
        loop {
            let from = tokens;
            match tokens.next() {
                None | Some(Token::Slash) => return survey,
                Some(Token::Byte(_)) => {
                    if survey.head == survey.tokens {
                        survey.head = survey.head.saturating_add(1);
                    }
                    if survey.tail.len == 0 {
                        survey.tail.from = from;
                    }
                    survey.tail.len = survey.tail.len.saturating_add(1);
                    survey.ones = 0;
                }
                Some(Token::One) => {
                    if survey.ones == 0 {
                        survey.stem = survey.tail;
                    }
                    survey.ones = survey.ones.saturating_add(1);
                    survey.tail = nothing;
                }
                Some(token) => {
                    let star = usize::from(token == Token::Star);
                    survey.stars = survey.stars.saturating_add(star);
                    (survey.tail, survey.stem, survey.ones) = (nothing, nothing, 0);
                }
            }
            survey.tokens = survey.tokens.saturating_add(1);
        }
    }

    /// The bytes that it begins with.
    fn begin(&self) -> Run<'a> {
        Run {
            from: self.first,
            len: self.head,
        }
    }

    /// What it is, if it is the whole pattern.
    fn shape(&self) -> Shape {
        let (bytes, all) = (self.head, self.tokens);
        if bytes == all {
            Shape::Name
        } else if bytes > 0 && bytes.saturating_add(self.stars) == all {
            Shape::Prefix
        } else if self.tail.len > 0 && self.tail.len.saturating_add(self.stars) == all {
            Shape::Suffix
        } else {
            Shape::Other
        }
    }

    /// The most telling of its literal pieces.
    fn piece(&self) -> Option<Piece<'a>> {
        if self.head == self.tokens {
            let run = self.begin();
            return Some(Piece { role: NAME, run });
        }
        let (role, run) = match self.ones {
            0 => (END, self.tail),
            RANDOM => (STEM, self.stem),
            _ => (START, self.begin()),
        };
        let piece = match self.head >= run.len {
            true => Piece {
                role: START,
                run: self.begin(),
            },
            false => Piece { role, run },
        };
        (piece.run.len > 0).then_some(piece)
    }
}

//! Whether a pattern is one: every fault is found here, once, at load.

use super::class;
use super::fault::{Found, MAX_ALTERNATIVES, MAX_GROUPS, MAX_STORED, PatternFaultKind};
use super::tokens::{Token, Tokens, alternatives};

/// What the index needs for an alternative beside its text, about.
const ENTRY: usize = 64;

/// Checks the pattern that begins at the byte `start` of `text`. `home` says whether a
/// home directory is known; `stored` counts the bytes that braces come to in a list.
pub(crate) fn check(
    text: &[u8],
    start: usize,
    home: &mut dyn FnMut() -> bool,
    stored: &mut usize,
) -> Result<(), Found> {
    let survey = Survey::of(text, start)?;
    if let Some(open) = survey.open {
        let Size { count, length, .. } = survey.size;
        if count > MAX_ALTERNATIVES {
            return Err((open, PatternFaultKind::TooManyAlternatives));
        }
        let entries = count.saturating_mul(ENTRY);
        *stored = stored.saturating_add(length).saturating_add(entries);
        if *stored > MAX_STORED {
            return Err((open, PatternFaultKind::TooLarge));
        }
    }
    if survey.doubtful {
        for (_, tokens) in alternatives(text, start) {
            alternative(tokens, start, home)?;
        }
    }
    Ok(())
}

/// What is known of a branch or a group, over the alternatives that it stands for.
#[derive(Clone, Copy)]
struct Size {
    count: usize,
    /// How many tokens all of them have together, and the shortest has.
    length: usize,
    least: usize,
    dots: Dots,
}

impl Size {
    const NONE: Size = Size {
        count: 0,
        length: 0,
        least: usize::MAX,
        dots: Dots(0),
    };
    const EMPTY: Size = Size {
        count: 1,
        length: 0,
        least: 0,
        dots: Dots(0x08_04_02_01),
    };

    /// Of either.
    fn or(self, other: Self) -> Self {
        Size {
            count: self.count.saturating_add(other.count),
            length: self.length.saturating_add(other.length),
            least: self.least.min(other.least),
            dots: Dots(self.dots.0 | other.dots.0),
        }
    }

    /// Of one behind the other.
    fn then(self, other: Self) -> Self {
        let own = self.length.saturating_mul(other.count);
        Size {
            count: self.count.saturating_mul(other.count),
            length: own.saturating_add(other.length.saturating_mul(self.count)),
            least: self.least.saturating_add(other.least),
            dots: self.dots.then(other.dots),
        }
    }

    /// Of so many tokens behind it, of which the last has this effect.
    fn with(self, tokens: usize, dots: Dots) -> Self {
        let more = self.count.saturating_mul(tokens);
        Size {
            count: self.count,
            length: self.length.saturating_add(more),
            least: self.least.saturating_add(tokens),
            dots,
        }
    }
}

/// What a component can be behind a piece of a pattern, for each thing that it can be before
/// it, a byte each from the lowest on: a bit for empty, `.`, `..` and anything else, and one
/// for a component of dots that came to its end on the way.
#[derive(Clone, Copy)]
struct Dots(u32);

impl Dots {
    const ALL: u32 = 0x01_01_01_01;

    fn byte(self) -> Self {
        Dots(self.0 & Self::ALL << 4 | Self::ALL << 3)
    }

    fn dot(self) -> Self {
        let more = (self.0 & Self::ALL.wrapping_mul(7)) << 1;
        Dots(self.0 & Self::ALL.wrapping_mul(24) | more)
    }

    fn slash(self) -> Self {
        let ended = self.0 >> 4 | self.0 >> 2 | self.0 >> 1;
        Dots((ended & Self::ALL) << 4 | Self::ALL)
    }

    fn then(self, other: Self) -> Self {
        let bits = [0u32, 8, 16, 24];
        let mut all = self.0 & Self::ALL << 4;
        for before in bits {
            for (between, at) in bits.into_iter().enumerate() {
                if self.0 >> before >> between & 1 != 0 {
                    all |= (other.0 >> at & 0xff) << before;
                }
            }
        }
        Dots(all)
    }

    /// Whether a component of dots ended, of one that was empty before.
    fn found(self) -> bool {
        self.0 & 16 != 0
    }
}

/// The bytes that stand for themselves or for others within a component, wherever they are.
#[allow(clippy::indexing_slicing)] // in the compiler
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut special = b"\0\\[]{},/.~".as_slice();
    while let Some((&byte, rest)) = special.split_first() {
        plain[byte as usize] = false;
        special = rest;
    }
    plain
};

/// What a look at each byte shows.
struct Survey {
    /// Where the first brace group opens.
    open: Option<usize>,
    size: Size,
    /// Whether an alternative is empty, has a component of dots, or may name a home
    /// directory.
    doubtful: bool,
}

impl Survey {
    /// Finds what is wrong with the bytes, whatever they mean. Every process of a job reads
    /// the list, so no alternative is looked at by itself: what they are together is
    /// enough, unless there is something to tell.
    fn of(text: &[u8], start: usize) -> Result<Self, Found> {
        // What stands before each group that is open: the branches before the one that it
        // is in, that branch so far, and where the group opens.
        let mut outer = [(Size::NONE, Size::EMPTY, start); MAX_GROUPS];
        let (mut before, mut branch) = (Size::NONE, Size::EMPTY);
        let (mut open, mut groups, mut depth) = (None, 0usize, 0usize);
        let mut tilde = false;
        let (mut at, mut last) = (start, start);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let is_plain = |byte: &&u8| PLAIN.get(usize::from(**byte)) == Some(&true);
            let plain = rest.iter().take_while(is_plain).count();
            if plain > 0 {
                branch = branch.with(plain, branch.dots.byte());
                at = at.saturating_add(plain);
                last = at.saturating_sub(1);
            }
            let Some(&byte) = text.get(at) else {
                break;
            };
            last = at;
            at = at.saturating_add(1);
            let dots = match byte {
                0 => return Err((last, PatternFaultKind::Nul)),
                b'\\' => {
                    let escaped = text.get(at);
                    at = at.saturating_add(1);
                    match escaped {
                        None => return Err((last, PatternFaultKind::TrailingBackslash)),
                        Some(0) => return Err((last, PatternFaultKind::Nul)),
                        Some(b'.') => branch.dots.dot(),
                        Some(b'/') => branch.dots.slash(),
                        Some(_) => branch.dots.byte(),
                    }
                }
                b'[' => {
                    at = class::end(text, last).map_err(|kind| (last, kind))?;
                    if !text.get(last..at).is_some_and(class::is_possible) {
                        return Err((last, PatternFaultKind::EmptyClass));
                    }
                    branch.dots.byte()
                }
                b'/' => branch.dots.slash(),
                b'.' => branch.dots.dot(),
                b'{' => {
                    groups = groups.saturating_add(1);
                    let room = outer.get_mut(depth).filter(|_| groups <= MAX_GROUPS);
                    let Some(room) = room else {
                        return Err((last, PatternFaultKind::TooManyBraces));
                    };
                    *room = (before, branch, last);
                    open = open.or(Some(last));
                    (before, branch) = (Size::NONE, Size::EMPTY);
                    depth = depth.saturating_add(1);
                    continue;
                }
                b',' if depth > 0 => {
                    (before, branch) = (before.or(branch), Size::EMPTY);
                    continue;
                }
                b'}' if depth > 0 => {
                    depth = depth.saturating_sub(1);
                    let group = before.or(branch);
                    if let Some(&(outside, around, _)) = outer.get(depth) {
                        (before, branch) = (outside, around.then(group));
                    }
                    continue;
                }
                _ => {
                    tilde |= byte == b'~';
                    branch.dots.byte()
                }
            };
            branch = branch.with(1, dots);
        }
        if let Some(&(.., outermost)) = outer.first().filter(|_| depth > 0) {
            return Err((outermost, PatternFaultKind::UnclosedBrace));
        }
        let blank = |at: &usize| matches!(text.get(*at), Some(b' ' | b'\t' | b'\n' | b'\r'));
        if let Some(at) = [start, last].into_iter().find(blank) {
            return Err((at, PatternFaultKind::Blank));
        }
        Ok(Survey {
            open,
            size: branch,
            doubtful: tilde || branch.least == 0 || branch.dots.slash().found(),
        })
    }
}

/// Checks what depends on how the branches of an alternative go together.
fn alternative(
    written: Tokens<'_>,
    start: usize,
    home: &mut dyn FnMut() -> bool,
) -> Result<(), Found> {
    if written.clone().next().is_none() {
        return Err((start, PatternFaultKind::EmptyAlternative));
    }
    let mut tokens = written;
    if let Some(behind) = written.home_tilde() {
        if !home() {
            return Ok(());
        }
        tokens = behind;
    } else if let Some(mut behind) = written.behind_tilde() {
        let at = behind.begin();
        if behind.any(|token| token == Token::Slash) {
            return Err((at, PatternFaultKind::OtherHome));
        }
    }
    // Of the component: how many tokens, how many of them dots, and where it begins.
    let (mut length, mut dots, mut begin) = (0usize, 0usize, start);
    loop {
        let token = tokens.next();
        if matches!(token, None | Some(Token::Slash)) {
            if length == dots && matches!(length, 1 | 2) {
                return Err((begin, PatternFaultKind::Dots));
            }
            if token.is_none() {
                return Ok(());
            }
            (length, dots) = (0, 0);
            continue;
        }
        if length == 0 {
            begin = tokens.begin();
        }
        length = length.saturating_add(1);
        if token == Some(Token::Byte(b'.')) {
            dots = dots.saturating_add(1);
        }
    }
}

//! Character classes: `[a-z]`, `[!a]`, `[\]-]`.

use super::fault::PatternFaultKind;

/// The byte behind the class that opens at `open`.
pub(crate) fn end(pattern: &[u8], open: usize) -> Result<usize, PatternFaultKind> {
    let mut members = Members::of(pattern, open);
    while members.next().is_some() {}
    match members.state {
        State::Closed => Ok(members.at),
        State::Named => Err(PatternFaultKind::NamedClass),
        State::Nul => Err(PatternFaultKind::Nul),
        State::Open => Err(PatternFaultKind::UnclosedClass),
    }
}

/// Whether `class` matches this byte of a name.
pub(crate) fn has(class: &[u8], byte: u8) -> bool {
    let mut members = Members::of(class, 0);
    let negated = members.negated;
    members.any(|(low, high)| (low..=high).contains(&byte)) != negated
}

/// Whether `class` matches any byte that a name can have.
pub(crate) fn is_possible(class: &[u8]) -> bool {
    let mut members = Members::of(class, 0);
    if members.negated {
        return (1..=u8::MAX).any(|byte| byte != b'/' && has(class, byte));
    }
    members.any(|(low, high)| low <= high && (low, high) != (b'/', b'/'))
}

#[derive(PartialEq, Eq)]
enum State {
    Open,
    Closed,
    Named,
    Nul,
}

/// The members of a class as ranges `(low, high)`, escapes resolved.
struct Members<'a> {
    pattern: &'a [u8],
    /// The byte behind what was read.
    at: usize,
    first: bool,
    negated: bool,
    state: State,
}

impl<'a> Members<'a> {
    fn of(pattern: &'a [u8], open: usize) -> Self {
        let mut at = open.saturating_add(1);
        let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
        if negated {
            at = at.saturating_add(1);
        }
        Members {
            pattern,
            at,
            first: true,
            negated,
            state: State::Open,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = *self.pattern.get(self.at)?;
        self.at = self.at.saturating_add(1);
        if byte == b'\\' {
            byte = *self.pattern.get(self.at)?;
            self.at = self.at.saturating_add(1);
        }
        if byte == 0 {
            self.state = State::Nul;
            return None;
        }
        Some(byte)
    }
}

impl Iterator for Members<'_> {
    type Item = (u8, u8);

    fn next(&mut self) -> Option<(u8, u8)> {
        if self.state != State::Open {
            return None;
        }
        let rest = self.pattern.get(self.at..)?;
        match rest {
            [b']', ..] if !self.first => {
                self.at = self.at.saturating_add(1);
                self.state = State::Closed;
                return None;
            }
            // `[[:alpha:]]`, in a list also written `[[\:alpha\:]]`.
            [b'[', b':', ..] | [b'[', b'\\', b':', ..]
                if rest.windows(2).any(|pair| pair == b":]") =>
            {
                self.state = State::Named;
                return None;
            }
            _ => {}
        }
        self.first = false;
        let low = self.byte()?;
        match self.pattern.get(self.at..)? {
            [b'-', end, ..] if *end != b']' => {
                self.at = self.at.saturating_add(1);
                let high = self.byte()?;
                Some((low, high))
            }
            _ => Some((low, low)),
        }
    }
}

//! What lies in a directory that moves, by the names that it had and has.

use super::tree::{Look, Pass, Walk};
use crate::call::Call;
use crate::place::outside;
use crate::scratch::{Buffers, Scratch};
use crate::state::State;

/// What lies in a directory that moves.
pub struct Content {
    state: &'static State,
    /// Its names, old and new, as named and as they really are.
    old: Scratch,
    new: Scratch,
    lengths: [(Option<usize>, Option<usize>); 3],
    walk: Option<Walk>,
    /// Was anything narrowed beforehand?
    pub begun: bool,
}

impl Content {
    /// `None` if no name in it becomes sensitive by the move.
    #[inline(never)]
    pub fn of(from: &Call, to: &Call) -> Option<Self> {
        let state = from.state;
        let mut content = Content {
            state,
            old: Scratch::claim()?,
            new: Scratch::claim()?,
            lengths: [(None, None); 3],
            walk: None,
            begun: false,
        };
        let old = paths(from, content.old.buffers())?;
        let new = paths(to, content.new.buffers())?;
        let ([a, b, c], [d, e, f]) = (old, new);
        content.lengths = [(a, d), (b, e), (c, f)];
        let rules = state.rules();
        let more = |(old, new)| rules.protects_more_below(old, new);
        let gains = content.spellings().into_iter().flatten().any(more);
        gains.then_some(content)
    }

    /// The pairs of an old and a new name: as named, as they really are, and as that is
    /// called outside of the root.
    fn spellings(&mut self) -> [Option<(&[u8], &[u8])>; 3] {
        let (old, new) = (self.old.buffers(), self.new.buffers());
        let pairs: [(&[u8], &[u8]); 3] = [
            (&old.named, &new.named),
            (&old.real, &new.real),
            (&old.text, &new.text),
        ];
        let mut pairs = pairs.into_iter().zip(self.lengths);
        [(); 3].map(|()| {
            let ((old, new), lengths) = pairs.next()?;
            Some((old.get(..lengths.0?)?, new.get(..lengths.1?)?))
        })
    }

    /// Goes through it, where `top` is its name now, by which it is `closed` or not; says
    /// whether all of it was seen.
    #[inline(never)]
    pub fn look(&mut self, top: &Call, pass: Pass, closed: bool) -> bool {
        let Some(mut walk) = self.walk.take().or_else(Walk::new) else {
            return false;
        };
        self.begun |= pass == Pass::Before;
        let state = self.state;
        let spellings = self.spellings();
        let [named, ..] = spellings;
        let mut seen = true;
        for (at, spelling) in spellings.into_iter().enumerate() {
            let Some((old, new)) = spelling.filter(|_| at == 0 || spelling != named) else {
                continue;
            };
            if !state.rules().protects_more_below(old, new) {
                continue;
            }
            let look = Look {
                state,
                top,
                old,
                new,
                pass,
                closed,
            };
            seen &= walk.look(&look).is_ok();
        }
        self.walk = Some(walk);
        seen
    }
}

/// Writes the place of a call as named, as it really is, and as that is called outside
/// of the root; gives the lengths of those that there are.
fn paths(call: &Call, buffers: &mut Buffers) -> Option<[Option<usize>; 3]> {
    let base = call.place.base(&mut buffers.link);
    let known = buffers.link.get(..base).unwrap_or_default();
    let beyond = known.first().is_some_and(|&byte| byte != b'/');
    let named = call.place.named_from(known, &mut buffers.named).len();
    let real = call.place.real_from(base, buffers)?.length;
    let path = buffers.real.get(..real)?;
    let outside = outside::name(path, beyond, &mut buffers.text).map(<[u8]>::len);
    Some([Some(named), Some(real), outside])
}

//! What lies in a directory that moves, by the names that it had and has.

use super::tree::{Look, Pass, Walk};
use crate::call::Call;
use crate::scratch::{Buffers, Scratch};
use crate::state::State;

/// What lies in a directory that moves.
pub struct Content {
    state: &'static State,
    /// Its names, old and new, as named and as they really are.
    old: Scratch,
    new: Scratch,
    lengths: [(usize, usize); 2],
    walk: Option<Walk>,
    /// Was anything narrowed beforehand?
    pub begun: bool,
}

impl Content {
    /// `None` if no name in it becomes sensitive by the move.
    pub fn of(from: &Call, to: &Call, state: &'static State) -> Option<Self> {
        let mut content = Content {
            state,
            old: Scratch::claim()?,
            new: Scratch::claim()?,
            lengths: [(0, 0); 2],
            walk: None,
            begun: false,
        };
        let old = paths(from, content.old.buffers())?;
        let new = paths(to, content.new.buffers())?;
        content.lengths = [(old.0, new.0), (old.1, new.1)];
        let rules = &state.settings.rules;
        let gains = content
            .spellings()
            .iter()
            .any(|(old, new)| rules.protects_more_below(old, new));
        gains.then_some(content)
    }

    /// The pairs of an old and a new name: as named, and as they really are.
    fn spellings(&mut self) -> [(&[u8], &[u8]); 2] {
        let (old, new) = (self.old.buffers(), self.new.buffers());
        let [named, real] = self.lengths;
        [
            (
                old.named.get(..named.0).unwrap_or_default(),
                new.named.get(..named.1).unwrap_or_default(),
            ),
            (
                old.real.get(..real.0).unwrap_or_default(),
                new.real.get(..real.1).unwrap_or_default(),
            ),
        ]
    }

    /// Goes through it, where `top` is its name now; says whether all of it was seen.
    pub fn look(&mut self, top: &Call, pass: Pass) -> bool {
        let Some(mut walk) = self.walk.take().or_else(Walk::new) else {
            return false;
        };
        self.begun |= pass == Pass::Before;
        let state = self.state;
        let [named, real] = self.spellings();
        let mut seen = true;
        for (at, (old, new)) in [named, real].into_iter().enumerate() {
            let rules = &state.settings.rules;
            if at == 1 && (old, new) == named || !rules.protects_more_below(old, new) {
                continue;
            }
            let look = Look {
                state,
                top,
                old,
                new,
                pass,
            };
            seen &= walk.look(&look).is_ok();
        }
        self.walk = Some(walk);
        seen
    }
}

/// Writes the place of a call as named and as it really is; gives both lengths.
fn paths(call: &Call, buffers: &mut Buffers) -> Option<(usize, usize)> {
    let base = call.place.base(&mut buffers.link);
    let known = buffers.link.get(..base).unwrap_or_default();
    let named = call.place.named_from(known, &mut buffers.named).len();
    let real = call.place.real_from(base, buffers)?.length;
    Some((named, real))
}

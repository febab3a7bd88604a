//! The environment that a child gets: the one the program gives, if our entries
//! are in it, else a copy with them put back.
//!
//! A copy is an array on the stack, or from the kernel if it is large: this runs
//! between `vfork` and `exec`, where the heap belongs to the parent. All other
//! entries are the program's own pointers, in their order.

use core::mem::MaybeUninit;
use core::ptr::null;

use libc::c_char;
use umaskclamp_policy::settings::VARIABLES;

use super::output;
use super::reader::Reader;
use super::room;
use super::snapshot::{self, PRELOAD, Snapshot};
use super::survey::Survey;
pub use crate::environment::Array;
use crate::environment::SETTING;

/// Words of the copy on the stack: 2 KiB, so that a signal handler on an 8 KiB
/// stack can exec. Enough for some two hundred entries.
const SMALL: usize = 256;

/// Is our entry in `LD_PRELOAD` to be there?
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Preloaded {
    Keep,
    /// The program would not start with it.
    TakeOut,
}

/// Calls `start` with the copy, if there is to be one.
pub fn with(copy: Option<&Copy>, given: Array, start: &dyn Fn(Array) -> i32) -> i32 {
    let Some(copy) = copy else {
        return start(given);
    };
    let words = copy.words();
    if words <= SMALL {
        return on_stack(copy, start);
    }
    room::with(words, &|slots| copy.write(slots), &|array| {
        start(array.unwrap_or(given))
    })
}

#[inline(never)]
fn on_stack(copy: &Copy, start: &dyn Fn(Array) -> i32) -> i32 {
    let mut slots = [MaybeUninit::uninit(); SMALL];
    start(copy.write(&mut slots).unwrap_or(copy.given))
}

/// What is to become of `LD_PRELOAD`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Preload {
    AsGiven,
    /// The value, if there is one, with our entry at its end.
    Appended(&'static [u8]),
    /// The value without our entry; the variable goes if nothing is left.
    Without(&'static [u8]),
}

fn preload_of(survey: &Survey, snapshot: &Snapshot, preloaded: Preloaded) -> Preload {
    let Some(ours) = &snapshot.preload else {
        return Preload::AsGiven;
    };
    let there = snapshot::entries(survey.value).any(|entry| entry == ours.entry);
    match preloaded {
        Preloaded::Keep if there => Preload::AsGiven,
        Preloaded::Keep => Preload::Appended(ours.entry),
        Preloaded::TakeOut if there => Preload::Without(ours.entry),
        Preloaded::TakeOut => Preload::AsGiven,
    }
}

/// A copy to be made.
pub struct Copy<'a> {
    snapshot: &'a Snapshot,
    given: Array,
    survey: &'a Survey,
    preload: Preload,
}

impl<'a> Copy<'a> {
    /// `None` if all is there that the snapshot has, and nothing to be left out.
    pub fn needed(
        snapshot: &'a Snapshot,
        given: Array,
        survey: &'a Survey,
        preloaded: Preloaded,
    ) -> Option<Self> {
        let preload = preload_of(survey, snapshot, preloaded);
        let complete = survey.absent(snapshot).next().is_none();
        if complete && !survey.leaves_out && preload == Preload::AsGiven {
            return None;
        }
        Some(Copy {
            snapshot,
            given,
            survey,
            preload,
        })
    }

    /// Words that the array and a new `LD_PRELOAD` string take at most.
    pub fn words(&self) -> usize {
        // The settings, `LD_PRELOAD`, and the null pointer at the end.
        let pointers = self.survey.count + VARIABLES.len() + 2;
        let text = PRELOAD.len() + self.survey.value.len() + 2 + self.ours().len();
        pointers + text.div_ceil(size_of::<usize>())
    }

    fn ours(&self) -> &'static [u8] {
        match self.preload {
            Preload::Appended(ours) | Preload::Without(ours) => ours,
            Preload::AsGiven => &[],
        }
    }

    /// Writes the array to the beginning of `slots` and the string behind it.
    /// `None` if it does not fit: another thread made the environment longer.
    pub fn write(&self, slots: &mut [MaybeUninit<usize>]) -> Option<Array> {
        let pointers = self.survey.count + VARIABLES.len() + 2;
        let (slots, text) = slots.split_at_mut_checked(pointers)?;
        let preload = self.preload_entry(text)?;
        let mut filled = 0;
        let mut put = |entry: *const c_char| {
            slots.get_mut(filled)?.write(entry as usize);
            filled += 1;
            Some(())
        };

        let mut reader = Reader::new();
        for index in 0..self.survey.count {
            let entry = reader.slot(self.given, index)?;
            if entry.is_null() {
                break;
            }
            if Some(index) == self.survey.preload {
                match preload {
                    Some(entry) if entry.is_null() => {}
                    Some(ours) => put(ours)?,
                    None => put(entry)?,
                }
            } else if reader.begins(entry, SETTING)? {
                // SAFETY: the strings are left alone until the call returns.
                let text = unsafe { reader.string(entry) }?;
                if self.survey.stays(self.snapshot, text) {
                    put(entry)?;
                }
            } else if reader.begins(entry, b"LD_")?
                // SAFETY: the strings are left alone until the call returns.
                && unsafe { output::sensitive(self.survey.call, &mut reader, entry) }
            {
                continue;
            } else {
                put(entry)?;
            }
        }
        for setting in self.survey.absent(self.snapshot) {
            put(setting.as_ptr())?;
        }
        if let (None, Some(entry)) = (self.survey.preload, preload) {
            put(entry)?;
        }
        put(null())?;
        Some(slots.as_ptr().cast())
    }

    /// The `LD_PRELOAD` entry of the copy, written to `text` where it is new:
    /// `Some(None)` if it stays as given, a null pointer if it goes.
    #[allow(clippy::option_option)]
    fn preload_entry(&self, text: &mut [MaybeUninit<usize>]) -> Option<Option<*const c_char>> {
        let mut text = Text {
            room: text,
            length: 0,
        };
        match self.preload {
            Preload::AsGiven => return Some(None),
            Preload::Appended(ours) => {
                text.put(PRELOAD)?;
                text.put(self.survey.value)?;
                if !self.survey.value.is_empty() {
                    text.put(b":")?;
                }
                text.put(ours)?;
            }
            Preload::Without(ours) => {
                text.put(PRELOAD)?;
                let mut others =
                    snapshot::entries(self.survey.value).filter(|&entry| entry != ours);
                match others.next() {
                    Some(first) => text.put(first)?,
                    None => return Some(Some(null())),
                }
                for other in others {
                    text.put(b":")?;
                    text.put(other)?;
                }
            }
        }
        text.put(b"\0")?;
        Some(Some(text.room.as_ptr().cast()))
    }
}

/// Bytes written one behind the other.
struct Text<'a> {
    room: &'a mut [MaybeUninit<usize>],
    length: usize,
}

impl Text<'_> {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        if end > size_of_val(self.room) {
            return None;
        }
        let start = self.room.as_mut_ptr().cast::<u8>();
        // SAFETY: from `length` on there are so many bytes left in the room,
        // which nothing else refers to.
        unsafe {
            start
                .add(self.length)
                .copy_from(bytes.as_ptr(), bytes.len())
        };
        self.length = end;
        Some(())
    }
}

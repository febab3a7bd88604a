//! The environment that a child gets: the one the program gives, if our entries
//! are in it, else a copy with them put back.
//!
//! A copy is an array on the stack, or from the kernel if it is large: this runs
//! between `vfork` and `exec`, where the heap belongs to the parent. All other
//! entries are the program's own pointers, in their order.

use core::mem::MaybeUninit;
use core::ptr::null;

use libc::c_char;

use super::output;
use super::reader::Reader;
use super::room;
use super::snapshot::{self, pointer, Snapshot, PRELOAD, SETTING};

/// An array of pointers to `NAME=value` strings, null-terminated.
pub type Array = *const *const c_char;

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

/// What a look at an environment found.
struct Survey {
    count: usize,
    /// Which settings of the snapshot are there, byte for byte.
    found: u64,
    /// Another `UMASKCLAMP_*`, or a variable that makes the dynamic loader
    /// write to a sensitive place.
    foreign: bool,
    /// The last `LD_PRELOAD`, which is the one that counts.
    preload: Option<usize>,
    value: &'static [u8],
}

/// Calls `start` with the environment that the child is to get.
///
/// # Safety
/// `given` and its strings are left alone until this returns.
pub unsafe fn with(
    call: &'static str,
    snapshot: &Snapshot,
    given: Array,
    preloaded: Preloaded,
    start: &dyn Fn(Array) -> i32,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(copy) = (unsafe { Copy::needed(call, snapshot, given, preloaded) }) else {
        return start(given);
    };
    let words = copy.words();
    if words <= SMALL {
        return on_stack(&copy, start);
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

unsafe fn survey(call: &'static str, snapshot: &Snapshot, given: Array) -> Option<Survey> {
    let mut reader = Reader::new();
    let mut survey = Survey {
        count: 0,
        found: 0,
        foreign: false,
        preload: None,
        value: &[],
    };
    // Linux takes a null array as an empty one.
    while !given.is_null() {
        let entry = reader.slot(given, survey.count)?;
        if entry.is_null() {
            break;
        }
        if reader.begins(entry, SETTING)? {
            match position(&mut reader, snapshot, entry)? {
                Some(index) => survey.found |= 1 << index,
                None => survey.foreign = true,
            }
        } else if reader.begins(entry, b"LD_")? {
            if reader.begins(entry, PRELOAD)? {
                survey.preload = Some(survey.count);
                // SAFETY: the caller's promise.
                let text = unsafe { reader.string(entry) }?;
                survey.value = text.get(PRELOAD.len()..)?;
            } else {
                // SAFETY: the caller's promise.
                survey.foreign |= unsafe { output::sensitive(call, &mut reader, entry) };
            }
        }
        survey.count += 1;
    }
    Some(survey)
}

/// Which setting of the snapshot is this entry, byte for byte?
fn position(
    reader: &mut Reader,
    snapshot: &Snapshot,
    entry: *const c_char,
) -> Option<Option<usize>> {
    for (index, setting) in snapshot.settings.iter().enumerate() {
        if reader.begins(entry, setting)? {
            return Some(Some(index));
        }
    }
    Some(None)
}

/// What is to become of `LD_PRELOAD`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Preload {
    AsGiven,
    /// The variable is not there: a string made at load.
    Alone(&'static [u8]),
    /// The value with our entry at its end.
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
        Preloaded::Keep if survey.preload.is_none() => Preload::Alone(ours.alone),
        Preloaded::Keep => Preload::Appended(ours.entry),
        Preloaded::TakeOut if there => Preload::Without(ours.entry),
        Preloaded::TakeOut => Preload::AsGiven,
    }
}

/// A copy to be made.
pub struct Copy<'a> {
    call: &'static str,
    snapshot: &'a Snapshot,
    given: Array,
    survey: Survey,
    preload: Preload,
}

impl<'a> Copy<'a> {
    /// `None` if all is there that the snapshot has, and nothing that it has not;
    /// or if `given` cannot be read, and the kernel will say `EFAULT`.
    ///
    /// # Safety
    /// `given` and its strings are left alone while the copy is in use.
    pub unsafe fn needed(
        call: &'static str,
        snapshot: &'a Snapshot,
        given: Array,
        preloaded: Preloaded,
    ) -> Option<Self> {
        // SAFETY: the caller's promise.
        let survey = unsafe { survey(call, snapshot, given) }?;
        let preload = preload_of(&survey, snapshot, preloaded);
        let complete = survey.found.count_ones() as usize == snapshot.settings.len();
        if complete && !survey.foreign && preload == Preload::AsGiven {
            return None;
        }
        Some(Copy {
            call,
            snapshot,
            given,
            survey,
            preload,
        })
    }

    /// Words that the array and a new `LD_PRELOAD` string take at most.
    pub fn words(&self) -> usize {
        // The settings, `LD_PRELOAD`, and the null pointer at the end.
        let pointers = self.survey.count + self.snapshot.settings.len() + 2;
        let text = PRELOAD.len() + self.survey.value.len() + 2 + self.ours().len();
        pointers + text.div_ceil(size_of::<usize>())
    }

    fn ours(&self) -> &'static [u8] {
        match self.preload {
            Preload::Appended(ours) | Preload::Without(ours) => ours,
            Preload::Alone(_) | Preload::AsGiven => &[],
        }
    }

    /// Writes the array to the beginning of `slots` and the string behind it.
    /// `None` if it does not fit: another thread made the environment longer.
    pub fn write(&self, slots: &mut [MaybeUninit<usize>]) -> Option<Array> {
        let pointers = self.survey.count + self.snapshot.settings.len() + 2;
        let (slots, text) = slots.split_at_mut_checked(pointers)?;
        let preload = self.preload_entry(text)?;
        let mut filled = 0;
        let mut put = |entry: *const c_char| {
            slots.get_mut(filled)?.write(entry as usize);
            filled += 1;
            Some(())
        };

        let mut reader = Reader::new();
        let mut found = self.survey.found;
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
                if position(&mut reader, self.snapshot, entry)?.is_some() {
                    put(entry)?;
                } else if let Some(index) = self.namesake(&mut reader, entry, found)? {
                    // Changed: put back where it was changed.
                    found |= 1 << index;
                    put(pointer(self.snapshot.settings.get(index)?))?;
                }
            } else if reader.begins(entry, b"LD_")?
                // SAFETY: the strings are left alone until the call returns.
                && unsafe { output::sensitive(self.call, &mut reader, entry) }
            {
                continue;
            } else {
                put(entry)?;
            }
        }
        for (index, setting) in self.snapshot.settings.iter().enumerate() {
            if found & 1 << index == 0 {
                put(pointer(setting))?;
            }
        }
        if let (None, Some(entry)) = (self.survey.preload, preload) {
            put(entry)?;
        }
        put(null())?;
        Some(slots.as_ptr().cast())
    }

    /// The setting of the snapshot that has this entry's name and is not there.
    fn namesake(
        &self,
        reader: &mut Reader,
        entry: *const c_char,
        found: u64,
    ) -> Option<Option<usize>> {
        for (index, setting) in self.snapshot.settings.iter().enumerate() {
            let end = setting.iter().position(|&byte| byte == b'=')?;
            if found & 1 << index == 0 && reader.begins(entry, setting.get(..=end)?)? {
                return Some(Some(index));
            }
        }
        Some(None)
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
            Preload::Alone(entry) => return Some(Some(pointer(entry))),
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

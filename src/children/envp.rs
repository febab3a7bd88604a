//! The environment that a child gets: the one the program gives, if our entries
//! are in it, else a copy with them put back.
//!
//! A setting that is there is taken as it is: what is handed on was written into the
//! process's own environment at load, so somebody wrote it since and means it. Only
//! what is absent is put back.
//!
//! A copy is an array on the stack, or from the kernel if it is large: this runs
//! between `vfork` and `exec`, where the heap belongs to the parent. All other
//! entries are the program's own pointers, in their order.

use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::ptr::null;

use libc::c_char;
use umaskclamp_policy::settings::variables::{self, Each, FILE, LIST, VARIABLES};

use super::output;
use super::reader::Reader;
use super::room;
use super::snapshot::{self, pointer, Snapshot, PRELOAD, SETTING};
use super::Start;

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
pub struct Survey {
    call: &'static str,
    count: usize,
    /// Values of the settings that are there. An empty one is not. Of several the
    /// first, which the child takes as `getenv(3)` does. Given a file, the list is
    /// there as well, empty: they are one setting.
    pub settings: Each<&'static [u8]>,
    /// Does the child get names that begin like a setting and are none? They would
    /// stop it, so only our own command does, which tells of them.
    strange: bool,
    /// Is there an entry that the child is not to get?
    leaves_out: bool,
    /// The last `LD_PRELOAD`, which is the one that counts.
    preload: Option<usize>,
    value: &'static [u8],
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

/// `None` if it cannot be read, and the kernel will say `EFAULT`.
///
/// # Safety
/// `given` and its strings are left alone while the result is in use.
pub unsafe fn survey(start: &Start, snapshot: &Snapshot, given: Array) -> Option<Survey> {
    let mut reader = Reader::new();
    let mut survey = Survey {
        call: start.name,
        count: 0,
        settings: [None; VARIABLES.len()],
        strange: start.is_own_command(),
        leaves_out: false,
        preload: None,
        value: &[],
    };
    let mut handed_on = false;
    // Linux takes a null array as an empty one.
    while !given.is_null() {
        let entry = reader.slot(given, survey.count)?;
        if entry.is_null() {
            break;
        }
        if reader.begins(entry, SETTING)? {
            // SAFETY: the caller's promise.
            let text = unsafe { reader.string(entry) }?;
            handed_on |= snapshot.is_list(text);
            if let Some((name, value)) = variables::split(text) {
                let place = variables::place(name);
                match place.and_then(|place| survey.settings.get_mut(place)) {
                    Some(first) if !value.is_empty() => _ = first.get_or_insert(value),
                    Some(_) => survey.leaves_out = true,
                    None if survey.strange => {}
                    None => {
                        survey.leaves_out = true;
                        start.drops(name);
                    }
                }
            }
        } else if reader.begins(entry, b"LD_")? {
            if reader.begins(entry, PRELOAD)? {
                survey.preload = Some(survey.count);
                // SAFETY: the caller's promise.
                let text = unsafe { reader.string(entry) }?;
                survey.value = text.get(PRELOAD.len()..)?;
            } else {
                // SAFETY: the caller's promise.
                survey.leaves_out |= unsafe { output::sensitive(start.name, &mut reader, entry) };
            }
        }
        survey.count += 1;
    }
    if survey.settings[FILE].is_some() {
        survey.leaves_out |= handed_on;
        survey.settings[LIST].get_or_insert(&[]);
    }
    Some(survey)
}

impl Survey {
    /// What the snapshot has and the environment has not.
    fn absent<'a>(
        &'a self,
        snapshot: &'a Snapshot,
    ) -> impl Iterator<Item = &'static CStr> + use<'a> {
        let both = snapshot.settings.iter().zip(&self.settings);
        both.filter_map(|(ours, there)| ours.filter(|_| there.is_none()))
    }
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
            Preload::Alone(_) | Preload::AsGiven => &[],
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
                if self.stays(unsafe { reader.string(entry) }?) {
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

    /// Does the child get this entry, which begins like a setting?
    fn stays(&self, entry: &[u8]) -> bool {
        let Some((name, value)) = variables::split(entry) else {
            return true;
        };
        match variables::place(name) {
            // Given a file: it takes the place of the list as it was handed on, and
            // stands beside one that was written since.
            Some(LIST) if self.survey.settings[FILE].is_some() => !self.snapshot.is_list(entry),
            Some(_) => !value.is_empty(),
            None => self.survey.strange,
        }
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

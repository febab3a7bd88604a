//! The environment as the constructor gets it, and what children find in it.

use alloc::vec::Vec;
use core::ffi::CStr;

use libc::{c_char, c_ulong};
use umaskclamp_policy::settings::variables::{self, VARIABLES};
use umaskclamp_policy::settings::{LogTarget, Settings};

/// How the names of the settings begin.
pub const SETTING: &[u8] = b"UMASKCLAMP_";

const LOG_FILE: &[u8] = variables::LOG_FILE.as_bytes();

/// An array of pointers to `NAME=value` strings, null-terminated.
pub type Array = *const *const c_char;

unsafe extern "C" {
    /// The program's environment (environ(7)).
    static mut environ: Array;
}

/// The environment as it is now.
pub fn current() -> Array {
    // SAFETY: one word, which libc sets before `main`; the program's threads do not change
    // it while one of them execs.
    unsafe { (&raw const environ).read() }
}

/// Makes another array the environment.
pub fn replace(array: Array) {
    // SAFETY: one word, written at once: a thread that reads the environment
    // meanwhile, which it may not do, finds the old array or the new one.
    unsafe { (&raw mut environ).write(array) }
}

/// The array of `NAME=value` pointers, null-terminated, that becomes `environ`.
pub struct Environment {
    slots: *mut *const c_char,
    count: usize,
}

impl Environment {
    /// # Safety
    /// `slots` is the environment array of the process (or null), and nobody
    /// else uses it while this value lives.
    pub unsafe fn of(slots: *mut *const c_char) -> Self {
        let mut count = 0;
        if !slots.is_null() {
            // SAFETY: the array ends with a null pointer.
            while !unsafe { *slots.add(count) }.is_null() {
                count += 1;
            }
        }
        Environment { slots, count }
    }

    /// The address of the last string, or of the array: the kernel lays them out
    /// upwards, above all frames of the first stack.
    pub fn highest(&self) -> usize {
        let last = self.pointers().last().map_or(0, |&entry| entry as usize);
        last.max(self.slots as usize)
    }

    /// What the kernel says under this `AT_*` (getauxval(3)); 0 if nothing. Its words
    /// lie behind the environment. getauxval would tell as well; but a program may
    /// have a function of that name.
    pub fn auxiliary(&self, kind: c_ulong) -> usize {
        if self.slots.is_null() {
            return 0;
        }
        // SAFETY: behind the entries there is a null pointer, or more where some were
        // taken out; then pairs of words, of which the last is `AT_NULL`.
        unsafe {
            let mut words = self.slots.add(self.count).cast::<usize>();
            while *words == 0 {
                words = words.add(1);
            }
            while *words != libc::AT_NULL as usize {
                if *words == kind as usize {
                    return *words.add(1);
                }
                words = words.add(2);
            }
        }
        0
    }

    fn pointers(&self) -> &[*const c_char] {
        if self.slots.is_null() {
            return &[];
        }
        // SAFETY: `of` counted so many entries, and only `&mut self` moves them.
        unsafe { core::slice::from_raw_parts(self.slots, self.count) }
    }

    /// The `NAME=value` strings that begin like this. Every process looks, and may
    /// have many others, whose ends it need not know.
    pub fn starting<'a, 'b>(
        &'a self,
        start: &'b [u8],
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'b> {
        self.starts(start).flatten()
    }

    /// For each entry, itself if it begins like this.
    fn starts<'a, 'b>(
        &'a self,
        start: &'b [u8],
    ) -> impl ExactSizeIterator<Item = Option<&'a [u8]>> + DoubleEndedIterator + use<'a, 'b> {
        let pointers = self.pointers().iter();
        // SAFETY: entries are terminated strings.
        pointers.map(move |&entry| unsafe { beginning(entry, start) })
    }

    /// The value of the first entry of that name.
    pub fn value<'a>(&'a self, name: &[u8]) -> Option<&'a [u8]> {
        self.starting(name).find_map(|entry| value_of(entry, name))
    }

    /// The value of the last entry of that name: the one that the dynamic loader
    /// takes, where `getenv(3)` takes the first (glibc, `elf/rtld.c`).
    pub fn last_value<'a>(&'a self, name: &[u8]) -> Option<&'a [u8]> {
        self.starting(name)
            .filter_map(|entry| value_of(entry, name))
            .last()
    }

    /// Makes the settings what children are to find, so that a setting which is
    /// another one there was written by somebody since. Each stands there once, and
    /// none is empty. Not as it was given is what they might not reach, behind a
    /// `chroot` or under another uid:
    ///
    /// - A list that was read from a file, or names the home directory: the list
    ///   itself.
    /// - The path of a log file: with a second leading `/`, which says that it
    ///   was found good, so that a child that cannot open it does without.
    ///
    /// A program that runs with more rights than its caller (`secure`) did not take
    /// the caller's settings, and its children, which may not know, are not to take
    /// them either: the caller would name files for root to write. The dynamic loader
    /// takes its own variables out likewise.
    pub fn hand_on(&mut self, settings: &Settings, secure: bool) {
        let mut seen = [false; VARIABLES.len()];
        let mut kept = 0;
        for index in 0..self.count {
            // SAFETY: `index` is below the count.
            let slot = unsafe { self.slots.add(index) };
            // SAFETY: as above.
            let given = unsafe { *slot };
            // SAFETY: entries are terminated strings.
            let stays = match unsafe { setting(given) } {
                None => Some(None),
                Some(_) if secure => None,
                Some(entry) => handed(entry, settings, &mut seen),
            };
            if let Some(changed) = stays {
                // The string is never freed: the program may keep pointers into its
                // environment.
                let entry = changed.map_or(given, |new| new.leak().as_ptr().cast());
                // SAFETY: not behind `index`.
                unsafe { *self.slots.add(kept) = entry };
                kept += 1;
            }
        }
        for index in kept..self.count {
            // SAFETY: below the null pointer that was the end.
            unsafe { *self.slots.add(index) = core::ptr::null() };
        }
        self.count = kept;
    }

    /// Gives the last entry of that name, if there is one, another value.
    pub fn set_last(&mut self, name: &[u8], value: &[u8]) {
        let is = |entry: Option<&[u8]>| entry.is_some_and(|entry| value_of(entry, name).is_some());
        let Some(index) = self.starts(name).rposition(is) else {
            return;
        };
        let entry: Vec<u8> = [name, b"=", value, b"\0"].concat();
        // SAFETY: `index` is below the count. The string is never freed, as above.
        unsafe { *self.slots.add(index) = entry.leak().as_ptr().cast() };
    }
}

/// What stands for this setting from now on: nothing, itself, or another
/// NUL-terminated entry. Of the value no more is needed than whether there is one.
#[allow(clippy::option_option)]
fn handed(
    entry: &[u8],
    settings: &Settings,
    seen: &mut [bool; VARIABLES.len()],
) -> Option<Option<Vec<u8>>> {
    let Some((name, value)) = variables::split(entry) else {
        return Some(None);
    };
    if value.is_empty() {
        return None;
    }
    let place = variables::place(name)?;
    // The list stands where its file or the first part of it stood.
    let list = settings.effective_list.as_deref();
    let (place, new) = match (list, &settings.log_file) {
        (Some(list), _) if place == variables::LIST || place == variables::FILE => (
            variables::LIST,
            Some([variables::PATTERNS.as_bytes(), b"=", list, b"\0"]),
        ),
        (_, LogTarget::File(path)) if name == LOG_FILE && !path.starts_with(b"//") => {
            (place, Some([LOG_FILE, b"=/", path, b"\0"]))
        }
        _ => (place, None),
    };
    let again = core::mem::replace(seen.get_mut(place)?, true);
    let nothing = place == variables::LIST && list.is_some_and(<[u8]>::is_empty);
    (!again && !nothing).then(|| new.map(|parts| parts.concat()))
}

/// The string, if it begins like this.
///
/// # Safety
/// It is a terminated string, and stays.
unsafe fn beginning<'a>(entry: *const c_char, start: &[u8]) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    let begins = unsafe { begins(entry, start) };
    // SAFETY: the caller's promise.
    begins.then(|| unsafe { CStr::from_ptr(entry) }.to_bytes())
}

/// So much of a setting as any known name takes, with a byte of its value: a list is long,
/// and its end need not be known.
///
/// # Safety
/// It is a terminated string, and stays.
unsafe fn setting<'a>(entry: *const c_char) -> Option<&'a [u8]> {
    const MOST: usize = variables::PATTERNS_FILE.len() + "=x".len();
    // SAFETY: the caller's promise.
    if !unsafe { begins(entry, SETTING) } {
        return None;
    }
    // SAFETY: none is read behind its end.
    let ends = |at: &usize| unsafe { *entry.add(*at) } == 0;
    let length = (SETTING.len()..MOST).find(ends).unwrap_or(MOST);
    // SAFETY: so many bytes are there.
    Some(unsafe { core::slice::from_raw_parts(entry.cast(), length) })
}

/// # Safety
/// It is a terminated string.
unsafe fn begins(entry: *const c_char, start: &[u8]) -> bool {
    let mut bytes = start.iter().enumerate();
    // SAFETY: none is read behind the first byte that differs, so not behind its end.
    bytes.all(|(at, &byte)| unsafe { *entry.add(at) } as u8 == byte)
}

fn value_of<'a>(entry: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    entry.strip_prefix(name)?.strip_prefix(b"=")
}

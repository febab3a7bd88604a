//! The environment as the constructor gets it, and what children find in it.

use core::ffi::CStr;

use libc::{c_char, c_ulong};
use umaskclamp_policy::settings::{LogTarget, Settings};

const PATTERNS: &[u8] = b"UMASKCLAMP_PATTERNS";
const PATTERNS_FILE: &[u8] = b"UMASKCLAMP_PATTERNS_FILE";
const LOG_FILE: &[u8] = b"UMASKCLAMP_LOG_FILE";

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
    ) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a, 'b> {
        self.pointers().iter().map(move |&entry| {
            let mut bytes = start.iter().enumerate();
            // SAFETY: entries are terminated strings; none is read behind the
            // first byte that differs, so not behind its end.
            let begins = bytes.all(|(at, &byte)| unsafe { *entry.add(at) } as u8 == byte);
            // SAFETY: as above.
            begins.then(|| unsafe { CStr::from_ptr(entry) }.to_bytes())
        })
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

    /// Puts into the environment what children are to find there instead of what
    /// they might not reach: behind a `chroot` or under another uid.
    ///
    /// - A list that was read from a file: the list itself.
    /// - The path of a log file: with a second leading `/`, which says that it
    ///   was found good, so that a child that cannot open it does without.
    pub fn hand_on(&mut self, settings: &Settings) {
        if let Some(list) = &settings.effective_list {
            if self.find(PATTERNS).is_some() {
                self.replace(PATTERNS, PATTERNS, list);
                self.remove(PATTERNS_FILE);
            } else {
                self.replace(PATTERNS_FILE, PATTERNS, list);
            }
        }
        if let LogTarget::File(path) = &settings.log_file {
            if !path.starts_with(b"//") {
                let checked: Vec<u8> = [b"/", path.as_slice()].concat();
                self.replace(LOG_FILE, LOG_FILE, &checked);
            }
        }
    }

    /// Gives the first entry of that name, if there is one, another value.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.replace(name, name, value);
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.starts(name)
            .position(|entry| entry.is_some_and(|entry| value_of(entry, name).is_some()))
    }

    /// Puts `name=value` in the place of the first entry called `old`.
    fn replace(&mut self, old: &[u8], name: &[u8], value: &[u8]) {
        let Some(index) = self.find(old) else {
            return;
        };
        let entry: Vec<u8> = [name, b"=", value, b"\0"].concat();
        // SAFETY: `index` is below the count. The string is never freed: the
        // program may keep pointers into its environment.
        unsafe { *self.slots.add(index) = entry.leak().as_ptr().cast() };
    }

    fn remove(&mut self, name: &[u8]) {
        while let Some(index) = self.find(name) {
            // SAFETY: from `index` on there are `count - index` entries and the
            // null pointer, which moves along.
            unsafe {
                let slot = self.slots.add(index);
                core::ptr::copy(slot.add(1), slot, self.count - index);
            }
            self.count -= 1;
        }
    }
}

fn value_of<'a>(entry: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    entry.strip_prefix(name)?.strip_prefix(b"=")
}

//! What of ours is in the environment that a program gives its child.
//!
//! A setting that is there is taken as it is: what is handed on was written into the
//! process's own environment at load, so somebody wrote it since and means it. Only
//! what is absent is put back.

use core::ffi::CStr;

use umaskclamp_policy::settings::variables::{self, Each, FILE, LIST, VARIABLES};

use super::output;
use super::reader::Reader;
use super::snapshot::{PRELOAD, Snapshot};
use super::start::Start;
use crate::environment::{Array, SETTING};

/// What a look at an environment found.
pub struct Survey {
    pub call: &'static str,
    pub count: usize,
    /// Values of the settings that are there. An empty one is not. Of several the
    /// first, which the child takes as `getenv(3)` does. Given a file, the list is
    /// there as well, empty: they are one setting.
    pub settings: Each<&'static [u8]>,
    /// Does the child get names that begin like a setting and are none? They would
    /// stop it, so only our own command does, which tells of them.
    strange: bool,
    /// Is there an entry that the child is not to get?
    pub leaves_out: bool,
    /// The last `LD_PRELOAD`, which is the one that counts.
    pub preload: Option<usize>,
    pub value: &'static [u8],
}

impl Survey {
    /// `None` if it cannot be read.
    ///
    /// # Safety
    /// `given` and its strings are left alone while the result is in use.
    pub unsafe fn of(start: &Start, snapshot: &Snapshot, given: Array) -> Option<Survey> {
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
                    survey.leaves_out |=
                        unsafe { output::sensitive(start.name, &mut reader, entry) };
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

    /// What the snapshot has and the environment has not.
    pub fn absent<'a>(
        &'a self,
        snapshot: &'a Snapshot,
    ) -> impl Iterator<Item = &'static CStr> + use<'a> {
        let both = snapshot.settings.iter().zip(&self.settings);
        both.filter_map(|(ours, there)| ours.filter(|_| there.is_none()))
    }

    /// Does the child get this entry, which begins like a setting?
    pub fn stays(&self, snapshot: &Snapshot, entry: &[u8]) -> bool {
        let Some((name, value)) = variables::split(entry) else {
            return true;
        };
        match variables::place(name) {
            // Given a file: it takes the place of the list as it was handed on, and
            // stands beside one that was written since.
            Some(LIST) if self.settings[FILE].is_some() => !snapshot.is_list(entry),
            Some(_) => !value.is_empty(),
            None => self.strange,
        }
    }
}

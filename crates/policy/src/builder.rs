//! From the text of a list to its rules, or to its faults.

use crate::builtin;
use crate::index::Index;
use crate::list;
use crate::pattern::compile::{Compiler, Taken, Tildes};
use crate::pattern::store::Entry;
use crate::pattern::{PatternFault, PatternFaultKind};
use crate::rule::{Origin, RuleId};
use crate::rules::Rules;
use crate::tables;
use alloc::boxed::Box;
use alloc::vec::Vec;

impl Rules {
    /// The rules of a list as `UMASKCLAMP_PATTERNS` holds it, seen from `home`.
    pub fn from_list(list: &[u8], home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        let mut builder = Builder::new(&[list], || home.map(<[u8]>::to_vec));
        builder.list(list);
        builder.finish()
    }

    /// The rules of a file's text, seen from `home`.
    pub fn from_file(text: &[u8], home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        let mut builder = Builder::new(&[text], || home.map(<[u8]>::to_vec));
        builder.file(text);
        builder.finish()
    }

    /// The built-in rules, seen from `home`.
    pub fn built_in(home: Option<&[u8]>) -> Result<Rules, Vec<PatternFault>> {
        match tables::built_in() {
            Some(rules) => Ok(rules),
            None => Rules::read_built_in(|| home.map(<[u8]>::to_vec)),
        }
    }

    /// The built-in rules, read from their text.
    pub(crate) fn read_built_in(
        home: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<Rules, Vec<PatternFault>> {
        let mut builder = Builder::new(&[builtin::PATTERNS], home);
        for (number, (_, line)) in (1u32..).zip(list::lines(builtin::PATTERNS)) {
            builder.add(line, Origin::BuiltIn, number);
        }
        builder.finish()
    }
}

/// Collects rules and their faults.
pub(crate) struct Builder<H> {
    rules: Rules,
    compiler: Compiler<H>,
    faults: Vec<PatternFault>,
}

impl<H: FnOnce() -> Option<Vec<u8>>> Builder<H> {
    /// A builder for the patterns of these texts.
    pub fn new(texts: &[&[u8]], home: H) -> Self {
        let mut rules = Rules::default();
        // Room for all that ordinary patterns need, so that it is asked for
        // once: an alternative ends at each of these bytes, and with braces
        // written out the text takes about twice as much again.
        let (mut bytes, mut count) = (0usize, 1usize);
        for text in texts {
            let ends = text.iter().filter(|b| matches!(b, b',' | b':' | b'\n'));
            bytes = bytes.saturating_add(text.len());
            count = count.saturating_add(ends.count());
        }
        if bytes == 0 {
            count = 0;
        }
        rules.store.bytes.to_mut().reserve(bytes.saturating_mul(3));
        rules.store.segments.to_mut().reserve(count);
        rules.store.alternatives.to_mut().reserve(count);
        rules.entries.to_mut().reserve(count);
        Builder {
            rules,
            compiler: Compiler::new(home),
            faults: Vec::new(),
        }
    }

    pub fn list(&mut self, list: &[u8]) {
        for (number, element) in (1u32..).zip(list::elements(list)) {
            self.add(element, Origin::Environment, number);
        }
    }

    pub fn file(&mut self, text: &[u8]) {
        for (number, line) in list::lines(text) {
            self.add(line, Origin::File, number);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.faults.is_empty()
    }

    /// Where the rules name the home directory, if one does.
    pub fn tildes(&mut self) -> Option<Tildes> {
        self.compiler.tildes()
    }

    fn add(&mut self, pattern: &[u8], origin: Origin, number: u32) {
        let rules = &mut self.rules;
        let protects = pattern.first() != Some(&b'!');
        let start = usize::from(!protects);
        let first = rules.store.alternatives.len() as u32;
        let id = rules.entries.len() as u32;
        let text = rules.store.push(pattern);
        let taken = match (pattern.len(), protects) {
            (0, _) => Err((0, PatternFaultKind::Empty)),
            (1, false) => Err((0, PatternFaultKind::LoneExclamation)),
            _ => self
                .compiler
                .compile(pattern, text, start, id, &mut rules.store),
        };
        match taken {
            Ok(taken) => rules.entries.to_mut().push(Entry {
                text,
                first,
                number,
                origin,
                protects,
                homeless: taken == Taken::Homeless,
            }),
            Err((at, kind)) => self.faults.push(PatternFault {
                origin,
                number,
                pattern: pattern.to_vec(),
                at,
                kind,
            }),
        }
    }

    /// The rules collected; the built-in ones if there are none.
    pub fn finish_or_built_in(self) -> Result<Rules, Vec<PatternFault>> {
        if !self.is_empty() {
            return self.finish();
        }
        match tables::built_in() {
            Some(rules) => Ok(rules),
            None => Rules::read_built_in(self.compiler.into_home()),
        }
    }

    pub fn finish(self) -> Result<Rules, Vec<PatternFault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let mut rules = self.rules;
        let exempt = rules.entries.iter().rposition(|entry| !entry.protects);
        rules.last_exempt = exempt.map(|at| RuleId(at as u32));
        let alternatives = &rules.store.alternatives;
        rules.directory_only = alternatives.iter().any(|a| a.directory);
        rules.only_names = alternatives.iter().all(|a| a.is_name());
        rules.index = Box::new(Index::of(&rules.store));
        Ok(rules)
    }
}

//! The symbols of the libc that runs here against those that the library has.

use std::fs;
use std::path::PathBuf;

use umaskclamp_policy::surface::SYMBOLS;

use super::{Findings, Grade};
use crate::elf::Elf;
use crate::library::Library;
use crate::show::{self, painted};

pub fn look(findings: &mut Findings, library: &Library, verbose: bool) {
    let Some((path, libc)) = running_libc() else {
        let text = "the libc of this process could not be read: no symbols to compare";
        return findings.tell("libc", Grade::Note, text);
    };
    let known = || SYMBOLS.iter().filter(|symbol| libc.has(symbol.name));
    let wanted = known().filter(|symbol| symbol.treatment.interposed());
    let (found, missing): (Vec<_>, Vec<_>) = wanted
        .map(|symbol| symbol.name)
        .partition(|name| library.elf.has(name));
    let text = format!(
        "{}: {} of {} symbols that need a hook have one",
        path.display(),
        found.len(),
        found.len() + missing.len(),
    );
    if missing.is_empty() {
        findings.tell("libc", Grade::Good, text);
    } else {
        findings.tell("libc", Grade::Bad, text);
        let missing = format_args!("without: {}", missing.join(", "));
        findings.more(painted(show::BAD, missing));
        findings.more("the library was built for another libc: build it on this system");
    }
    for symbol in known().filter(|_| verbose) {
        let (word, note) = (symbol.treatment.word(), symbol.note);
        let dash = if note.is_empty() { "" } else { ": " };
        findings.more(format_args!(
            "{:<24} {word:<13} {}{dash}{note}",
            symbol.name, symbol.family
        ));
    }
}

/// The libc that this process runs with, found among its mappings.
fn running_libc() -> Option<(PathBuf, Elf)> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]))
        .find(|path| path.ends_with("/libc.so.6"))?;
    let elf = Elf::parse(&fs::read(path).ok()?)?;
    Some((PathBuf::from(path), elf))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_libc_is_found_and_has_what_the_table_names() {
        let (path, libc) = running_libc().unwrap();
        assert!(path.ends_with("libc.so.6"));
        for name in ["open", "openat", "rename", "fopen"] {
            assert!(
                libc.symbols.iter().any(|symbol| symbol == name.as_bytes()),
                "{name}"
            );
        }
    }
}

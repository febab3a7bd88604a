//! Of ELF files what the library does not ask (the policy crate reads the rest): the
//! symbols of a library and its own name (elf(5)).

use umaskclamp_policy::elf::{Image, Machine, inspect};

/// A name for people: `64-bit x86-64`.
pub fn shown(machine: Machine) -> String {
    let name = match machine.number {
        3 => "i386",
        8 => "mips",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390",
        40 => "arm",
        62 => "x86-64",
        183 => "aarch64",
        243 => "riscv",
        258 => "loongarch",
        other => return format!("{}-bit machine {other}", bits(machine)),
    };
    format!("{}-bit {name}", bits(machine))
}

fn bits(machine: Machine) -> u8 {
    if machine.class == 2 { 64 } else { 32 }
}

/// A library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elf {
    pub machine: Machine,
    /// Names of the dynamic symbols that are defined, sorted.
    pub symbols: Vec<Vec<u8>>,
    /// What it calls itself (`DT_SONAME`), whatever its file is called.
    pub name: Option<Vec<u8>>,
}

impl Elf {
    /// Reads a file's bytes; `None` if it is not ELF, or broken.
    pub fn parse(bytes: &[u8]) -> Option<Elf> {
        let Image::Elf(elf) = inspect(bytes, &mut |_, _| 0) else {
            return None;
        };
        let machine = elf.machine;
        let reader = Reader { bytes, machine };
        Some(Elf {
            machine,
            symbols: reader.symbols().unwrap_or_default(),
            name: reader.name(),
        })
    }

    /// Whether it defines this symbol.
    pub fn has(&self, name: &str) -> bool {
        self.symbols
            .binary_search_by(|symbol| symbol.as_slice().cmp(name.as_bytes()))
            .is_ok()
    }
}

/// `SHT_DYNSYM`
const DYNAMIC_SYMBOLS: u64 = 11;
/// `SHT_DYNAMIC`
const DYNAMIC: u64 = 6;
/// `DT_SONAME`
const OWN_NAME: u64 = 14;

/// Reads numbers of either class and byte order from a file in memory.
struct Reader<'a> {
    bytes: &'a [u8],
    machine: Machine,
}

impl<'a> Reader<'a> {
    fn number(&self, at: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.machine.data == 2 {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    /// A field that lies elsewhere, and is wider, in 64-bit files.
    fn field(&self, base: u64, in_32: (u64, usize), in_64: (u64, usize)) -> Option<u64> {
        let (offset, size) = if bits(self.machine) == 64 {
            in_64
        } else {
            in_32
        };
        self.number(base.checked_add(offset)?, size)
    }

    /// Where the header of a section lies.
    fn section(&self, index: u64) -> Option<u64> {
        let table = self.field(0, (32, 4), (40, 8))?;
        let size = self.field(0, (46, 2), (58, 2))?;
        table.checked_add(index.checked_mul(size)?)
    }

    /// Where a section lies, and how long it is.
    fn extent(&self, header: u64) -> Option<(u64, u64)> {
        let at = self.field(header, (16, 4), (24, 8))?;
        Some((at, self.field(header, (20, 4), (32, 8))?))
    }

    /// The entries of the sections of this kind: where each lies, and the text that its
    /// names are in.
    fn entries(&self, kind: u64, size: usize) -> Option<Vec<(u64, &'a [u8])>> {
        let mut entries = Vec::new();
        for index in 0..self.field(0, (48, 2), (60, 2))? {
            let header = self.section(index)?;
            if self.number(header.checked_add(4)?, 4)? != kind {
                continue;
            }
            let (start, length) = self.extent(header)?;
            let strings = self.section(self.field(header, (24, 4), (40, 4))?)?;
            let (text, text_length) = self.extent(strings)?;
            let text = self.slice(text, text_length)?;
            self.slice(start, length)?;
            let starts = (start..start.checked_add(length)?).step_by(size);
            entries.extend(starts.map(|at| (at, text)));
        }
        Some(entries)
    }

    fn symbols(&self) -> Option<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        let size = if bits(self.machine) == 64 { 24 } else { 16 };
        for (symbol, text) in self.entries(DYNAMIC_SYMBOLS, size)? {
            if self.field(symbol, (14, 2), (6, 2))? != 0 {
                names.extend(string(text, self.number(symbol, 4)?));
            }
        }
        names.sort();
        names.dedup();
        Some(names)
    }

    fn name(&self) -> Option<Vec<u8>> {
        let size = if bits(self.machine) == 64 { 16 } else { 8 };
        let entries = self.entries(DYNAMIC, size)?;
        let (entry, text) = entries
            .into_iter()
            .find(|&(entry, _)| self.field(entry, (0, 4), (0, 8)) == Some(OWN_NAME))?;
        string(text, self.field(entry, (4, 4), (8, 8))?)
    }

    fn slice(&self, at: u64, size: u64) -> Option<&'a [u8]> {
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        self.bytes.get(at..end)
    }
}

/// What begins there in a text of names.
fn string(text: &[u8], at: u64) -> Option<Vec<u8>> {
    let rest = text.get(usize::try_from(at).ok()?..)?;
    rest.split(|&byte| byte == 0).next().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_test_program_is_of_this_machine() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::parse(&bytes).unwrap();
        assert_eq!(elf.machine, Machine::HERE);
        assert_eq!(u32::from(bits(elf.machine)), usize::BITS);
    }

    #[test]
    fn broken_files_are_no_elf_and_no_panic() {
        let bytes = std::fs::read("/bin/true").unwrap();
        for cut in [0, 5, 17, 19, 63, 100, 700] {
            let _ = Elf::parse(&bytes[..cut]);
        }
        assert_eq!(Elf::parse(b"#!/bin/sh\n"), None);
        let mut wild = bytes;
        wild[32..40].fill(0xff);
        assert_eq!(Elf::parse(&wild), None);
        let mut wild = std::fs::read("/bin/true").unwrap();
        wild[40..48].fill(0xff);
        assert_eq!(Elf::parse(&wild).unwrap().symbols, [b""; 0]);
    }
}

//! Of ELF files what the library does not ask (the policy crate reads the rest): the
//! symbols of a library and its own name (elf(5)).

use object::Endianness;
use object::elf::{DT_SONAME, FileHeader32, FileHeader64, SHN_UNDEF, SHT_DYNSYM};
use object::read::elf::{Dyn, FileHeader, Sym};
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
        let mut found = Elf {
            machine: elf.machine,
            symbols: Vec::new(),
            name: None,
        };
        // What is broken there has no symbols.
        let _ = match bits(elf.machine) {
            64 => found.read::<FileHeader64<Endianness>>(bytes),
            _ => found.read::<FileHeader32<Endianness>>(bytes),
        };
        Some(found)
    }

    fn read<H: FileHeader<Endian = Endianness>>(&mut self, bytes: &[u8]) -> object::Result<()> {
        let header = H::parse(bytes)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, bytes)?;
        let table = sections.symbols(endian, bytes, SHT_DYNSYM)?;
        let defined = table
            .iter()
            .filter(|symbol| symbol.st_shndx(endian) != SHN_UNDEF);
        let names = defined.map(|symbol| Ok(symbol.name(endian, table.strings())?.to_vec()));
        self.symbols = names.collect::<object::Result<_>>()?;
        self.symbols.sort();
        self.symbols.dedup();
        if let Some((entries, strings)) = sections.dynamic(endian, bytes)? {
            let strings = sections.strings(endian, bytes, strings)?;
            let own = entries
                .iter()
                .find(|entry| entry.tag32(endian) == Some(DT_SONAME));
            let own = own.and_then(|entry| entry.string(endian, strings).ok());
            self.name = own.map(<[u8]>::to_vec);
        }
        Ok(())
    }

    /// Whether it defines this symbol.
    pub fn has(&self, name: &str) -> bool {
        self.symbols
            .binary_search_by(|symbol| symbol.as_slice().cmp(name.as_bytes()))
            .is_ok()
    }
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

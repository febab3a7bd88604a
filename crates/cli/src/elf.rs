//! The few facts of an ELF file that decide whether ld.so can preload into it
//! (elf(5)): class, machine, interpreter; and for a library, its symbols.

/// Class, byte order and machine: a library is loaded only where all agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// 32 or 64.
    pub bits: u8,
    pub little: bool,
    /// `e_machine`, as `EM_X86_64`.
    pub machine: u16,
}

impl Target {
    /// A name for people: `64-bit x86-64`.
    pub fn shown(self) -> String {
        let machine = match self.machine {
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
            other => return format!("{}-bit machine {other}", self.bits),
        };
        format!("{}-bit {machine}", self.bits)
    }
}

/// What an executable says about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elf {
    pub target: Target,
    /// `PT_INTERP`; a static program has none.
    pub interpreter: Option<Vec<u8>>,
    /// Names of the dynamic symbols that are defined, sorted.
    pub symbols: Vec<Vec<u8>>,
    /// Whether Go's compiler made it, whose programs go to the kernel directly.
    pub go: bool,
}

/// `PT_INTERP`
const INTERPRETER: u64 = 3;
/// `SHT_DYNSYM`
const DYNAMIC_SYMBOLS: u64 = 11;

/// Reads numbers of either class and byte order from a file in memory.
struct Reader<'a> {
    bytes: &'a [u8],
    target: Target,
}

impl<'a> Reader<'a> {
    fn number(&self, at: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.target.little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }

    /// A field that lies elsewhere, and is wider, in 64-bit files.
    fn field(&self, base: u64, in_32: (u64, usize), in_64: (u64, usize)) -> Option<u64> {
        let (offset, size) = if self.target.bits == 64 { in_64 } else { in_32 };
        self.number(base.checked_add(offset)?, size)
    }

    fn slice(&self, at: u64, size: u64) -> Option<&'a [u8]> {
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        self.bytes.get(at..end)
    }

    fn interpreter(&self) -> Option<Vec<u8>> {
        let table = self.field(0, (28, 4), (32, 8))?;
        let size = self.field(0, (42, 2), (54, 2))?;
        let count = self.field(0, (44, 2), (56, 2))?;
        for index in 0..count {
            let header = table.checked_add(index.checked_mul(size)?)?;
            if self.number(header, 4)? != INTERPRETER {
                continue;
            }
            let at = self.field(header, (4, 4), (8, 8))?;
            let length = self.field(header, (16, 4), (32, 8))?;
            let text = self.slice(at, length)?;
            return Some(text.split(|&byte| byte == 0).next()?.to_vec());
        }
        None
    }

    /// Where the header of a section lies.
    fn section(&self, index: u64) -> Option<u64> {
        let table = self.field(0, (32, 4), (40, 8))?;
        let size = self.field(0, (46, 2), (58, 2))?;
        table.checked_add(index.checked_mul(size)?)
    }

    fn sections(&self) -> Option<u64> {
        self.field(0, (48, 2), (60, 2))
    }

    /// Where a section lies, and how long it is.
    fn extent(&self, header: u64) -> Option<(u64, u64)> {
        let at = self.field(header, (16, 4), (24, 8))?;
        Some((at, self.field(header, (20, 4), (32, 8))?))
    }

    fn has_section(&self, name: &[u8]) -> Option<bool> {
        let strings = self.field(0, (50, 2), (62, 2))?;
        let (text, length) = self.extent(self.section(strings)?)?;
        let text = self.slice(text, length)?;
        for index in 0..self.sections()? {
            let at = usize::try_from(self.number(self.section(index)?, 4)?).ok()?;
            if text
                .get(at..)
                .and_then(|rest| rest.split(|&byte| byte == 0).next())
                == Some(name)
            {
                return Some(true);
            }
        }
        Some(false)
    }

    fn symbols(&self) -> Option<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for index in 0..self.sections()? {
            let header = self.section(index)?;
            if self.number(header.checked_add(4)?, 4)? != DYNAMIC_SYMBOLS {
                continue;
            }
            let (start, length) = self.extent(header)?;
            let strings = self.section(self.field(header, (24, 4), (40, 4))?)?;
            let (text, text_length) = self.extent(strings)?;
            let text = self.slice(text, text_length)?;
            let entry = if self.target.bits == 64 { 24 } else { 16 };
            for symbol in (start..start.checked_add(length)?).step_by(entry) {
                let name = usize::try_from(self.number(symbol, 4)?).ok()?;
                let defined = self.field(symbol, (14, 2), (6, 2))? != 0;
                if let (true, Some(rest)) = (defined, text.get(name..)) {
                    names.extend(rest.split(|&byte| byte == 0).next().map(<[u8]>::to_vec));
                }
            }
        }
        names.sort();
        names.dedup();
        Some(names)
    }
}

impl Elf {
    /// Reads a file's bytes; `None` if it is not ELF, or broken.
    pub fn parse(bytes: &[u8]) -> Option<Elf> {
        let bits = match bytes.get(..6)? {
            [0x7f, b'E', b'L', b'F', 1, _] => 32,
            [0x7f, b'E', b'L', b'F', 2, _] => 64,
            _ => return None,
        };
        let little = bytes.get(5) == Some(&1);
        let mut reader = Reader {
            bytes,
            target: Target {
                bits,
                little,
                machine: 0,
            },
        };
        reader.target.machine = u16::try_from(reader.number(18, 2)?).ok()?;
        Some(Elf {
            target: reader.target,
            interpreter: reader.interpreter(),
            symbols: reader.symbols().unwrap_or_default(),
            go: reader.has_section(b".go.buildinfo").unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_test_program_is_dynamic() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::parse(&bytes).unwrap();
        assert_eq!(u32::from(elf.target.bits), usize::BITS);
        assert!(elf.interpreter.unwrap().starts_with(b"/lib"));
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
        wild[40..48].fill(0xff);
        assert_eq!(Elf::parse(&wild).unwrap().interpreter, None);
    }
}

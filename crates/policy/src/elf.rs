//! What kind of program a file is, as its first bytes tell: what the kernel
//! would start for it, and whether a preload could enter that.
//!
//! Sources: elf(5), `fs/binfmt_script.c` and `fs/binfmt_elf.c` of Linux.

pub mod calls;
mod maker;

/// Bytes from the beginning of a file that [`inspect`] wants: all that it looks
/// at in a program as linkers make it. What lies elsewhere it asks for.
pub const HEAD: usize = 1024;

/// What the kernel reads of a script's first line, since Linux 5.1.
const LINE: usize = 256;

/// Program headers are looked at up to this many; real programs have a dozen.
const HEADERS_MAX: u16 = 128;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Image<'a> {
    /// A script; the path of its interpreter, as written.
    Script(&'a [u8]),
    /// A program or library in the ELF format.
    Elf(Elf),
    /// Neither: `ENOEXEC`, unless the kernel was told of another format.
    Unknown,
}

/// An ELF file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elf {
    /// For which machine.
    pub machine: Machine,
    /// Which dynamic loader it names.
    pub loader: Loader,
    /// `ET_DYN`: position-independent. With [`Loader::None`] a static-pie, or a
    /// dynamic loader itself.
    pub shared: bool,
    /// Whose runtime makes its system calls itself, even where the program is linked
    /// with libc.
    pub own_calls: Option<Maker>,
}

/// What is known to make programs whose system calls go past libc, and leaves its
/// mark where a few reads find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Maker {
    /// The Go compiler.
    Go,
    /// Bun, and programs that it compiled, which are copies of it.
    Bun,
}

impl Maker {
    /// Why such a program is not protected, for records.
    pub fn reason(self) -> &'static str {
        match self {
            Maker::Go => "makes its own system calls (Go)",
            Maker::Bun => "makes its own system calls (Bun)",
        }
    }
}

/// What programs can share a process with a library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    /// `EI_CLASS`: 1 for 32 bits, 2 for 64.
    pub class: u8,
    /// `EI_DATA`: 1 for little endian, 2 for big.
    pub data: u8,
    /// `e_machine`.
    pub number: u16,
}

impl Machine {
    /// The one this crate was compiled for.
    pub const HERE: Machine = Machine {
        class: if cfg!(target_pointer_width = "64") {
            2
        } else {
            1
        },
        data: if cfg!(target_endian = "little") { 1 } else { 2 },
        number: if cfg!(target_arch = "x86_64") {
            62
        } else if cfg!(target_arch = "x86") {
            3
        } else if cfg!(target_arch = "aarch64") {
            183
        } else if cfg!(target_arch = "arm") {
            40
        } else if cfg!(any(target_arch = "riscv64", target_arch = "riscv32")) {
            243
        } else if cfg!(target_arch = "powerpc64") {
            21
        } else if cfg!(target_arch = "s390x") {
            22
        } else {
            0
        },
    };

    /// 64-bit ARM, little endian.
    pub const AARCH64: Machine = Machine {
        class: 2,
        data: 1,
        number: 183,
    };

    /// A 64-bit PC.
    pub const X86_64: Machine = Machine {
        class: 2,
        data: 1,
        number: 62,
    };

    /// The 32-bit programs that a 64-bit PC runs.
    pub const I386: Machine = Machine {
        class: 1,
        data: 1,
        number: 3,
    };
}

/// The dynamic loader that a program names (`PT_INTERP`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loader {
    /// None: a static program.
    None,
    /// glibc's, or one of a name that tells nothing else.
    Gnu,
    /// musl's.
    Musl,
    /// That of a third libc (uClibc, Android's).
    Other,
}

impl Loader {
    /// By its path.
    pub fn of(path: &[u8]) -> Loader {
        let name = crate::path::last(path);
        if name.starts_with(b"ld-musl-") {
            Loader::Musl
        } else if name.starts_with(b"ld-uClibc")
            || name.starts_with(b"ld64-uClibc")
            || name == b"linker"
            || name == b"linker64"
        {
            Loader::Other
        } else {
            Loader::Gnu
        }
    }
}

/// Whether a file of this name may be glibc's dynamic loader itself, started as a
/// program (`ldd` does): it names no loader, and takes preloads all the same.
pub fn is_loader_name(path: &[u8]) -> bool {
    let name = crate::path::last(path);
    [&b"ld-linux"[..], b"ld-2.", b"ld.so", b"ld64.so", b"ld-lsb"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Tells what a file is. `head` are its first bytes; `read` fills its second
/// argument with the bytes at an offset, as far as there are any, and gives
/// their number.
pub fn inspect<'a>(head: &'a [u8], read: &mut dyn FnMut(u64, &mut [u8]) -> usize) -> Image<'a> {
    if head.starts_with(b"#!") {
        return script(head).map_or(Image::Unknown, Image::Script);
    }
    if !head.starts_with(b"\x7fELF") {
        return Image::Unknown;
    }
    let mut file = File { head, read };
    elf(&mut file).map_or(Image::Unknown, Image::Elf)
}

fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `load_script`, step by step: the kernel sees 256 bytes, zeros behind the end
/// of the file, and takes no interpreter that may have been cut.
fn script(head: &[u8]) -> Option<&[u8]> {
    let line = head.get(..LINE).unwrap_or(head);
    let text = line.get(2..)?;
    // What the kernel takes for the end of the line: a newline before any NUL.
    let until_nul = line.iter().position(|&b| b == 0).unwrap_or(line.len());
    let newline = line
        .iter()
        .position(|&b| b == b'\n')
        .filter(|&end| end < until_nul);
    let text = match newline {
        Some(end) => line.get(2..end)?,
        None => text,
    };
    let start = text.iter().position(|&b| !blank(b))?;
    let name = text.get(start..)?;
    let ends = |b: u8| blank(b) || b == 0;
    let name = match name.iter().position(|&b| ends(b)) {
        Some(end) => name.get(..end)?,
        // Cut off, if the whole of the kernel's buffer is full of it.
        None if newline.is_none() && line.len() == LINE => return None,
        None => name,
    };
    Some(name).filter(|name| !name.is_empty())
}

struct File<'a, 'r> {
    head: &'a [u8],
    read: &'r mut dyn FnMut(u64, &mut [u8]) -> usize,
}

impl File<'_, '_> {
    /// Fills as much of `out` as the file has there; says how much.
    fn part(&mut self, offset: u64, out: &mut [u8]) -> usize {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(out.len()));
        let known = start.zip(end).and_then(|(s, e)| self.head.get(s..e));
        match known {
            Some(known) => {
                out.copy_from_slice(known);
                known.len()
            }
            None => (self.read)(offset, out),
        }
    }

    fn array<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (self.part(offset, &mut bytes) == N).then_some(bytes)
    }
}

/// Numbers in the byte order that the file states.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

impl Order {
    fn number(self, bytes: &[u8], offset: usize, width: usize) -> Option<u64> {
        let bytes = bytes.get(offset..offset.checked_add(width)?)?;
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        Some(if self.big {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    fn half(self, bytes: &[u8], offset: usize) -> Option<u16> {
        u16::try_from(self.number(bytes, offset, 2)?).ok()
    }

    fn word(self, bytes: &[u8], offset: usize) -> Option<u32> {
        u32::try_from(self.number(bytes, offset, 4)?).ok()
    }
}

/// Where the fields of the two classes lie (elf(5)).
struct Layout {
    address: usize,
    table: usize,
    entry_size: usize,
    entry_count: usize,
    offset: usize,
    size: usize,
    align: usize,
    header: usize,
    section: SectionLayout,
}

/// The same for the table of sections; the last two in one of its entries.
struct SectionLayout {
    table: usize,
    entry_size: usize,
    names: usize,
    offset: usize,
    size: usize,
}

const LAYOUT_32: Layout = Layout {
    address: 4,
    table: 28,
    entry_size: 42,
    entry_count: 44,
    offset: 4,
    size: 16,
    align: 28,
    header: 32,
    section: SectionLayout {
        table: 32,
        entry_size: 46,
        names: 50,
        offset: 16,
        size: 20,
    },
};

const LAYOUT_64: Layout = Layout {
    address: 8,
    table: 32,
    entry_size: 54,
    entry_count: 56,
    offset: 8,
    size: 32,
    align: 48,
    header: 56,
    section: SectionLayout {
        table: 40,
        entry_size: 58,
        names: 62,
        offset: 24,
        size: 32,
    },
};

const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;

fn elf(file: &mut File<'_, '_>) -> Option<Elf> {
    let head: [u8; 52] = file.array(0)?;
    let class = *head.get(4)?;
    let data = *head.get(5)?;
    let order = Order { big: data == 2 };
    let layout = match class {
        1 => &LAYOUT_32,
        2 => &LAYOUT_64,
        _ => return None,
    };
    let kind = order.half(&head, 16)?;
    if kind != ET_EXEC && kind != ET_DYN {
        return None;
    }
    let mut head = [0; 64];
    if file.part(0, &mut head) < layout.entry_count.checked_add(2)? {
        return None;
    }
    let table = order.number(&head, layout.table, layout.address)?;
    let size = order.half(&head, layout.entry_size)?;
    let count = order.half(&head, layout.entry_count)?.min(HEADERS_MAX);
    let mut found = Elf {
        machine: Machine {
            class,
            data,
            number: order.half(&head, 18)?,
        },
        loader: Loader::None,
        shared: kind == ET_DYN,
        own_calls: None,
    };
    for index in 0..count {
        let at = u64::from(index).checked_mul(u64::from(size))?;
        let mut header = [0; 56];
        let header = header.get_mut(..layout.header)?;
        if file.part(table.checked_add(at)?, header) < layout.header {
            return None;
        }
        let kind = order.word(header, 0)?;
        let offset = order.number(header, layout.offset, layout.address)?;
        let size = order.number(header, layout.size, layout.address)?;
        match kind {
            PT_INTERP => found.loader = loader(file, offset, size),
            PT_NOTE => {
                let align = order.number(header, layout.align, layout.address)?;
                if align <= 4 && maker::has_note(file, order, offset, size) {
                    found.own_calls = Some(Maker::Go);
                }
            }
            _ => {}
        }
    }
    if found.own_calls.is_none() && found.loader != Loader::None {
        found.own_calls = maker::by_section(file, order, layout);
    }
    Some(found)
}

fn loader(file: &mut File<'_, '_>, offset: u64, size: u64) -> Loader {
    let mut path = [0; 256];
    let length = usize::try_from(size).unwrap_or(usize::MAX).min(path.len());
    let length = match path.get_mut(..length) {
        Some(out) => file.part(offset, out),
        None => 0,
    };
    let path = path.get(..length).unwrap_or_default();
    let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
    Loader::of(path.get(..end).unwrap_or_default())
}

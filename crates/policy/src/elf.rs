//! What kind of program a file is, as its first bytes tell: what the kernel
//! would start for it, and whether a preload could enter that.
//!
//! Sources: elf(5), `fs/binfmt_script.c` and `fs/binfmt_elf.c` of Linux.

pub mod calls;
mod file;
mod machine;
mod maker;
mod script;

use file::{File, LAYOUT_32, LAYOUT_64, Order};
pub use machine::Machine;
use script::script;

/// Bytes from the beginning of a file that [`inspect`] wants: all that it looks
/// at in a program as linkers make it. What lies elsewhere it asks for.
pub const HEAD: usize = 1024;

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

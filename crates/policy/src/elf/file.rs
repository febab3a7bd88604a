//! Parts of a file, and numbers in them.

pub struct File<'a, 'r> {
    pub head: &'a [u8],
    pub read: &'r mut dyn FnMut(u64, &mut [u8]) -> usize,
}

impl File<'_, '_> {
    /// Fills as much of `out` as the file has there; says how much.
    pub fn part(&mut self, offset: u64, out: &mut [u8]) -> usize {
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

    pub fn array<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (self.part(offset, &mut bytes) == N).then_some(bytes)
    }
}

/// Numbers in the byte order that the file states.
#[derive(Clone, Copy)]
pub struct Order {
    pub big: bool,
}

impl Order {
    pub fn number(self, bytes: &[u8], offset: usize, width: usize) -> Option<u64> {
        let bytes = bytes.get(offset..offset.checked_add(width)?)?;
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        Some(if self.big {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    pub fn half(self, bytes: &[u8], offset: usize) -> Option<u16> {
        u16::try_from(self.number(bytes, offset, 2)?).ok()
    }

    pub fn word(self, bytes: &[u8], offset: usize) -> Option<u32> {
        u32::try_from(self.number(bytes, offset, 4)?).ok()
    }
}

/// Where the fields of the two classes lie (elf(5)).
pub struct Layout {
    pub address: usize,
    pub table: usize,
    pub entry_size: usize,
    pub entry_count: usize,
    pub offset: usize,
    pub size: usize,
    pub align: usize,
    pub header: usize,
    pub section: SectionLayout,
}

/// The same for the table of sections; the last two in one of its entries.
pub struct SectionLayout {
    pub table: usize,
    pub entry_size: usize,
    pub names: usize,
    pub offset: usize,
    pub size: usize,
}

pub const LAYOUT_32: Layout = Layout {
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

pub const LAYOUT_64: Layout = Layout {
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

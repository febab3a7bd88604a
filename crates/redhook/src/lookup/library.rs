//! The symbols of one loaded library.

use core::ffi::{CStr, c_char};

use super::table::{Table, hash};

/// A definition.
pub enum Found {
    At(usize),
    /// An indirect function: only the real `dlsym` can say where.
    Indirect,
}

#[cfg(target_pointer_width = "64")]
pub type Symbol = libc::Elf64_Sym;
#[cfg(target_pointer_width = "32")]
pub type Symbol = libc::Elf32_Sym;

/// An entry of a dynamic section (elf(5)).
#[repr(C)]
struct Dynamic {
    tag: usize,
    value: usize,
}

/// The entries of the dynamic section at this address, tag and value.
///
/// # Safety
/// A loaded library has its dynamic section there, and stays.
pub unsafe fn dynamic(section: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut entry = section as *const Dynamic;
    core::iter::from_fn(move || {
        // SAFETY: the section ends with an entry of tag 0, behind which nothing is
        // read: the iterator stays there.
        let Dynamic { tag, value } = unsafe { entry.read() };
        (tag != 0).then(|| {
            // SAFETY: as above.
            entry = unsafe { entry.add(1) };
            (tag, value)
        })
    })
}

/// What an entry of a library at `base` leads to; 0 for nothing. glibc writes addresses
/// over what the file says, where it can write; musl, and glibc in the vDSO, leave
/// distances from the base.
pub fn address(base: usize, value: usize) -> usize {
    match value {
        0 => 0,
        distance if distance < base => base.wrapping_add(distance),
        address => address,
    }
}

const DT_HASH: usize = 4;
const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const DT_SONAME: usize = 14;
const DT_GNU_HASH: usize = 0x6fff_fef5;
const DT_VERSYM: usize = 0x6fff_fff0;

const STT_TLS: u8 = 6;
const STT_GNU_IFUNC: u8 = 10;

/// Of a version number: not the default version (`elf/dl-lookup.c`).
const HIDDEN: u16 = 0x8000;

/// The tables of one library, as the loader mapped them.
pub struct Library {
    base: usize,
    symbols: *const Symbol,
    names: *const c_char,
    /// Null where the library has no versions.
    versions: *const u16,
    /// The name that it goes by, or null.
    own_name: *const c_char,
    table: Table,
}

impl Library {
    /// `None` without a hash table.
    ///
    /// # Safety
    /// A library is loaded at `base`, its dynamic section at `section`; 0 if it has none.
    pub unsafe fn of(base: usize, section: usize) -> Option<Self> {
        if section == 0 {
            return None;
        }
        let (mut strings, mut symbols, mut versions) = (0, 0, 0);
        let (mut gnu, mut system_v, mut own_name) = (0, 0, None);
        // SAFETY: the library is loaded, and its section is there.
        for (tag, value) in unsafe { dynamic(section) } {
            match tag {
                DT_HASH => system_v = value,
                DT_STRTAB => strings = value,
                DT_SYMTAB => symbols = value,
                DT_SONAME => own_name = Some(value),
                DT_GNU_HASH => gnu = value,
                DT_VERSYM => versions = value,
                _ => {}
            }
        }
        let at = |value| address(base, value);
        if symbols == 0 || strings == 0 {
            return None;
        }
        // SAFETY: the tables that the section names.
        let table = unsafe { Table::of(at(gnu) as *const u32, at(system_v) as *const u32) }?;
        Some(Library {
            base,
            symbols: at(symbols) as *const Symbol,
            names: at(strings) as *const c_char,
            versions: at(versions) as *const u16,
            own_name: own_name.map_or(core::ptr::null(), |name| {
                at(strings).wrapping_add(name) as *const c_char
            }),
            table,
        })
    }

    /// Has it a definition of this name?
    pub fn has(&self, name: &CStr, hash: u32) -> bool {
        self.find(name, hash).is_some()
    }

    /// Is it a part of glibc? Until 2.34 it was several libraries.
    pub fn is_libc(&self) -> bool {
        const PARTS: [&CStr; 5] = [
            c"libc.so.6",
            c"libpthread.so.0",
            c"libdl.so.2",
            c"librt.so.1",
            c"libutil.so.1",
        ];
        if self.own_name.is_null() {
            return false;
        }
        // SAFETY: a string of the library's table, which is terminated.
        let name = unsafe { CStr::from_ptr(self.own_name) };
        PARTS.contains(&name)
    }

    /// Has it a definition of any of the other's symbols?
    pub fn shares_a_name_with(&self, other: &Library) -> bool {
        other.table.any(|index| {
            // SAFETY: an index of the other's table is one of its symbols, whose name is a
            // string of its table of names.
            let name = unsafe { CStr::from_ptr(other.name_of(&*other.symbols.add(index))) };
            self.has(name, hash(name))
        })
    }

    /// Its definition of this name, whose hash is `hash`.
    pub fn find(&self, name: &CStr, hash: u32) -> Option<Found> {
        // SAFETY: an index of the table is one of the symbols.
        self.table
            .find(name, hash, |index| unsafe { self.symbol(index, name) })
    }

    /// The address of its definition of this name, if that is no indirect function.
    pub fn address(&self, name: &CStr, hash: u32) -> Option<usize> {
        match self.find(name, hash)? {
            Found::At(address) => Some(address),
            Found::Indirect => None,
        }
    }

    /// This symbol if it is the one (`check_match` in `elf/dl-lookup.c`).
    ///
    /// # Safety
    /// The symbol table has this index.
    unsafe fn symbol(&self, index: usize, name: &CStr) -> Option<Found> {
        // SAFETY: there is a symbol of this index, and a version number of each symbol.
        let (symbol, version) = unsafe {
            let version = match self.versions.is_null() {
                true => 0,
                false => *self.versions.add(index),
            };
            (&*self.symbols.add(index), version)
        };
        let kind = symbol.st_info & 0xf;
        if symbol.st_shndx == 0 || symbol.st_value == 0 || kind == STT_TLS || version & HIDDEN != 0
        {
            return None;
        }
        let own = self.name_of(symbol).cast::<u8>();
        let mut bytes = name.to_bytes_with_nul().iter().enumerate();
        // SAFETY: the symbol's name is terminated; the first byte that differs is the last
        // one that is read.
        if !bytes.all(|(at, &byte)| unsafe { own.add(at).read() } == byte) {
            return None;
        }
        Some(match kind {
            STT_GNU_IFUNC => Found::Indirect,
            _ => Found::At(self.base.wrapping_add(symbol.st_value as usize)),
        })
    }

    fn name_of(&self, symbol: &Symbol) -> *const c_char {
        self.names.wrapping_add(symbol.st_name as usize)
    }
}

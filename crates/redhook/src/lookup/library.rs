//! The symbols of one loaded library, by its own hash table.

use core::ffi::{CStr, c_char};

/// What `find` knows.
pub enum Answer {
    At(usize),
    /// No library behind us has it.
    Nowhere,
    /// An indirect function: only the real `dlsym` can say.
    Unclear,
}

/// The hash of the GNU table (`elf/dl-new-hash.h`).
pub const fn hash(name: &CStr) -> u32 {
    let mut bytes = name.to_bytes();
    let mut hash: u32 = 5381;
    while let [byte, rest @ ..] = bytes {
        hash = hash.wrapping_mul(33).wrapping_add(*byte as u32);
        bytes = rest;
    }
    hash
}

/// The hash of the table that was there before (System V ABI, "Hash Table").
fn old_hash(name: &CStr) -> u32 {
    name.to_bytes().iter().fold(0, |hash: u32, &byte| {
        let hash = (hash << 4).wrapping_add(u32::from(byte));
        let high = hash & 0xf000_0000;
        (hash ^ (high >> 24)) & !high
    })
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

/// How a library's symbols are found by name.
enum Table {
    Gnu {
        bloom: *const usize,
        /// Number of words of `bloom` less one; it is a power of two.
        bloom_last: u32,
        bloom_shift: u32,
        buckets: *const u32,
        bucket_count: u32,
        chain: *const u32,
        /// The first symbol that the table has.
        first: u32,
    },
    /// In libraries of old, and of those who do without the other.
    SystemV {
        buckets: *const u32,
        bucket_count: u32,
        chain: *const u32,
    },
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
        // SAFETY: the caller's promise.
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
        !matches!(self.find(name, hash), Answer::Nowhere)
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
        let Table::Gnu {
            buckets,
            bucket_count,
            chain,
            first,
            ..
        } = other.table
        else {
            return false;
        };
        (0..bucket_count as usize).any(|bucket| {
            // SAFETY: as in `find`; the names are the table's own, and terminated.
            unsafe {
                let mut index = *buckets.add(bucket);
                while let Some(at) = index.checked_sub(first) {
                    let symbol = &*other.symbols.add(index as usize);
                    let name = CStr::from_ptr(other.names.add(symbol.st_name as usize));
                    if self.has(name, hash(name)) {
                        return true;
                    }
                    if *chain.add(at as usize) & 1 != 0 {
                        break;
                    }
                    index = index.wrapping_add(1);
                }
            }
            false
        })
    }

    /// `hash` is that of the name.
    pub fn find(&self, name: &CStr, hash: u32) -> Answer {
        // SAFETY: every index is what the table itself says of its size: there
        // are `bucket_count` buckets, and a chain ends with an odd hash or with 0.
        unsafe {
            match self.table {
                Table::Gnu {
                    bloom,
                    bloom_last,
                    bloom_shift,
                    buckets,
                    bucket_count,
                    chain,
                    first,
                } => {
                    let bits = usize::BITS;
                    let word = *bloom.add(((hash / bits) & bloom_last) as usize);
                    let second = hash.checked_shr(bloom_shift).unwrap_or(0);
                    let both = (1usize << (hash % bits)) | (1usize << (second % bits));
                    if word & both != both {
                        return Answer::Nowhere;
                    }
                    let bucket = hash.checked_rem(bucket_count).unwrap_or(0);
                    let mut index = *buckets.add(bucket as usize);
                    while let Some(at) = index.checked_sub(first) {
                        let one = *chain.add(at as usize);
                        if (one ^ hash) >> 1 == 0 {
                            match self.symbol(index as usize, name) {
                                Answer::Nowhere => {}
                                answer => return answer,
                            }
                        }
                        if one & 1 != 0 {
                            break;
                        }
                        index = index.wrapping_add(1);
                    }
                }
                Table::SystemV {
                    buckets,
                    bucket_count,
                    chain,
                } => {
                    let bucket = old_hash(name).checked_rem(bucket_count).unwrap_or(0);
                    let mut index = *buckets.add(bucket as usize);
                    while index != 0 {
                        match self.symbol(index as usize, name) {
                            Answer::Nowhere => {}
                            answer => return answer,
                        }
                        index = *chain.add(index as usize);
                    }
                }
            }
        }
        Answer::Nowhere
    }

    /// The address of this symbol if it is the one (`check_match` in
    /// `elf/dl-lookup.c`).
    ///
    /// # Safety
    /// The symbol table has this index.
    unsafe fn symbol(&self, index: usize, name: &CStr) -> Answer {
        // SAFETY: the caller's promise; the other tables have an entry each.
        unsafe {
            let symbol = &*self.symbols.add(index);
            let kind = symbol.st_info & 0xf;
            if symbol.st_shndx == 0 || symbol.st_value == 0 || kind == STT_TLS {
                return Answer::Nowhere;
            }
            if !self.versions.is_null() && *self.versions.add(index) & HIDDEN != 0 {
                return Answer::Nowhere;
            }
            let own = self.names.add(symbol.st_name as usize).cast::<u8>();
            let mut bytes = name.to_bytes_with_nul().iter().enumerate();
            if !bytes.all(|(at, &byte)| own.add(at).read() == byte) {
                return Answer::Nowhere;
            }
            if kind == STT_GNU_IFUNC {
                return Answer::Unclear;
            }
            Answer::At(self.base.wrapping_add(symbol.st_value as usize))
        }
    }
}

impl Table {
    /// The GNU table if there is one, else the other.
    ///
    /// # Safety
    /// Each is null or what a dynamic section has under its tag.
    unsafe fn of(gnu: *const u32, system_v: *const u32) -> Option<Self> {
        if !gnu.is_null() {
            // SAFETY: four words head the table: buckets, first symbol, words of
            // the bloom filter, its shift (`elf/dl-setup_hash.c`); behind them are
            // the filter, the buckets and the chain.
            unsafe {
                let [bucket_count, first, words, bloom_shift] = gnu.cast::<[u32; 4]>().read();
                if bucket_count == 0 || words == 0 {
                    return None;
                }
                let bloom = gnu.add(4).cast::<usize>();
                let buckets = bloom.add(words as usize).cast::<u32>();
                return Some(Table::Gnu {
                    bloom,
                    bloom_last: words.wrapping_sub(1),
                    bloom_shift,
                    buckets,
                    bucket_count,
                    chain: buckets.add(bucket_count as usize),
                    first,
                });
            }
        }
        if system_v.is_null() {
            return None;
        }
        // SAFETY: two words head the table, the numbers of buckets and of symbols;
        // behind them are the buckets and the chain.
        unsafe {
            let bucket_count = system_v.read();
            let buckets = system_v.add(2);
            (bucket_count != 0).then(|| Table::SystemV {
                buckets,
                bucket_count,
                chain: buckets.add(bucket_count as usize),
            })
        }
    }
}

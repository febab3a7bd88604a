//! Finds real symbols without `dlsym(3)`.
//!
//! Why: `dlsym` takes the loader's lock, so it may not be called in a child that a
//! thread forked, sets up an error handler and allocates when it fails, inside
//! whatever `malloc` the program has. So symbols would all have to be resolved at
//! the start, by every process, at 700 instructions each. Here the hash tables of
//! the libraries behind this one are read directly, when a symbol is first needed:
//! no lock, no allocation.
//!
//! What it answers is what `dlsym(RTLD_NEXT, name)` does (glibc, `elf/dl-sym.c`,
//! `elf/dl-lookup.c`): the first definition behind this library, in load order,
//! of the default version. What it cannot decide it leaves to the real one:
//! indirect functions (`STT_GNU_IFUNC`), of which libc has none among the hooks'.
//!
//! `std` and `redhook` call `dlsym`; that name is defined here, hidden, so that
//! inside this library it means [`dlsym`] below, and outside libc's.

use core::ffi::{c_char, c_int, c_void, CStr};

use libc::{dl_phdr_info, size_t};
use once_cell::race::OnceRef;

use crate::jump::stands_for;
use crate::known;

stands_for!("dlsym" => dlsym);
stands_for!("dlvsym" => dlvsym);

/// The address of the next definition of a symbol; `hash` is that of its name.
pub fn next(name: &CStr, hash: u32) -> Option<usize> {
    let behind = behind();
    match behind.find(name, hash) {
        Answer::At(address) => Some(address),
        Answer::Nowhere => None,
        Answer::Unclear => {
            // SAFETY: a terminated name.
            let found = unsafe { real_dlsym(behind, libc::RTLD_NEXT, name.as_ptr()) };
            (!found.is_null()).then_some(found as usize)
        }
    }
}

type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;

/// `dlsym(RTLD_NEXT, name)`, and with any other handle the real one.
///
/// # Safety
/// `name` is a terminated string, as dlsym(3) has it.
unsafe extern "C" fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    if handle == libc::RTLD_NEXT {
        // SAFETY: the caller's promise.
        let text = unsafe { CStr::from_ptr(name) };
        return next(text, hash(text)).unwrap_or(0) as *mut c_void;
    }
    // SAFETY: the caller's promise.
    unsafe { real_dlsym(behind(), handle, name) }
}

/// # Safety
/// As for [`dlsym`].
#[cold]
unsafe fn real_dlsym(behind: &Behind, handle: *mut c_void, name: *const c_char) -> *mut c_void {
    let Answer::At(real) = behind.find(c"dlsym", const { hash(c"dlsym") }) else {
        return core::ptr::null_mut();
    };
    // SAFETY: that is what libc (or another preload) has under the name.
    let real: Dlsym = unsafe { core::mem::transmute::<usize, Dlsym>(real) };
    // SAFETY: the caller's promise.
    unsafe { real(handle, name) }
}

type Dlvsym = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> *mut c_void;

/// The real `dlvsym(3)`.
///
/// # Safety
/// `name` and `version` are terminated strings, as dlsym(3) has it.
unsafe extern "C" fn dlvsym(
    handle: *mut c_void,
    name: *const c_char,
    version: *const c_char,
) -> *mut c_void {
    let Answer::At(real) = behind().find(c"dlvsym", const { hash(c"dlvsym") }) else {
        return core::ptr::null_mut();
    };
    // SAFETY: that is what libc has under the name.
    let real: Dlvsym = unsafe { core::mem::transmute::<usize, Dlvsym>(real) };
    // SAFETY: the caller's promise.
    unsafe { real(handle, name, version) }
}

/// Is the next definition of `open` libc's own? Another preload behind this one may
/// have a path of its own in mind (fakechroot), which no system call of ours takes.
pub fn opens_by_libc() -> bool {
    const OPEN: &CStr = c"open";
    // A function that nobody but glibc has.
    const LIBC: &CStr = c"gnu_get_libc_version";
    let first_with = |name: &CStr, hash: u32| {
        let has = |library: &Library| !matches!(library.find(name, hash), Answer::Nowhere);
        behind().libraries.iter().position(has)
    };
    let open = first_with(OPEN, const { hash(OPEN) });
    open.is_some() && open == first_with(LIBC, const { hash(LIBC) })
}

/// Looks at the libraries behind this one, which takes the loader's lock once:
/// later, in a child that a thread forked, it could be taken for ever.
pub fn prepare() {
    behind();
}

/// The file of this library as the dynamic loader calls it.
pub fn own_file() -> &'static [u8] {
    behind().own
}

/// What `find` knows.
enum Answer {
    At(usize),
    /// No library behind us has it.
    Nowhere,
    /// An indirect function: only the real `dlsym` can say.
    Unclear,
}

/// The libraries behind this one, in load order.
struct Behind {
    own: &'static [u8],
    /// Was the first one, which is the program, visited?
    visited: bool,
    libraries: Vec<Library>,
}

static BEHIND: OnceRef<'static, Behind> = OnceRef::new();

/// Read at the first look: that is in our constructor, or before it, when the
/// program's allocator calls us. What is opened later (`dlopen`) is not behind us.
fn behind() -> &'static Behind {
    if let Some(behind) = BEHIND.get() {
        return behind;
    }
    let mut behind = Box::new(Behind {
        own: b"",
        visited: false,
        libraries: Vec::new(),
    });
    let data = core::ptr::addr_of_mut!(*behind).cast();
    // SAFETY: `visit` takes what `dl_iterate_phdr` gives and this `data`.
    unsafe { libc::dl_iterate_phdr(Some(visit), data) };
    // Two threads may come here at once; the first one's stays.
    let _ = BEHIND.set(Box::leak(behind));
    BEHIND.get().unwrap_or(&NOTHING)
}

static NOTHING: Behind = Behind {
    own: b"",
    visited: true,
    libraries: Vec::new(),
};

/// One library, for dl_iterate_phdr(3), which visits them in load order.
unsafe extern "C" fn visit(about: *mut dl_phdr_info, _: size_t, behind: *mut c_void) -> c_int {
    // SAFETY: the loader's own description; `behind` is what was handed over.
    let (about, behind) = unsafe { (&*about, &mut *behind.cast::<Behind>()) };
    let base = about.dlpi_addr as usize;
    // SAFETY: the program headers of a loaded library.
    let headers =
        unsafe { core::slice::from_raw_parts(about.dlpi_phdr, usize::from(about.dlpi_phnum)) };
    if behind.own.is_empty() {
        if !behind.visited {
            behind.visited = true;
            for header in headers {
                if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_R != 0 {
                    let start = base.wrapping_add(header.p_vaddr as usize);
                    known::program_segment(start, header.p_memsz as usize);
                }
            }
        }
        let inside = core::ptr::addr_of!(BEHIND) as usize;
        let ours = headers.iter().any(|header| {
            header.p_type == libc::PT_LOAD
                && inside.wrapping_sub(base.wrapping_add(header.p_vaddr as usize))
                    < header.p_memsz as usize
        });
        if ours && !about.dlpi_name.is_null() {
            // SAFETY: the name of a loaded library is terminated, and this one
            // is never unloaded (`-z nodelete`).
            behind.own = unsafe { CStr::from_ptr(about.dlpi_name) }.to_bytes();
        }
        return 0;
    }
    let dynamic = headers.iter().find(|one| one.p_type == libc::PT_DYNAMIC);
    // SAFETY: where the loaded library's dynamic section is.
    let library = dynamic.and_then(|at| unsafe { Library::of(base, at.p_vaddr as usize) });
    behind.libraries.extend(library);
    0
}

impl Behind {
    fn find(&self, name: &CStr, hash: u32) -> Answer {
        for library in &self.libraries {
            match library.find(name, hash) {
                Answer::Nowhere => {}
                answer => return answer,
            }
        }
        Answer::Nowhere
    }
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
type Symbol = libc::Elf64_Sym;
#[cfg(target_pointer_width = "32")]
type Symbol = libc::Elf32_Sym;

/// An entry of a dynamic section (elf(5)).
#[repr(C)]
struct Dynamic {
    tag: usize,
    value: usize,
}

const DT_HASH: usize = 4;
const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const DT_GNU_HASH: usize = 0x6fff_fef5;
const DT_VERSYM: usize = 0x6fff_fff0;

const STT_TLS: u8 = 6;
const STT_GNU_IFUNC: u8 = 10;

/// Of a version number: not the default version (`elf/dl-lookup.c`).
const HIDDEN: u16 = 0x8000;

/// The tables of one library, as the loader mapped them.
struct Library {
    base: usize,
    symbols: *const Symbol,
    names: *const c_char,
    /// Null where the library has no versions.
    versions: *const u16,
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

// SAFETY: what the pointers lead to is read-only and stays mapped: nothing that
// the program needed at its start is ever unloaded.
unsafe impl Sync for Behind {}
// SAFETY: as above.
unsafe impl Send for Behind {}

impl Library {
    /// `None` without a hash table.
    ///
    /// # Safety
    /// A library is loaded at `base`, its dynamic section at `base + dynamic`.
    unsafe fn of(base: usize, dynamic: usize) -> Option<Self> {
        let mut entry = base.wrapping_add(dynamic) as *const Dynamic;
        let (mut strings, mut symbols, mut versions) = (0, 0, 0);
        let (mut gnu, mut system_v) = (0, 0);
        loop {
            // SAFETY: the section ends with an entry of tag 0, where this ends.
            let Dynamic { tag, value } = unsafe { entry.read() };
            match tag {
                0 => break,
                DT_HASH => system_v = value,
                DT_STRTAB => strings = value,
                DT_SYMTAB => symbols = value,
                DT_GNU_HASH => gnu = value,
                DT_VERSYM => versions = value,
                _ => {}
            }
            // SAFETY: as above.
            entry = unsafe { entry.add(1) };
        }
        // glibc writes addresses over what the file says, where it can write;
        // musl, and glibc in the vDSO, leave distances from the base.
        let at = |value: usize| match value {
            0 => 0,
            distance if distance < base => base.wrapping_add(distance),
            address => address,
        };
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
            table,
        })
    }

    fn find(&self, name: &CStr, hash: u32) -> Answer {
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

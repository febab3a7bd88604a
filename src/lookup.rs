//! Finds real symbols without `dlsym(3)`.
//!
//! Why: every process resolves some seventy symbols at its start, and `dlsym`
//! takes the loader's lock, sets up an error handler and searches from the front
//! for each: about 700 instructions a symbol, which was a third of what this
//! library costs a process. It also allocates when it fails, inside whatever
//! `malloc` the program has. Here the hash tables of the libraries behind this
//! one are read directly: no lock, no allocation of the program's.
//!
//! redhook and [`crate::real`] call `dlsym`; that name is defined here, hidden,
//! so that inside this library it means [`dlsym`] below, and outside libc's.
//!
//! What it answers is what `dlsym(RTLD_NEXT, name)` does (glibc, `elf/dl-sym.c`,
//! `elf/dl-lookup.c`): the first definition behind this library, in load order,
//! of the default version. What it cannot decide it leaves to the real one: a
//! library without a GNU hash table, and indirect functions (`STT_GNU_IFUNC`).

use core::ffi::{c_char, c_int, c_void, CStr};

use libc::{dl_phdr_info, size_t};
use once_cell::race::OnceRef;

use crate::jump::stands_for;

stands_for!("dlsym" => dlsym);
stands_for!("dlvsym" => dlvsym);

type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;

/// `dlsym(RTLD_NEXT, name)`, and with any other handle the real one.
///
/// # Safety
/// `name` is a terminated string, as dlsym(3) has it.
unsafe extern "C" fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(name) };
    let behind = behind();
    if handle == libc::RTLD_NEXT {
        match behind.find(text) {
            Answer::At(address) => return address as *mut c_void,
            Answer::Nowhere => return core::ptr::null_mut(),
            Answer::Unclear => {}
        }
    }
    let Answer::At(real) = behind.find(c"dlsym") else {
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
    let Answer::At(real) = behind().find(c"dlvsym") else {
        return core::ptr::null_mut();
    };
    // SAFETY: that is what libc has under the name.
    let real: Dlvsym = unsafe { core::mem::transmute::<usize, Dlvsym>(real) };
    // SAFETY: the caller's promise.
    unsafe { real(handle, name, version) }
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
    /// Only the real `dlsym` can say.
    Unclear,
}

/// The libraries behind this one, in load order.
struct Behind {
    own: &'static [u8],
    /// `None`: one without a GNU hash table.
    libraries: Vec<Option<Library>>,
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
    behind.libraries.push(library);
    0
}

impl Behind {
    fn find(&self, name: &CStr) -> Answer {
        let hash = hash(name.to_bytes());
        for library in &self.libraries {
            match library.as_ref().map(|library| library.find(name, hash)) {
                Some(Answer::Nowhere) => {}
                Some(answer) => return answer,
                None => return Answer::Unclear,
            }
        }
        Answer::Nowhere
    }
}

/// The hash of the GNU table (`elf/dl-new-hash.h`).
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(5381, |hash: u32, &byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(byte))
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
    bloom: *const usize,
    /// Number of words of `bloom` less one; it is a power of two.
    bloom_last: u32,
    bloom_shift: u32,
    buckets: *const u32,
    bucket_count: u32,
    chain: *const u32,
    /// The first symbol that the table has.
    first: u32,
}

// SAFETY: what the pointers lead to is read-only and stays mapped: nothing that
// the program needed at its start is ever unloaded.
unsafe impl Sync for Behind {}
// SAFETY: as above.
unsafe impl Send for Behind {}

impl Library {
    /// `None` without a GNU hash table.
    ///
    /// # Safety
    /// A library is loaded at `base`, its dynamic section at `base + dynamic`.
    unsafe fn of(base: usize, dynamic: usize) -> Option<Self> {
        let mut entry = base.wrapping_add(dynamic) as *const Dynamic;
        let (mut strings, mut symbols, mut table, mut versions) = (0, 0, 0, 0);
        loop {
            // SAFETY: the section ends with an entry of tag 0, where this ends.
            let Dynamic { tag, value } = unsafe { entry.read() };
            match tag {
                0 => break,
                DT_STRTAB => strings = value,
                DT_SYMTAB => symbols = value,
                DT_GNU_HASH => table = value,
                DT_VERSYM => versions = value,
                _ => {}
            }
            // SAFETY: as above.
            entry = unsafe { entry.add(1) };
        }
        if table == 0 || symbols == 0 || strings == 0 {
            return None;
        }
        // glibc writes addresses over what the file says, where it can write;
        // musl, and glibc in the vDSO, leave distances from the base.
        let at = |value: usize| {
            if value < base {
                base.wrapping_add(value)
            } else {
                value
            }
        };
        let table = at(table) as *const u32;
        // SAFETY: four words head the table: buckets, first symbol, words of the
        // bloom filter, its shift (`elf/dl-setup_hash.c`).
        let [bucket_count, first, words, bloom_shift] = unsafe { table.cast::<[u32; 4]>().read() };
        if bucket_count == 0 || words == 0 {
            return None;
        }
        // SAFETY: behind the head are the filter, the buckets and the chain.
        unsafe {
            let bloom = table.add(4).cast::<usize>();
            let buckets = bloom.add(words as usize).cast::<u32>();
            Some(Library {
                base,
                symbols: at(symbols) as *const Symbol,
                names: at(strings) as *const c_char,
                versions: if versions == 0 {
                    core::ptr::null()
                } else {
                    at(versions) as *const u16
                },
                bloom,
                bloom_last: words.wrapping_sub(1),
                bloom_shift,
                buckets,
                bucket_count,
                chain: buckets.add(bucket_count as usize),
                first,
            })
        }
    }

    fn find(&self, name: &CStr, hash: u32) -> Answer {
        let bits = usize::BITS;
        // SAFETY: every index is what the table itself says of its size: the
        // filter has `bloom_last + 1` words, there are `bucket_count` buckets,
        // and a chain ends with an odd hash.
        unsafe {
            let word = *self.bloom.add(((hash / bits) & self.bloom_last) as usize);
            let both = (1usize << (hash % bits)) | (1usize << ((hash >> self.bloom_shift) % bits));
            if word & both != both {
                return Answer::Nowhere;
            }
            let mut index = *self
                .buckets
                .add(hash.checked_rem(self.bucket_count).unwrap_or(0) as usize);
            if index < self.first {
                return Answer::Nowhere;
            }
            loop {
                let one = *self.chain.add(index.wrapping_sub(self.first) as usize);
                if (one ^ hash) >> 1 == 0 {
                    match self.symbol(index as usize, name) {
                        Answer::Nowhere => {}
                        answer => return answer,
                    }
                }
                if one & 1 != 0 {
                    return Answer::Nowhere;
                }
                index = index.wrapping_add(1);
            }
        }
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

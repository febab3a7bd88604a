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
//! `std` and `redhook` call `dlsym`: within this library that is the hook
//! ([`crate::hooks::loader`]), which answers them from here.

pub mod library;
pub mod loaded;

use core::ffi::{c_char, c_int, c_void, CStr};

use libc::{dl_phdr_info, size_t};
use once_cell::race::OnceRef;

use crate::known;
pub use library::hash;
use library::{Answer, Library};
use loaded::Place;

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

/// # Safety
/// `name` is a terminated string, as dlsym(3) has it.
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

/// The address of this library's own symbol of this name: the hook, if there is one.
pub fn own(name: &CStr, hash: u32) -> Option<usize> {
    match behind().itself?.library()?.find(name, hash) {
        Answer::At(address) => Some(address),
        _ => None,
    }
}

/// Is that libc's own definition of this name, in the version that is linked today?
pub fn is_libcs(address: usize, name: &CStr, hash: u32) -> bool {
    let libcs = |library: &Library| {
        library.is_libc() && matches!(library.find(name, hash), Answer::At(at) if at == address)
    };
    match caller(address) {
        Caller::Behind => behind().libraries.iter().any(|(library, _)| libcs(library)),
        // Before glibc 2.34 a part of it may be opened later.
        Caller::Later => loaded::any(|object| object.is(libcs)),
        _ => false,
    }
}

/// Whose code it is, as far as it matters who calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    Program,
    /// A preload that stands before this library.
    Before,
    /// This library.
    Itself,
    /// A library behind it that defines a symbol as this one does. The hook of that name
    /// leads there, so if it were given a hook for the real function, it would call itself
    /// for ever.
    Interposer,
    /// What else was there at the start.
    Behind,
    /// Opened since.
    Later,
}

/// Is this library's code at this address?
pub fn is_own(address: usize) -> bool {
    behind().itself.is_none_or(|place| place.has(address))
}

/// Whose code is at this address?
pub fn caller(address: usize) -> Caller {
    let start = behind();
    let has = |place: &Place| place.has(address);
    if is_own(address) {
        return Caller::Itself;
    }
    if let Some(place) = start.before.iter().position(has) {
        return match place {
            0 => Caller::Program,
            _ => Caller::Before,
        };
    }
    let interposes = |one: &Library| {
        let own = start.itself.and_then(|place| place.library());
        !one.is_libc() && own.is_some_and(|own| one.shares_a_name_with(&own))
    };
    match start.libraries.iter().find(|(_, place)| has(place)) {
        None => Caller::Later,
        Some((library, _)) if interposes(library) => Caller::Interposer,
        Some(_) => Caller::Behind,
    }
}

/// Is the next definition of `open` libc's own? Another preload behind this one may
/// have a path of its own in mind (fakechroot), which no system call of ours takes.
pub fn opens_by_libc() -> bool {
    const OPEN: &CStr = c"open";
    // A function that nobody but glibc has.
    const LIBC: &CStr = c"gnu_get_libc_version";
    let first_with = |name: &CStr, hash: u32| {
        let mut libraries = behind().libraries.iter();
        libraries.position(|(library, _)| library.has(name, hash))
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

/// What was loaded at the start, in load order.
struct Behind {
    own: &'static [u8],
    /// The program, and what stands between it and this library.
    before: Vec<Place>,
    itself: Option<Place>,
    /// The libraries behind this one.
    libraries: Vec<(Library, Place)>,
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
        before: Vec::new(),
        itself: None,
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
    before: Vec::new(),
    itself: None,
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
    let place = Place { base, headers };
    if behind.itself.is_none() {
        if behind.before.is_empty() {
            for header in headers {
                let fixed = libc::PF_R | libc::PF_W;
                if header.p_type == libc::PT_LOAD && header.p_flags & fixed == libc::PF_R {
                    let start = base.wrapping_add(header.p_vaddr as usize);
                    known::program_segment(start, header.p_memsz as usize);
                }
            }
        }
        if !place.has(core::ptr::addr_of!(BEHIND) as usize) {
            behind.before.push(place);
            return 0;
        }
        if !about.dlpi_name.is_null() {
            // SAFETY: the name of a loaded library is terminated, and this one
            // is never unloaded (`-z nodelete`).
            behind.own = unsafe { CStr::from_ptr(about.dlpi_name) }.to_bytes();
        }
        behind.itself = Some(place);
        return 0;
    }
    behind
        .libraries
        .extend(place.library().map(|library| (library, place)));
    0
}

impl Behind {
    fn find(&self, name: &CStr, hash: u32) -> Answer {
        for (library, _) in &self.libraries {
            match library.find(name, hash) {
                Answer::Nowhere => {}
                answer => return answer,
            }
        }
        Answer::Nowhere
    }
}

// SAFETY: what the pointers lead to is read-only and stays mapped: nothing that
// the program needed at its start is ever unloaded.
unsafe impl Sync for Behind {}
// SAFETY: as above.
unsafe impl Send for Behind {}

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

pub mod library;
pub mod loaded;
mod table;

use core::ffi::{CStr, c_char, c_void};

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::Published;
use library::{Found, Library};
pub use table::hash;

/// The address of the next definition of a symbol; `hash` is that of its name.
pub fn next(name: &CStr, hash: u32) -> Option<usize> {
    let behind = behind();
    match behind.find(name, hash)? {
        Found::At(address) => Some(address),
        Found::Indirect => {
            let found = real_dlsym(behind, name);
            (!found.is_null()).then_some(found as usize)
        }
    }
}

type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;

#[cold]
fn real_dlsym(behind: &Behind, name: &CStr) -> *mut c_void {
    let Some(Found::At(real)) = behind.find(c"dlsym", const { hash(c"dlsym") }) else {
        return core::ptr::null_mut();
    };
    // SAFETY: that is what libc (or another preload) has under the name.
    let real: Dlsym = unsafe { core::mem::transmute::<usize, Dlsym>(real) };
    // SAFETY: a terminated name, as dlsym(3) has it.
    unsafe { real(libc::RTLD_NEXT, name.as_ptr()) }
}

/// The address of this library's own symbol of this name: the hook, if there is one.
pub fn own(name: &CStr, hash: u32) -> Option<usize> {
    behind().itself.as_ref()?.address(name, hash)
}

/// Is that libc's own definition of this name, in the version that is linked today?
pub fn is_libcs(address: usize, name: &CStr, hash: u32) -> bool {
    // Before glibc 2.34 a part of it may be opened later.
    let (Caller::Behind | Caller::Later, Some(library)) = owner(address) else {
        return false;
    };
    library.is_libc() && library.address(name, hash) == Some(address)
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
    // SAFETY: written by the linker, and never changed.
    let own = unsafe { &redhook_own };
    (own.start..own.end).contains(&address)
}

/// Whose code is at this address?
pub fn caller(address: usize) -> Caller {
    owner(address).0
}

/// The same with the object, if it is not this library.
fn owner(address: usize) -> (Caller, Option<Library>) {
    if is_own(address) {
        return (Caller::Itself, None);
    }
    let Some((number, library)) = loaded::of(address) else {
        return (Caller::Later, None);
    };
    let start = behind();
    let interposes = |one: &Library| {
        let own = start.itself.as_ref();
        !one.is_libc() && own.is_some_and(|own| one.shares_a_name_with(own))
    };
    let caller = match number {
        Some(0) => Caller::Program,
        Some(number) if number < start.number => Caller::Before,
        None => Caller::Later,
        Some(_) if library.as_ref().is_some_and(interposes) => Caller::Interposer,
        Some(_) => Caller::Behind,
    };
    (caller, library)
}

/// Is the next definition of `open` libc's own? Another preload behind this one may
/// have a path of its own in mind (fakechroot), which no system call of ours takes.
pub fn opens_by_libc() -> bool {
    const OPEN: &CStr = c"open";
    // A function that nobody but glibc has.
    const LIBC: &CStr = c"gnu_get_libc_version";
    let first_with = |name: &CStr, hash: u32| {
        let mut libraries = behind().libraries.iter();
        libraries.position(|library| library.has(name, hash))
    };
    let open = first_with(OPEN, const { hash(OPEN) });
    open.is_some() && open == first_with(LIBC, const { hash(LIBC) })
}

/// Looks at the libraries behind this one, while there is one thread.
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
    /// Itself, and its number among them.
    itself: Option<Library>,
    number: usize,
    /// All of them, as the loader knows them.
    objects: Vec<*const Loaded>,
    /// The libraries behind this one.
    libraries: Vec<Library>,
}

static BEHIND: Published<Behind> = Published::new();

/// Read at the first look: that is in our constructor, or before it, when the
/// program's allocator calls us. What is opened later (`dlopen`) is not behind us.
fn behind() -> &'static Behind {
    if let Some(behind) = BEHIND.get() {
        return behind;
    }
    // Two threads may come here at once; the first one's stays.
    BEHIND.set(Box::leak(Box::new(Behind::look())));
    BEHIND.get().unwrap_or(&NOTHING)
}

static NOTHING: Behind = Behind {
    own: b"",
    itself: None,
    number: 0,
    objects: Vec::new(),
    libraries: Vec::new(),
};

/// `struct link_map` (link.h), as far as it is public: a loaded object.
#[repr(C)]
struct Loaded {
    base: usize,
    name: *const c_char,
    dynamic: usize,
    next: *const Loaded,
}

/// Where this library lies (`src/loaded.c`).
#[repr(C)]
struct Own {
    start: usize,
    end: usize,
    dynamic: usize,
}

unsafe extern "C" {
    /// The first loaded object.
    fn redhook_loaded() -> *const Loaded;

    static redhook_own: Own;
}

impl Behind {
    /// Before the program runs nothing is loaded meanwhile: the list stands still.
    fn look() -> Self {
        let mut behind = Behind {
            own: b"",
            itself: None,
            number: 0,
            objects: Vec::new(),
            libraries: Vec::new(),
        };
        // SAFETY: answers with null or the loader's list.
        let mut next = unsafe { redhook_loaded() };
        // SAFETY: written by the linker.
        let own = unsafe { redhook_own.dynamic };
        // SAFETY: the list ends with a null pointer; its nodes are the loader's.
        while let Some(loaded) = unsafe { next.as_ref() } {
            next = loaded.next;
            let is_own = loaded.dynamic == own;
            if is_own || behind.itself.is_some() {
                // SAFETY: a loaded object, and where its dynamic section is.
                let library = unsafe { Library::of(loaded.base, loaded.dynamic) };
                match is_own {
                    true => behind.itself = library,
                    false => behind.libraries.extend(library),
                }
            }
            if is_own {
                behind.number = behind.objects.len();
                if !loaded.name.is_null() {
                    // SAFETY: the name of a loaded library is terminated, and this
                    // one is never unloaded (`-z nodelete`).
                    behind.own = unsafe { CStr::from_ptr(loaded.name) }.to_bytes();
                }
            }
            behind.objects.push(loaded);
        }
        behind
    }

    fn find(&self, name: &CStr, hash: u32) -> Option<Found> {
        let mut libraries = self.libraries.iter();
        libraries.find_map(|library| library.find(name, hash))
    }
}

// SAFETY: what the pointers lead to is read-only and stays mapped: nothing that
// the program needed at its start is ever unloaded.
unsafe impl Sync for Behind {}
// SAFETY: as above.
unsafe impl Send for Behind {}

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

mod library;

use core::ffi::{c_char, c_void, CStr};

use once_cell::race::OnceRef;

use crate::jump::stands_for;
pub use library::hash;
use library::{Answer, Dynamic, Library};

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

/// Looks at the libraries behind this one, while there is one thread.
pub fn prepare() {
    behind();
}

/// The file of this library as the dynamic loader calls it.
pub fn own_file() -> &'static [u8] {
    behind().own
}

/// The libraries behind this one, in load order.
struct Behind {
    own: &'static [u8],
    libraries: Vec<Library>,
}

static BEHIND: OnceRef<'static, Behind> = OnceRef::new();

/// Read at the first look: that is in our constructor, or before it, when the
/// program's allocator calls us. What is opened later (`dlopen`) is not behind us.
fn behind() -> &'static Behind {
    if let Some(behind) = BEHIND.get() {
        return behind;
    }
    // Two threads may come here at once; the first one's stays.
    let _ = BEHIND.set(Box::leak(Box::new(Behind::look())));
    BEHIND.get().unwrap_or(&NOTHING)
}

static NOTHING: Behind = Behind {
    own: b"",
    libraries: Vec::new(),
};

/// `struct link_map` (link.h), as far as it is public: a loaded object.
#[repr(C)]
struct Loaded {
    base: usize,
    name: *const c_char,
    dynamic: *const Dynamic,
    next: *const Loaded,
}

extern "C" {
    /// The first loaded object, and the dynamic section of this library
    /// (`csrc/loaded.c`).
    fn umaskclamp_loaded(own: *mut *const Dynamic) -> *const Loaded;
}

impl Behind {
    /// Before the program runs nothing is loaded meanwhile: the list stands still.
    fn look() -> Self {
        let mut behind = Behind {
            own: b"",
            libraries: Vec::new(),
        };
        let mut own = core::ptr::null();
        // SAFETY: writes one pointer, and answers with null or the loader's list.
        let mut next = unsafe { umaskclamp_loaded(&raw mut own) };
        let mut passed = false;
        // SAFETY: the list ends with a null pointer; its nodes are the loader's.
        while let Some(loaded) = unsafe { next.as_ref() } {
            next = loaded.next;
            if passed {
                // SAFETY: a loaded object, and where its dynamic section is.
                let library = unsafe { Library::of(loaded.base, loaded.dynamic) };
                behind.libraries.extend(library);
            } else if loaded.dynamic == own {
                passed = true;
                if !loaded.name.is_null() {
                    // SAFETY: the name of a loaded library is terminated, and this
                    // one is never unloaded (`-z nodelete`).
                    behind.own = unsafe { CStr::from_ptr(loaded.name) }.to_bytes();
                }
            }
        }
        behind
    }

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

// SAFETY: what the pointers lead to is read-only and stays mapped: nothing that
// the program needed at its start is ever unloaded.
unsafe impl Sync for Behind {}
// SAFETY: as above.
unsafe impl Send for Behind {}

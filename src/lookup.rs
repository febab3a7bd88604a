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

use core::ffi::{c_char, c_int, c_void, CStr};

use libc::{dl_phdr_info, size_t};
use once_cell::race::OnceRef;

use crate::jump::stands_for;
use crate::known;
pub use library::hash;
use library::{Answer, Library};

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
                let fixed = libc::PF_R | libc::PF_W;
                if header.p_type == libc::PT_LOAD && header.p_flags & fixed == libc::PF_R {
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

// SAFETY: what the pointers lead to is read-only and stays mapped: nothing that
// the program needed at its start is ever unloaded.
unsafe impl Sync for Behind {}
// SAFETY: as above.
unsafe impl Send for Behind {}

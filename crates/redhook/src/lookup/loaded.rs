//! What is loaded now. The dynamic loader's lock is held meanwhile, as it is in the
//! functions of libc for which this is asked (dlopen(3), dlsym(3)).

use core::ffi::{CStr, c_int, c_void};

use libc::{dl_phdr_info, size_t};

#[cfg(target_pointer_width = "32")]
pub use libc::Elf32_Phdr as Header;
#[cfg(target_pointer_width = "64")]
pub use libc::Elf64_Phdr as Header;

use super::library::Library;
use super::{Loaded, behind, hash};

/// Where an object lies.
#[derive(Clone, Copy)]
pub struct Place {
    pub base: usize,
    pub headers: &'static [Header],
}

impl Place {
    /// The segment that has this address.
    pub fn segment(&self, address: usize) -> Option<&'static Header> {
        self.headers.iter().find(|header| {
            let start = self.base.wrapping_add(header.p_vaddr as usize);
            header.p_type == libc::PT_LOAD && address.wrapping_sub(start) < header.p_memsz as usize
        })
    }

    /// Where its dynamic section is, as a distance from the base.
    pub fn dynamic(&self) -> Option<usize> {
        let mut headers = self.headers.iter();
        let found = headers.find(|one| one.p_type == libc::PT_DYNAMIC);
        found.map(|header| header.p_vaddr as usize)
    }

    pub fn library(&self) -> Option<Library> {
        // SAFETY: the object is loaded, and its dynamic section is there.
        self.dynamic()
            .and_then(|at| unsafe { Library::of(self.base, self.base.wrapping_add(at)) })
    }

    pub fn has(&self, address: usize) -> bool {
        self.segment(address).is_some()
    }
}

/// One loaded object.
pub struct Object {
    /// How many were loaded before it and are there.
    pub number: usize,
    /// How many have gone since the process started.
    pub gone: usize,
    /// The headers are there as long as the object is: while it is looked at.
    pub at: Place,
}

impl Object {
    /// Was it opened since the start, and is it one of these?
    pub fn is(&self, kind: impl FnOnce(&Library) -> bool) -> bool {
        let since = self.number >= behind().objects.len();
        since && self.at.library().is_some_and(|library| kind(&library))
    }
}

/// `struct dl_find_object` (dlfcn.h), as far as it is asked for.
#[repr(C)]
struct Found {
    flags: u64,
    start: *const c_void,
    end: *const c_void,
    object: *const Loaded,
    rest: [usize; 8],
}

type FindObject = unsafe extern "C" fn(*const c_void, *mut Found) -> c_int;

/// The object that has this address: its number, if it was there at the start, and
/// itself.
///
/// By `_dl_find_object` (since glibc 2.35), which takes no lock: dlsym(3) is called in a
/// child of `fork` as well, where dl_iterate_phdr(3) may wait for ever for a thread that
/// is not there.
pub fn of(address: usize) -> Option<(Option<usize>, Option<Library>)> {
    let at_start = &behind().objects;
    const NAME: &CStr = c"_dl_find_object";
    let mut libraries = behind().libraries.iter();
    let find = libraries.find_map(|one| one.address(NAME, const { hash(NAME) }));
    if let Some(find) = find {
        // SAFETY: what the loader has under this name, which nobody else defines.
        let find: FindObject = unsafe { core::mem::transmute::<usize, FindObject>(find) };
        // SAFETY: all-zero is a valid `Found`, which has room for what is written.
        let mut found: Found = unsafe { core::mem::zeroed() };
        // SAFETY: as above; an address is only compared.
        if unsafe { find(address as *const c_void, &raw mut found) } != 0 {
            return None;
        }
        let number = at_start.iter().position(|&one| one == found.object);
        // SAFETY: the object has code that is being run, or a symbol that was just given.
        let library = unsafe { found.object.as_ref() }
            .and_then(|one| unsafe { Library::of(one.base, one.dynamic) });
        return Some((number, library));
    }
    let mut found = None;
    any(|object| {
        let has = object.at.has(address);
        if has {
            let number = Some(object.number).filter(|&number| number < at_start.len());
            found = Some((number, object.at.library()));
        }
        has
    });
    found
}

type Visitor = unsafe extern "C" fn(*mut dl_phdr_info, size_t, *mut c_void) -> c_int;
type Iterate = unsafe extern "C" fn(Option<Visitor>, *mut c_void) -> c_int;

/// Asks of each object in load order, until one of them answers with true.
pub fn any<F: FnMut(&Object) -> bool>(mut asks: F) -> bool {
    struct Visit<F> {
        number: usize,
        asks: F,
    }
    unsafe extern "C" fn visit<F: FnMut(&Object) -> bool>(
        about: *mut dl_phdr_info,
        size: size_t,
        visit: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader's own description; `visit` is what is handed over below.
        let (about, visit) = unsafe { (&*about, &mut *visit.cast::<Visit<F>>()) };
        let object = Object {
            number: visit.number,
            // glibc has the numbers since 2.4.
            gone: match size >= size_of::<dl_phdr_info>() {
                true => about.dlpi_subs as usize,
                false => 0,
            },
            at: Place {
                base: about.dlpi_addr as usize,
                // SAFETY: the program headers of a loaded object.
                headers: unsafe {
                    core::slice::from_raw_parts(about.dlpi_phdr, usize::from(about.dlpi_phnum))
                },
            },
        };
        visit.number += 1;
        c_int::from((visit.asks)(&object))
    }
    const NAME: &CStr = c"dl_iterate_phdr";
    // The program may have a function of this name, so it is libc's own that is asked.
    let mut libcs = behind().libraries.iter().filter(|one| one.is_libc());
    let found = libcs.find_map(|one| one.address(NAME, const { hash(NAME) }));
    let Some(address) = found else {
        return false;
    };
    // SAFETY: what libc has under this name (dl_iterate_phdr(3)).
    let iterate: Iterate = unsafe { core::mem::transmute::<usize, Iterate>(address) };
    let mut data = Visit {
        number: 0,
        asks: &mut asks,
    };
    // SAFETY: `visit` takes what libc gives and this data, which outlives the call.
    unsafe { iterate(Some(visit::<&mut F>), (&raw mut data).cast()) != 0 }
}

/// The address of a symbol that no object had at the start: of the first one opened
/// since that has it.
pub fn find(name: &CStr, hash: u32) -> Option<usize> {
    let mut found = None;
    any(|object| {
        object.is(|library| {
            found = library.address(name, hash);
            found.is_some()
        })
    });
    found
}

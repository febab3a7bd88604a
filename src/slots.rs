//! Objects that were opened with `RTLD_DEEPBIND`: what they call was bound to libc, past
//! the hooks. Their relocations are gone through again, and each place that holds libc's
//! address of a symbol with a hook gets the hook's.
//!
//! Clearing the flag instead would bind the object's other symbols to the program's,
//! which is what the flag is there to prevent. What the object's constructors called, and
//! where they put an address, has been by then.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::lookup::library::{Library, Symbol, address, dynamic};
use crate::lookup::loaded::{self, Header, Object, Place};
use crate::{lookup, state, sys};

/// What was loaded at some time.
#[derive(Clone, Copy)]
pub struct Mark {
    there: usize,
    gone: usize,
}

impl Mark {
    pub fn now() -> Self {
        let mut mark = Mark { there: 0, gone: 0 };
        loaded::any(|object| {
            mark = Mark {
                there: object.number + 1,
                gone: object.gone,
            };
            false
        });
        mark
    }

    /// Did the object come since? What went meanwhile may have stood before it: then
    /// some that were there are looked at again, which changes nothing.
    fn is_before(&self, object: &Object) -> bool {
        let gone = object.gone.saturating_sub(self.gone);
        object.number >= self.there.saturating_sub(gone)
    }
}

/// Number of objects that were there before an opening whose end nobody saw, and 1.
static OVERDUE: AtomicUsize = AtomicUsize::new(0);

/// The objects that come now are to be looked at when one of their symbols is asked for.
pub fn point_later(since: Mark) {
    let _ = OVERDUE.compare_exchange(0, since.there + 1, Ordering::Relaxed, Ordering::Relaxed);
}

/// Looks at those.
pub fn point_overdue() {
    if OVERDUE.load(Ordering::Relaxed) != 0
        && let Some(there) = OVERDUE.swap(0, Ordering::Relaxed).checked_sub(1)
    {
        point(Mark { there, gone: 0 });
    }
}

/// How the names of liburing's functions begin. Of the hooks, these alone stand before
/// what is not libc's.
const RING: &[u8] = b"io_uring_";

/// Has a hook to stand before the definition of this name at this address?
pub fn stands_before(address: usize, name: &CStr, hash: u32) -> bool {
    name.to_bytes().starts_with(RING) || lookup::is_libcs(address, name, hash)
}

/// Goes through the relocations of the objects that were loaded since.
pub fn point(since: Mark) {
    loaded::any(|object| {
        if since.is_before(object) && object.is(|library| !library.is_libc()) {
            // SAFETY: the object is loaded, and stays as long as the loader's lock is held.
            unsafe { Relocations::of(object) }.point(since);
        }
        false
    });
}

/// What the dynamic linker was told to write into an object.
struct Relocations {
    at: Place,
    symbols: *const Symbol,
    names: *const c_char,
    /// Written when the object was opened: the ones with an addend, and those without.
    at_once: [Table; 2],
    /// Written at the first call, or at once as well.
    calls: Table,
}

/// Entries, of so many words each, of which the first two are the same everywhere.
#[derive(Clone, Copy, Default)]
struct Table {
    start: usize,
    bytes: usize,
    words: usize,
}

impl Relocations {
    /// # Safety
    /// The object is loaded.
    unsafe fn of(object: &Object) -> Self {
        const DT_PLTRELSZ: usize = 2;
        const DT_STRTAB: usize = 5;
        const DT_SYMTAB: usize = 6;
        const DT_RELA: usize = 7;
        const DT_RELASZ: usize = 8;
        const DT_REL: usize = 17;
        const DT_RELSZ: usize = 18;
        const DT_PLTREL: usize = 20;
        const DT_JMPREL: usize = 23;
        let words = |tag| if tag == DT_RELA { 3 } else { 2 };
        let (mut symbols, mut names) = (0, 0);
        let (mut with, mut without, mut calls) =
            (Table::default(), Table::default(), Table::default());
        let base = object.at.base;
        let section = object.at.dynamic().map(|at| base.wrapping_add(at));
        // SAFETY: where the loaded object's dynamic section is.
        for (tag, value) in section.into_iter().flat_map(|at| unsafe { dynamic(at) }) {
            match tag {
                DT_STRTAB => names = address(base, value),
                DT_SYMTAB => symbols = address(base, value),
                DT_RELA => (with.start, with.words) = (address(base, value), words(tag)),
                DT_REL => {
                    (without.start, without.words) = (address(base, value), words(tag));
                }
                DT_JMPREL => calls.start = address(base, value),
                DT_RELASZ => with.bytes = value,
                DT_RELSZ => without.bytes = value,
                DT_PLTRELSZ => calls.bytes = value,
                DT_PLTREL => calls.words = words(value),
                _ => {}
            }
        }
        Relocations {
            at: object.at,
            symbols: symbols as *const Symbol,
            names: names as *const c_char,
            at_once: [with, without],
            calls,
        }
    }

    fn point(&self, since: Mark) {
        if self.symbols.is_null() || self.names.is_null() {
            return;
        }
        for table in self.at_once {
            self.entries(table, |at, name| self.point_one(at, name, None));
        }
        self.entries(self.calls, |at, name| self.point_one(at, name, Some(since)));
    }

    /// Each place that an entry of this table names, and the symbol that belongs there.
    fn entries(&self, table: Table, mut each: impl FnMut(usize, &CStr)) {
        #[cfg(target_pointer_width = "64")]
        const SYMBOL: u32 = 32;
        #[cfg(target_pointer_width = "32")]
        const SYMBOL: u32 = 8;
        let Some(count) = table.bytes.checked_div(table.words * size_of::<usize>()) else {
            return;
        };
        let start = table.start as *const usize;
        for entry in 0..count {
            // SAFETY: the table has so many entries, the symbols' table those that they
            // name, and its names are terminated strings.
            unsafe {
                let [offset, about] = start.add(entry * table.words).cast::<[usize; 2]>().read();
                let symbol = about >> SYMBOL;
                if symbol != 0 {
                    let symbol = &*self.symbols.add(symbol);
                    let name = CStr::from_ptr(self.names.add(symbol.st_name as usize));
                    each(self.at.base.wrapping_add(offset), name);
                }
            }
        }
    }

    /// One place; of a call since when the objects are that may have the symbol.
    fn point_one(&self, at: usize, name: &CStr, since: Option<Mark>) {
        // No hook has the name of a function of C++, and there may be many.
        if name.to_bytes().starts_with(b"_Z") || !at.is_multiple_of(align_of::<AtomicUsize>()) {
            return;
        }
        let hash = lookup::hash(name);
        let Some(hook) = lookup::own(name, hash) else {
            return;
        };
        let Some(segment) = self.at.segment(at) else {
            return;
        };
        // SAFETY: a pointer of the object's own, aligned, in memory that is mapped. Other
        // threads may read it meanwhile, and the loader may write it: a word at a time.
        let slot = unsafe { &*(at as *const AtomicUsize) };
        let bound = slot.load(Ordering::Relaxed);
        if bound == 0 || bound == hook {
            return;
        }
        let stands_before = match since.filter(|_| self.at.has(bound)) {
            // Not called yet: it would come to libc's, unless one of the objects that were
            // opened together has the symbol itself.
            Some(since) => {
                let other = |library: &Library| !library.is_libc() && library.has(name, hash);
                name.to_bytes().starts_with(RING)
                    || !loaded::any(|one| since.is_before(one) && one.is(other))
            }
            None => stands_before(bound, name, hash),
        };
        if stands_before {
            self.write(slot, hook, segment);
        }
    }

    /// Writes a word, also where nobody may write any more.
    fn write(&self, slot: &AtomicUsize, value: usize, segment: &Header) {
        let at = slot.as_ptr() as usize;
        let Some(page) = state::loaded().map(|state| state.page) else {
            return;
        };
        let down = |address: usize| address & !page.wrapping_sub(1);
        let mut headers = self.at.headers.iter();
        // What glibc made read-only (`_dl_protect_relro`): whole pages.
        let closed = headers.any(|header| {
            let start = self.at.base.wrapping_add(header.p_vaddr as usize);
            let end = down(start.wrapping_add(header.p_memsz as usize));
            header.p_type == libc::PT_GNU_RELRO && (down(start)..end).contains(&at)
        });
        let allowed = if closed { libc::PF_R } else { segment.p_flags };
        if allowed & libc::PF_W != 0 {
            slot.store(value, Ordering::Relaxed);
            return;
        }
        let protection = |flags: u32| {
            let pairs = [
                (libc::PF_R, libc::PROT_READ),
                (libc::PF_W, libc::PROT_WRITE),
                (libc::PF_X, libc::PROT_EXEC),
            ];
            let of = |(flag, bit): (u32, c_int)| if flags & flag != 0 { bit } else { 0 };
            pairs.map(of).into_iter().fold(0, |all, bit| all | bit)
        };
        if sys::protect(down(at), page, protection(allowed | libc::PF_W)).is_ok() {
            slot.store(value, Ordering::Relaxed);
            let _ = sys::protect(down(at), page, protection(allowed));
        }
    }
}

//! Arguments that come as a struct: `open_how` of openat2(2), `xattr_args` of
//! `setxattrat`. They are copied, never edited in place: the program may share
//! them between threads or keep them in read-only memory.

use core::ffi::c_void;

use libc::{c_int, mode_t};

use crate::call::{Call, follows};
use crate::place;

/// `struct open_how` and what a later kernel may have added behind it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct OpenHow {
    flags: u64,
    mode: u64,
    resolve: u64,
    later: [u64; 29],
    size: usize,
}

/// Bytes of `struct open_how` that are copied.
const COPIED: usize = 32 * 8;

/// `OPEN_HOW_SIZE_VER0` (linux/openat2.h).
const FIRST_SIZE: usize = 24;

const RESOLVE_NO_SYMLINKS: u64 = 0x04;
const RESOLVE_IN_ROOT: u64 = 0x10;

/// Reads the program's struct. `None` where the kernel will refuse it, or where
/// it says something that no kernel known today understands.
///
/// # Safety
/// As for [`place::read_bytes`].
pub unsafe fn read(pointer: *const u8, size: usize) -> Option<OpenHow> {
    const PAGE: usize = 4096;
    if !(FIRST_SIZE..=PAGE).contains(&size) {
        return None;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { place::read_bytes(pointer, size) }?;
    let (known, unknown) = bytes.split_at(bytes.len().min(COPIED));
    if unknown.iter().any(|&byte| byte != 0) {
        return None;
    }
    let mut words = [0_u64; COPIED / 8];
    for (word, bytes) in words.iter_mut().zip(known.chunks(8)) {
        let mut whole = [0; 8];
        for (slot, &byte) in whole.iter_mut().zip(bytes) {
            *slot = byte;
        }
        *word = u64::from_ne_bytes(whole);
    }
    let [flags, mode, resolve, later @ ..] = words;
    if flags > u64::from(u32::MAX) || mode > u64::from(u32::MAX) {
        // The kernel says EINVAL.
        return None;
    }
    Some(OpenHow {
        flags,
        mode,
        resolve,
        later,
        size: known.len(),
    })
}

impl OpenHow {
    pub fn flags(&self) -> c_int {
        self.flags as c_int
    }

    pub fn mode(&self) -> mode_t {
        self.mode as mode_t
    }

    /// Does the call follow a link in the last component?
    pub fn follows(&self) -> bool {
        follows(self.flags()) && self.resolve & RESOLVE_NO_SYMLINKS == 0
    }

    /// Does it say no more than openat(2) can? What else it asks of the way to the
    /// file is the kernel's to see to.
    pub fn says_as_openat(&self) -> bool {
        let later = self.later.iter().any(|&word| word != 0);
        self.resolve == 0 && !later && self.mode & !0o7777 == 0
    }

    /// With `RESOLVE_IN_ROOT` the directory is the root of the path.
    pub fn below_root<'a>(&self, mut call: Call<'a>) -> Call<'a> {
        call.place.in_root = self.resolve & RESOLVE_IN_ROOT != 0;
        call
    }

    /// A copy with other flags and mode; whatever does not fit into a `c_int`
    /// stays as it was.
    pub fn with(&self, flags: c_int, mode: mode_t) -> Self {
        let mut copy = *self;
        copy.flags = self.flags & !u64::from(u32::MAX) | u64::from(flags as u32);
        if mode != self.mode() {
            copy.mode = u64::from(mode);
        }
        copy
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn as_ptr(&self) -> *const u8 {
        (&raw const *self).cast()
    }
}

/// `struct xattr_args` (linux/xattr.h).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct XattrArguments {
    value: u64,
    size: u32,
    flags: u32,
}

/// Reads the program's struct; `None` for a size that no kernel known today has.
///
/// # Safety
/// As for [`place::read_bytes`].
pub unsafe fn read_xattr(pointer: *const u8, size: usize) -> Option<XattrArguments> {
    if size != size_of::<XattrArguments>() {
        return None;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { place::read_bytes(pointer, size) }?;
    let (value, rest) = bytes.split_first_chunk::<8>()?;
    let (size, rest) = rest.split_first_chunk::<4>()?;
    let (flags, _) = rest.split_first_chunk::<4>()?;
    Some(XattrArguments {
        value: u64::from_ne_bytes(*value),
        size: u32::from_ne_bytes(*size),
        flags: u32::from_ne_bytes(*flags),
    })
}

impl XattrArguments {
    pub fn value(&self) -> *const c_void {
        self.value as usize as *const c_void
    }

    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// A copy with another value of the same size.
    pub fn with(&self, value: *const c_void) -> Self {
        XattrArguments {
            value: value as usize as u64,
            ..*self
        }
    }
}

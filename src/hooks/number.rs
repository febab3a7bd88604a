//! System calls by number, as syscall(2) is given them: what [`family!`](super::family)
//! makes of a row that has a number.

use libc::c_long;
use syscalls::Sysno;
use umaskclamp_policy::surface;

/// The real `syscall`.
pub type Real =
    unsafe extern "C" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long) -> c_long;

/// A call by number. All six arguments are passed on as they came, but for what a hook
/// changes: a filter of system calls sees the whole of a register.
#[derive(Clone, Copy)]
pub struct Numbered {
    /// The low half alone, at which the kernel looks (`do_syscall_64`).
    pub number: i32,
    pub registers: [c_long; 6],
    pub real: Real,
}

impl Numbered {
    /// Makes the call.
    pub fn make(self) -> c_long {
        let [a, b, c, d, e, f] = self.registers;
        // SAFETY: the program's own call, with what the rules changed in it.
        unsafe { (self.real)(c_long::from(self.number), a, b, c, d, e, f) }
    }

    /// Is it this call?
    pub fn is(&self, number: Sysno) -> bool {
        self.number == number.id()
    }
}

/// What a register has of an argument's or a result's type.
pub trait Register: Copy + PartialEq {
    fn of(register: c_long) -> Self;
    fn register(self) -> c_long;
}

macro_rules! integers {
    ($($integer:ty)*) => {
        $(impl Register for $integer {
            fn of(register: c_long) -> Self {
                register as Self
            }

            fn register(self) -> c_long {
                self as c_long
            }
        })*
    };
}

integers!(i32 u32 i64 u64 usize);

impl<T> Register for *const T {
    fn of(register: c_long) -> Self {
        register as Self
    }

    fn register(self) -> c_long {
        self as c_long
    }
}

impl<T> Register for *mut T {
    fn of(register: c_long) -> Self {
        register as Self
    }

    fn register(self) -> c_long {
        self as c_long
    }
}

/// The next argument.
pub fn next<'a, T: Register>(registers: &mut impl Iterator<Item = &'a c_long>) -> T {
    T::of(registers.next().copied().unwrap_or_default())
}

/// Puts the next argument in its register, if it is another one than came.
pub fn put<'a, T: Register>(registers: &mut impl Iterator<Item = &'a mut c_long>, argument: T) {
    match registers.next() {
        Some(register) if T::of(*register) != argument => *register = argument.register(),
        _ => {}
    }
}

/// Numbers of system calls.
#[derive(Clone, Copy)]
pub struct Numbers([u64; 8]);

impl Numbers {
    pub const NONE: Self = Numbers([0; 8]);

    /// These and one more. The compiler runs this: a number that two rows have, that the
    /// table of symbols does not know, or that is too high for this set stops the build.
    #[allow(clippy::indexing_slicing, clippy::panic)]
    pub const fn and(mut self, number: Sysno) -> Self {
        let (word, bit) = (number as usize / 64, 1 << (number as usize % 64));
        assert!(self.0[word] & bit == 0, "two rows have this number");
        assert!(surface::is_numbered(number.name()), "add it to surface.rs");
        self.0[word] |= bit;
        self
    }

    #[inline]
    pub fn has(&self, number: i32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 != 0)
    }
}

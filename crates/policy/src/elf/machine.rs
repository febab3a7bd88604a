use core::ffi::CStr;

/// What programs can share a process with a library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    /// `EI_CLASS`: 1 for 32 bits, 2 for 64.
    pub class: u8,
    /// `EI_DATA`: 1 for little endian, 2 for big.
    pub data: u8,
    /// `e_machine`.
    pub number: u16,
}

impl Machine {
    /// The one this crate was compiled for.
    pub const HERE: Machine = Machine {
        class: if cfg!(target_pointer_width = "64") {
            2
        } else {
            1
        },
        data: if cfg!(target_endian = "little") { 1 } else { 2 },
        number: if cfg!(target_arch = "x86_64") {
            62
        } else if cfg!(target_arch = "x86") {
            3
        } else if cfg!(target_arch = "aarch64") {
            183
        } else if cfg!(target_arch = "arm") {
            40
        } else if cfg!(any(target_arch = "riscv64", target_arch = "riscv32")) {
            243
        } else if cfg!(target_arch = "powerpc64") {
            21
        } else if cfg!(target_arch = "s390x") {
            22
        } else {
            0
        },
    };

    /// 64-bit ARM, little endian.
    pub const AARCH64: Machine = Machine {
        class: 2,
        data: 1,
        number: 183,
    };

    /// A 64-bit PC.
    pub const X86_64: Machine = Machine {
        class: 2,
        data: 1,
        number: 62,
    };

    /// The 32-bit programs that a 64-bit PC runs.
    pub const I386: Machine = Machine {
        class: 1,
        data: 1,
        number: 3,
    };

    /// Where the loaders of a machine look for a name without a directory, which is
    /// also what `$LIB` stands for there. `None` if its programs do not run here.
    pub fn directories(self) -> Option<&'static [&'static str]> {
        const PC: bool = cfg!(any(target_arch = "x86_64", target_arch = "x86"));
        match self {
            Machine::X86_64 if PC => Some(&["lib/x86_64-linux-gnu", "lib64", "lib"]),
            Machine::I386 if PC => Some(&["lib/i386-linux-gnu", "lib32", "lib"]),
            Machine::AARCH64 if cfg!(target_arch = "aarch64") => {
                Some(&["lib/aarch64-linux-gnu", "lib64", "lib"])
            }
            Machine::HERE => Some(&["lib64", "lib"]),
            _ => None,
        }
    }

    /// What the loader of a machine is called (`PT_INTERP`).
    pub fn loader(self) -> Option<&'static CStr> {
        match self {
            Machine::X86_64 => Some(c"/lib64/ld-linux-x86-64.so.2"),
            Machine::I386 => Some(c"/lib/ld-linux.so.2"),
            Machine::AARCH64 => Some(c"/lib/ld-linux-aarch64.so.1"),
            _ => None,
        }
    }
}

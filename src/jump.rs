//! One instruction of each machine: a jump that leaves all arguments as they are,
//! and what is built of it: names that mean something else inside this library
//! than outside. They are hidden, so that no program ever finds them.

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
macro_rules! jump {
    () => {
        "jmp {}"
    };
}
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
macro_rules! jump {
    () => {
        "b {}"
    };
}
#[cfg(any(target_arch = "riscv64", target_arch = "riscv32"))]
macro_rules! jump {
    () => {
        "tail {}"
    };
}

/// Inside this library `$name` is `$function`. Not by `#[no_mangle]`: a name that
/// Rust defines leaves the library, and the program would call it. The binding is
/// `.weak ` where `std` declares the name weak.
macro_rules! stands_for {
    ($name:literal => $function:ident) => {
        $crate::jump::stands_for!($name => $function, ".globl ");
    };
    ($name:literal => $function:ident, $binding:literal) => {
        core::arch::global_asm!(
            concat!(".section .text.", $name, ",\"ax\""),
            concat!(".hidden ", $name),
            concat!($binding, $name),
            concat!(".type ", $name, ", %function"),
            concat!($name, ":"),
            $crate::jump::jump!(),
            ".text",
            sym $function
        );
    };
}

pub(crate) use {jump, stands_for};

//! Interposed libc functions: what a program's calls reach instead of the real symbols.
//!
//! A hook says which place the call names and how the real call is made; what is
//! allowed is decided in [`crate::enforce`].
//!
//! Each file has the functions of one family and declares them by [`family!`], a row each:
//!
//! ```ignore
//! family! { |symbol, real|
//!     #[symbol, number]
//!     unsafe fn mkdirat(dirfd: c_int, path: *const c_char, mode: mode_t) -> c_int {
//!         let call = Call::at(symbol, dirfd, path, false);
//!         create(call, Subject::Directory, mode, &mut |mode| real(dirfd, path, mode))
//!     }
//! }
//! ```

/// Declares the functions of a family, which programs reach by their symbols, by their
/// numbers ([`syscall`]), or by both:
/// - `#[symbol]`: libc's function of this name. `#[symbol or f]`: where libc has none, its
///   place is taken by `f`; otherwise it fails with `ENOSYS`.
/// - `#[number]`: the kernel's call of this name, by the number that it has on this
///   machine. `#[number if c]`: only with this `cfg`, since not all machines have it.
/// - `#[symbol, number]`: both, where they take the same arguments. A row for the number
///   alone may leave out those that come last.
/// - `unsafe fn one, other(…)`: both do the same.
///
/// In the body of a row the first name of the head (`symbol`) stands for the name that
/// records give to the call, the second one (`real`) makes the real call by the same way:
/// by the symbol behind the hook, or by the number.
///
/// The body is unsafe as a whole. What it may rely on is what the program promised with its
/// call: that the arguments are as the manual page of this name has them.
macro_rules! family {
    (|$symbol:ident, $real:ident| $(
        #$way:tt
        unsafe fn $($name:ident),+ ($($arguments:tt)*) -> $result:ty $body:block
    )*) => {
        $(family! { @symbols $way [$($name)+] { $symbol $real ($($arguments)*) $result, $body } })*

        /// The numbers of this family, with those of others.
        pub const fn numbers(set: $crate::hooks::number::Numbers) -> $crate::hooks::number::Numbers {
            $(family! { @number $way $($name)+, set })*
            set
        }

        /// Makes the call, if its number is one of this family's.
        #[allow(unused_variables)]
        #[inline(always)] // All families together are one jump.
        pub fn by_number(call: &$crate::hooks::number::Numbered) -> Option<libc::c_long> {
            $(family! { @make $way $($name)+, call { $symbol $real ($($arguments)*) $result, $body } })*
            None
        }
    };

    (@symbols $way:tt [$($name:ident)+] $row:tt) => {
        $(family! { @symbol $way $name $row })+
    };
    (@symbol [symbol $(if $has:ident)? $(or $instead:ident)? $(, number $($on:tt)*)?] $name:ident {
        $symbol:ident $real:ident ($($argument:ident: $type:ty),*) $result:ty, $body:block
    }) => {
        $(#[cfg($has)])?
        redhook::hook! {
            unsafe fn $name($($argument: $type),*) -> $result $(, or $instead)? {
                #[allow(unused_variables)]
                let ($symbol, $real) = (stringify!($name), |$($argument: $type),*| {
                    redhook::real!($name)($($argument),*)
                });
                $body
            }
        }
    };

    (@number [number $(if $($on:tt)+)?] $name:ident, $set:ident) => {
        $(#[cfg($($on)+)])?
        let $set = $set.and(syscalls::Sysno::$name);
    };

    (@make [number $(if $($on:tt)+)?] $name:ident, $call:ident {
        $symbol:ident $real:ident ($($argument:ident: $type:ty),*) $result:ty, $body:block
    }) => {
        $(#[cfg($($on)+)])?
        if $call.is(syscalls::Sysno::$name) {
            use $crate::hooks::number::{self, Register};

            // By itself: what some of them lay out on the stack is for nobody else.
            #[inline(never)]
            #[allow(unused_mut, unused_variables, unused_unsafe)]
            fn make(call: &number::Numbered) -> $result {
                let mut registers = call.registers.iter();
                $(let $argument: $type = number::next(&mut registers);)*
                let ($symbol, $real) = (concat!("syscall(", stringify!($name), ")"), |$($argument: $type),*| {
                    let mut call = *call;
                    let mut registers = call.registers.iter_mut();
                    $(number::put(&mut registers, $argument);)*
                    <$result as Register>::of(call.make())
                });
                // SAFETY: the arguments are those of a call of this number.
                unsafe { $body }
            }
            return Some(make($call).register());
        }
    };

    // A row that has a number beside its symbol, one that has none, and one without a symbol.
    (@$what:ident [symbol $(if $has:ident)? $(or $instead:ident)?, number $($on:tt)*] $($row:tt)*) => {
        family! { @$what [number $($on)*] $($row)* }
    };
    (@$what:ident $($row:tt)*) => {};
}

mod number;

pub mod accounts;
pub mod chmod;
pub mod exec;
pub mod execl;
pub mod filter;
pub mod handle;
pub mod ioctl;
pub mod ipc;
pub mod loader;
pub mod mkdir;
pub mod mknod;
pub mod moves;
pub mod open;
pub mod root;
pub mod shell;
pub mod socket;
pub mod spawn;
pub mod stdio;
pub mod streams;
pub mod syscall;
pub mod truncate;
pub mod unlink;
pub mod uring;
pub mod xattr;

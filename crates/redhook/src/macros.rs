/// Names a function of libc's that is called and not hooked, for [`real!`]. With `, or f`
/// the function `f` takes its place where no library had it at the start; without, a call
/// fails with `ENOSYS` there.
#[macro_export]
macro_rules! symbol {
    ($(#[$about:meta])* $visibility:vis unsafe fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty $(, or $instead:ident)?) => {
        $(#[$about])*
        #[allow(non_camel_case_types)]
        $visibility enum $name {}

        impl $crate::Symbol for $name {
            type Function = unsafe extern "C" fn($($type),*) -> $result;

            const NAME: &'static core::ffi::CStr = $crate::name(concat!(stringify!($name), "\0"));

            const MISSING: Self::Function = {
                unsafe extern "C" fn missing($(_: $type),*) -> $result {
                    $crate::missing()
                }
                missing
            };

            fn slot() -> &'static $crate::Slot {
                static SLOT: $crate::Slot = $crate::Slot::new();
                &SLOT
            }

            $(fn function() -> Self::Function {
                <Self as $crate::Symbol>::there().unwrap_or($instead)
            })?
        }
    };
}

/// Declares a hook: programs that call `$name` reach its body and, where it is named,
/// `$hook`. Like the `extern "C"` function that it is, it may be called as the manual page
/// of that name says; that is what its body may rely on, which is unsafe as a whole.
#[macro_export]
macro_rules! hook {
    (unsafe fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty $(, or $instead:ident)? $body:block) => {
        $crate::symbol!(pub unsafe fn $name($($argument: $type),*) -> $result $(, or $instead)?);

        const _: () = {
            #[unsafe(no_mangle)]
            #[allow(unused_unsafe)]
            unsafe extern "C" fn $name($($argument: $type),*) -> $result {
                // SAFETY: the arguments are those of a call of this name.
                unsafe { $body }
            }
        };
    };
    (unsafe fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty => $hook:ident $body:block) => {
        $crate::hook! { unsafe fn $name($($argument: $type),*) -> $result { $hook($($argument),*) } }

        #[allow(clippy::missing_safety_doc, non_snake_case, unused_unsafe)]
        pub unsafe fn $hook($($argument: $type),*) -> $result {
            // SAFETY: the arguments are those of a call of this name.
            unsafe { $body }
        }
    };
    (unsafe fn $name:ident($($argument:ident: $type:ty),* $(,)?) => $hook:ident $body:block) => {
        $crate::hook! { unsafe fn $name($($argument: $type),*) -> () => $hook $body }
    };
}

/// The real function of this name, behind the hook if there is one. With `or None`,
/// only if a library has it that was there at the start.
#[macro_export]
macro_rules! real {
    ($name:ident) => {
        <$name as $crate::Symbol>::function()
    };
    ($name:ident, or None) => {
        <$name as $crate::Symbol>::there()
    };
}

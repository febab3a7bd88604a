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
/// Rust defines leaves the library, and the program would call it.
macro_rules! stands_for {
    ($name:literal => $function:ident) => {
        core::arch::global_asm!(
            concat!(".section .text.", $name, ",\"ax\""),
            concat!(".hidden ", $name),
            concat!(".globl ", $name),
            concat!(".type ", $name, ", %function"),
            concat!($name, ":"),
            $crate::jump::jump!(),
            ".text",
            sym $function
        );
    };
}

/// What a function behind a [`turnstile!`] says: how the call goes on. It comes back in two
/// registers on every machine.
#[cfg(target_pointer_width = "64")]
#[repr(C)]
pub struct Turn {
    answer: usize,
    onward: usize,
}
#[cfg(target_pointer_width = "32")]
#[repr(transparent)]
pub struct Turn(#[allow(dead_code)] u64); // The turnstile reads it.

impl Turn {
    /// The caller gets this.
    pub fn back(answer: usize) -> Self {
        Self::of(answer, 0)
    }

    /// The call goes on there, as if it had been made there.
    pub fn on(address: usize) -> Self {
        Self::of(0, address)
    }

    #[cfg(target_pointer_width = "64")]
    fn of(answer: usize, onward: usize) -> Self {
        Turn { answer, onward }
    }

    #[cfg(target_pointer_width = "32")]
    fn of(answer: usize, onward: usize) -> Self {
        Turn(answer as u64 | (onward as u64) << 32)
    }
}

// Each calls the function with the three arguments and the return address, and puts
// the arguments back.
#[cfg(target_arch = "x86_64")]
macro_rules! turn {
    () => {
        "push rdi
         .cfi_adjust_cfa_offset 8
         push rsi
         .cfi_adjust_cfa_offset 8
         push rdx
         .cfi_adjust_cfa_offset 8
         mov rcx, [rsp + 24]
         call {}
         mov rcx, rdx
         pop rdx
         .cfi_adjust_cfa_offset -8
         pop rsi
         .cfi_adjust_cfa_offset -8
         pop rdi
         .cfi_adjust_cfa_offset -8
         test rcx, rcx
         jz 2f
         jmp rcx
         2: ret"
    };
}
#[cfg(target_arch = "x86")]
macro_rules! turn {
    () => {
        "sub esp, 12
         .cfi_adjust_cfa_offset 12
         push dword ptr [esp + 12]
         .cfi_adjust_cfa_offset 4
         push dword ptr [esp + 28]
         .cfi_adjust_cfa_offset 4
         push dword ptr [esp + 28]
         .cfi_adjust_cfa_offset 4
         push dword ptr [esp + 28]
         .cfi_adjust_cfa_offset 4
         call {}
         add esp, 28
         .cfi_adjust_cfa_offset -28
         test edx, edx
         jz 2f
         jmp edx
         2: ret"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! turn {
    () => {
        "stp x29, x30, [sp, #-48]!
         .cfi_adjust_cfa_offset 48
         .cfi_rel_offset x29, 0
         .cfi_rel_offset x30, 8
         mov x29, sp
         stp x0, x1, [sp, #16]
         str x2, [sp, #32]
         mov x3, x30
         bl {}
         mov x16, x1
         cbz x16, 2f
         ldp x0, x1, [sp, #16]
         ldr x2, [sp, #32]
         ldp x29, x30, [sp], #48
         br x16
         2: ldp x29, x30, [sp], #48
         ret"
    };
}
#[cfg(target_arch = "arm")]
macro_rules! turn {
    () => {
        "push {{r0, r1, r2, lr}}
         .cfi_adjust_cfa_offset 16
         .cfi_rel_offset lr, 12
         mov r3, lr
         bl {}
         movs r12, r1
         beq 2f
         pop {{r0, r1, r2, lr}}
         bx r12
         2: add sp, sp, #12
         pop {{pc}}"
    };
}
#[cfg(target_arch = "riscv64")]
macro_rules! turn {
    () => {
        "addi sp, sp, -32
         .cfi_adjust_cfa_offset 32
         sd ra, 24(sp)
         .cfi_rel_offset ra, 24
         sd a0, 0(sp)
         sd a1, 8(sp)
         sd a2, 16(sp)
         mv a3, ra
         call {}
         mv t1, a1
         beqz t1, 2f
         ld a0, 0(sp)
         ld a1, 8(sp)
         ld a2, 16(sp)
         ld ra, 24(sp)
         addi sp, sp, 32
         jr t1
         2: ld ra, 24(sp)
         addi sp, sp, 32
         ret"
    };
}

/// The symbol `$name`, whose callers pass through `$function`: it gets up to three
/// arguments and the caller's return address, and answers or lets the call go on, in
/// which case all is as the caller left it, the stack too: who is called takes the
/// caller for its own. Protected: within this library the name means this, whatever the
/// program has under it.
macro_rules! turnstile {
    ($name:ident => $function:ident) => {
        /// Calls the function behind it, and returns or jumps.
        ///
        /// # Safety
        /// As for the function of this name in its manual page.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name() {
            core::arch::naked_asm!(
                concat!(".protected ", stringify!($name)),
                ".cfi_startproc",
                $crate::jump::turn!(),
                ".cfi_endproc",
                sym $function
            )
        }
    };
}

pub(crate) use {jump, stands_for, turn, turnstile};

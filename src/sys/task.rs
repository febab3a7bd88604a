//! A task of its own memory or of ours: clone(2) without libc's `clone`, for which a
//! program may have a function of the same name.

use core::arch::naked_asm;

use libc::{c_int, c_long, c_void};

use super::Result;

/// What a task runs; then it ends.
pub type Run = extern "C" fn(*mut c_void);

/// Starts a task on a stack that ends below `top`: it calls `run(argument)`. Its
/// number.
///
/// # Safety
/// `top` is aligned to 16 bytes, and above enough memory that nothing else uses until
/// the task is gone. `flags` are such that the kernel takes no more arguments, and share
/// only what `run` may use at the same time.
pub unsafe fn start(
    flags: c_int,
    top: *mut c_void,
    run: Run,
    argument: *mut c_void,
) -> Result<c_int> {
    // SAFETY: the caller's promise.
    match unsafe { clone(c_long::from(flags), top, run, argument) } {
        error @ -4095..=-1 => Err(-error as c_int),
        task => Ok(task as c_int),
    }
}

// The function and its argument wait in registers of which the kernel takes no notice
// without flags that say so, and which are the new task's as well. That one never
// returns: there is no frame to return to.

/// clone(2): 0 is never returned, the new task calls and ends instead.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn clone(_: c_long, _: *mut c_void, _: Run, _: *mut c_void) -> c_long {
    naked_asm!(
        "mov r8, rcx",
        "mov eax, 56",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        "xor ebp, ebp",
        "mov rdi, r8",
        "call rdx",
        "xor edi, edi",
        "mov eax, 60",
        "syscall",
        "ud2",
    )
}

/// clone(2): 0 is never returned, the new task calls and ends instead.
#[cfg(target_arch = "x86")]
#[unsafe(naked)]
unsafe extern "C" fn clone(_: c_long, _: *mut c_void, _: Run, _: *mut c_void) -> c_long {
    naked_asm!(
        "push ebx",
        "push edi",
        "mov ebx, [esp + 12]",
        "mov ecx, [esp + 16]",
        "mov edx, [esp + 20]",
        "mov edi, [esp + 24]",
        "mov eax, 120",
        "int 0x80",
        "test eax, eax",
        "jz 2f",
        "pop edi",
        "pop ebx",
        "ret",
        "2:",
        "xor ebp, ebp",
        "sub esp, 12",
        "push edi",
        "call edx",
        "xor ebx, ebx",
        "mov eax, 1",
        "int 0x80",
        "ud2",
    )
}

/// clone(2): 0 is never returned, the new task calls and ends instead.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn clone(_: c_long, _: *mut c_void, _: Run, _: *mut c_void) -> c_long {
    naked_asm!(
        "mov x8, #220",
        "svc #0",
        "cbz x0, 2f",
        "ret",
        "2:",
        "mov x29, #0",
        "mov x0, x3",
        "blr x2",
        "mov x0, #0",
        "mov x8, #93",
        "svc #0",
        "brk #1",
    )
}

/// clone(2): 0 is never returned, the new task calls and ends instead.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn clone(_: c_long, _: *mut c_void, _: Run, _: *mut c_void) -> c_long {
    naked_asm!(
        "push {{r7, lr}}",
        "mov r7, #120",
        "svc #0",
        "cmp r0, #0",
        "beq 2f",
        "pop {{r7, pc}}",
        "2:",
        "mov r0, r3",
        "blx r2",
        "mov r0, #0",
        "mov r7, #1",
        "svc #0",
        "udf #0",
    )
}

/// clone(2): 0 is never returned, the new task calls and ends instead.
#[cfg(target_arch = "riscv64")]
#[unsafe(naked)]
unsafe extern "C" fn clone(_: c_long, _: *mut c_void, _: Run, _: *mut c_void) -> c_long {
    naked_asm!(
        "li a7, 220",
        "ecall",
        "beqz a0, 2f",
        "ret",
        "2:",
        "mv a0, a3",
        "jalr a2",
        "li a0, 0",
        "li a7, 93",
        "ecall",
        "ebreak",
    )
}

//! Does a program that is linked with libc make some of its system calls itself? So
//! do Rust programs by the crate `rustix`: it asks the kernel directly, and a library
//! never sees that. The rest of such a program goes through libc.
//!
//! No header tells. The code does: the number of a call that creates is put into its
//! register, and a few instructions later, which only move arguments, the call is made.
//! It is looked for in windows of the file, which overlap. Code that was not optimised
//! has the two in different functions, and is not recognised.

use super::Machine;

/// A window begins by so much before the end of the one before it: more than what is
/// looked for, and instructions of 4 bytes stay where they are.
pub const OVERLAP: usize = 128;

/// Bytes from where the call's number is put into its register to the call.
const APART: usize = 64;

/// Numbers of the calls that create, rename, link or set a mode.
const X86_64: &[u32] = &[
    2, 49, 82, 83, 85, 86, 90, 91, 133, // open, bind, rename … link, chmod, fchmod, mknod
    257, 258, 259, 264, 265, 268, 316, 437, 452, // the same with *at
];

/// The same of all machines that came later.
const GENERIC: &[u32] = &[33, 34, 37, 38, 52, 53, 56, 200, 276, 437, 452];

/// Whether a call that creates is made in this window. Of other machines than these
/// two nothing is known.
pub fn creates(window: &[u8], machine: Machine) -> bool {
    match machine {
        Machine::X86_64 => on_x86_64(window),
        Machine::AARCH64 => on_aarch64(window),
        _ => false,
    }
}

/// `svc #0`, and the last number before it that is put into `x8` or `w8`.
fn on_aarch64(window: &[u8]) -> bool {
    let mut last = None;
    window.chunks_exact(4).enumerate().any(|(at, bytes)| {
        let add = |code: u32, &byte: &u8| code << 8 | u32::from(byte);
        let code = bytes.iter().rev().fold(0, add);
        if code & 0x7fe0_001f == 0x5280_0008 {
            last = Some((at, code >> 5 & 0xffff));
        }
        // `b`, `bl`; `br`, `blr`, `ret`.
        if code & 0x7c00_0000 == 0x1400_0000 || code & 0xfe00_0000 == 0xd600_0000 {
            last = None;
        }
        let close = last.filter(|(start, _)| at.saturating_sub(*start) <= APART / 4);
        code == 0xd400_0001 && close.is_some_and(|(_, number)| GENERIC.contains(&number))
    })
}

/// `syscall`, and the last number before it that is put into `eax`. The two bytes alone
/// are in many a distance and table: what is between must be instructions.
fn on_x86_64(window: &[u8]) -> bool {
    let pairs = window.windows(2).enumerate();
    let mut calls = pairs.filter(|(_, bytes)| *bytes == [0x0f, 0x05]);
    calls.any(|(at, _)| {
        let before = window.get(at.saturating_sub(APART)..at).unwrap_or_default();
        let mut numbers = (0..before.len()).rev().filter_map(|start| {
            let prefix = start.checked_sub(1).and_then(|start| before.get(start));
            // It would be `r8d`, or 64 bits long.
            if prefix.is_some_and(|byte| matches!(byte, 0x40..=0x4f)) {
                return None;
            }
            let (number, behind) = into_eax(before.get(start..)?)?;
            only_moves(behind).then_some(number)
        });
        numbers
            .next()
            .is_some_and(|number| X86_64.contains(&number))
    })
}

/// `mov $number,%eax`, its form for `rax`, and what is made for size: `push`, `pop`.
fn into_eax(code: &[u8]) -> Option<(u32, &[u8])> {
    match code {
        [0xb8, a, b, 0, 0, behind @ ..] | [0x48, 0xc7, 0xc0, a, b, 0, 0, behind @ ..] => {
            Some((u32::from(u16::from_le_bytes([*a, *b])), behind))
        }
        [0x6a, number @ 0..=0x7f, 0x58, behind @ ..] => Some((u32::from(*number), behind)),
        _ => None,
    }
}

/// Whether all of it is instructions that compute, load and store, none that jumps.
fn only_moves(mut code: &[u8]) -> bool {
    while !code.is_empty() {
        match length(code).and_then(|length| code.get(length..)) {
            Some(behind) => code = behind,
            None => return false,
        }
    }
    true
}

/// The length of such an instruction (Intel's manual, volume 2, appendix A).
fn length(code: &[u8]) -> Option<usize> {
    let (prefix, rest) = match code {
        [0x40..=0x4f, rest @ ..] => (1usize, rest),
        _ => (0, code),
    };
    let wide = prefix == 1 && code.first()? & 8 != 0;
    let (&opcode, rest) = rest.split_first()?;
    let behind = match opcode {
        // push, pop, nop
        0x50..=0x5f | 0x90 => 0,
        0x6a => 1,
        0x68 => 4,
        // mov of a constant
        0xb8..=0xbf if wide => 8,
        0xb8..=0xbf => 4,
        // add, or, and, sub, xor, cmp; movslq, test, mov, lea
        0x00..=0x3b if opcode & 4 == 0 => operands(rest)?,
        0x63 | 0x84 | 0x85 | 0x88..=0x8b | 0x8d => operands(rest)?,
        0x80 | 0x83 | 0xc0 | 0xc1 | 0xc6 => operands(rest)?.checked_add(1)?,
        0x81 | 0xc7 => operands(rest)?.checked_add(4)?,
        0xd1 => operands(rest)?,
        // movups, movaps, long nop; cmov; movzb, movzw, movsb, movsw
        0x0f => match rest.split_first()? {
            (0x10 | 0x11 | 0x1f | 0x28 | 0x29 | 0x40..=0x4f | 0xb6 | 0xb7 | 0xbe | 0xbf, rest) => {
                operands(rest)?.checked_add(1)?
            }
            _ => return None,
        },
        _ => return None,
    };
    behind.checked_add(prefix)?.checked_add(1)
}

/// The length of a ModR/M byte and what belongs to it.
fn operands(code: &[u8]) -> Option<usize> {
    let first = *code.first()?;
    let (kind, base) = (first >> 6, first & 7);
    let scaled = kind != 3 && base == 4;
    let base = if scaled { code.get(1)? & 7 } else { base };
    let distance = match kind {
        0 if base == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0usize,
    };
    distance.checked_add(if scaled { 2 } else { 1 })
}

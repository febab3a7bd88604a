//! What kind of program a file is.

use umaskclamp_policy::elf::calls::creates;
use umaskclamp_policy::elf::{Elf, HEAD, Image, Loader, Machine, Maker, inspect, is_loader_name};

fn look(bytes: &[u8], head: usize) -> Image<'_> {
    let head = &bytes[..head.min(bytes.len())];
    inspect(head, &mut |offset, out| {
        let from = bytes.get(offset as usize..).unwrap_or_default();
        let length = from.len().min(out.len());
        out[..length].copy_from_slice(&from[..length]);
        length
    })
}

fn interpreter(text: &[u8]) -> Option<Vec<u8>> {
    match look(text, HEAD) {
        Image::Script(path) => Some(path.to_vec()),
        Image::Unknown => None,
        Image::Elf(_) => panic!("a script"),
    }
}

#[test]
fn scripts_as_the_kernel_reads_them() {
    for (text, path) in [
        (&b"#!/bin/sh\nx"[..], Some(&b"/bin/sh"[..])),
        (b"#!/bin/sh", Some(b"/bin/sh")),
        (b"#! \t/bin/sh -e x\n", Some(b"/bin/sh")),
        (b"#!/bin/sh\t-e", Some(b"/bin/sh")),
        (b"#!sh\n", Some(b"sh")),
        (b"#!/bin/sh\0rest\n", Some(b"/bin/sh")),
        (b"#!\n/bin/sh", None),
        (b"#!  \n", None),
        (b"#!", None),
        (b" #!/bin/sh\n", None),
    ] {
        assert_eq!(interpreter(text).as_deref(), path, "{text:?}");
    }
}

#[test]
fn a_line_of_255_bytes_is_the_longest() {
    for length in 250..260 {
        let mut text = vec![b'a'; length];
        text[..3].copy_from_slice(b"#!/");
        let path = text[2..].to_vec();
        text.push(b'\n');
        text.extend_from_slice(&[b'x'; 300]);
        // The newline is the 256th byte at most.
        let expected = (length < 256).then_some(path);
        assert_eq!(interpreter(&text), expected, "{length}");
        // With a blank behind it the path is whole however long the line is.
        text[length] = b' ';
        let expected = (length < 256).then(|| text[2..length].to_vec());
        assert_eq!(interpreter(&text), expected, "{length} and a blank");
    }
}

#[test]
fn programs_of_this_machine() {
    let bytes = std::fs::read("/proc/self/exe").unwrap();
    for head in [0, 4, 5, 60, 64, 100, 800, HEAD] {
        match look(&bytes, head) {
            Image::Elf(elf) => {
                assert_eq!(elf.machine, Machine::HERE);
                assert_eq!((elf.loader, elf.own_calls), (Loader::Gnu, None));
            }
            other => assert!(head < 4, "{head}: {other:?}"),
        }
    }
}

/// The names of the sections of this program, one of them changed.
#[test]
fn makers_that_a_section_tells() {
    for (name, maker) in [
        (&b".go.buildinfo\0.x.\0"[..], Some(Maker::Go)),
        (b".bun\0............\0", Some(Maker::Bun)),
        (b".x.bun\0..........\0", None),
        (b".bunny\0..........\0", None),
    ] {
        assert_eq!(
            with_section(name).own_calls,
            maker,
            "{}",
            name.escape_ascii()
        );
    }
}

fn with_section(section: &[u8]) -> Elf {
    let mut bytes = std::fs::read("/proc/self/exe").unwrap();
    let name = b".gcc_except_table\0";
    let at = bytes.windows(name.len()).rposition(|part| part == name);
    let at = at.expect("a program made by rustc has such a section");
    bytes[at..at + name.len()].copy_from_slice(section);
    let Image::Elf(elf) = look(&bytes, HEAD) else {
        panic!("a program");
    };
    elf
}

#[test]
fn no_bytes_make_it_panic_or_loop() {
    let real = std::fs::read("/proc/self/exe").unwrap();
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
        (seed >> 33) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = real[..1500].to_vec();
        for _ in 0..random() % 12 {
            let at = random() % 900;
            bytes[at] = random() as u8;
        }
        bytes.truncate(random() % 1500);
        let _ = look(&bytes, random() % 1500);
    }
}

#[test]
fn loaders_by_name() {
    for (path, loader) in [
        (&b"/lib64/ld-linux-x86-64.so.2"[..], Loader::Gnu),
        (b"/nix/store/x-glibc/lib/ld-linux-aarch64.so.1", Loader::Gnu),
        (b"/lib/ld-musl-x86_64.so.1", Loader::Musl),
        (b"/system/bin/linker64", Loader::Other),
        (b"/lib/ld-uClibc.so.0", Loader::Other),
    ] {
        assert_eq!(Loader::of(path), loader);
    }
    assert!(is_loader_name(b"/lib64/ld-linux-x86-64.so.2"));
    assert!(is_loader_name(b"ld-2.31.so"));
    assert!(!is_loader_name(b"/usr/bin/ld"));
}

/// Assembled by gas: `open` is 2, `read` 0, `fchmod` 91, `openat` 257.
#[test]
fn calls_that_create_by_their_numbers() {
    let nops = |count| vec![0x90; count];
    let open = b"\xb8\x02\0\0\0";
    let far = |count| [&open[..], &nops(count), b"\x0f\x05"].concat();
    for (parts, created) in [
        (&b"\xb8\x01\x01\0\0\x0f\x05"[..], true),
        (b"\x48\xc7\xc0\x02\0\0\0\x0f\x05", true),
        (b"\x6a\x5b\x58\x0f\x05", true),
        (&far(59), true),
        (&far(60), false),
        // Another number, no call, and one of two numbers.
        (b"\xb8\0\0\0\0\x0f\x05", false),
        (b"\xb8\x02\0\0\0\x0f\x0b", false),
        (b"\xb8\x02\0\0\0\xb8\0\0\0\0\x0f\x05", false),
        (b"\xb8\0\0\0\0\xb8\x02\0\0\0\x0f\x05", true),
        // mov $2,%r8d
        (b"\x41\xb8\x02\0\0\0\x0f\x05", false),
        // As rustix has it: mov $-100,%edi; mov $-100,%edx; mov %rbp,%rsi.
        (b"\xb8\x08\x01\0\0\xbf\x9c\xff\xff\xff\xba\x9c\xff\xff\xff\x48\x89\xee\x0f\x05", true),
        // movslq 8(%rsp),%rdi; lea 16(%rsp,%rax),%rsi; movaps %xmm0,(%rip); xor %edx,%edx
        (b"\xb8\x02\0\0\0\x48\x63\x7c\x24\x08\x48\x8d\x74\x04\x10\x0f\x29\x05\0\0\0\0\x31\xd2\x0f\x05", true),
        // A distance of `je`, a call, a jump: as typos, ssh and node have it.
        (b"\xb8\x02\0\0\0\x48\xd3\xe0\x48\x83\xf9\x1a\x0f\x84\x0f\x05\0\0", false),
        (b"\xb8\x02\0\0\0\xe8\xa2\x2d\x04\0\x0f\x05", false),
        (b"\xb8\x01\x01\0\0\xeb\xe6\x31\xc0\x0f\x05", false),
        // The end of a constant.
        (b"\xb8\x02\0\0\0\xbf\0\0\x0f\x05", false),
    ] {
        let code = [nops(100), parts.to_vec(), nops(100)].concat();
        assert_eq!(creates(&code, Machine::X86_64), created, "{parts:x?}");
        assert!(!creates(&code, Machine::AARCH64), "{parts:x?}");
        // Of machines whose instructions are not known nothing is said.
        assert!(!creates(&code, Machine::I386));
    }
    // mov x8, #56 (openat); mov w8, #56; mov x8, #63 (read); mov x9, #56; svc #0.
    let mov = [0xd280_0708u32, 0x5280_0708, 0xd280_07e8, 0xd280_0709];
    let (nop, svc) = (0xd503_201fu32, 0xd400_0001u32);
    for (words, created) in [
        (vec![mov[0], svc], true),
        (vec![mov[1], nop, nop, svc], true),
        (vec![mov[2], svc], false),
        (vec![mov[3], svc], false),
        (vec![mov[0], mov[2], svc], false),
        ([vec![mov[0]], vec![nop; 15], vec![svc]].concat(), true),
        ([vec![mov[0]], vec![nop; 16], vec![svc]].concat(), false),
        (vec![mov[0], nop], false),
    ] {
        let code: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(creates(&code, Machine::AARCH64), created, "{words:x?}");
        assert!(!creates(&code, Machine::X86_64), "{words:x?}");
    }
}

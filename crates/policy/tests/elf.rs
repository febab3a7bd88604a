//! What kind of program a file is.

use umaskclamp_policy::elf::{inspect, is_loader_name, Elf, Image, Loader, Machine, Maker, HEAD};

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

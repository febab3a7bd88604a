//! How the library is linked. Every process of a job loads it, so its segments,
//! relocations and needed libraries are what the user pays for.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=csrc/bytes.c");
    println!("cargo:rerun-if-changed=csrc/execl.c");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");

    // `std` asks for libgcc_s. As a dependency it would be loaded into every
    // process, and a musl program, which has none, would not start at all. The
    // library itself has what `std` wants of it (src/within.rs); this package's
    // tests take the same compiler's static unwinder.
    let script = Path::new(&out).join("libgcc_s.so");
    fs::write(script, "INPUT(-lgcc_eh -lgcc)\n").expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search=native={out}");

    cc::Build::new()
        .file("csrc/execl.c")
        .flag("-std=c99")
        .warnings_into_errors(true)
        .compile("umaskclamp-execl");

    cc::Build::new()
        .file("csrc/bytes.c")
        .flag("-std=gnu99")
        .flag("-ffreestanding")
        .flag("-fno-builtin")
        .flag_if_supported("-fno-tree-loop-distribute-patterns")
        .opt_level(2)
        .warnings_into_errors(true)
        .compile("umaskclamp-bytes");

    // Where things lie in the file; `-T` with a script that says INSERT adds to
    // the linker's own.
    println!("cargo:rerun-if-changed=csrc/layout.ld");
    let source = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-T,{source}/csrc/layout.ld");

    for argument in [
        // Run our constructor before those of the program's libraries, so that
        // a fault in the settings stops the program before it writes anything,
        // and what a constructor creates is clamped as well.
        "-Wl,-z,initfirst",
        // The library has no C++ and no atexit handlers: what crtbegin and crti
        // bring is four weak symbols, each sought in vain in every library.
        "-nostartfiles",
        // Fewer segments to map.
        "-Wl,-z,noseparate-code",
        "-Wl,--as-needed",
        "-Wl,--gc-sections",
        "-Wl,--hash-style=gnu",
        // A preload that goes away leaves the program with calls to nowhere.
        "-Wl,-z,nodelete",
        // Making the relocated data read-only again is a system call and splits
        // the mapping, in every process; with lazy binding (.cargo/config.toml)
        // the table of calls is writable anyway.
        "-Wl,-z,norelro",
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}

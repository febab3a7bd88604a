//! How the library is linked. Every process of a job loads it, so its segments,
//! relocations and needed libraries are what the user pays for.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=csrc/execl.c");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");

    // `std` asks for libgcc_s. As a dependency it would be loaded into every
    // process, and a musl program, which has none, would not start at all. The
    // static unwinder of the same compiler takes its place.
    let script = Path::new(&out).join("libgcc_s.so");
    fs::write(script, "INPUT(-lgcc_eh -lgcc)\n").expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search=native={out}");

    cc::Build::new()
        .file("csrc/execl.c")
        .flag("-std=c99")
        .warnings_into_errors(true)
        .compile("umaskclamp-execl");

    for argument in [
        // Run our constructor before those of the program's libraries, so that
        // a fault in the settings stops the program before it writes anything,
        // and what a constructor creates is clamped as well.
        "-Wl,-z,initfirst",
        // Fewer segments to map.
        "-Wl,-z,noseparate-code",
        "-Wl,--as-needed",
        "-Wl,--gc-sections",
        "-Wl,--hash-style=gnu",
        // A preload that goes away leaves the program with calls to nowhere.
        "-Wl,-z,nodelete",
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}

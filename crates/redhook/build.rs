//! What of it is C: names that only the linker gives (`src/loaded.c`).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/loaded.c");
    cc::Build::new()
        .file("src/loaded.c")
        .flag("-std=c99")
        .warnings_into_errors(true)
        .compile("redhook-loaded");
}

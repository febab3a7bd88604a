//! How the library is linked. Every process of a job loads it, so its segments,
//! relocations and needed libraries are what the user pays for.

use std::{env, fs, path::Path};

/// Set to 1, the library is built as where libc has `openat2`: a test runs that
/// hook whatever the libc. Without the prefix of the settings: a name that they do
/// not know stops every program.
const OPENAT2: &str = "BUILD_UMASKCLAMP_OPENAT2";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=csrc/bytes.c");
    println!("cargo:rerun-if-changed=csrc/execl.c");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");

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
    // What went where, beside the library, for a test: `OUT_DIR` is three below.
    let beside = Path::new(&out).ancestors().nth(3).expect("cargo's layout");
    let map = beside.join("umaskclamp.map");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Map,{}", map.display());

    println!("cargo:rustc-check-cfg=cfg(libc_has_openat2)");
    println!("cargo:rerun-if-env-changed={OPENAT2}");
    if env::var_os(OPENAT2).is_some_and(|value| value == "1") || links("openat2", Path::new(&out)) {
        println!("cargo:rustc-cfg=libc_has_openat2");
    }

    // The calls that newer machines know only as `…at` have numbers.
    println!("cargo:rustc-check-cfg=cfg(old_calls)");
    let machine = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets CARGO_CFG_TARGET_ARCH");
    if ["x86_64", "x86", "arm"].contains(&machine.as_str()) {
        println!("cargo:rustc-cfg=old_calls");
    }

    for argument in [
        // Some compilers (1.96 is one) give it a name of its own, others none:
        // it is the same from each, and packaged alike.
        "-Wl,-soname,libumaskclamp.so",
        // Run our constructor before those of the program's libraries, so that
        // a fault in the settings stops the program before it writes anything,
        // and what a constructor creates is clamped as well.
        "-Wl,-z,initfirst",
        // The library has no C++ and no atexit handlers: what crtbegin and crti
        // bring is four weak symbols, each sought in vain in every library.
        "-nostartfiles",
        // The system's linker, which maps the library in two segments; the one that
        // rustc brings along makes four of it. The last word on the linker counts.
        "-fuse-ld=bfd",
        // Fewer segments to map.
        "-Wl,-z,noseparate-code",
        "-Wl,--as-needed",
        // Where the environment is (environ(7)), and nothing else.
        "-lc",
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

/// Has the libc that the library is linked with a function of this name? Asked of
/// the linker: it alone knows which libc that is.
fn links(name: &str, out: &Path) -> bool {
    let source = out.join("links.c");
    let text = format!("char {name}(void);\nint main(void) {{ return {name}(); }}\n");
    fs::write(&source, text).expect("OUT_DIR can be written");
    let mut compiler = cc::Build::new()
        .cargo_warnings(false)
        .get_compiler()
        .to_command();
    let linked = compiler
        .args(["-fno-builtin", "-o"])
        .arg(out.join("links"))
        .arg(&source)
        .output();
    linked.is_ok_and(|linked| linked.status.success())
}

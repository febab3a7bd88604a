//! The built library and the test programs: built once, and readable by the
//! ordinary user.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use crate::who::Who;

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("workspace root")
}

fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => workspace().join(dir),
        None => workspace().join("target"),
    }
}

fn build(args: &[&str]) {
    build_with(args, &[]);
}

fn build_with(args: &[&str], variables: &[(&str, &str)]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["build", "--quiet"])
        .args(args)
        .current_dir(workspace())
        // Cargo gives a test the variables of the package that is tested; a
        // nested cargo would take some of them for its own settings.
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("CARGO_PKG_NAME")
        .env_remove("LD_PRELOAD")
        .envs(variables.iter().copied())
        .output()
        .expect("cargo starts");
    assert!(
        out.status.success(),
        "cargo build {args:?} failed:\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

/// Absolute path of the library under test: `UMASKCLAMP_SHIM` if set, else the
/// release library, built once per test process. If an ordinary user could not
/// read it where it lies, the path of a copy that such a user can read. A path
/// with `$LIB` in it is for the dynamic loader to expand, as it is.
pub fn shim() -> PathBuf {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let built = match std::env::var_os("UMASKCLAMP_SHIM") {
            Some(path) if path.to_string_lossy().contains("/$LIB/") => return path.into(),
            Some(path) => PathBuf::from(path),
            None => {
                build(&["--release", "-p", "umaskclamp"]);
                target().join("release/libumaskclamp.so")
            }
        };
        readable(
            &built
                .canonicalize()
                .unwrap_or_else(|e| panic!("{}: {e}", built.display())),
        )
    })
    .clone()
}

/// The library as it is where libc has `openat2`, whatever libc is here: built once
/// per test process, in a target directory of its own, beside [`shim`]'s.
pub fn shim_with_openat2() -> PathBuf {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let dir = target().join("openat2");
        let place = dir.to_str().expect("a path in UTF-8");
        let args = ["--release", "-p", "umaskclamp", "--target-dir", place];
        build_with(&args, &[("BUILD_UMASKCLAMP_OPENAT2", "1")]);
        readable_as(&dir.join("release/libumaskclamp.so"), "openat2.so")
    })
    .clone()
}

/// The release library with the names of its functions, beside it the linker's map.
/// Built in a target directory of its own, as [`shim_with_openat2`] is.
pub fn unstripped_shim() -> PathBuf {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let dir = target().join("unstripped");
        let place = dir.to_str().expect("a path in UTF-8");
        let args = ["--release", "-p", "umaskclamp", "--target-dir", place];
        build_with(&args, &[("CARGO_PROFILE_RELEASE_STRIP", "none")]);
        dir.join("release/libumaskclamp.so")
    })
    .clone()
}

/// Absolute path of the kit's test program `name`: in the directory
/// `UMASKCLAMP_TEST_PROGRAMS` if set, else built once per test process, and
/// optimised: it is started some ten thousand times.
pub fn program(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    let dir = DIR.get_or_init(|| match std::env::var_os("UMASKCLAMP_TEST_PROGRAMS") {
        Some(dir) => PathBuf::from(dir),
        None => {
            build(&["--release", "-p", "umaskclamp-testkit", "--bins"]);
            target().join("release")
        }
    });
    readable(&dir.join(name))
}

/// What runs the kit's programs where they are another machine's: qemu-user, as
/// `UMASKCLAMP_TEST_EMULATOR` has it, with its options, separated by spaces.
/// Its system calls are its program's one for one, so the tracer sees those.
pub fn emulator() -> Option<(String, Vec<String>)> {
    let line = std::env::var("UMASKCLAMP_TEST_EMULATOR").ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    Some((words.next()?, words.collect()))
}

/// Absolute path of the program made of `tests/kit/c/NAME.c`: for what Rust
/// cannot say, such as `siglongjmp` or a constructor. Linking Rust needs a C
/// compiler driver too, so none is asked for that was not there.
pub fn c_program(name: &str, flags: &[&str]) -> PathBuf {
    static DONE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    // The same source with other flags is another program.
    let full = [&[name], flags].concat().concat().replace('/', "-");
    let out = scratch().join(&full);
    let mut done = DONE.lock().expect("no panic while building");
    if !done.contains(&full) {
        let source = workspace().join("tests/kit/c").join(format!("{name}.c"));
        let built = Command::new("cc")
            .args(["-O1", "-g0", "-Wall", "-Werror", "-pthread", "-o"])
            .arg(&out)
            .arg(&source)
            .args(flags)
            .env_remove("LD_PRELOAD")
            .output()
            .expect("cc starts");
        assert!(
            built.status.success(),
            "cc {}:\n{}",
            source.display(),
            String::from_utf8_lossy(&built.stderr)
        );
        fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).expect("chmod");
        done.push(full);
    }
    out
}

/// `path`, or a copy of it that everyone can read and execute, if some
/// directory above it keeps an ordinary user out.
fn readable(path: &Path) -> PathBuf {
    let name = path.file_name().expect("a file");
    readable_as(path, name.to_str().expect("a name in UTF-8"))
}

fn readable_as(path: &Path, name: &str) -> PathBuf {
    let open = |p: &Path, bits: u32| {
        fs::metadata(p)
            .map(|m| m.permissions().mode() & bits == bits)
            .unwrap_or(false)
    };
    let parents = path.ancestors().skip(1).all(|dir| open(dir, 0o001));
    if !Who::am_root() || parents && open(path, 0o005) {
        return path.to_owned();
    }
    static COPYING: Mutex<()> = Mutex::new(());
    let _one = COPYING.lock().expect("no panic while copying");
    let copy = scratch().join(name);
    if !copy.exists() {
        fs::copy(path, &copy).expect("copy");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    copy
}

/// A directory of this test process that everyone can read; removed at exit.
fn scratch() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    extern "C" fn remove() {
        if let Some(dir) = DIR.get() {
            let _ = fs::remove_dir_all(dir);
        }
    }
    DIR.get_or_init(|| {
        let dir = tempfile::Builder::new()
            .prefix("umaskclamp-kit-")
            .tempdir()
            .expect("temporary directory")
            .keep();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        // SAFETY: the handler is a plain function without arguments; it lives
        // as long as the program does.
        unsafe { libc::atexit(remove) };
        dir
    })
}

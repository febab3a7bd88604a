//! What the tests of children share: C programs, built once, where everyone can
//! read them, and how they are run.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use umaskclamp_testkit::artefact::workspace;
use umaskclamp_testkit::run::Report;
use umaskclamp_testkit::{Run, Tree, Who};

/// Where the programs are; removed at exit.
pub fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    extern "C" fn remove() {
        if let Some(directory) = DIRECTORY.get() {
            let _ = fs::remove_dir_all(directory);
        }
    }
    DIRECTORY.get_or_init(|| {
        let directory = tempfile::Builder::new()
            .prefix("umaskclamp-children-")
            .tempdir()
            .expect("temporary directory")
            .keep();
        mode(&directory, 0o755);
        // SAFETY: the handler is a plain function without arguments.
        unsafe { libc::atexit(remove) };
        directory
    })
}

pub fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("chmod");
}

/// Runs a command; whether it succeeded.
pub fn succeeds(command: &mut Command) -> bool {
    let output = command.env_remove("LD_PRELOAD").output();
    output.is_ok_and(|output| output.status.success())
}

/// `SOURCE.c` made into NAME by this compiler with these flags. `None` if it
/// cannot make such programs.
pub fn built(source: &str, name: &str, compiler: &str, flags: &[&str]) -> Option<PathBuf> {
    let out = directory().join(name);
    let from = workspace().join("tests/children").join(source);
    // The kernel's headers of a 64-bit system are those for its 32-bit programs too,
    // but the compiler looks for them only where gcc-multilib is installed.
    let headers: &[&str] = match flags.contains(&"-m32") {
        true => &["-idirafter", "/usr/include/x86_64-linux-gnu"],
        false => &[],
    };
    let made = succeeds(
        Command::new(compiler)
            .args(["-O1", "-w", "-pthread", "-o"])
            .arg(&out)
            .arg(&from)
            .args(flags)
            .args(headers),
    );
    if !made {
        return None;
    }
    mode(&out, 0o755);
    Some(out)
}

/// `SOURCE.go` made into NAME, with cgo or without. `None` if there is no Go.
pub fn built_by_go(source: &str, name: &str, cgo: bool, flags: &str) -> Option<PathBuf> {
    let out = directory().join(name);
    let made = succeeds(
        Command::new("go")
            .args(["build", flags, "-o"])
            .arg(&out)
            .arg(workspace().join("tests/children").join(source))
            .env("CGO_ENABLED", if cgo { "1" } else { "0" })
            .env("GO111MODULE", "off")
            .env("GOFLAGS", "")
            .env("GOCACHE", directory().join("go-cache")),
    );
    if !made {
        return None;
    }
    mode(&out, 0o755);
    Some(out)
}

macro_rules! program {
    ($name:ident, $source:literal) => {
        /// The program of this name, an ordinary one.
        pub fn $name() -> &'static Path {
            static BUILT: OnceLock<PathBuf> = OnceLock::new();
            BUILT.get_or_init(|| {
                built(
                    concat!($source, ".c"),
                    $source,
                    "cc",
                    &["-Wall", "-Wextra", "-Werror"],
                )
                .expect($source)
            })
        }
    };
}

program!(start, "start");
program!(write, "write");
program!(show, "show");
program!(attributes, "attributes");
program!(threads, "threads");
program!(changer, "directory");

/// `write.c` as a static program; says so if there can be none.
pub fn write_static() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| built("write.c", "write-static", "cc", &["-static"]));
    if built.is_none() {
        println!("skipped: a static program: libc6-dev has no libc.a");
    }
    built.as_deref()
}

/// A kind of program that a preload cannot enter.
pub struct Kind {
    pub path: PathBuf,
    /// What the record says of it.
    pub reason: &'static str,
    /// Whether only an ordinary user's exec of it is special.
    pub for_users: bool,
}

/// `write.c` as each kind of program that can be made here; says of the others
/// which package is missing.
pub fn kinds() -> &'static [Kind] {
    static KINDS: OnceLock<Vec<Kind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let mut kinds = Vec::new();
        let mut add =
            |name: &str, made: Option<PathBuf>, reason, for_users, missing: &str| match made {
                Some(path) => kinds.push(Kind {
                    path,
                    reason,
                    for_users,
                }),
                None => println!("skipped: {name}: {missing}"),
            };
        let compiled =
            |name: &str, compiler: &str, flags: &[&str]| built("write.c", name, compiler, flags);
        let is_static = "static program";
        add(
            "static",
            compiled("static", "cc", &["-static"]),
            is_static,
            false,
            "libc6-dev has no libc.a",
        );
        add(
            "static-pie",
            compiled("static-pie", "cc", &["-static-pie"]),
            is_static,
            false,
            "libc6-dev has no libc.a",
        );
        add(
            "musl",
            compiled("musl", "musl-gcc", &[]),
            "musl program",
            false,
            "package musl-tools",
        );
        add(
            "i386",
            compiled("i386", "cc", &["-m32"]),
            "no library of its class",
            false,
            "packages libc6-dev-i386 and lib32gcc-VERSION-dev",
        );
        let go = built_by_go("write.go", "static-go", false, "-ldflags=");
        add("static Go", go, is_static, false, "package golang-go");
        let copy = |name: &str, bits| {
            let path = directory().join(name);
            fs::copy(write(), &path).expect("copy");
            mode(&path, bits);
            path
        };
        let root = Who::am_root();
        let ids = "runs under another user or group id";
        let setuid = root.then(|| copy("setuid", 0o4755));
        add("setuid-root", setuid, ids, true, "needs root");
        let setgid = root.then(|| copy("setgid", 0o2755));
        add("setgid", setgid, ids, true, "needs root");
        let capable = root
            .then(|| copy("capable", 0o755))
            .filter(|path| succeeds(Command::new("setcap").arg("cap_net_raw=ep").arg(path)));
        add(
            "file capabilities",
            capable,
            "has file capabilities",
            true,
            "needs root and package libcap2-bin",
        );
        kinds
    })
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A program under the shim with the pattern of these tests, umask 022.
pub fn shimmed(program: &Path, who: Who, tree: &Tree) -> Run {
    Run::new(program)
        .patterns("*.iso")
        .env("UMASKCLAMP_LOG", "warn")
        .who(who)
        .cwd(&tree.root)
        .umask(0o022)
}

pub fn bare(program: &Path, who: Who, tree: &Tree) -> Run {
    Run::bare(program).who(who).cwd(&tree.root).umask(0o022)
}

pub fn modes(report: &Report) -> Vec<String> {
    text(&report.stdout).lines().map(str::to_owned).collect()
}

pub fn clear(tree: &Tree, names: &[&str]) {
    for name in names {
        let _ = fs::remove_file(tree.at(name));
    }
}

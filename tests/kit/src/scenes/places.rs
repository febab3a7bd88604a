//! Places that cannot be resolved, or only just.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::{c, fact};

const NEW: i32 = libc::O_CREAT | libc::O_WRONLY | libc::O_EXCL;

fn create(path: impl AsRef<Path>, what: &str) -> String {
    let path = c(path);
    // SAFETY: the path ends in NUL.
    let fd = unsafe { libc::open(path.as_ptr(), NEW, 0o666) };
    fact(what, fd.into())
}

fn directory(path: &str) -> String {
    let path = c(path);
    // SAFETY: the path ends in NUL.
    let made = unsafe { libc::mkdir(path.as_ptr(), 0o777) };
    fact("mkdir", made.into())
}

fn enter(path: impl AsRef<Path>) {
    std::env::set_current_dir(path).expect("chdir");
}

fn root(dir: &Path) {
    std::os::unix::fs::chroot(dir).expect("chroot");
}

/// A root without /proc, the program inside it. What a descriptor refers to is told
/// there by nobody.
pub fn chroot(dir: &Path) -> String {
    let make = |path: &Path| std::fs::File::create(path).expect("a new file");
    let widen = |file: &std::fs::File| {
        let wide = std::fs::Permissions::from_mode(0o644);
        format!("fchmod {}\n", file.set_permissions(wide).is_ok())
    };
    let earlier = ["outside/earlier.iso", "plain/earlier"].map(|name| make(&dir.join(name)));
    root(dir);
    enter("/");
    let later = ["/secret/later", "/plain/later"].map(|name| make(Path::new(name)));
    let widened: String = earlier.iter().chain(&later).map(widen).collect();
    [
        widened,
        create("/secret/new", "absolute"),
        create("secret/relative", "relative"),
        create("/outside/../secret/folded", "folded"),
        create("/outside/secret-jump/../jumped", "through a link"),
        create("/outside/named.iso", "named"),
        create("/plain/new", "plain"),
        create("/nowhere/new", "no parent"),
    ]
    .concat()
}

/// A root that the working directory is not in: getcwd(2) says `(unreachable)`.
pub fn chroot_cwd_outside(dir: &Path) -> String {
    enter(dir.join("outside"));
    root(&dir.join("plain"));
    [
        create("named.iso", "named"),
        create("plain-name", "plain"),
        directory("box2.iso"),
    ]
    .concat()
}

/// A working directory whose path is longer than PATH_MAX. Nobody can look
/// there from outside: the modes are facts.
pub fn deep(dir: &Path) -> String {
    let name = "d".repeat(250);
    enter(dir.join("plain"));
    for _ in 0..20 {
        std::fs::create_dir(&name).expect("mkdir");
        enter(&name);
    }
    let mut facts = String::new();
    for name in [
        "named.iso",
        "./dot.iso",
        "../up.iso",
        "../../d.iso/beneath",
        "plain-name",
    ] {
        let _ = std::fs::create_dir("../../d.iso");
        facts += &create(name, name);
        let mode = std::fs::symlink_metadata(name).map_or(0, |meta| meta.mode() & 0o7777);
        facts += &format!("mode {mode:04o}\n");
    }
    facts
}

/// Paths of PATH_MAX - 1 bytes, which the kernel takes, and of PATH_MAX.
pub fn longest(dir: &Path) -> String {
    let mut facts = String::new();
    for (length, what) in [(4095, "4095"), (4096, "4096"), (5000, "5000")] {
        let start = format!("{}/secret/", dir.display());
        let end = format!("new{length}");
        let fill = length - start.len() - end.len();
        let slashes = "./".repeat(fill / 2) + &"/".repeat(fill % 2);
        facts += &create(format!("{start}{slashes}{end}"), what);
    }
    facts
}

/// A working directory that is gone.
pub fn removed(dir: &Path) -> String {
    enter(dir.join("secret/gone"));
    std::fs::remove_dir(dir.join("secret/gone")).expect("rmdir");
    [
        create("new", "inside"),
        create("new.iso", "named inside"),
        create("../new", "above"),
        create("../sub/../beside", "beside"),
        directory("../made"),
    ]
    .concat()
}

/// Everything in libc that makes files for their owner only, umask or not.
pub fn owner_only(dir: &Path) -> String {
    let mut facts = String::new();
    let template = |end: &str| c(dir.join(format!("secret/XXXXXX{end}"))).into_raw();
    extern "C" {
        fn mkostemp64(template: *mut libc::c_char, flags: libc::c_int) -> libc::c_int;
        fn mkostemps64(
            template: *mut libc::c_char,
            length: libc::c_int,
            flags: libc::c_int,
        ) -> libc::c_int;
        fn mkstemp64(template: *mut libc::c_char) -> libc::c_int;
        fn mkstemps64(template: *mut libc::c_char, length: libc::c_int) -> libc::c_int;
    }
    // SAFETY: each template is writable, ends in NUL and is never freed.
    unsafe {
        libc::umask(0);
        for (call, fd) in [
            ("mkstemp", libc::mkstemp(template(""))),
            ("mkstemp64", mkstemp64(template(""))),
            ("mkostemp", libc::mkostemp(template(""), libc::O_APPEND)),
            ("mkostemp64", mkostemp64(template(""), libc::O_APPEND)),
            ("mkstemps", libc::mkstemps(template(".end"), 4)),
            ("mkstemps64", mkstemps64(template(".end"), 4)),
            (
                "mkostemps",
                libc::mkostemps(template(".end"), 4, libc::O_CLOEXEC),
            ),
            (
                "mkostemps64",
                mkostemps64(template(".end"), 4, libc::O_CLOEXEC),
            ),
        ] {
            facts += &fact(call, fd.into());
        }
        facts += &fact(
            "mkdtemp",
            if libc::mkdtemp(template("")).is_null() {
                -1
            } else {
                0
            },
        );
        facts += &fact("tmpfile", if libc::tmpfile().is_null() { -1 } else { 0 });
    }
    facts
}

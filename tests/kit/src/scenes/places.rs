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

/// What was left outside of a root without `/proc`: the cwd and open directories.
pub fn chroot_left_outside(dir: &Path) -> String {
    enter(dir.join("secret"));
    let [above, plain] = ["", "plain"].map(|name| open_directory(&dir.join(name)));
    let top = open_directory(Path::new("/"));
    root(&dir.join("outside/fromdir"));
    let from_top = dir.join("secret/top");
    [
        create("cwd", "cwd"),
        directory("cwd-dir"),
        create("../plain/above", "above"),
        create("../secret/again", "and below again"),
        create_at(above, "secret/below", "below a descriptor"),
        create_at(above, "plain/below", "plain below a descriptor"),
        create_at(plain, "../secret/beside", "beside a descriptor"),
        create_at(top, &from_top.to_string_lossy()[1..], "from the old root"),
        widen("cwd"),
        create("/inside", "inside"),
    ]
    .concat()
}

/// A root in a root: relative, through a link, and out again.
pub fn chroot_nested(dir: &Path) -> String {
    let out = open_directory(Path::new("/"));
    enter(dir);
    let mut facts = String::new();
    root(Path::new("outside/../secret"));
    enter("/");
    facts += &create("first", "first");
    facts += &directory("/first-dir");
    root(Path::new("a"));
    enter("/");
    facts += &create("/b/second", "second");
    // SAFETY: the descriptor is open.
    facts += &fact("fchdir", unsafe { libc::fchdir(out) }.into());
    root(Path::new("."));
    facts += &create(dir.join("secret/third"), "out again");
    facts += &create(dir.join("plain/third"), "plain, out again");
    root(&dir.join("outside/secret-into"));
    enter("/");
    facts + &create("fourth", "through a link")
}

/// The same by number, and a root that fails.
pub fn chroot_by_number(dir: &Path) -> String {
    let change = |path: &str| {
        let path = c(dir.join(path));
        // SAFETY: the path ends in NUL.
        fact("chroot", unsafe {
            libc::syscall(libc::SYS_chroot, path.as_ptr())
        })
    };
    let mut facts = change("nowhere") + &change("plain/wide");
    facts += &create(dir.join("plain/before"), "before");
    facts += &change("secret");
    enter("/");
    facts + &create("/new", "new")
}

/// A mount that is taken away below the program.
pub fn detached(dir: &Path) -> String {
    let at = c(dir.join("outside/fromdir"));
    let (none, kind) = (c("none"), c("tmpfs"));
    let nothing = std::ptr::null();
    // SAFETY: the strings end in NUL.
    let mounted = unsafe {
        let own = libc::unshare(libc::CLONE_NEWNS);
        let private = libc::MS_REC | libc::MS_PRIVATE;
        libc::mount(nothing, c("/").as_ptr(), nothing, private, nothing.cast());
        own | libc::mount(none.as_ptr(), at.as_ptr(), kind.as_ptr(), 0, nothing.cast())
    };
    assert_eq!(mounted, 0, "a mount namespace");
    enter(dir.join("outside/fromdir"));
    for name in ["secret", "plain"] {
        std::fs::create_dir(name).expect("mkdir");
    }
    let above = open_directory(Path::new("plain"));
    enter("secret");
    // SAFETY: the path ends in NUL.
    let gone = unsafe { libc::umount2(at.as_ptr(), libc::MNT_DETACH) };
    [
        fact("umount2", gone.into()),
        create("cwd", "cwd"),
        mode_of("cwd"),
        create_at(above, "../secret/beside", "beside"),
        mode_of("beside"),
        create_at(above, "plain", "plain"),
        mode_of("../plain/plain"),
    ]
    .concat()
}

/// Files without a name, by each door: their modes are facts.
pub fn unnamed(dir: &Path) -> String {
    const UNNAMED: i32 = libc::O_TMPFILE | libc::O_RDWR;
    let secret = dir.join("secret");
    let path = c(&secret);
    let (at, number) = (path.as_ptr(), i64::from(UNNAMED));
    let how = [number, 0o644, 0];
    enter(&secret);
    // SAFETY: the paths end in NUL, and the struct is one of openat2(2).
    let made = unsafe {
        [
            ("open", libc::open(at, UNNAMED, 0o644)),
            ("here", libc::open(c".".as_ptr(), UNNAMED, 0o644)),
            ("openat", libc::openat(libc::AT_FDCWD, at, UNNAMED, 0o644)),
            ("open64", libc::open64(at, UNNAMED, 0o644)),
            (
                "number",
                libc::syscall(libc::SYS_openat, libc::AT_FDCWD, at, number, 0o644) as i32,
            ),
            (
                "openat2",
                libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, at, &how, 24_usize) as i32,
            ),
        ]
    };
    let mut facts: String = made
        .iter()
        .map(|&(what, fd)| mode_of_file(what, fd))
        .collect();
    let narrow = c(dir.join("secret"));
    // SAFETY: as above; libc fills the list, and the child is waited for.
    unsafe {
        let fd = libc::open(narrow.as_ptr(), UNNAMED, 0o600);
        facts += &fact("fchmod", libc::fchmod(fd, 0o644).into());
        facts += &mode_of_file("fchmod", fd);
        let mut actions = std::mem::zeroed();
        libc::posix_spawn_file_actions_init(&mut actions);
        let out = c(dir.join("outside/mode"));
        let new = libc::O_CREAT | libc::O_WRONLY;
        libc::posix_spawn_file_actions_addopen(&mut actions, 0, at, UNNAMED, 0o644);
        libc::posix_spawn_file_actions_addopen(&mut actions, 1, out.as_ptr(), new, 0o600);
        let arguments = [c"stat", c"-L", c"-c%a", c"/proc/self/fd/0"];
        let mut list: Vec<_> = arguments
            .iter()
            .map(|word| word.as_ptr().cast_mut())
            .collect();
        list.push(std::ptr::null_mut());
        let (mut child, program) = (0, c"/usr/bin/stat".as_ptr());
        let none = std::ptr::null();
        libc::posix_spawn(
            &mut child,
            program,
            &actions,
            none,
            list.as_ptr(),
            none.cast(),
        );
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    let told = std::fs::read_to_string(dir.join("outside/mode")).unwrap_or_default();
    facts + "posix_spawn: " + &told
}

/// Login records in a file with a long path.
pub fn utmp(dir: &Path) -> String {
    unsafe extern "C" {
        fn utmpname(path: *const libc::c_char) -> libc::c_int;
        fn pututline(entry: *const u8) -> *const u8;
    }
    let way = "./".repeat(300);
    let path = c(format!("{}/secret/{way}wide", dir.display()));
    // SAFETY: the path ends in NUL; an entry has 384 bytes on 64-bit machines (utmp(5)).
    let put = unsafe {
        utmpname(path.as_ptr());
        pututline([1; 384].as_ptr())
    };
    fact("pututline", if put.is_null() { -1 } else { 0 })
}

fn open_directory(path: &Path) -> i32 {
    let path = c(path);
    // SAFETY: the path ends in NUL.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_DIRECTORY | libc::O_CLOEXEC) };
    assert!(fd >= 0, "{path:?}");
    fd
}

fn create_at(fd: i32, path: &str, what: &str) -> String {
    let path = c(path);
    // SAFETY: the path ends in NUL.
    let fd = unsafe { libc::openat(fd, path.as_ptr(), NEW, 0o666) };
    fact(what, fd.into())
}

fn widen(path: &str) -> String {
    let wide = std::fs::Permissions::from_mode(0o644);
    format!("chmod {}\n", std::fs::set_permissions(path, wide).is_ok())
}

fn mode_of(path: &str) -> String {
    let mode = std::fs::symlink_metadata(path).map_or(0, |meta| meta.mode() & 0o7777);
    format!("mode {mode:04o}\n")
}

fn mode_of_file(what: &str, fd: i32) -> String {
    // SAFETY: all-zero is a valid `stat`, which the kernel writes.
    let mode = unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::fstat(fd, &mut stat);
        stat.st_mode & 0o7777
    };
    format!("{what}: {mode:o}\n")
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
    unsafe extern "C" {
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

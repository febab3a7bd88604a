//! Where a call acts, against the kernel's own answer.
//!
//! The test runs itself once more under the shim, as an ordinary user: there it
//! makes random trees with links (relative, absolute, dangling, in circles,
//! through `..` and `/proc`) and creates files and directories by random paths.
//! Where something was really made is then asked of the kernel. It has to be
//! narrow iff that, or the path as named, lies at the sensitive place.

use std::ffi::{CString, OsStr};
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use umaskclamp_policy::path::fold;
use umaskclamp_testkit::Who;

/// The tree, told to the run under the shim.
const TREE: &str = "FUZZ_TREE";

/// Levels above the tree, so that no heap of `..` leads out of what is ours.
const DEPTH: usize = 24;

#[derive(Clone, Debug)]
enum Made {
    Directory(String),
    File(String),
    Link(String, String),
}

#[derive(Clone, Copy, Debug)]
enum From {
    Root,
    Cwd,
    Descriptor,
    ProcCwd,
    ProcDescriptor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Open,
    OpenExclusive,
    Mkdir,
    Rename,
}

fn walk(components: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => Just("a"), 3 => Just("b"), 2 => Just("c"), 3 => Just("s"),
        2 => Just(".."), 1 => Just("."), 1 => Just(""),
    ];
    prop::collection::vec(name, components).prop_map(|names| names.join("/"))
}

fn made() -> impl Strategy<Value = Made> {
    let target = (any::<bool>(), walk(1..4));
    prop_oneof![
        4 => walk(1..4).prop_map(Made::Directory),
        1 => walk(1..4).prop_map(Made::File),
        4 => (walk(1..4), target).prop_map(|(at, (absolute, to))| {
            Made::Link(at, if absolute { format!("/{to}") } else { to })
        }),
    ]
}

fn act() -> impl Strategy<Value = (From, Call, String, String)> {
    (
        prop::sample::select(vec![
            From::Root,
            From::Cwd,
            From::Cwd,
            From::Descriptor,
            From::Descriptor,
            From::ProcCwd,
            From::ProcDescriptor,
        ]),
        prop::sample::select(vec![
            Call::Open,
            Call::Open,
            Call::OpenExclusive,
            Call::Mkdir,
            Call::Rename,
        ]),
        walk(0..3),
        walk(1..6),
    )
}

/// What was seen: nothing proves anything that never comes to pass.
static SENSITIVE: AtomicU64 = AtomicU64::new(0);
static BY_NAME: AtomicU64 = AtomicU64::new(0);
static PLAIN: AtomicU64 = AtomicU64::new(0);

#[test]
fn enforce_place_is_where_the_kernel_goes() {
    if let Some(tree) = std::env::var_os(TREE) {
        under_the_shim(Path::new(&tree));
        return;
    }
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut tree = dir.path().to_owned();
    for _ in 0..DEPTH {
        tree.push("d");
    }
    let tree = tree.join("tree");
    fs::create_dir_all(&tree).expect("directories");
    // A copy, for an ordinary user may not read what cargo built.
    let copy = dir.path().join("fuzz");
    fs::copy(std::env::current_exe().expect("itself"), &copy).expect("copy");
    let mut command = Command::new(&copy);
    command
        .args(["--exact", "place::enforce_place_is_where_the_kernel_goes"])
        .args(["--nocapture", "--test-threads=1"])
        .current_dir(&tree)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"FUZZ_")))
        .env(TREE, &tree);
    if std::env::var_os("UMASKCLAMP_TEST_WITHOUT").is_none() {
        command
            .env("LD_PRELOAD", umaskclamp_testkit::shim())
            .env("UMASKCLAMP_PATTERNS", tree.join("s"));
    }
    if let Some(uid) = Who::ordinary().uid() {
        for path in tree.ancestors().take(DEPTH + 2) {
            std::os::unix::fs::chown(path, Some(uid), Some(uid)).expect("chown");
        }
        command.uid(uid).gid(uid);
    }
    // SAFETY: umask is a system call without allocation or lock.
    unsafe {
        command.pre_exec(|| {
            libc::umask(0o022);
            Ok(())
        })
    };
    let out = command.output().expect("runs itself");
    let text = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}");
    println!("{text}");
}

fn under_the_shim(tree: &Path) {
    let inputs = (
        prop::collection::vec(made(), 4..16),
        prop::collection::vec(act(), 20..50),
        any::<bool>(),
    );
    crate::fuzz(inputs, 2, |(things, acts, shared)| {
        lay_out(tree, &things)?;
        // Where others may give names, files are created in another way.
        let mode = if shared { 0o777 } else { 0o755 };
        for directory in ["", "a", "b", "c"].map(|name| tree.join(name)) {
            if directory.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
                fs::set_permissions(&directory, fs::Permissions::from_mode(mode))?;
            }
        }
        for (from, call, base, path) in acts {
            perform(tree, from, call, &base, &path)?;
        }
        Ok(())
    });
    let seen = [&SENSITIVE, &BY_NAME, &PLAIN].map(|count| count.load(Ordering::Relaxed));
    println!(
        "made at the sensitive place {}, by name alone {}, elsewhere {}",
        seen[0], seen[1], seen[2]
    );
    assert!(
        seen.iter()
            .zip([100, 5, 100])
            .all(|(&count, least)| count > least),
        "hardly anything was made: {seen:?}"
    );
}

/// An absolute link target counts from the tree.
fn lay_out(tree: &Path, things: &[Made]) -> Result<(), TestCaseError> {
    std::env::set_current_dir(tree)?;
    for entry in fs::read_dir(tree)? {
        let path = entry?.path();
        if path.symlink_metadata()?.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    // Both ways of being sensitive are there: really, and by name alone.
    fs::create_dir_all(tree.join("s/a"))?;
    symlink(tree, tree.join("s/b"))?;
    for thing in things {
        // What cannot be made (it is there, or its parent is not) is left out.
        let _ = match thing {
            Made::Directory(at) => fs::create_dir_all(tree.join(at)),
            Made::File(at) => fs::write(tree.join(at), "x"),
            Made::Link(at, to) => match to.strip_prefix('/') {
                Some(rest) => symlink(tree.join(rest), tree.join(at)),
                None => symlink(to, tree.join(at)),
            },
        };
    }
    Ok(())
}

fn c_string(path: impl AsRef<OsStr>) -> CString {
    CString::new(path.as_ref().as_bytes()).expect("no NUL")
}

fn below(path: &Path, tree: &Path) -> bool {
    path.starts_with(tree.join("s"))
}

fn perform(
    tree: &Path,
    from: From,
    call: Call,
    base: &str,
    path: &str,
) -> Result<(), TestCaseError> {
    // The directory to start from: if it is not there, the tree itself.
    let start = fs::canonicalize(tree.join(base))
        .ok()
        .filter(|start| start.is_dir() && start.starts_with(tree))
        .unwrap_or_else(|| tree.to_owned());
    let open = c_string(&start);
    // SAFETY: opens a directory; the descriptor is owned from here on.
    let directory = unsafe {
        let fd = libc::open(
            open.as_ptr(),
            libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC,
        );
        prop_assert!(fd >= 0);
        OwnedFd::from_raw_fd(fd)
    };
    let number = directory.as_raw_fd();
    let cwd = match from {
        From::Cwd | From::ProcCwd => &start,
        _ => tree,
    };
    std::env::set_current_dir(cwd)?;
    let path = path.trim_start_matches('/');
    let given = match from {
        From::Root => tree.join(base).join(path),
        From::Cwd | From::Descriptor => PathBuf::from(path),
        From::ProcCwd => Path::new("/proc/self/cwd").join(path),
        From::ProcDescriptor => PathBuf::from(format!("/proc/self/fd/{number}/{path}")),
    };
    let dirfd = match from {
        From::Descriptor => number,
        _ => libc::AT_FDCWD,
    };
    // Seen from the outside, for what is not asked of the call itself.
    let whole = match from {
        From::Cwd | From::Descriptor => start.join(&given),
        _ => given.clone(),
    };
    let named = {
        let mut out = vec![0; 8192];
        let length = fold(
            start.as_os_str().as_bytes(),
            given.as_os_str().as_bytes(),
            &mut out,
        );
        PathBuf::from(OsStr::from_bytes(&out[..length.unwrap_or_default()]))
    };
    let existed = fs::symlink_metadata(&whole).is_ok();
    // What an open with O_CREAT finds behind a link, it finds there already.
    let before = fs::metadata(&whole).ok().map(|meta| meta.mode() & 0o777);
    let text = c_string(&given);
    let real = match call {
        Call::Open | Call::OpenExclusive => {
            let exclusive = if call == Call::Open { 0 } else { libc::O_EXCL };
            let flags =
                libc::O_CREAT | libc::O_WRONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | exclusive;
            // SAFETY: a string that lives, and a mode.
            let fd = unsafe { libc::openat(dirfd, text.as_ptr(), flags, 0o666) };
            if fd < 0 {
                return Ok(());
            }
            // SAFETY: just opened, owned by nobody else.
            let file = unsafe { OwnedFd::from_raw_fd(fd) };
            fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?
        }
        Call::Mkdir => {
            // SAFETY: a string that lives, and a mode.
            if unsafe { libc::mkdirat(dirfd, text.as_ptr(), 0o777) } != 0 {
                return Ok(());
            }
            fs::canonicalize(&whole)?
        }
        Call::Rename => {
            // Only a new name: a tree that loses what it had proves less.
            if existed {
                return Ok(());
            }
            let source = tree.join("source");
            if source.symlink_metadata().is_ok() || fs::write(&source, "x").is_err() {
                return Ok(());
            }
            let from = c_string(&source);
            // SAFETY: two strings that live.
            if unsafe { libc::renameat(libc::AT_FDCWD, from.as_ptr(), dirfd, text.as_ptr()) } != 0 {
                let mode = fs::metadata(&source)?.mode() & 0o777;
                fs::remove_file(&source)?;
                prop_assert_eq!(mode, 0o644, "a rename that failed changed its source");
                return Ok(());
            }
            fs::canonicalize(&whole)?
        }
    };
    let mode = fs::symlink_metadata(&real)?.permissions().mode() & 0o777;
    let wide = match (call, before) {
        (Call::Open, Some(before)) => before,
        (Call::Mkdir, _) => 0o755,
        _ => 0o644,
    };
    let (really, by_name) = (below(&real, tree), below(&named, tree));
    let wanted = if really || by_name {
        wide & !0o077
    } else {
        wide
    };
    let count = match (really, by_name) {
        (true, _) => &SENSITIVE,
        (false, true) => &BY_NAME,
        (false, false) => &PLAIN,
    };
    count.fetch_add(1, Ordering::Relaxed);
    if before.is_none() {
        match call {
            Call::Mkdir => fs::remove_dir(&real)?,
            _ => fs::remove_file(&real)?,
        }
    }
    prop_assert_eq!(
        mode,
        wanted,
        "{:?} from {:?} (cwd {:?}, directory {:?}): {:04o} instead of {:04o}, really {:?}, named {:?}",
        call,
        given,
        cwd,
        start,
        mode,
        wanted,
        real,
        named
    );
    Ok(())
}

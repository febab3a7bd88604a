//! Where paths lead: random trees against the kernel's own answer, and the routes of
//! creations on trees that are described.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, openat2, readlinkat, statat};
use rustix::io::Errno;
use umaskclamp_policy::resolve::{Name, Request, Resolved, Route, Stat, Tree};

/// Stands for the directory that a request begins with.
const START: i32 = 7;
/// `AT_FDCWD`
const NONE: i32 = -100;

fn resolve(tree: &impl Tree, base: &[u8], request: Request) -> Option<(String, Resolved)> {
    let (mut resolved, mut ahead, mut link) = ([0; 8192], [0; 8192], [0; 4096]);
    let base = if request.is_absolute() { b"" } else { base };
    link[..base.len()].copy_from_slice(base);
    let buffers = [&mut resolved[..], &mut ahead, &mut link];
    let told = request.resolve(tree, base.len(), buffers)?;
    let path = String::from_utf8(resolved[..told.length].to_vec()).unwrap();
    Some((path, told))
}

fn request(given: &str) -> Request<'_> {
    Request {
        dirfd: START,
        given: given.as_bytes(),
        follow: true,
        in_root: false,
        creates: false,
    }
}

/// The kernel, asked below a directory.
struct Kernel(OwnedFd);

impl Kernel {
    fn at(&self, dirfd: i32) -> BorrowedFd<'_> {
        match dirfd {
            START => self.0.as_fd(),
            NONE => CWD,
            other => panic!("{other} is no directory of the request"),
        }
    }
}

impl Tree for Kernel {
    fn stat(&self, name: Name) -> Result<Stat, i32> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
        let stat = statat(self.at(name.dirfd), name.path(), flags);
        let (mode, user) = stat
            .map(|stat| (stat.st_mode, stat.st_uid))
            .map_err(Errno::raw_os_error)?;
        Ok(Stat { mode, user })
    }

    fn read_link(&self, name: Name, out: &mut [u8]) -> Result<usize, i32> {
        let target = readlinkat(self.at(name.dirfd), name.path(), Vec::new());
        let target = target.map_err(Errno::raw_os_error)?.into_bytes();
        out[..target.len()].copy_from_slice(&target);
        Ok(target.len())
    }

    fn trusts(&self, _: u32) -> bool {
        false
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "d"])
}

/// A path of names, `.`, `..` and slashes too many. `top` stands for the tree's own.
fn path() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        4 => name().prop_map(|name| format!("{name}/")),
        1 => Just("../".to_owned()),
        1 => prop::sample::select(vec!["./", "/"]).prop_map(str::to_owned),
    ];
    let steps = prop::collection::vec(step, 0..4);
    let start = prop::sample::select(vec!["", "", "top/", "/"]);
    (start, steps, name(), prop::bool::weighted(0.1)).prop_map(|(start, steps, last, slash)| {
        let slash = if slash { "/" } else { "" };
        format!("{start}{}{last}{slash}", steps.concat())
    })
}

fn below(top: &str, path: &str) -> String {
    match path.strip_prefix("top/") {
        Some(rest) => format!("{top}/{rest}"),
        // Nothing outside of the tree is named.
        None => path.trim_start_matches('/').to_owned(),
    }
}

/// The same for a path that cannot lead out of the tree.
fn inside(path: &str) -> String {
    path.strip_prefix("top").unwrap_or(path).to_owned()
}

#[derive(Clone, Debug)]
enum Made {
    Directory(Vec<&'static str>),
    Link(Vec<&'static str>, String),
}

fn trees() -> impl Strategy<Value = Vec<Made>> {
    let place = || prop::collection::vec(name(), 1..4);
    let made = prop_oneof![
        place().prop_map(Made::Directory),
        (place(), path()).prop_map(|(place, target)| Made::Link(place, target)),
    ];
    prop::collection::vec(made, 1..12)
}

/// Makes what can be made.
fn make(top: &Path, tree: &[Made], target: impl Fn(&str) -> String) {
    for made in tree {
        let _ = match made {
            Made::Directory(place) => fs::create_dir_all(top.join(place.join("/"))),
            Made::Link(place, path) => symlink(target(path), top.join(place.join("/"))),
        };
    }
}

/// Where the kernel goes; `None` if it does not.
fn kernel(kernel: &Kernel, given: &str, flags: OFlags, resolve: ResolveFlags) -> Option<String> {
    // A mode without O_CREAT is refused.
    let creates = flags.contains(OFlags::CREATE);
    let mode = Mode::from_raw_mode(u32::from(creates) << 8);
    let opened = openat2(&kernel.0, given, flags | OFlags::CLOEXEC, mode, resolve).ok()?;
    let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&opened));
    Some(fs::read_link(link).unwrap().to_str().unwrap().to_owned())
}

proptest! {
    // Each makes and removes a tree.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_path_leads_where_the_kernel_goes(tree in trees(), paths in prop::collection::vec(path(), 8)) {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        // `..` leads out of the tree by so many steps at most.
        let deep = top.join("x/x/x/x/x/x/x/x");
        fs::create_dir_all(&deep).unwrap();
        let name = deep.to_str().unwrap();
        make(&deep, &tree, |path| below(name, path));
        let asked = Kernel(fs::File::open(&deep).unwrap().into());
        let (looks, creates) = (OFlags::PATH, OFlags::CREATE | OFlags::WRONLY);
        for path in &paths {
            let given = below(name, path);
            for (follow, flags) in [
                (false, looks | OFlags::NOFOLLOW),
                (true, looks),
                (true, creates),
            ] {
                // The route costs other calls, and finds the same.
                for track in [false, true] {
                    let request = Request { follow, creates: track, ..request(&given) };
                    let ours = resolve(&asked, name.as_bytes(), request).unwrap().0;
                    if let Some(path) = kernel(&asked, &given, flags, ResolveFlags::empty()) {
                        prop_assert_eq!(&ours, &path, "{:?} {}", flags, given);
                    }
                }
            }
        }
    }

    #[test]
    fn below_a_root_of_its_own_too(tree in trees(), paths in prop::collection::vec(path(), 8)) {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        make(&top, &tree, inside);
        let name = top.to_str().unwrap();
        let asked = Kernel(fs::File::open(&top).unwrap().into());
        for path in &paths {
            let given = inside(path);
            let request = Request { in_root: true, ..request(&given) };
            let ours = resolve(&asked, name.as_bytes(), request).unwrap().0;
            let flags = OFlags::CREATE | OFlags::WRONLY;
            if let Some(path) = kernel(&asked, &given, flags, ResolveFlags::IN_ROOT) {
                prop_assert_eq!(&ours, &path, "{}", given);
            }
        }
    }
}

/// What lies where: mode and owner, and where a link leads. Requests begin in `/work`.
struct Drawn(BTreeMap<&'static str, (u32, u32, &'static str)>);

const MINE: u32 = 1000;
const OTHERS: u32 = 1001;
impl Drawn {
    fn new(there: &[(&'static str, u32, u32, &'static str)]) -> Self {
        let drawn = there.iter().map(|&(path, a, b, c)| (path, (a, b, c)));
        Drawn(drawn.collect())
    }

    fn find(&self, name: &Name) -> Result<&(u32, u32, &'static str), i32> {
        let path = std::str::from_utf8(name.path()).unwrap();
        assert!(name.dirfd == START || path.starts_with('/'), "{path}");
        let path = match path {
            "" => "/work".to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/work/{path}"),
        };
        self.0.get(path.as_str()).ok_or(Errno::NOENT.raw_os_error())
    }
}

impl Tree for Drawn {
    fn stat(&self, name: Name) -> Result<Stat, i32> {
        let &(mode, user, _) = self.find(&name)?;
        Ok(Stat { mode, user })
    }

    fn read_link(&self, name: Name, out: &mut [u8]) -> Result<usize, i32> {
        match self.find(&name)?.2 {
            "" => Err(Errno::INVAL.raw_os_error()),
            target => {
                out[..target.len()].copy_from_slice(target.as_bytes());
                Ok(target.len())
            }
        }
    }

    fn trusts(&self, user: u32) -> bool {
        user == MINE
    }
}

#[test]
fn a_creation_takes_a_route_that_others_cannot_bend() {
    let tree = Drawn::new(&[
        ("/tmp", 0o041_777, 0, ""),
        ("/tmp/mine", 0o040_755, MINE, ""),
        ("/tmp/theirs", 0o040_755, OTHERS, ""),
        ("/tmp/link", 0o120_777, MINE, "/work/f"),
        ("/tmp/trap", 0o120_777, OTHERS, "/work/f"),
        ("/tmp/fifo", 0o010_600, MINE, ""),
        ("/work", 0o040_755, MINE, ""),
        ("/work/link", 0o120_777, MINE, "open/f"),
        ("/work/open", 0o040_777, MINE, ""),
        ("/work/open/link", 0o120_777, MINE, "../f"),
        ("/proc", 0o040_555, 0, ""),
        ("/proc/x", 0o120_777, MINE, "/tmp/mine/f"),
    ]);
    let at = |dirfd, tail| Route::At { dirfd, tail };
    for (given, path, route) in [
        ("/work/f", "/work/f", Route::Program),
        ("f", "/work/f", Route::Program),
        ("/tmp/mine/f", "/tmp/mine/f", Route::Program),
        ("/tmp/f", "/tmp/f", Route::NoLinks),
        ("open/f", "/work/open/f", Route::NoLinks),
        ("/tmp/theirs/f", "/tmp/theirs/f", Route::NoLinks),
        // Nobody else can swap the sticky directory's own links, but what is below.
        ("/tmp/link", "/work/f", Route::Program),
        ("/tmp/trap", "/work/f", Route::Clamped),
        ("link", "/work/open/f", at(START, 6)),
        ("open/link", "/work/f", at(START, 6)),
        ("/work/open/link", "/work/f", at(NONE, 0)),
        ("/tmp/fifo", "/tmp/fifo", Route::Clamped),
        // No name is created there.
        ("open/.", "/work/open", Route::Program),
        ("/proc/x", "/tmp/mine/f", Route::Program),
    ] {
        let request = Request {
            creates: true,
            ..request(given)
        };
        let (found, told) = resolve(&tree, b"/work", request).unwrap();
        assert_eq!((found.as_str(), told.route), (path, route), "{given}");
        assert_eq!(told.through_proc, given.starts_with("/proc"), "{given}");
    }
}

#[test]
fn what_cannot_be_looked_at_stays_as_it_is() {
    let tree = Drawn::new(&[("/work", 0o040_755, MINE, "")]);
    for (base, given, path) in [
        ("/work", "gone/../f", "/work/f"),
        ("/work", "/..", "/"),
        ("/work", "", "/work"),
        ("", "f", "f"),
        ("", "../f", "f"),
        ("beyond/x", "f", "beyond/x/f"),
        (".", "f", "f"),
    ] {
        let (found, _) = resolve(&tree, base.as_bytes(), request(given)).unwrap();
        assert_eq!(found, path, "{base} {given}");
    }
    assert!(resolve(&tree, b"/work", request(&"n/".repeat(5000))).is_none());
}

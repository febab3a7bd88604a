//! Calls that fail: result and errno must be plain libc's, on either side.

use super::spots::PATH_SPOTS;
use super::{Arg, Needs, Ret, Row, Spot, Step, n, step, t};
use crate::acl;
use libc::{AT_FDCWD, O_CREAT, O_RDONLY, O_WRONLY};

const FAMILY: &str = "failing";
const NEW: i32 = O_CREAT | O_WRONLY;

fn spot(name: &'static str, path: &'static str) -> Spot {
    Spot {
        name,
        path,
        ..PATH_SPOTS[0].clone()
    }
}

/// Paths at which nothing can be created, and why.
fn dead_ends() -> Vec<Spot> {
    vec![
        spot("no-parent", "{D}/{S}/none/new"),
        spot("file-as-directory", "{D}/{S}/wide/new"),
        spot("loop", "{D}/{S}/loop/new"),
        spot("empty", ""),
        spot("name-too-long", "{D}/{S}/{L}{Z}z"),
        spot("through-dangling", "{D}/outside/{S}-new/new"),
        spot("proc-fd-none", "/proc/self/fd/99/new"),
        spot("proc", "/proc/new"),
        spot("root-of-fd", "/proc/self/fd/new"),
    ]
}

fn creators() -> Vec<Step> {
    use Arg::{Dir, Path};
    let node = n(libc::S_IFREG | 0o666);
    let old = || Arg::Stream("r", "{D}/outside/wide".into());
    vec![
        step("open", [Path, n(NEW), n(0o666)], Ret::Fd),
        step("openat64", [Dir, Path, n(NEW), n(0o666)], Ret::Fd),
        step("creat", [Path, n(0o666)], Ret::Fd),
        step("fopen", [Path, t("w")], Ret::File),
        step("freopen", [Path, t("w"), old()], Ret::File),
        step("mkdir", [Path, n(0o777)], Ret::Int),
        step("mkdirat", [Dir, Path, n(0o777)], Ret::Int),
        step("mknod", [Path, node.clone(), n(0)], Ret::Int),
        step(
            "__xmknodat",
            [n(0), Dir, Path, node, Arg::Data(vec![0; 8])],
            Ret::Int,
        ),
        step("mkfifo", [Path, n(0o666)], Ret::Int),
        step("rename", [t("{D}/outside/from"), Path], Ret::Int),
        step(
            "renameat2",
            [n(AT_FDCWD), t("{D}/outside/from"), Dir, Path, n(0)],
            Ret::Int,
        ),
        step("link", [t("{D}/outside/from"), Path], Ret::Int),
        step(
            "linkat",
            [n(AT_FDCWD), t("{D}/outside/from"), Dir, Path, n(0)],
            Ret::Int,
        ),
        step("chmod", [Path, n(0o666)], Ret::Int),
        step("fchmodat", [Dir, Path, n(0o666), n(0)], Ret::Int),
        step("truncate", [Path, n(0)], Ret::Int),
        step("setmntent", [Path, t("w")], Ret::File),
    ]
}

/// Each hooked call with the pointer in the place of its path.
fn pointers() -> Vec<(&'static str, Step)> {
    let mut rows = Vec::new();
    for (tag, bad) in [
        ("null", Arg::Null),
        ("eight", Arg::Eight),
        ("hole", Arg::Hole),
        ("edge", Arg::Edge),
    ] {
        for mut step in creators() {
            // stdio does arithmetic on the mode string before the kernel sees
            // the path, and rename's first path is another row's matter.
            if matches!(step.call.as_str(), "freopen") {
                continue;
            }
            for arg in &mut step.args {
                if matches!(arg, Arg::Path) {
                    *arg = bad.clone();
                }
            }
            rows.push((tag, step));
        }
        let to = || Arg::Path;
        rows.push((tag, step("rename", [bad.clone(), to()], Ret::Int)));
        rows.push((tag, step("link", [bad.clone(), to()], Ret::Int)));
        rows.push((tag, step("open64", [bad.clone(), n(O_RDONLY)], Ret::Fd)));
        rows.push((tag, step("creat64", [bad.clone(), n(0o600)], Ret::Fd)));
        rows.push((
            tag,
            step("__open", [bad.clone(), n(NEW), n(0o600)], Ret::Fd),
        ));
        rows.push((tag, step("__open64_2", [bad.clone(), n(O_WRONLY)], Ret::Fd)));
        rows.push((
            tag,
            step("__openat_2", [Arg::Dir, bad.clone(), n(O_WRONLY)], Ret::Fd),
        ));
        rows.push((tag, step("fopen64", [bad.clone(), t("a")], Ret::File)));
        rows.push((tag, step("lchmod", [bad.clone(), n(0o666)], Ret::Int)));
        rows.push((
            tag,
            step("mkfifoat", [Arg::Dir, bad.clone(), n(0o666)], Ret::Int),
        ));
        let value = acl::generous(6);
        let size = value.len() as i64;
        let rest = [t(acl::ACCESS), Arg::Data(value), n(size), n(0)];
        let args = [vec![bad.clone()], rest.to_vec()].concat();
        rows.push((tag, step("setxattr", args, Ret::Int)));
        let args = [Arg::Path, t(acl::ACCESS), bad.clone(), n(size), n(0)];
        rows.push((tag, step("lsetxattr", args, Ret::Int)));
        let args = [Arg::Path, bad.clone(), Arg::Data(vec![0; 4]), n(4), n(0)];
        rows.push((tag, step("setxattr", args, Ret::Int)));
        let opened = Arg::Open(O_RDONLY, "{D}/{S}/narrow".into());
        rows.push((
            tag,
            step(
                "fsetxattr",
                [opened, t(acl::ACCESS), bad.clone(), n(44), n(0)],
                Ret::Int,
            ),
        ));
        let number = n(libc::SYS_openat2);
        rows.push((
            tag,
            step(
                "syscall",
                [number, Arg::Dir, Arg::Path, bad.clone(), n(24)],
                Ret::Fd,
            ),
        ));
        let number = n(libc::SYS_openat);
        rows.push((
            tag,
            step(
                "syscall",
                [number, Arg::Dir, bad.clone(), n(NEW), n(0o666)],
                Ret::Fd,
            ),
        ));
    }
    rows
}

/// What an ordinary user may not do.
fn forbidden() -> Vec<Row> {
    let locked = Spot {
        path: "/usr/umaskclamp-{U}",
        ..PATH_SPOTS[0].clone()
    };
    let theirs = Spot {
        name: "root's",
        path: "/etc/passwd",
        ..PATH_SPOTS[0].clone()
    };
    let mut rows: Vec<Row> = creators()
        .into_iter()
        .map(|s| Row::new(FAMILY, &locked, vec![s]).tag("EACCES"))
        .collect();
    for step in [
        step("chmod", [Arg::Path, n(0o666)], Ret::Int),
        step("open", [Arg::Path, n(O_WRONLY)], Ret::Fd),
        step("fopen", [Arg::Path, t("r+")], Ret::File),
    ] {
        rows.push(Row::new(FAMILY, &theirs, vec![step]).tag("EPERM"));
    }
    let device = step(
        "mknod",
        [Arg::Path, n(libc::S_IFCHR | 0o666), n(0x103)],
        Ret::Int,
    );
    rows.push(Row::new(FAMILY, &PATH_SPOTS[0], vec![device]).tag("EPERM"));
    rows.into_iter()
        .map(|row| row.needs(Needs::NotRoot))
        .collect()
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for end in dead_ends() {
        for step in creators() {
            // The kernel may truncate or rename what /proc shows in its own way.
            rows.push(Row::new(FAMILY, &end, vec![step]));
        }
    }
    for (index, (tag, step)) in pointers().into_iter().enumerate() {
        rows.push(
            Row::new(FAMILY, &PATH_SPOTS[0], vec![step])
                .tag(tag)
                .tag(&index.to_string()),
        );
    }
    for (tag, spot, leaf, step) in super::single::rows() {
        let index = rows.len();
        rows.push(
            Row::new(FAMILY, &spot, vec![step])
                .leaf(leaf)
                .tag(tag)
                .tag(&index.to_string()),
        );
    }
    rows.extend(forbidden());
    rows.extend(super::inside::failing());
    let mirrored: Vec<Row> = rows.iter().cloned().map(Row::plain).collect();
    rows.extend(mirrored);
    rows
}

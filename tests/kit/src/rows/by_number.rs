//! `syscall` with the number of any of the calls: what a program says that
//! goes by numbers must be clamped like what it says by names.

use super::spots::{AT_SPOTS, PATH_SPOTS, few};
use super::{Arg, Ret, Row, Spot, Step, n, step, t};
use crate::acl;
use libc::{AF_UNIX, AT_FDCWD, O_CREAT, O_WRONLY, SOCK_STREAM, c_long};

const FAMILY: &str = "other";
const NEW: i32 = O_CREAT | O_WRONLY;

fn row(spot: &Spot, step: Step) -> Row {
    Row::new(FAMILY, spot, vec![step])
}

fn rows_of(spot: &Spot, steps: Vec<Step>) -> Row {
    Row::new(FAMILY, spot, steps)
}

fn raw(number: c_long, args: Vec<Arg>, ret: Ret) -> Step {
    step("syscall", [vec![n(number)], args].concat(), ret)
}

fn how(flags: i32, mode: u64, resolve: u64) -> Arg {
    let words = [flags as u32 as u64, mode, resolve];
    Arg::Data(words.iter().flat_map(|w| w.to_ne_bytes()).collect())
}

/// Every number that creates, widens, names or cuts something.
pub fn rows() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let mut rows = Vec::new();
    let mut push = |name: &str, leaf: &'static str, args: Vec<Arg>, number: c_long, ret: Ret| {
        let at = args.contains_dir();
        let spots: Vec<&Spot> = if at {
            few(AT_SPOTS).chain([here]).collect()
        } else {
            few(PATH_SPOTS).collect()
        };
        rows.extend(spots.iter().map(|s| {
            row(s, raw(number, args.clone(), ret))
                .leaf(leaf)
                .tag(name)
                .tag(leaf)
        }));
    };
    let from = || [n(AT_FDCWD), t("{D}/outside/from"), Arg::Dir, Arg::Path];
    let attribute = || {
        let value = acl::generous(6);
        let size = value.len() as i64;
        vec![t(acl::ACCESS), Arg::Data(value), n(size), n(0)]
    };
    use Arg::{Dir, Path};
    push(
        "openat",
        "new",
        vec![Dir, Path, n(NEW), n(0o666)],
        libc::SYS_openat,
        Ret::Fd,
    );
    push(
        "openat",
        "wide",
        vec![Dir, Path, n(O_WRONLY), n(0)],
        libc::SYS_openat,
        Ret::Fd,
    );
    let args = |h| vec![Dir, Path, h, n(24)];
    push(
        "openat2",
        "new",
        args(how(NEW, 0o666, 0)),
        libc::SYS_openat2,
        Ret::Fd,
    );
    push(
        "openat2",
        "wide",
        args(how(O_WRONLY, 0, 0)),
        libc::SYS_openat2,
        Ret::Fd,
    );
    push(
        "mkdirat",
        "new",
        vec![Dir, Path, n(0o777)],
        libc::SYS_mkdirat,
        Ret::Int,
    );
    push(
        "mknodat",
        "new",
        vec![Dir, Path, n(libc::S_IFREG | 0o666), n(0)],
        libc::SYS_mknodat,
        Ret::Int,
    );
    push(
        "fchmodat",
        "narrow",
        vec![Dir, Path, n(0o666)],
        libc::SYS_fchmodat,
        Ret::Int,
    );
    push(
        "fchmodat2",
        "narrow",
        vec![Dir, Path, n(0o666), n(0)],
        super::FCHMODAT2,
        Ret::Int,
    );
    let held = Arg::Open(libc::O_RDONLY, "{D}/{S}/{L}".into());
    let direct = [here];
    push(
        "setxattr",
        "narrow",
        [vec![Path], attribute()].concat(),
        libc::SYS_setxattr,
        Ret::Int,
    );
    push(
        "lsetxattr",
        "narrow",
        [vec![Path], attribute()].concat(),
        libc::SYS_lsetxattr,
        Ret::Int,
    );
    push(
        "renameat2",
        "new",
        [from().to_vec(), vec![n(0)]].concat(),
        libc::SYS_renameat2,
        Ret::Int,
    );
    push(
        "linkat",
        "new",
        [from().to_vec(), vec![n(0)]].concat(),
        libc::SYS_linkat,
        Ret::Int,
    );
    push(
        "truncate",
        "wide",
        vec![Path, n(1)],
        libc::SYS_truncate,
        Ret::Int,
    );
    #[cfg(not(target_arch = "riscv64"))]
    push(
        "renameat",
        "new",
        from().to_vec(),
        libc::SYS_renameat,
        Ret::Int,
    );
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        push(
            "open",
            "new",
            vec![Path, n(NEW), n(0o666)],
            libc::SYS_open,
            Ret::Fd,
        );
        push(
            "creat",
            "new",
            vec![Path, n(0o666)],
            libc::SYS_creat,
            Ret::Fd,
        );
        push(
            "mkdir",
            "new",
            vec![Path, n(0o777)],
            libc::SYS_mkdir,
            Ret::Int,
        );
        push(
            "mknod",
            "new",
            vec![Path, n(libc::S_IFIFO | 0o666), n(0)],
            libc::SYS_mknod,
            Ret::Int,
        );
        push(
            "chmod",
            "narrow",
            vec![Path, n(0o666)],
            libc::SYS_chmod,
            Ret::Int,
        );
        let from = || t("{D}/outside/from");
        push(
            "rename",
            "new",
            vec![from(), Path],
            libc::SYS_rename,
            Ret::Int,
        );
        push("link", "new", vec![from(), Path], libc::SYS_link, Ret::Int);
    }
    for spot in direct {
        let change = raw(libc::SYS_fchmod, vec![held.clone(), n(0o666)], Ret::Int);
        rows.push(row(spot, change).leaf("narrow").tag("fchmod"));
        let change = raw(
            libc::SYS_fsetxattr,
            [vec![held.clone()], attribute()].concat(),
            Ret::Int,
        );
        rows.push(row(spot, change).leaf("narrow").tag("fsetxattr"));
        let socket = step("socket", [n(AF_UNIX), n(SOCK_STREAM), n(0)], Ret::Kept);
        let bind = raw(
            libc::SYS_bind,
            vec![Arg::Result(0), Arg::Address, n(110)],
            Ret::Int,
        );
        rows.push(rows_of(spot, vec![socket, bind]).tag("bind"));
    }
    rows
}

trait Args {
    fn contains_dir(&self) -> bool;
}

impl Args for Vec<Arg> {
    fn contains_dir(&self) -> bool {
        self.iter().any(|arg| matches!(arg, Arg::Dir))
    }
}

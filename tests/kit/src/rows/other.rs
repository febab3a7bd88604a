//! Doors beside the usual ones: sockets, IPC, streams that libc opens by
//! itself and files that a spawn opens.

use super::spots::{PATH_SPOTS, few};
use super::{Arg, Ret, Row, Spot, Step, n, step, t};
use libc::{AF_UNIX, O_CREAT, O_EXCL, O_RDWR, O_TMPFILE, O_TRUNC, O_WRONLY, SOCK_STREAM};

const FAMILY: &str = "other";
const NEW: i32 = O_CREAT | O_WRONLY;

fn row(spot: &Spot, step: Step) -> Row {
    Row::new(FAMILY, spot, vec![step])
}

fn rows_of(spot: &Spot, steps: Vec<Step>) -> Row {
    Row::new(FAMILY, spot, steps)
}

pub fn rows() -> Vec<Row> {
    [sockets(), ipc(), streams(), temporary(), spawn(), writers()].concat()
}

fn sockets() -> Vec<Row> {
    let socket = || step("socket", [n(AF_UNIX), n(SOCK_STREAM), n(0)], Ret::Kept);
    let bind = || step("bind", [Arg::Result(0), Arg::Address, n(110)], Ret::Int);
    let here = &PATH_SPOTS[0];
    let mut rows: Vec<Row> = PATH_SPOTS
        .iter()
        .map(|s| rows_of(s, vec![socket(), bind()]))
        .collect();
    for umask in [0, 0o002] {
        rows.push(
            rows_of(here, vec![socket(), bind()])
                .umask(umask)
                .tag(&format!("umask-{umask:03o}")),
        );
    }
    rows.push(rows_of(here, vec![socket(), bind()]).acl().tag("acl"));
    // The mode that the socket had is the program's again after the call.
    let look = step("fchmod", [Arg::Result(0), n(0o644)], Ret::Int);
    rows.push(rows_of(here, vec![socket(), bind(), look]).tag("then-fchmod"));
    rows
}

/// `/dev/shm/NAME`, `/dev/shm/sem.NAME` and `/dev/mqueue/NAME`: the names that
/// shm_overview(7), sem_overview(7) and mq_overview(7) give them.
fn ipc() -> Vec<Row> {
    let shared = Spot {
        name: "shm",
        path: "/{U}-{S}",
        real: "/dev/shm/{U}-{S}",
        ..PATH_SPOTS[0].clone()
    };
    let semaphore = Spot {
        name: "sem",
        real: "/dev/shm/sem.{U}-{S}",
        ..shared.clone()
    };
    let queue = Spot {
        name: "mq",
        real: "<mqueue>",
        ..shared.clone()
    };
    let mut rows = Vec::new();
    for (tag, flags) in [
        ("creat", O_CREAT | O_RDWR),
        ("excl", O_CREAT | O_EXCL | O_RDWR),
    ] {
        for umask in [0, 0o022] {
            let tag = format!("{tag}-{umask:03o}");
            let make = step("shm_open", [Arg::Path, n(flags), n(0o666)], Ret::Fd);
            rows.push(row(&shared, make).umask(umask).tag(&tag));
            let make = step(
                "sem_open",
                [Arg::Path, n(flags), n(0o666), n(1)],
                Ret::Pointer,
            );
            rows.push(row(&semaphore, make).umask(umask).tag(&tag));
            let make = step(
                "mq_open",
                [Arg::Path, n(flags), n(0o666), Arg::Null],
                Ret::Int,
            );
            let unlink = step("mq_unlink", [Arg::Path], Ret::Int);
            rows.push(Row {
                name: format!("{FAMILY}/mq_open/mq/{tag}"),
                ..rows_of(&queue, vec![make, unlink]).umask(umask)
            });
        }
    }
    rows
}

fn streams() -> Vec<Row> {
    let mut rows = Vec::new();
    for call in ["setmntent", "__setmntent"] {
        for mode in ["w", "a", "a+"] {
            let open = || step(call, [Arg::Path, t(mode)], Ret::File);
            rows.extend(few(PATH_SPOTS).map(|s| row(s, open()).tag(mode)));
            rows.push(
                row(&PATH_SPOTS[0], open())
                    .leaf("wide")
                    .tag(&format!("wide-{mode}")),
            );
        }
    }
    for (call, script) in [
        ("system", "echo new > '{D}/{S}/{L}'"),
        ("system", "mkdir '{D}/{S}/{L}'"),
    ] {
        let tag = if script.starts_with("mkdir") {
            "mkdir"
        } else {
            "redirect"
        };
        rows.push(row(&PATH_SPOTS[0], step(call, [t(script)], Ret::Int)).tag(tag));
    }
    rows
}

/// A file without a name at a sensitive place is a file there: it can get a
/// name later, and its mode is the one it was made with.
fn temporary() -> Vec<Row> {
    let here = Spot {
        path: "{D}/{S}",
        real: "<tmpfile>",
        ..PATH_SPOTS[0].clone()
    };
    let below = Spot {
        name: "relative",
        path: "{S}/a",
        ..here.clone()
    };
    let dirfd = Spot {
        name: "dirfd",
        at: Some("{S}"),
        path: ".",
        ..here.clone()
    };
    let mut rows = Vec::new();
    for call in ["open", "open64", "__open", "__open64"] {
        for spot in [&here, &below] {
            let make = step(call, [Arg::Path, n(O_TMPFILE | O_RDWR), n(0o666)], Ret::Fd);
            rows.push(row(spot, make).tag("tmpfile"));
        }
    }
    for call in ["openat", "openat64"] {
        for spot in [&here, &below, &dirfd] {
            let args = [
                Arg::Dir,
                Arg::Path,
                n(O_TMPFILE | O_WRONLY | O_EXCL),
                n(0o644),
            ];
            rows.push(row(spot, step(call, args, Ret::Fd)).tag("tmpfile"));
        }
    }
    rows
}

/// The child of a spawn opens what the file actions say, inside libc.
fn spawn() -> Vec<Row> {
    let here = &PATH_SPOTS[0];
    let init = || step("posix_spawn_file_actions_init", [Arg::Slot(1)], Ret::Code);
    let add = |path: Arg, flags: i32| {
        let args = [Arg::Slot(1), n(7), path, n(flags), n(0o666)];
        step("posix_spawn_file_actions_addopen", args, Ret::Code)
    };
    let to = |dir: &str| {
        step(
            "posix_spawn_file_actions_addchdir_np",
            [Arg::Slot(1), t(dir)],
            Ret::Code,
        )
    };
    let start = |call: &str, program: &str| {
        let argv = Arg::Argv(vec!["true".to_owned()]);
        let args = [
            Arg::Slot(0),
            t(program),
            Arg::Slot(1),
            Arg::Null,
            argv,
            Arg::Environ,
        ];
        step(call, args, Ret::Child)
    };
    let run = || start("posix_spawn", "/bin/true");
    let mut rows: Vec<Row> = few(PATH_SPOTS)
        .map(|s| rows_of(s, vec![init(), add(Arg::Path, NEW), run()]))
        .collect();
    let path_search = start("posix_spawnp", "true");
    rows.push(rows_of(
        here,
        vec![init(), add(Arg::Path, NEW), path_search],
    ));
    let tagged = |tag: &str, steps: Vec<Step>| rows_of(here, steps).tag(tag);
    rows.push(tagged(
        "chdir-then-open",
        vec![init(), to("{D}/{S}"), add(t("new"), NEW), run()],
    ));
    rows.push(tagged(
        "chdir-twice",
        vec![
            init(),
            to("outside"),
            to("../{S}"),
            add(t("new"), NEW | O_TRUNC),
            run(),
        ],
    ));
    let enter = [Arg::Slot(1), Arg::Open(libc::O_RDONLY, "{D}/{S}".into())];
    let enter = step("posix_spawn_file_actions_addfchdir_np", enter, Ret::Code);
    rows.push(tagged(
        "fchdir-then-open",
        vec![init(), enter, add(t("new"), NEW), run()],
    ));
    let moved = step("chdir", [t("{D}/{S}")], Ret::Int);
    rows.push(tagged(
        "chdir-between",
        vec![init(), add(t("new"), NEW), moved, run()],
    ));
    rows
}

/// Writers that open an existing file inside libc, and truncation by name.
fn writers() -> Vec<Row> {
    let mut rows = Vec::new();
    for call in ["truncate", "truncate64"] {
        let cut = || step(call, [Arg::Path, n(2)], Ret::Int);
        rows.extend(few(PATH_SPOTS).map(|s| row(s, cut()).leaf("wide")));
    }
    // `struct utmp` has 384 bytes on 64-bit machines (utmp(5)).
    let entry = || Arg::Data(vec![1; 384]);
    for call in ["updwtmp", "updwtmpx"] {
        let write = || step(call, [Arg::Path, entry()], Ret::Void);
        rows.extend(few(PATH_SPOTS).map(|s| row(s, write()).leaf("wide")));
    }
    for (name, put) in [("utmpname", "pututline"), ("utmpxname", "pututxline")] {
        let steps = vec![
            step(name, [Arg::Path], Ret::Int),
            step(put, [entry()], Ret::Pointer),
        ];
        rows.push(rows_of(&PATH_SPOTS[0], steps).leaf("wide"));
    }
    rows
}

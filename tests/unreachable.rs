//! Programs that a preload cannot enter: static, of another libc, of another
//! class, under other ids, or making their system calls themselves. Each runs
//! under a narrowed umask, alone, or is refused, and a record says why.
//!
//! Tests named `enforce_*` fail with `UMASKCLAMP_TEST_WITHOUT=1`, which takes the
//! preload away; those that need what not every machine has are named otherwise.

#[path = "children/programs.rs"]
mod programs;

#[path = "children/go.rs"]
mod go;

#[path = "children/directory.rs"]
mod relative;

#[path = "children/shell.rs"]
mod shell;

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use programs::{bare, clear, directory, kinds, modes, shimmed, start, text, write};
use umaskclamp_testkit::{Run, Tree, Who};

/// Starts by which an unreachable program is tried.
const STARTS: &[&str] = &[
    "execv",
    "vfork-execve",
    "posix_spawn",
    "search",
    "execl",
    "fexecve",
];

#[test]
fn enforce_what_cannot_be_entered_runs_under_a_narrowed_umask() {
    for who in Who::all() {
        let tree = Tree::empty(who);
        for kind in kinds() {
            let entered = kind.for_users && who.is_root();
            for how in STARTS {
                let report = shimmed(start(), who, &tree)
                    .args([how, "keep"])
                    .arg(&kind.path)
                    .arg(tree.at("b.txt"))
                    .arg(tree.at("c.txt"))
                    .run();
                let name = format!("{who} {how} {}: {report:?}", kind.path.display());
                let mode = if entered { "0644" } else { "0600" };
                assert_eq!(modes(&report), [mode, mode], "{name}");
                let said = text(&report.stderr);
                let records = said.lines().filter(|line| line.contains("unreachable"));
                let expected = usize::from(!entered);
                assert_eq!(records.count(), expected, "{name}");
                assert_eq!(said.contains(kind.reason), !entered, "{name}");
                fs::remove_file(tree.at("b.txt")).expect("made");
                fs::remove_file(tree.at("c.txt")).expect("made");
            }
        }
    }
}

/// The kernel may refuse the task that narrows the umask for the child alone: a filter
/// of system calls, or the child is to be in another pid namespace than this process.
/// The child is narrow all the same, and the program keeps its umask, signal mask and
/// errno.
#[test]
fn enforce_where_the_helper_is_refused() {
    // A Go program could not start there: it needs threads.
    let Some(kind) = kinds().first() else { return };
    for who in Who::all() {
        for how in ["filtered-posix_spawn", "elsewhere-posix_spawn"] {
            let tree = Tree::empty(who);
            let report = shimmed(start(), who, &tree)
                .args([how, "keep"])
                .arg(&kind.path)
                .arg("b.txt")
                .run();
            if text(&report.stderr).contains("start: unshare") {
                continue;
            }
            assert_eq!(modes(&report), ["0600"], "{how} as {who}: {report:?}");
            assert!(report.status.success(), "{how} as {who}: {report:?}");
        }
    }
}

#[test]
fn enforce_a_mask_for_a_group_holds_for_unreachable_programs() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let Some(kind) = kinds().first() else { return };
    for how in STARTS {
        let report = shimmed(start(), who, &tree)
            .env("UMASKCLAMP_MASK", "027")
            .args([how, "keep"])
            .arg(&kind.path)
            .arg("b.txt")
            .run();
        assert_eq!(modes(&report), ["0640"], "{how}");
        clear(&tree, &["b.txt"]);
    }
}

#[test]
fn enforce_refuse_and_warn() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for kind in kinds() {
        for how in STARTS {
            let run = |name: &str, value: &str| {
                let report = shimmed(start(), who, &tree)
                    .env(name, value)
                    .args([how, "keep"])
                    .arg(&kind.path)
                    .arg("b.txt")
                    .run();
                clear(&tree, &["b.txt"]);
                (modes(&report), text(&report.stderr))
            };
            let name = format!("{how} {}", kind.path.display());
            let (made, said) = run("UMASKCLAMP_UNREACHABLE", "refuse");
            assert!(made.is_empty(), "{name}: {made:?} {said}");
            assert!(said.contains("refused"), "{name}: {said}");
            let error = libc::EPERM;
            assert!(
                said.contains(&format!("errno {error}"))
                    || said.contains(&format!("error {error}")),
                "{name}: {said}"
            );
            let (made, said) = run("UMASKCLAMP_UNREACHABLE", "warn");
            assert_eq!(made, ["0644"], "{name}: {said}");
            assert!(said.contains("unreachable"), "{name}: {said}");
            let (made, said) = run("UMASKCLAMP_MODE", "audit");
            assert_eq!(made, ["0644"], "{name}: {said}");
            assert!(said.contains("unreachable"), "{name}: {said}");
            // With the mode `off` a musl program dies of the preload.
            if !kind.path.ends_with("musl") {
                let (made, said) = run("UMASKCLAMP_MODE", "off");
                assert!(!said.contains("unreachable"), "{name}: {said}");
                assert_eq!(made, ["0644"], "{name}: {said}");
            }
        }
    }
}

#[test]
fn enforce_scripts_lead_to_their_interpreter() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let Some(kind) = kinds().first() else { return };
    // An interpreter that takes the script's own name for a file to be made.
    let target = directory().join("interpreter");
    let _ = fs::remove_file(&target);
    symlink(&kind.path, &target).expect("symlink");
    let make = |name: &str, line: &str| {
        let path = tree.file(name, 0o755, who);
        fs::write(&path, format!("{line}\n")).expect("write");
        path
    };
    let first = make("first", &format!("#! {}\tx.txt", target.display()));
    let second = make("second", &format!("#!{}", first.display()));
    for script in [&first, &second] {
        for how in STARTS.iter().filter(|how| **how != "fexecve") {
            let report = shimmed(start(), who, &tree)
                .args([how, "keep"])
                .arg(script)
                .run();
            let name = format!("{how} {}: {report:?}", script.display());
            assert!(modes(&report).contains(&"0600".to_owned()), "{name}");
            assert!(text(&report.stderr).contains("static program"), "{name}");
            clear(&tree, &["x.txt"]);
        }
    }
}

/// The longest line that the kernel takes: a path of 247 bytes and an argument.
#[test]
fn enforce_an_interpreter_line_of_255_bytes() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let mut targets = vec![(write().to_owned(), "x.iso"), (write().to_owned(), "x.txt")];
    targets.extend(
        kinds()
            .iter()
            .take(1)
            .map(|kind| (kind.path.clone(), "x.txt")),
    );
    for (number, (program, argument)) in targets.iter().enumerate() {
        let mut path = format!("{}/{number}", directory().display());
        path.push_str(&"x".repeat(247 - path.len()));
        symlink(program, &path).expect("symlink");
        let line = format!("#!{path} {argument}");
        assert_eq!(line.len(), 255);
        let script = tree.file("script", 0o755, who);
        fs::write(&script, format!("{line}\n")).expect("write");
        for how in STARTS.iter().filter(|how| **how != "fexecve") {
            let report = shimmed(start(), who, &tree)
                .args([how, "own"])
                .arg(&script)
                .run();
            let name = format!("{how} {}: {report:?}", program.display());
            let entered = program == write();
            let plain = entered && *argument == "x.txt";
            assert_eq!(
                modes(&report),
                [if plain { "0644" } else { "0600" }],
                "{name}"
            );
            let said = text(&report.stderr).contains("static program");
            assert_eq!(said, !entered, "{name}");
            clear(&tree, &["x.txt", "x.iso"]);
        }
    }
}

/// Exit status, what is said of an error, and the owner of what is made.
#[test]
fn unreachable_programs_end_as_without_the_shim() {
    for who in Who::all() {
        let tree = Tree::empty(who);
        tree.file("there", 0o644, who);
        let denied = Path::new("/proc/version/x");
        let names = [
            &tree.at("new"),
            &tree.at("there"),
            &tree.at("no/such"),
            denied,
        ];
        for kind in kinds() {
            for how in STARTS {
                for name in names {
                    let end = |run: Run| {
                        let report = run.args([how, "own"]).arg(&kind.path).arg(name).run();
                        let made = fs::metadata(tree.at("new")).ok();
                        clear(&tree, &["new"]);
                        let said = text(&report.stderr);
                        let ours =
                            |line: &&str| line.contains("unreachable") || line.contains("ld.so");
                        let own = said.lines().filter(|line| !ours(line));
                        (
                            report.status.code(),
                            own.collect::<Vec<_>>().join("\n"),
                            made.map(|made| (made.uid(), made.gid())),
                        )
                    };
                    assert_eq!(
                        end(shimmed(start(), who, &tree)),
                        end(bare(start(), who, &tree)),
                        "{who} {how} {} {}",
                        kind.path.display(),
                        name.display()
                    );
                }
            }
        }
    }
}

/// Root in a `chroot` that has no library: no complaint of the loader's, and the
/// umask instead.
#[test]
fn a_chroot_without_the_library() {
    let who = Who::Root;
    if !Who::am_root() {
        println!("skipped: chroot: needs root");
        return;
    }
    let Some(kind) = kinds().first() else { return };
    let tree = Tree::empty(who);
    fs::copy(&kind.path, tree.at("write")).expect("copy");
    for library in [
        "/lib64/ld-linux-x86-64.so.2",
        "/lib/x86_64-linux-gnu/libc.so.6",
    ] {
        let path = tree.at(&library[1..]);
        fs::create_dir_all(path.parent().expect("a parent")).expect("mkdir");
        if fs::copy(library, path).is_err() {
            println!("skipped: chroot: {library} is not there");
            return;
        }
    }
    fs::copy(write(), tree.at("dynamic")).expect("copy");
    for program in ["/write", "/dynamic"] {
        let report = shimmed(Path::new("/usr/sbin/chroot"), who, &tree)
            .arg(&tree.root)
            .args([program, "/b.txt"])
            .run();
        assert_eq!(modes(&report), ["0600"], "{program}: {report:?}");
        let said = text(&report.stderr);
        assert!(!said.contains("ld.so"), "{said}");
        clear(&tree, &["b.txt"]);
    }
}

/// The dynamic loader as a program (`ldd` does that), and ordinary shells: nothing
/// is recorded.
#[test]
fn what_can_be_entered_is_not_recorded() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for command in [
        "ldd /bin/true",
        "/lib64/ld-linux-x86-64.so.2 /bin/true",
        "true | cat",
    ] {
        let report = shimmed(Path::new("/bin/bash"), who, &tree)
            .args(["-c", command])
            .run();
        if command.starts_with("/lib64") && !Path::new("/lib64/ld-linux-x86-64.so.2").exists() {
            continue;
        }
        // `ldd` asks a loader for 32 bits as well, where there is one.
        let said = text(&report.stderr);
        let said = said.lines().filter(|line| !line.contains("of its class"));
        assert_eq!(said.count(), 0, "{command}: {report:?}");
    }
}

/// Both libraries below a `$LIB`: 32-bit programs are entered, from a 64-bit one
/// and the other way round.
#[test]
fn a_32_bit_library_enters_32_bit_programs() {
    let Some(library) = std::env::var_os("UMASKCLAMP_SHIM_I386") else {
        println!(
            "skipped: 32-bit library: UMASKCLAMP_SHIM_I386 names none; it takes packages \
             libc6-dev-i386, lib32gcc-VERSION-dev and Rust's target i686-unknown-linux-gnu"
        );
        return;
    };
    let (Some(start32), Some(write32)) = (
        programs::built("start.c", "start32", "cc", &["-m32"]),
        programs::built("write.c", "write32", "cc", &["-m32"]),
    ) else {
        println!("skipped: 32-bit library: packages libc6-dev-i386 and lib32gcc-VERSION-dev");
        return;
    };
    let put = |file: &Path, directories: &[&str]| {
        for below in directories {
            let below = directory().join(below);
            fs::create_dir_all(&below).expect("mkdir");
            fs::copy(file, below.join("libumaskclamp.so")).expect("copy");
        }
    };
    put(
        &umaskclamp_testkit::shim(),
        &["lib/x86_64-linux-gnu", "lib64"],
    );
    put(Path::new(&library), &["lib/i386-linux-gnu", "lib32"]);
    let preload = format!("{}/$LIB/libumaskclamp.so", directory().display());
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for starter in [start(), &start32] {
        for writer in [write(), &write32] {
            for how in [
                "execve",
                "execle",
                "vfork-execl",
                "posix_spawn",
                "system",
                "syscall",
            ] {
                for loss in ["keep", "own", "unset", "empty", "long"] {
                    let mut run = shimmed(starter, who, &tree);
                    if !umaskclamp_testkit::run::without() {
                        run = run.env("LD_PRELOAD", &preload);
                    }
                    let report = run
                        .args([how, loss])
                        .arg(writer)
                        .args(["a.iso", "b.txt"])
                        .run();
                    let name = format!("{how} {loss} {}: {report:?}", starter.display());
                    assert_eq!(modes(&report), ["0600", "0644"], "{name}");
                    assert!(report.stderr.is_empty(), "{name}");
                    clear(&tree, &["a.iso", "b.txt"]);
                }
            }
        }
    }
}

//! Starts that fail: the result, the errno, and what the process has afterwards are
//! those of plain libc.

use std::fs;
use std::os::unix::fs::symlink;

use umaskclamp_testkit::{Run, Tree, Who};

use crate::programs::{bare, clear, modes, shimmed, start, text, write, write_static};
use crate::ways;

/// Failing starts: the same result and errno as without the shim, and the same
/// umask and environment afterwards.
#[test]
fn failures_are_those_of_plain_libc() {
    for who in Who::all() {
        let tree = Tree::empty(who);
        let file = |name: &str, content: &[u8], bits: u32| {
            let path = tree.file(name, bits, who);
            fs::write(&path, content).expect("write");
            path.to_str().expect("a path of ours").to_owned()
        };
        let mut longest = b"#!/".to_vec();
        longest.resize(255, b'x');
        longest.push(b'\n');
        let mut too_long = longest.clone();
        too_long.insert(10, b'x');
        symlink(tree.at("loop"), tree.at("loop")).expect("symlink");
        let below = |name: &str| tree.at(name).to_str().expect("a path of ours").to_owned();
        let mut targets = vec![
            file("missing", b"#!/nonexistent/interpreter\n", 0o755),
            file("longest", &longest, 0o755),
            file("too-long", &too_long, 0o755),
            file("empty", b"", 0o755),
            file("no-format", b"\x7fELFnot", 0o755),
            file("no-right", b"#!/bin/sh\n", 0o644),
            file("blanks", b"#!   \n", 0o755),
            below("nothing"),
            below("loop"),
            below("empty/below"),
            tree.root.to_str().expect("a path of ours").to_owned(),
            format!("{}/{}", tree.root.display(), "n".repeat(300)),
            format!("/{}", "d/".repeat(2100)),
        ];
        // Five scripts deep is the kernel's limit.
        for depth in 0..8 {
            let before = match depth {
                0 => "/bin/sh".to_owned(),
                depth => below(&format!("deep{}", depth - 1)),
            };
            let line = format!("#!{before}\n");
            targets.push(file(&format!("deep{depth}"), line.as_bytes(), 0o755));
        }
        for target in &targets {
            for how in ways() {
                // A shell says more than a number of an error.
                if ["system", "popen", "wordexp"].contains(&how) {
                    continue;
                }
                let outcome = |run: Run| {
                    let report = run.args([how, "own"]).arg(target).run();
                    (
                        report.status.code(),
                        text(&report.stdout),
                        text(&report.stderr),
                    )
                };
                assert_eq!(
                    outcome(shimmed(start(), who, &tree)),
                    outcome(bare(start(), who, &tree)),
                    "{who} {how} {target:.80}"
                );
            }
        }
    }
}

/// With this limit of the stack; arguments and environment may take a quarter of it.
fn stack(run: Run, bytes: u64) -> Run {
    // SAFETY: setrlimit allocates nothing and takes no lock.
    unsafe {
        run.pre_exec(move || {
            let limit = libc::rlimit {
                rlim_cur: bytes,
                rlim_max: libc::RLIM_INFINITY,
            };
            libc::setrlimit(libc::RLIMIT_STACK, &limit);
            Ok(())
        })
    }
}

/// Two million bytes of arguments where one million may be, for a program that is
/// entered and for one that is not.
#[test]
fn too_many_arguments_fail_as_without_the_shim() {
    // Shells say more than an errno, and `execle` passes on a few arguments only.
    let other = ["system", "popen", "wordexp", "execle", "vfork-execle"];
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    for program in [Some(write()), write_static()].into_iter().flatten() {
        for how in ways().filter(|how| !other.contains(how)) {
            let outcome = |run: Run| {
                let run = run.args([how, "own"]).arg(program).args(["x", "fill"]);
                let report = stack(run, 4 << 20).run();
                let said = text(&report.stderr);
                let own = said.lines().filter(|line| !line.contains("unreachable"));
                let own: Vec<_> = own.map(str::to_owned).collect();
                (report.status.code(), text(&report.stdout), own)
            };
            let ours = outcome(shimmed(start(), who, &tree));
            let plain = outcome(bare(start(), who, &tree));
            assert!(ours == plain, "{how}: {:.200}", format!("{ours:?}"));
            let error = libc::E2BIG.to_string();
            let says = ours.2.iter().any(|line| line.ends_with(&error));
            assert!(says, "{how}: {:.200}", format!("{ours:?}"));
        }
    }
}

/// Where the arguments leave no room for the settings, the program starts without
/// them, under the narrowed umask; one that is too large without them fails.
#[test]
fn enforce_a_start_with_no_room_for_the_settings() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    // A list of 110,000 bytes.
    let long = format!("*.iso:{}", "*.abcdefgh:".repeat(10_000));
    let long = long.trim_end_matches(':');
    for how in ["execve", "vfork-execve", "fexecve", "posix_spawn"] {
        let run = |run: Run, name: &str| {
            let report = stack(run, 8 << 20)
                .args([how, "own"])
                .arg(write())
                .args([name, "fill"])
                .run();
            let made = modes(&report).first().cloned();
            clear(&tree, &[name, "x"]);
            (made, text(&report.stderr))
        };
        let (made, said) = run(shimmed(start(), who, &tree).patterns(long), "b.txt");
        assert_eq!(made.as_deref(), Some("0600"), "{how}: {said:.300}");
        assert!(
            said.contains("no room for the settings"),
            "{how}: {said:.300}"
        );
        // With a short list all of it fits, and the program is entered.
        let (made, said) = run(shimmed(start(), who, &tree), "b.txt");
        assert_eq!(made.as_deref(), Some("0644"), "{how}: {said:.300}");
        let refusing = shimmed(start(), who, &tree)
            .patterns(long)
            .env("UMASKCLAMP_UNREACHABLE", "refuse");
        let (made, said) = run(refusing, "b.txt");
        assert_eq!(made, None, "{how}");
        let error = libc::E2BIG;
        assert!(said.contains(&format!(" {error}\n")), "{how}: {said:.300}");
    }
}

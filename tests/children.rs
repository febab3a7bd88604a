//! Programs that start programs: the protection follows, or says that it cannot,
//! and nothing else changes.
//!
//! Tests named `enforce_*` fail with `UMASKCLAMP_TEST_WITHOUT=1`, which takes the
//! preload away.

#[path = "children/programs.rs"]
mod programs;

#[path = "children/chain.rs"]
mod chain;

#[path = "children/failing.rs"]
mod failing;

#[path = "children/there.rs"]
mod there;

use std::fs;
use std::path::Path;

use programs::{
    attributes, bare, clear, directory, modes, shimmed, show, start, text, threads, write,
};
use umaskclamp_testkit::{Run, Tree, Who};

/// Ways that take an environment of the caller's.
const GIVEN: &[&str] = &[
    "execve",
    "execvpe",
    "execle",
    "fexecve",
    "fexecve-path",
    "execveat",
    "syscall",
    "posix_spawn",
    "posix_spawnp",
    "vfork-execve",
    "vfork-execle",
    "clone-execve",
    "clone-syscall",
    "handler-execve",
    "handler-execvpe",
    "handler-fexecve",
];

/// Ways that take `environ`.
const CURRENT: &[&str] = &[
    "execv",
    "execvp",
    "execl",
    "execlp",
    "search",
    "vfork-execv",
    "vfork-execl",
    "clone-execvp",
    "system",
    "popen",
    "wordexp",
];

/// What a program may have done to its environment (`tests/children/start.c`).
const LOSSES: &[&str] = &[
    "keep", "clear", "own", "reset", "unset", "empty", "other", "zero", "scribble", "long",
];

fn ways() -> impl Iterator<Item = &'static str> {
    GIVEN.iter().chain(CURRENT).copied()
}

#[test]
fn enforce_no_way_to_lose_the_environment_loses_the_protection() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let mut wrong = Vec::new();
    for how in ways() {
        for loss in LOSSES {
            // Without an environment `fexecve` fails, as plain libc's does.
            if how.contains("fexecve") && *loss == "clear" {
                continue;
            }
            let report = shimmed(start(), who, &tree)
                .args([how, loss])
                .arg(write())
                .args(["a.iso", "b.txt"])
                .run();
            if modes(&report) != ["0600", "0644"] || !report.stderr.is_empty() {
                wrong.push(format!("{how} {loss}: {report:?}"));
            }
            clear(&tree, &["a.iso", "b.txt"]);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines of the child's environment under the shim, and without it.
fn environments(how: &str, loss: &str) -> (Vec<String>, Vec<String>) {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let list = |run: Run| {
        let report = run.args([how, loss]).arg(show()).arg("environment").run();
        text(&report.stdout).lines().map(str::to_owned).collect()
    };
    let plain = bare(start(), who, &tree).env("LD_PRELOAD", "libm.so.6");
    let shim = umaskclamp_testkit::shim();
    let ours = bare(start(), who, &tree)
        .env("LD_PRELOAD", format!("libm.so.6:{}", shim.display()))
        .patterns("*.iso");
    (list(ours), list(plain))
}

#[test]
fn other_entries_stay_as_they_are() {
    let shim = umaskclamp_testkit::shim();
    let shim = shim.display();
    let is_ours =
        |entry: &&String| entry.starts_with("UMASKCLAMP_") || entry.starts_with("LD_PRELOAD=");
    for how in [
        "execve",
        "execv",
        "execle",
        "posix_spawn",
        "fexecve",
        "execveat",
    ] {
        for loss in ["keep", "own", "unset", "other", "empty", "off", "zero"] {
            let (ours, plain) = environments(how, loss);
            let rest = |list: &[String]| -> Vec<String> {
                list.iter().filter(|e| !is_ours(e)).cloned().collect()
            };
            assert_eq!(rest(&ours), rest(&plain), "{how} {loss}");
            let mut kept: Vec<&String> = ours.iter().filter(is_ours).collect();
            kept.sort();
            let others = match loss {
                "own" | "unset" | "zero" => String::new(),
                _ => "libm.so.6:".to_owned(),
            };
            let mut expected = vec![format!("LD_PRELOAD={others}{shim}")];
            if loss == "off" {
                expected.push("UMASKCLAMP_MASK=000".to_owned());
                expected.push("UMASKCLAMP_MODE=off".to_owned());
            }
            expected.push("UMASKCLAMP_PATTERNS=*.iso".to_owned());
            assert_eq!(kept, expected.iter().collect::<Vec<_>>(), "{how} {loss}");
        }
    }
}

#[test]
fn an_environment_that_lost_nothing_is_passed_on_as_it_is() {
    let (ours, plain) = environments("execve", "keep");
    let position = |list: &[String], start: &str| list.iter().position(|e| e.starts_with(start));
    // Where the variables stand is the kernel's order of what the test gave.
    assert_eq!(ours.len(), plain.len() + 1);
    assert!(position(&ours, "LD_PRELOAD=libm.so.6:").is_some());
}

#[test]
fn a_preload_by_relative_path_survives_chdir() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let shim = umaskclamp_testkit::shim();
    fs::copy(&shim, tree.at("umaskclamp.so")).expect("copy");
    let report = bare(Path::new("/bin/sh"), who, &tree)
        .env("LD_PRELOAD", "./umaskclamp.so")
        .patterns("*.iso")
        .args(["-c", "cd / && env -i \"$0\" \"$1\"/x.iso"])
        .arg(write())
        .arg(&tree.root)
        .run();
    assert_eq!(text(&report.stderr), "");
    assert_eq!(modes(&report), ["0600"]);
}

/// By `LD_LIBRARY_PATH`, and by arguments of the loader's: a child that has neither
/// gets the library's path.
#[test]
fn enforce_a_preload_that_was_found_by_its_name_alone_follows() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    tree.dir("lib", who);
    let library = tree.at("lib/umaskclamp.so");
    fs::copy(umaskclamp_testkit::shim(), &library).expect("copy");
    let loader = "/lib64/ld-linux-x86-64.so.2";
    let by_variable = |list: &str| {
        bare(Path::new("/bin/sh"), who, &tree)
            .env("LD_LIBRARY_PATH", list)
            .env("LD_PRELOAD", "umaskclamp.so")
    };
    let by_loader = |arguments: &[&str]| bare(Path::new(loader), who, &tree).args(arguments);
    let lib = tree.at("lib").to_str().expect("ours").to_owned();
    let library = library.to_str().expect("ours");
    let mut runs = vec![by_variable(&format!("/none:{lib}")), by_variable("lib")];
    if Path::new(loader).exists() {
        let path = ["--library-path", &lib];
        runs.push(by_loader(&["--preload", library, "/bin/sh"]));
        runs.push(by_loader(&["--preload", "lib/umaskclamp.so", "/bin/sh"]));
        runs.push(by_loader(&[
            path[0],
            path[1],
            "--preload",
            "umaskclamp.so",
            "/bin/sh",
        ]));
        let run = by_loader(&[path[0], path[1], "/bin/sh"]);
        runs.push(run.env("LD_PRELOAD", "umaskclamp.so"));
    }
    for (number, mut run) in runs.into_iter().enumerate() {
        if umaskclamp_testkit::run::without() {
            run = bare(Path::new("/bin/sh"), who, &tree);
        }
        let script = "cd / && env -i \"$0\" \"$1\"/a.iso && unset LD_LIBRARY_PATH && exec \"$0\" \"$1\"/b.iso";
        let report = run
            .patterns("*.iso")
            .args(["-c", script])
            .arg(write())
            .arg(&tree.root)
            .run();
        assert_eq!(modes(&report), ["0600", "0600"], "{number}: {report:?}");
        assert_eq!(text(&report.stderr), "", "{number}");
        clear(&tree, &["a.iso", "b.iso"]);
    }
}

/// A child with another home directory protects what its parent's rules name.
#[test]
fn enforce_a_home_directory_is_that_of_the_first_program() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let report = shimmed(Path::new("/bin/sh"), who, &tree)
        .env("HOME", &tree.root)
        .patterns("~/kept.*:!~/kept.not")
        .args(["-c", "HOME=/srv; export HOME; exec \"$0\" kept.it kept.not"])
        .arg(write())
        .run();
    assert_eq!(modes(&report), ["0600", "0644"], "{report:?}");
}

#[test]
fn audit_keeps_the_environment() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let report = shimmed(start(), who, &tree)
        .env("UMASKCLAMP_MODE", "audit")
        .env("UMASKCLAMP_LOG", "info")
        .args(["execve", "own"])
        .arg(write())
        .arg("a.iso")
        .run();
    assert_eq!(modes(&report), ["0644"]);
    let said = text(&report.stderr);
    assert!(said.contains("would-clamp"), "{said}");
}

#[test]
fn off_does_nothing() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let report = shimmed(start(), who, &tree)
        .env("UMASKCLAMP_MODE", "off")
        .args(["execve", "own"])
        .arg(show())
        .arg("environment")
        .run();
    assert_eq!(text(&report.stdout), "A=1\nLANG=C\nA=2\n");
}

#[test]
fn posix_spawn_with_all_attributes_and_actions() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let fixed = programs::built("show.c", "show-static", "cc", &["-static"]);
    if fixed.is_none() {
        println!("skipped: a static program: libc6-dev has no libc.a");
    }
    for program in [Some(show().to_owned()), fixed].into_iter().flatten() {
        let outcome = |run: Run| {
            let report = run.arg(&program).arg("/usr").run();
            text(&report.stdout)
        };
        let plain = outcome(bare(attributes(), who, &tree));
        assert!(
            plain.contains("set 8") && plain.contains("blocked 15"),
            "{plain}"
        );
        let ours = outcome(shimmed(attributes(), who, &tree));
        assert_eq!(ours, plain, "{}", program.display());
    }
}

/// Eight threads start programs for seconds, ordinary and static ones, with and
/// without an environment; two make plain files, whose modes show the umask.
#[test]
fn threads_that_start_programs_disturb_nobody() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let mut run = shimmed(threads(), who, &tree)
        .arg("4")
        .arg(&tree.root)
        .arg("/bin/true");
    let nothing = directory().join("nothing.c");
    fs::write(&nothing, "int main(void) { return 0; }\n").expect("write");
    match programs::built(
        nothing.to_str().expect("ours"),
        "nothing",
        "cc",
        &["-static"],
    ) {
        Some(path) => run = run.arg(path),
        None => println!("skipped: a static program: libc6-dev has no libc.a"),
    }
    let report = run.run();
    assert!(!report.late, "hangs");
    assert_eq!(text(&report.stdout), "wrong 0\n");
}

#[test]
fn enforce_the_loaders_own_output_stays_away_from_sensitive_places() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    tree.dir("secret", who);
    tree.dir("plain", who);
    let count = |side: &str| fs::read_dir(tree.at(side)).expect("readdir").count();
    for (side, file) in [("secret", "LD_DEBUG_OUTPUT"), ("plain", "LD_DEBUG_OUTPUT")] {
        let report = shimmed(Path::new("/bin/sh"), who, &tree)
            .patterns(format!("{}/", tree.at("secret").display()))
            .args(["-c", "export LD_DEBUG=files; exec env \"$0=$1\" /bin/true"])
            .arg(file)
            .arg(tree.at(side).join("debug"))
            .run();
        assert!(report.status.success(), "{report:?}");
    }
    assert!(count("plain") > 0, "the loader writes to a plain place");
    assert_eq!(count("secret"), 0);
}

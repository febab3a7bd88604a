//! Wherever the library is loaded, the program lives: under a filter of system calls,
//! with another libc than glibc, and with functions of its own under names of libc's.

#[path = "children/programs.rs"]
mod programs;

use once_cell::sync::OnceCell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSymbol};
use programs::{built, modes, text};
use umaskclamp_testkit::artefact::{c_program, shim, workspace};
use umaskclamp_testkit::{Run, Tree, Who};

/// A program that a preload cannot enter.
fn static_program() -> &'static Path {
    static BUILT: OnceCell<PathBuf> = OnceCell::new();
    BUILT.get_or_init(|| {
        built("write.c", "static-write", "cc", &["-static"]).expect("a static program")
    })
}

/// What the library has not of its own: data alone, which no program defines that lives.
const UNDEFINED: &[(&str, bool, &str)] = &[
    ("__environ", false, "where libc keeps the environment"),
    ("environ", false, "the same, as programs call it"),
    ("_r_debug", true, "what is loaded, as glibc tells debuggers"),
    ("_dl_debug_addr", true, "the same of musl"),
];

/// A function that the library takes from elsewhere is the program's own if that has
/// one of the same name, and where libc has none the program does not start.
#[test]
fn the_library_calls_nothing_by_name() {
    let bytes = fs::read(shim()).expect("the library");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    let mut found: Vec<_> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_undefined())
        .map(|symbol| (symbol.name().expect("a name").to_owned(), symbol.is_weak()))
        .filter(|(name, _)| !name.is_empty())
        .collect();
    let mut expected: Vec<_> = UNDEFINED
        .iter()
        .map(|&(name, weak, _)| (name.to_owned(), weak))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn enforce_in_a_program_with_functions_of_the_same_names() {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let child = static_program();
    let program = c_program("namesake", &["-rdynamic", "-w", "-fno-builtin"]);
    let run = Run::new(program).arg(child).cwd(&tree.root).who(who);
    let log = tree.at("log");
    let report = run
        .patterns("*.iso")
        .env("UMASKCLAMP_LOG_FILE", &log)
        .umask(0o022)
        .run();
    assert!(report.status.success(), "{report:?}");
    assert_eq!(text(&report.stdout), "0600\nstatus 0\n", "{report:?}");
    for name in ["one", "two", "three", "four", "five", "child"] {
        assert_eq!(tree.mode(&format!("{name}.iso")), 0o600, "{name}");
    }
    let records = fs::read_to_string(&log).expect("a log");
    assert!(records.contains("\"time\":\"2"), "{records}");
}

/// musl calls constructors without arguments, and has none of glibc's functions.
#[test]
fn a_musl_program_runs_as_without() {
    let Some(program) = built("write.c", "musl-write", "musl-gcc", &[]) else {
        return;
    };
    for who in Who::all() {
        for setting in [
            ("UMASKCLAMP_PATTERNS", "*.iso"),
            ("UMASKCLAMP_MODE", "off"),
            ("UMASKCLAMP_NONSENSE", "1"),
        ] {
            let tree = Tree::empty(who);
            let run = Run::new(&program).args(["a.iso", "b.txt"]).who(who);
            let run = run.cwd(&tree.root).umask(0o022);
            let report = run.env(setting.0, setting.1).run();
            assert!(report.status.success(), "{setting:?}: {report:?}");
            assert_eq!(modes(&report), ["0644", "0644"], "{report:?}");
            assert_eq!(text(&report.stderr), "", "{report:?}");
        }
    }
}

/// The tools of a job, in a shell: some start others, and two start a program that
/// cannot be entered. None asks for the name of a user, for which libc may load a
/// library that asks the kernel more.
const JOB: &str = "set -e
    echo x >s/redirected
    cp p/in s/copied
    cp p/in p/copied
    mkdir s/dir p/dir
    tar --numeric-owner -cf s/t.tar p
    tar --numeric-owner -xf s/t.tar -C s
    mv p/copied s/moved
    chmod 644 s/moved
    env \"$STATIC\" s/static
    if [ -x /usr/bin/python3 ]; then
        /usr/bin/python3 -c '
import os, sqlite3, subprocess
open(\"s/py\", \"w\").write(\"x\")
open(\"p/py\", \"w\").write(\"x\")
sqlite3.connect(\"s/db\").execute(\"create table a (b)\")
subprocess.run([\"cp\", \"s/py\", \"s/run\"], check=True)
pid = os.posix_spawn(os.environ[\"STATIC\"], [\"static\", \"s/spawned\"], os.environ)
assert os.waitpid(pid, 0)[1] == 0
'
    fi";

/// Runs the job under this filter, without the library and with it; everything in `s` is
/// narrow then, and nothing else.
fn job_under(filter: &[&str], log: bool) {
    let child = static_program();
    let under = c_program("under", &["-static"]);
    let ways = [false, true];
    for (who, preload) in Who::all()
        .into_iter()
        .flat_map(|who| ways.map(|way| (who, way)))
    {
        let tree = Tree::empty(who);
        let what = format!("{filter:?} as {who}");
        for name in ["s", "p"] {
            fs::create_dir(tree.at(name)).expect("a directory");
            tree.own(&tree.at(name), who);
        }
        fs::write(tree.at("p/in"), "x\n").expect("a file");
        let run = match preload {
            true => Run::new(&under),
            false => Run::bare(&under),
        };
        let run = run.args(filter).args(["--", "/bin/sh", "-c", JOB]);
        let run = run.env("STATIC", child).patterns(tree.at("s"));
        let run = match log {
            true => run.env("UMASKCLAMP_LOG_FILE", tree.at("log")),
            false => run,
        };
        let report = run.cwd(&tree.root).who(who).umask(0o022).run();
        assert!(report.status.success(), "{what}: {}", text(&report.stderr));
        if !preload {
            continue;
        }
        let mut seen = 0;
        for (side, group) in [("s", 0), ("p", 0o044)] {
            let mut left = vec![tree.at(side)];
            while let Some(dir) = left.pop() {
                for entry in fs::read_dir(dir).expect("a directory") {
                    let path = entry.expect("an entry").path();
                    let inode = path.symlink_metadata().expect("an inode");
                    assert_eq!(inode.mode() & 0o044, group, "{what}: {}", path.display());
                    seen += 1;
                    if inode.is_dir() {
                        left.push(path);
                    }
                }
            }
        }
        assert!(seen > 10, "{what}: {seen}");
    }
}

/// What of the library's own calls few programs make by themselves.
const RARE: &[&str] = &[
    "openat2",
    "prctl",
    "fchmodat2",
    "rt_sigpending",
    "rt_sigtimedwait",
];

#[test]
fn enforce_under_a_filter_that_was_there_at_the_start() {
    for how in ["kill", "error"] {
        job_under(&[how, "openat2"], false);
        job_under(&[&[how], RARE].concat(), true);
    }
}

#[test]
fn enforce_under_a_list_for_a_service() {
    for how in ["kill", "error"] {
        job_under(&[how, "service"], false);
    }
}

/// A name that begins so and is no setting stops every program: the build's own
/// variables have other names.
#[test]
fn the_build_reads_no_variable_with_the_prefix_of_the_settings() {
    let build = fs::read_to_string(workspace().join("build.rs")).expect("build.rs");
    assert!(build.contains("env::var_os("), "no longer so read");
    assert!(!build.contains("\"UMASKCLAMP_"));
}

//! Symbols that are reached another way than by the program's own search: by a handle of
//! libc, by a version, by an object that was opened with `RTLD_DEEPBIND`, by the runtimes
//! of other languages; and liburing's, which no `syscall` passes.
//!
//! Tests named `enforce_*` fail with `UMASKCLAMP_TEST_WITHOUT=1`, which takes the preload
//! away.

use once_cell::sync::OnceCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use umaskclamp_testkit::artefact::workspace;
use umaskclamp_testkit::run::{Report, without};
use umaskclamp_testkit::{Run, Tree, Who, shim};

/// Where the programs are, for everyone to read; removed at exit.
fn directory() -> &'static Path {
    static DIRECTORY: OnceCell<PathBuf> = OnceCell::new();
    extern "C" fn remove() {
        if let Some(directory) = DIRECTORY.get() {
            let _ = fs::remove_dir_all(directory);
        }
    }
    DIRECTORY.get_or_init(|| {
        let mut builder = tempfile::Builder::new();
        let made = builder.prefix("umaskclamp-reached-").tempdir();
        let directory = made.expect("temporary directory").keep();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("chmod");
        // SAFETY: the handler is a plain function without arguments.
        unsafe { libc::atexit(remove) };
        directory
    })
}

/// `tests/reached/SOURCE.c` made into NAME, which may have a directory of its own.
fn built(source: &str, name: &str, flags: &[&str]) -> PathBuf {
    let out = directory().join(name);
    let below = out.parent().expect("a directory");
    fs::create_dir_all(below).expect("mkdir");
    fs::set_permissions(below, fs::Permissions::from_mode(0o755)).expect("chmod");
    let made = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&out)
        .arg(
            workspace()
                .join("tests/reached")
                .join(format!("{source}.c")),
        )
        .args(flags)
        .env_remove("LD_PRELOAD")
        .current_dir(below)
        .output()
        .expect("cc starts");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "cc {source}.c {flags:?}:\n{said}");
    out
}

fn host() -> &'static Path {
    static BUILT: OnceCell<PathBuf> = OnceCell::new();
    BUILT.get_or_init(|| built("host", "host", &["-rdynamic", "-ldl"]))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a run said, and the modes that it left.
struct Left {
    said: String,
    modes: Vec<(String, u32)>,
}

impl Left {
    fn of(tree: &Tree, report: &Report) -> Left {
        assert!(report.status.success(), "{report:?}");
        let entries = fs::read_dir(&tree.root).expect("readable");
        let mut modes: Vec<_> = entries
            .map(|entry| entry.expect("an entry"))
            .map(|entry| {
                let mode = entry.metadata().expect("an inode").permissions().mode();
                (text(entry.file_name().as_encoded_bytes()), mode & 0o777)
            })
            .collect();
        modes.sort();
        let said = text(&report.stdout) + &text(&report.stderr);
        Left { said, modes }
    }

    fn wide(&self) -> Vec<&str> {
        let wide = |(name, mode): &&(String, u32)| name.ends_with(".iso") && mode & 0o077 != 0;
        let found = self.modes.iter().filter(wide);
        found.map(|(name, _)| name.as_str()).collect()
    }

    fn names(&self) -> Vec<&str> {
        self.modes.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A program in a fresh tree, under these preloads.
fn left_under(list: Option<String>, run: impl Fn(Run) -> Run, program: &Path) -> Left {
    let who = Who::ordinary();
    let tree = Tree::empty(who);
    let mut started = Run::bare(program).cwd(&tree.root).who(who).umask(0o022);
    if let Some(list) = list.filter(|list| !list.is_empty()) {
        started = started.env("LD_PRELOAD", list);
    }
    let report = run(started.patterns("*.iso")).run();
    Left::of(&tree, &report)
}

/// The shim alone, where it is not taken away.
fn preload() -> Option<String> {
    (!without()).then(|| shim().display().to_string())
}

/// Without the shim all names are wide, with it none, and nothing else differs.
fn narrow(what: &str, program: &Path, run: impl Fn(Run) -> Run) {
    let plain = left_under(None, &run, program);
    let ours = left_under(preload(), &run, program);
    let sensitive = |name: &&str| name.ends_with(".iso");
    let all: Vec<_> = plain.names().into_iter().filter(sensitive).collect();
    assert!(!all.is_empty(), "{what}: {}", plain.said);
    assert_eq!(plain.wide(), all, "{what}, without");
    assert_eq!(ours.said, plain.said, "{what}");
    assert_eq!(ours.names(), plain.names(), "{what}");
    assert_eq!(ours.wide(), [""; 0], "{what}");
}

#[test]
fn enforce_a_handle_of_libc_and_a_version() {
    narrow("by handle", host(), |run| run.arg("handle"));
}

#[test]
fn what_dlerror_says_is_what_libc_says() {
    let run = |run: Run| run.arg("errors");
    let plain = left_under(None, run, host());
    assert!(
        plain.said.contains("nosuch by handle: nothing, "),
        "{}",
        plain.said
    );
    assert_eq!(
        plain.said.matches(": found, no error, no error").count(),
        5,
        "{}",
        plain.said
    );
    assert_eq!(left_under(preload(), run, host()).said, plain.said);
}

/// Other preloads get what they would get without this one, and come to an end; the
/// program's call passes through each of them once.
#[test]
fn enforce_beside_another_preload() {
    let second = built("second", "second.so", &["-shared", "-fPIC", "-ldl"]);
    let second = second.display().to_string();
    for how in ["next", "handle"] {
        let run = |run: Run| run.arg("mkdir").env("OTHER", how);
        let plain = left_under(Some(second.clone()), run, host());
        assert_eq!(plain.said, "second\nplain.iso: made\n", "{how}");
        assert_eq!(plain.wide(), ["plain.iso"], "{how}");
        for first in [true, false] {
            let list = match preload() {
                None => second.clone(),
                Some(shim) if first => format!("{shim}:{second}"),
                Some(shim) => format!("{second}:{shim}"),
            };
            let ours = left_under(Some(list), run, host());
            let what = format!("{how}, first {first}");
            assert_eq!(ours.said, plain.said, "{what}");
            // One that stands before the shim and asks libc itself passes it by.
            let passed = how == "handle" && !first;
            assert_eq!(ours.wide().is_empty(), !passed, "{what}");
        }
    }
}

/// How a plug-in and what it needs are linked, and bound when opened.
const LINKED: &[(&str, &[&str])] = &[
    ("lazy", &["-Wl,-z,lazy", "-Wl,-z,norelro"]),
    ("lazy", &["-Wl,-z,lazy", "-Wl,-z,relro"]),
    ("now", &["-Wl,-z,lazy", "-Wl,-z,relro"]),
    ("lazy", &["-Wl,-z,now", "-Wl,-z,relro"]),
    ("now", &["-Wl,-z,now", "-Wl,-z,norelro"]),
    ("now", &["-fno-plt", "-Wl,-z,now", "-Wl,-z,relro"]),
];

/// The plug-in in a directory of its own, with what it needs beside it.
fn plugin(name: &str, linked: &[&str]) -> PathBuf {
    let shared = ["-shared", "-fPIC"];
    let flags = [&shared[..], linked].concat();
    built("needed", &format!("{name}/libneeded.so"), &flags);
    let needs = ["-L.", "-lneeded", "-ldl", "-Wl,-rpath,$ORIGIN"];
    let flags = [&flags[..], &needs].concat();
    built("plugin", &format!("{name}/libplugin.so"), &flags)
}

#[test]
fn enforce_objects_opened_with_deepbind() {
    for (index, (when, linked)) in LINKED.iter().enumerate() {
        let plugin = plugin(&format!("plugin{index}"), linked);
        let what = format!("{when} {linked:?}");
        let run = |run: Run| run.arg("plugin").arg(&plugin).arg(when);
        narrow(&what, host(), run);
        // Its own functions are still its own.
        let said = left_under(preload(), run, host()).said;
        assert!(
            said.starts_with("plug-in, 1420, 1420\nplug-in, 1420\n"),
            "{said}"
        );
    }
}

/// Who opens decides where a plug-in is found; what is found is led back all the same.
#[test]
fn enforce_a_plugin_that_is_found_by_who_opens_it() {
    plugin("beside", &[]);
    let host = built(
        "host",
        "beside/host",
        &["-rdynamic", "-ldl", "-Wl,-rpath,$ORIGIN"],
    );
    for name in ["libplugin.so", "$ORIGIN/libplugin.so"] {
        narrow(name, &host, |run| run.arg("plugin").arg(name).arg("lazy"));
    }
}

/// liburing's functions, linked, opened later, asked for by a handle: refused where a rule
/// protects, else let through.
#[test]
fn enforce_no_ring_of_liburing() {
    let shared = ["-shared", "-fPIC"];
    built("ring", "ring/libring.so", &shared);
    let needs = ["-L.", "-lring", "-ldl", "-Wl,-rpath,$ORIGIN"];
    let linked = built(
        "rings",
        "ring/rings",
        &[&["-DPROGRAM"], &needs[..]].concat(),
    );
    let plugin = built(
        "rings",
        "ring/librings.so",
        &[&shared[..], &needs[..]].concat(),
    );
    let opens = built("opens", "ring/opens", &["-ldl"]);
    let ring = directory().join("ring/libring.so");
    let deepbind = libc::RTLD_DEEPBIND.to_string();
    let ways: [(&Path, Vec<&str>, &str, &str); 4] = [
        (&linked, vec![], "3 4 11 7\n", "-38 -38 -38 -38\n"),
        (
            &opens,
            vec![plugin.to_str().expect("UTF-8"), "rings", "0"],
            "3 4 11 7\n",
            "-38 -38 -38 -38\n",
        ),
        (
            &opens,
            vec![plugin.to_str().expect("UTF-8"), "rings", &deepbind],
            "3 4 11 7\n",
            "-38 -38 -38 -38\n",
        ),
        (
            &opens,
            vec![ring.to_str().expect("UTF-8"), "io_uring_setup", "0"],
            "7\n",
            "-38\n",
        ),
    ];
    for (program, arguments, granted, refused) in ways {
        let what = format!("{} {arguments:?}", program.display());
        let said = |preload, name: &str, value: &str| {
            let run = |run: Run| run.args(&arguments).env(name, value);
            left_under(preload, run, program).said
        };
        assert_eq!(said(None, "X", ""), granted, "{what}");
        assert_eq!(said(preload(), "X", ""), refused, "{what}");
        for (name, value) in [
            ("UMASKCLAMP_MODE", "audit"),
            ("UMASKCLAMP_MODE", "off"),
            ("UMASKCLAMP_PATTERNS", "!nothing"),
        ] {
            assert_eq!(
                said(preload(), name, value),
                granted,
                "{what} {name}={value}"
            );
        }
        if !without() {
            let run = |run: Run| {
                let run = run.args(&arguments).env("UMASKCLAMP_LOG", "warn");
                run.env("UMASKCLAMP_MODE", "audit")
            };
            let said = left_under(preload(), run, program).said;
            assert!(said.contains("io_uring_setup"), "{what}: {said}");
        }
    }
}

/// The program of this name, if it is there.
fn there(name: &str, package: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/usr/local/bin"]
        .iter()
        .map(|at| Path::new(at).join(name));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("skipped: {name}: package {package}");
    }
    found
}

/// Has this PHP the extension?
fn php(extension: &str, package: &str) -> Option<PathBuf> {
    let php = there("php", "php-cli")?;
    let list = Command::new(&php)
        .arg("-m")
        .env_remove("LD_PRELOAD")
        .output()
        .ok()?;
    let has = text(&list.stdout).lines().any(|line| line == extension);
    if !has {
        println!("skipped: php without {extension}: package {package}");
    }
    has.then_some(php)
}

#[test]
fn ctypes_of_python() {
    let Some(python) = there("python3", "python3") else {
        return;
    };
    let script = "import ctypes, os
c = ctypes.CDLL('libc.so.6')
for name in (b'creat', b'creat again'): c.creat(name + b'.iso', 0o644)
c.mkdir(b'mkdir.iso', 0o755)
ctypes.CDLL(None).creat(b'program.iso', 0o644)
os.close(os.open('chmod.iso', os.O_CREAT | os.O_WRONLY, 0o644))
c.chmod(b'chmod.iso', 0o644)
print(c.getpid() == os.getpid(), hasattr(c, 'nosuch'))";
    narrow("ctypes", &python, |run| run.arg("-c").arg(script));
}

#[test]
fn fiddle_of_ruby() {
    let Some(ruby) = there("ruby", "ruby") else {
        return;
    };
    let script = "require 'fiddle'
c = Fiddle.dlopen('libc.so.6')
creat = Fiddle::Function.new(c['creat'], [Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT], Fiddle::TYPE_INT)
creat.call('creat.iso', 0644)
begin; c['nosuch']; rescue Fiddle::DLError => e; puts e.message; end";
    narrow("Fiddle", &ruby, |run| run.arg("-e").arg(script));
}

#[test]
fn zip_of_php() {
    let Some(php) = php("zip", "php-zip") else {
        return;
    };
    let script = "$z = new ZipArchive; var_dump($z->open('site.iso', 1));
        $z->addFromString('a', 'b'); var_dump($z->close());";
    narrow("zip", &php, |run| run.arg("-r").arg(script));
}

#[test]
fn sqlite_of_php() {
    let Some(php) = php("sqlite3", "php-sqlite3") else {
        return;
    };
    let script = "$d = new SQLite3('data.iso'); var_dump($d->exec('create table t (a)'));";
    narrow("SQLite", &php, |run| run.arg("-r").arg(script));
}

#[test]
fn ffi_of_php() {
    let Some(php) = php("FFI", "php-cli") else {
        return;
    };
    let script = "foreach (['libc.so.6', null] as $i => $from) {
            $c = $from ? FFI::cdef('int creat(const char *p, int m);', $from)
                       : FFI::cdef('int creat(const char *p, int m);');
            $c->creat(\"ffi$i.iso\", 0644);
        }";
    narrow("FFI", &php, |run| {
        run.args(["-d", "ffi.enable=1", "-r"]).arg(script)
    });
}

/// node opens an addon with the flags that a script names.
#[test]
fn an_addon_of_node() {
    let Some(node) = there("node", "nodejs") else {
        return;
    };
    let addon = built("addon", "addon.node", &["-shared", "-fPIC"]);
    let script = "const m = {exports: {}};
        process.dlopen(m, process.argv[1], os.constants.dlopen.RTLD_NOW | os.constants.dlopen.RTLD_DEEPBIND);
        fs.writeFileSync('node.iso', 'x');";
    narrow("addon", &node, |run| run.arg("-e").arg(script).arg(&addon));
}

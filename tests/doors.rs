//! Doors that a program reaches only as it was linked: by a symbol's version, as
//! old programs do, or by a symbol that only a later libc has.

use umaskclamp_testkit::artefact::{c_program, shim_with_openat2};
use umaskclamp_testkit::stage::{Played, patterns};
use umaskclamp_testkit::{Run, Tree, Who, run};

fn play(tree: Tree, run: Run, who: Who) -> Played {
    let run = run.patterns(patterns(&tree)).who(who).umask(0o022);
    let report = run.watch(&tree.root);
    assert!(!report.late, "killed, it took too long");
    Played { tree, report }
}

/// The preload has no table of versions: what asks for a version gets it too.
#[test]
fn enforce_svcunix_create_of_an_old_program() {
    for who in Who::all() {
        for (socket, path) in [("own", "secret/service"), ("given", "outside/service.iso")] {
            let played = |preload: bool| {
                let tree = Tree::full(who);
                let program = c_program("svcunix", &[]);
                let run = if preload {
                    Run::new(program)
                } else {
                    Run::bare(program)
                };
                let run = run.arg(tree.at(path)).arg(socket);
                play(tree, run, who)
            };
            let what = format!("{socket} socket as {who}");
            let (bare, shim) = (played(false), played(true));
            assert_eq!(
                bare.facts(),
                "socket 3, of mode 140777\nconnected 0\n",
                "{what}, bare"
            );
            assert_eq!(shim.facts(), bare.facts(), "{what}");
            bare.leaks_something(&what);
            shim.leaks_nothing(&what);
        }
    }
}

fn openat2(how: &str, who: Who, preload: Option<String>) -> Played {
    let tree = Tree::full(who);
    // A weak reference stays one for the dynamic loader to bind.
    let program = c_program("openat2", &["-Wl,-z,dynamic-undefined-weak"]);
    let mut run = Run::bare(program).arg(how).arg(&tree.root);
    if let Some(list) = preload.filter(|_| !run::without()) {
        run = run.env("LD_PRELOAD", list);
    }
    play(tree, run, who)
}

/// What the kernel says to the call by its number is what the symbol must say.
#[test]
fn enforce_openat2_by_name() {
    for who in Who::all() {
        let what = format!("openat2 as {who}");
        let shim = shim_with_openat2();
        let shim = shim.to_str().expect("a path in UTF-8");
        let bare = openat2("number", who, None);
        let narrow = openat2("name", who, Some(shim.to_owned()));
        let facts = bare.facts();
        if facts.contains(&format!("secret/one: -1 errno {}\n", libc::ENOSYS)) {
            println!("left out: openat2 by name: this kernel, or a filter, has no openat2");
            return;
        }
        assert_eq!(facts.matches("errno 1234 wrote 4").count(), 6, "{facts}");
        assert_eq!(facts.matches(": -1 errno ").count(), 9, "{facts}");
        assert_eq!(narrow.facts(), facts, "{what}");
        bare.leaks_something(&what);
        narrow.leaks_nothing(&what);
        narrow.plain_as_in(&bare, &what);
        // Where there is a real symbol behind the hook, each call goes there.
        let later = c_program("later", &["-shared", "-fPIC"]);
        let both = format!("{shim}:{}", later.display());
        let narrow = openat2("name", who, Some(both));
        assert_eq!(narrow.facts(), format!("{facts}called 16\n"), "{what}");
        narrow.leaks_nothing(&what);
    }
}

/// Where the shim would create by a system call of its own, what stands behind it
/// has a say as well.
#[test]
fn enforce_before_a_preload_that_opens_elsewhere() {
    for who in Who::all() {
        let other = c_program("elsewhere", &["-shared", "-fPIC"]);
        let play = |preload: bool| {
            let tree = Tree::full(who);
            tree.share();
            let shim = umaskclamp_testkit::shim();
            let list = if preload && !run::without() {
                format!("{}:{}", shim.display(), other.display())
            } else {
                other.display().to_string()
            };
            let run = Run::bare(c_program("creator", &[]))
                .arg(tree.at("outside/file"))
                .arg(tree.at("secret/file"))
                .env("LD_PRELOAD", list);
            play(tree, run, who)
        };
        let what = format!("as {who}");
        let (bare, shim) = (play(false), play(true));
        for played in [&bare, &shim] {
            assert!(played.tree.at("outside/file.other").exists(), "{what}");
            assert!(!played.tree.at("outside/file").exists(), "{what}");
        }
        bare.leaks_something(&what);
        shim.leaks_nothing(&what);
        shim.plain_as_in(&bare, &what);
    }
}

//! `umaskclamp run`: settings, library, signals, exit statuses, the report.

mod common;

use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use common::{chmod, command, directory, library, mode, run, text, umaskclamp};

#[test]
fn what_the_program_creates_at_a_sensitive_path_is_closed() {
    let (_keep, top) = directory();
    run()
        .args(["-p", "secret"])
        .args(["--", "sh", "-c", "umask 0; echo x >secret; echo x >plain"])
        .current_dir(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join("secret")), 0o600);
    assert_eq!(mode(&top.join("plain")), 0o666);
}

#[test]
fn the_double_dash_is_not_needed_and_options_of_the_program_are_its_own() {
    let output = run()
        .args(["-m", "027", "echo", "-p", "--report"])
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "-p --report\n");
}

#[test]
fn the_mask_and_a_file_of_patterns() {
    let (_keep, top) = directory();
    fs::write(top.join("patterns"), "# for the backup group\n*.dump\n").unwrap();
    run()
        .args(["-m", "027", "-f", "patterns", "-p", "!b.dump"])
        .args(["sh", "-c", "umask 0; : >a.dump; : >b.dump"])
        .current_dir(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join("a.dump")), 0o640);
    assert_eq!(mode(&top.join("b.dump")), 0o666);
}

#[test]
fn the_builtin_list_with_an_own_pattern() {
    let (_keep, top) = directory();
    run()
        .args(["-b", "-p", "mine:!b.iso"])
        .args(["sh", "-c", "umask 0; : >mine; : >a.iso; : >b.iso"])
        .current_dir(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join("mine")), 0o600);
    assert_eq!(mode(&top.join("a.iso")), 0o600);
    assert_eq!(mode(&top.join("b.iso")), 0o666);
}

#[test]
fn audit_changes_nothing_and_tells() {
    let (_keep, top) = directory();
    let output = run()
        .args(["--audit", "--all", "--report"])
        .args(["sh", "-c", "umask 0; : >any"])
        .current_dir(&top)
        .output()
        .unwrap();
    assert_eq!(mode(&top.join("any")), 0o666);
    let report = text(&output.stderr);
    assert!(report.contains("would-clamp  0666 -> 0600"), "{report}");
    assert!(
        report.contains(top.join("any").to_str().unwrap()),
        "{report}"
    );
}

#[test]
fn a_preload_that_is_there_stays_first() {
    let (_keep, top) = directory();
    let other = top.join("other.so");
    let built = command("cc")
        .args(["-shared", "-x", "c", "/dev/null", "-o"])
        .arg(&other)
        .status();
    assert!(built.unwrap().success());
    let output = run()
        .args(["-p", "x", "printenv", "LD_PRELOAD"])
        .env("LD_PRELOAD", &other)
        .output()
        .unwrap();
    let expected = format!("{}:{}\n", other.display(), library().display());
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn the_exit_status_is_the_programs() {
    for (script, status) in [("exit 0", 0), ("exit 7", 7), ("exit 255", 255)] {
        run().args(["sh", "-c", script]).assert().code(status);
        run()
            .args(["--report", "sh", "-c", script])
            .assert()
            .code(status);
    }
    run()
        .args(["--report", "sh", "-c", "kill -TERM $$"])
        .assert()
        .code(143);
    run()
        .args(["--report", "sh", "-c", "kill -SEGV $$"])
        .assert()
        .code(139);
}

#[test]
fn what_cannot_be_started() {
    let (_keep, top) = directory();
    let plain = top.join("plain");
    fs::write(&plain, "x").unwrap();
    for report in [&[][..], &["--report"]] {
        run().args(report).arg("no-such-command").assert().code(127);
        run()
            .args(report)
            .arg("/no/such/command")
            .assert()
            .code(127);
        run().args(report).arg(&plain).assert().code(126);
        run().args(report).arg(&top).assert().code(126);
    }
}

#[test]
fn a_script_without_an_interpreter_line_is_run_by_a_shell() {
    let (_keep, top) = directory();
    let script = top.join("script");
    fs::write(&script, "umask 0; : >secret; echo \"$0\" \"$@\"; exit 5\n").unwrap();
    chmod(&script, 0o755);
    for report in [&[][..], &["--report"], &["--audit"]] {
        for name in ["./script", "script"] {
            let output = run()
                .args(report)
                .args(["-p", "secret", "--", name, "a b", "c"])
                .env("PATH", format!("{}:/usr/bin:/bin", top.display()))
                .current_dir(&top)
                .output()
                .unwrap();
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(5), "{report:?} {name}: {said}");
            let printed = text(&output.stdout);
            assert!(printed.ends_with("/script a b c\n"), "{printed}");
            let clamped = if report == ["--audit"] { 0o666 } else { 0o600 };
            assert_eq!(mode(&top.join("secret")), clamped, "{report:?}");
            fs::remove_file(top.join("secret")).unwrap();
        }
    }
}

/// Ignored, as services have it, or not, and what is blocked.
#[test]
fn the_program_has_the_signals_that_run_was_started_with() {
    let show = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
    for before in ["", "trap '' PIPE;", "trap '' PIPE HUP USR1;"] {
        let shell = |start: &str| {
            let output = command("sh")
                .args(["-c", &format!("{before} {start} sh -c \"{show}\"")])
                .env("CLI", assert_cmd::cargo::cargo_bin("umaskclamp"))
                .env("LIBRARY", library())
                .output()
                .unwrap();
            text(&output.stdout)
        };
        let plain = shell("");
        assert!(plain.contains("SigIgn"), "{plain}");
        for report in ["", "--report"] {
            let run = format!("$CLI run {report} --library $LIBRARY -p x --");
            assert_eq!(shell(&run), plain, "{before} {report}");
        }
    }
}

#[test]
fn all_faults_at_once_and_the_program_is_not_started() {
    let (_keep, top) = directory();
    let output = run()
        .args(["-p", "[a:ok:b\\", "-m", "777", "-l", "/no/such/log"])
        .args(["touch", "started"])
        .env("UMASKCLAMP_COLOUR", "red")
        .current_dir(&top)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let lines = text(&output.stderr);
    for part in [
        "UMASKCLAMP_COLOUR: unknown variable",
        "UMASKCLAMP_MASK: \"777\" is outside 0077",
        "UMASKCLAMP_PATTERNS: pattern 1 \"[a\" at byte 0: unclosed character class",
        "UMASKCLAMP_PATTERNS: pattern 3 \"b\\\\\" at byte 1: trailing backslash",
        "UMASKCLAMP_LOG_FILE: /no/such/log: no such file",
    ] {
        assert!(lines.contains(part), "{part} is not in\n{lines}");
    }
    assert!(
        lines.lines().all(|line| line.starts_with("umaskclamp: ")),
        "{lines}"
    );
    assert!(!top.join("started").exists());
}

#[test]
fn the_faults_are_those_of_the_library() {
    let settings = [("UMASKCLAMP_PATTERNS", "[a:!"), ("UMASKCLAMP_MODE", "loud")];
    let ours = run().envs(settings).arg("true").output().unwrap();
    let librarys = command("true")
        .envs(settings)
        .env("LD_PRELOAD", library())
        .output()
        .unwrap();
    assert_eq!(ours.status.code(), librarys.status.code());
    assert_eq!(text(&ours.stderr), text(&librarys.stderr));
}

#[test]
fn wrong_usage_and_no_library() {
    umaskclamp().arg("run").assert().code(64);
    umaskclamp()
        .args(["run", "--no-such-option", "true"])
        .assert()
        .code(64);
    umaskclamp()
        .args(["run", "--all", "true"])
        .assert()
        .code(64);
    umaskclamp()
        .args(["run", "--library", "/no/such.so", "true"])
        .assert()
        .code(69);
    umaskclamp()
        .args(["run", "--library", "/etc/passwd", "true"])
        .assert()
        .code(69);
    run()
        .args(["--report", "-l", "syslog:", "true"])
        .assert()
        .code(64);
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"]] {
        umaskclamp().args(arguments).assert().success();
    }
}

#[test]
fn a_library_whose_path_ld_so_would_split() {
    let (_keep, top) = directory();
    let apart = top.join("a b");
    fs::create_dir(&apart).unwrap();
    let copy = apart.join("libumaskclamp.so");
    fs::copy(library(), &copy).unwrap();
    let output = umaskclamp()
        .args(["run", "--library"])
        .arg(&copy)
        .arg("true")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(text(&output.stderr).contains("blank or ':'"));
}

/// By the mask of caught signals (proc_pid_status(5)); SIGTERM is number 15.
fn catches_sigterm(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << 14 != 0
}

#[test]
fn a_signal_goes_on_to_the_program() {
    let (_keep, top) = directory();
    let script = "trap 'echo got it; exit 5' TERM; : >ready; while :; do sleep 0.05; done";
    let mut child = command(assert_cmd::cargo::cargo_bin("umaskclamp"))
        .args(["run", "--report", "--library"])
        .arg(library())
        .args(["-p", "x", "--", "sh", "-c", script])
        .current_dir(&top)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The file may be there before the handlers of ours are: both are waited for.
    while !(top.join("ready").exists() && catches_sigterm(child.id())) {
        assert_eq!(child.try_wait().unwrap(), None, "the program did not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert_eq!(said, "got it\n");
}

#[test]
fn a_report_tells_only_of_this_run() {
    let (_keep, top) = directory();
    let log = top.join("log");
    for name in ["one", "two"] {
        let output = run()
            .args(["--report", "-p", "one:two", "-l"])
            .arg(&log)
            .args(["sh", "-c", &format!("umask 0; : >{name}")])
            .current_dir(&top)
            .output()
            .unwrap();
        let report = text(&output.stderr);
        assert!(report.contains(&format!("/{name}\n")), "{report}");
        assert!(report.contains("1 clamped (1 path)"), "{report}");
    }
    assert_eq!(mode(&log), 0o600);
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 2);
}

/// A job of root's that goes on as another user: its records arrive, and nobody can read,
/// list or replace the log. Where they cannot arrive, that is said.
#[test]
fn a_report_tells_of_programs_under_another_user() {
    if !umaskclamp_testkit::Who::am_root() {
        // Only root can go on as another user.
        return;
    }
    let (_keep, top) = directory();
    chmod(&top, 0o777);
    let shim = top.join("libumaskclamp.so");
    fs::copy(library(), &shim).unwrap();
    chmod(&shim, 0o644);
    fs::create_dir(top.join("closed")).unwrap();
    chmod(&top.join("closed"), 0o700);
    let script = "umask 0; : >u.iso; log=$UMASKCLAMP_LOG_FILE; \
                  cat $log && echo read; ls ${log%/*} && echo listed; \
                  rm -f $log && echo removed; : >${log%/*}/x && echo added";
    let start = |temporary: &str, arguments: &[&str]| {
        let output = umaskclamp()
            .args(["run", "-p", "*.iso", "--library"])
            .arg(&shim)
            .args(arguments)
            .args(["--", "setpriv", "--reuid", "65534", "--clear-groups"])
            .args(["sh", "-c", script])
            .env("TMPDIR", top.join(temporary))
            .current_dir(&top)
            .output()
            .unwrap();
        fs::remove_file(top.join("u.iso")).unwrap();
        (text(&output.stdout), text(&output.stderr))
    };
    let lost = "records of programs that ran as another user";
    for option in ["--report", "--audit"] {
        let (done, report) = start("", &[option]);
        assert_eq!(done, "", "{report}");
        assert!(report.contains("/u.iso\n"), "{report}");
        assert!(!report.contains(lost), "{report}");
        let (_, report) = start("closed", &[option]);
        assert!(!report.contains("/u.iso\n"), "{report}");
        assert!(report.contains(lost), "{report}");
        let (_, report) = start("", &[option, "-l", "own"]);
        assert!(report.contains(lost), "{report}");
        fs::write(top.join("all"), "").unwrap();
        chmod(&top.join("all"), 0o622);
        let (_, report) = start("", &[option, "-l", "all"]);
        assert!(report.contains("/u.iso\n"), "{report}");
        assert!(!report.contains(lost), "{report}");
    }
    // Whatever the umask leaves, and for one user's job as well.
    let script = "umask 0; \"$@\" 'stat -c %a ${UMASKCLAMP_LOG_FILE%/*} $UMASKCLAMP_LOG_FILE'";
    for (before, modes) in [("", "711\n622\n"), ("setpriv --reuid 65534", "700\n600\n")] {
        let script = script.replace("\"$@\"", &format!("{before} \"$@\""));
        let output = command("sh")
            .args(["-c", &script, "sh"])
            .arg(assert_cmd::cargo::cargo_bin("umaskclamp"))
            .args(["run", "-p", "x", "--report", "--library"])
            .arg(&shim)
            .args(["sh", "-c"])
            .env("TMPDIR", &top)
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout), modes, "{}", text(&output.stderr));
    }
    // Nothing of ours stays.
    assert_eq!(fs::read_dir(top.join("closed")).unwrap().count(), 0);
}

#[test]
fn a_set_user_id_program_gets_a_narrow_umask_or_is_refused() {
    let Some(user) = umaskclamp_testkit::Who::am_root().then_some(65534) else {
        // Only root can make one that belongs to another user.
        return;
    };
    let (_keep, top) = directory();
    chmod(&top, 0o777);
    let program = top.join("touch");
    fs::copy("/usr/bin/touch", &program).unwrap();
    std::os::unix::fs::chown(&program, Some(user), Some(user)).unwrap();
    chmod(&program, 0o4755);
    let start = |unreachable: &str, name: &str| {
        run()
            .args(["-p", "x", "-m", "027"])
            .arg(&program)
            .arg(name)
            .env("UMASKCLAMP_UNREACHABLE", unreachable)
            .current_dir(&top)
            .output()
            .unwrap()
    };
    let output = start("umask", "narrow");
    assert!(output.status.success());
    assert!(
        text(&output.stderr).contains("runs under another user or group id"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(mode(&top.join("narrow")) & 0o027, 0);

    assert!(start("warn", "wide").status.success());
    assert_eq!(mode(&top.join("wide")), 0o644);

    let output = start("refuse", "refused");
    assert_eq!(output.status.code(), Some(77));
    assert!(!top.join("refused").exists());
}

#[test]
fn a_musl_program_runs_without_the_library_under_a_narrow_umask() {
    let (_keep, top) = directory();
    fs::write(
        top.join("m.c"),
        "#include <fcntl.h>\nint main(void) { return open(\"made\", O_CREAT, 0666) < 0; }\n",
    )
    .unwrap();
    let built = command("musl-gcc")
        .args(["-o", "m", "m.c"])
        .current_dir(&top)
        .status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("no musl-gcc: not tested");
        return;
    }
    for (unreachable, expected) in [("umask", 0o600), ("warn", 0o644)] {
        let output = run()
            .args(["-p", "x", "./m"])
            .env("UMASKCLAMP_UNREACHABLE", unreachable)
            .current_dir(&top)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains("musl program"),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(mode(&top.join("made")), expected);
        fs::remove_file(top.join("made")).unwrap();
    }
    run()
        .args(["-p", "x", "./m"])
        .env("UMASKCLAMP_MODE", "off")
        .current_dir(&top)
        .assert()
        .success();
}

/// `run ARGUMENTS` by a shell that opens the files first.
fn shell(top: &std::path::Path, script: &str) -> std::process::Output {
    let run = format!(
        "run() {{ {} run --library {} \"$@\"; }}; umask 022; {script}",
        assert_cmd::cargo::cargo_bin("umaskclamp").display(),
        library().display()
    );
    command("sh")
        .args(["-c", &run])
        .current_dir(top)
        .output()
        .unwrap()
}

#[test]
fn a_file_that_the_shell_opened_is_narrowed_and_reported() {
    let (_keep, top) = directory();
    for (name, redirection) in [
        ("out", "> d/out"),
        ("more", ">> d/more"),
        ("error", "2> d/error >&2"),
        ("both", "1<> d/both"),
        ("third", "3> d/third"),
    ] {
        fs::create_dir_all(top.join("d")).unwrap();
        let log = top.join("log").display().to_string();
        let script = format!("run -p d/ -l {log} -- echo s {redirection}");
        let output = shell(&top, &script);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(mode(&top.join("d").join(name)), 0o600, "{name}");
        let records = fs::read_to_string(&log).unwrap();
        assert_eq!(records.lines().count(), 1, "{records}");
        for part in [
            "\"action\":\"tightened\"",
            "\"requested\":\"0644\"",
            &format!("/d/{name}\""),
        ] {
            assert!(records.contains(part), "{part} is not in {records}");
        }
        fs::remove_file(log).unwrap();
    }
    let output = shell(&top, "run -p d/ --report -- echo s > d/reported");
    assert_eq!(mode(&top.join("d/reported")), 0o600);
    let report = text(&output.stderr);
    assert!(report.contains("1 tightened (1 path)"), "{report}");
    assert!(report.contains("/d/reported"), "{report}");
}

#[test]
fn what_else_the_shell_opened_is_left() {
    let (_keep, top) = directory();
    fs::create_dir(top.join("d")).unwrap();
    fs::write(top.join("d/read"), "x").unwrap();
    chmod(&top.join("d/read"), 0o644);
    for (script, name, expected) in [
        ("run -p d/ -- cat < d/read", "d/read", 0o644),
        ("run -p d/ -- echo > plain", "plain", 0o644),
        ("run -m 027 -p d/ -- echo > d/group", "d/group", 0o640),
        (
            "UMASKCLAMP_EXISTING=leave run -p d/ -- echo > d/left",
            "d/left",
            0o644,
        ),
        (
            "UMASKCLAMP_MODE=off run -p d/ -- echo > d/off",
            "d/off",
            0o644,
        ),
    ] {
        let output = shell(&top, script);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(mode(&top.join(name)), expected, "{script}");
    }
    let output = shell(&top, "run -p d/ --audit -- echo > d/audited");
    assert_eq!(mode(&top.join("d/audited")), 0o644);
    let report = text(&output.stderr);
    assert!(report.contains("would-tighten"), "{report}");
}

#[test]
fn a_list_that_protects_nothing_is_refused() {
    let (_keep, top) = directory();
    fs::write(top.join("list"), "*.iso\n").unwrap();
    for (arguments, advice) in [
        (&["-p", "!/srv/pub"][..], "--builtin -p '!/srv/pub'"),
        (&["-p", "!a:!b", "-p", "!c"], "--builtin"),
        (&["-p", ""], "-p is empty"),
        (&["-p", "*.iso", "-p", ""], "-p is empty"),
        (&["-f", ""], "--file"),
    ] {
        let output = run()
            .args(arguments)
            .args(["touch", "started"])
            .current_dir(&top)
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {said}");
        assert!(said.contains(advice), "{advice} is not in {said}");
        assert!(!top.join("started").exists());
    }
    for arguments in [
        &["-b", "-p", "!/srv/pub"][..],
        &["-f", "list", "-p", "!/srv/pub"],
        &["-p", "!/srv/pub", "-p", "/srv"],
    ] {
        let output = run()
            .args(arguments)
            .arg("true")
            .current_dir(&top)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn doubtful_patterns_are_told_and_the_program_runs() {
    let (_keep, top) = directory();
    fs::write(top.join("list"), "/srv/t # why\na:b\n/srv/a /srv/b\n").unwrap();
    fs::write(top.join("a *.b"), "").unwrap();
    let warned = |arguments: &[&str]| {
        let output = run()
            .args(arguments)
            .arg("true")
            .current_dir(&top)
            .output()
            .unwrap();
        assert!(output.status.success());
        text(&output.stderr)
    };
    let said = warned(&["-f", "list"]);
    for line in ["line 1", "line 2", "line 3"] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    for pattern in ["*.sql,*.iso", "*.sql *.iso", "$HOME/x", "'*.sql'"] {
        assert!(warned(&["-p", pattern]).contains("pattern 1"), "{pattern}");
    }
    for pattern in ["a *.b", "*.{sql,iso}", "*,v", "a\\ *.b"] {
        assert_eq!(warned(&["-p", pattern]), "", "{pattern}");
    }
    // The last that says something of a path exempts every one.
    for pattern in ["*.iso:!*", "*.iso:!/", "*.iso:!/**:!b", "*.iso:!{*,b}"] {
        let said = warned(&["-p", pattern]);
        assert!(said.contains("pattern 2"), "{pattern}: {said}");
        assert!(said.contains("nothing is protected"), "{pattern}: {said}");
    }
    for pattern in ["!*:*.iso", "*.iso:!*.*", "*.iso:!/srv/", "*.iso:!?"] {
        assert_eq!(warned(&["-p", pattern]), "", "{pattern}");
    }
    fs::write(top.join("empty"), "# nothing\n").unwrap();
    assert!(warned(&["-f", "empty"]).contains("the built-in list applies"));
    // The library itself never writes into a program's stderr for these.
    let output = command("true")
        .env("LD_PRELOAD", library())
        .env("UMASKCLAMP_PATTERNS", "*.sql,*.iso")
        .output()
        .unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn an_audit_reports_and_another_mode_is_told() {
    let (_keep, top) = directory();
    let start = |mode: &str, arguments: &[&str]| {
        let output = run()
            .args(arguments)
            .args(["-p", "secret", "sh", "-c", "umask 0; : >secret"])
            .env("UMASKCLAMP_MODE", mode)
            .current_dir(&top)
            .output()
            .unwrap();
        text(&output.stderr)
    };
    let said = start("enforce", &["--audit"]);
    assert!(said.contains("would-clamp"), "{said}");
    let said = start("off", &[]);
    assert!(
        said.contains("UMASKCLAMP_MODE=off: nothing is protected"),
        "{said}"
    );
    let said = start("off", &["--report"]);
    assert!(!said.contains("left unprotected"), "{said}");
    let said = start("audit", &[]);
    assert!(
        said.contains("UMASKCLAMP_MODE=audit: nothing is protected"),
        "{said}"
    );
    assert_eq!(start("enforce", &[]), "");
}

#[test]
fn who_is_to_be_warned_of_programs_that_cannot_be_entered_is() {
    let (_keep, top) = directory();
    fs::write(top.join("s.c"), "int main(void) { return 0; }\n").unwrap();
    let built = command("cc")
        .args(["-static", "-o", "s", "s.c"])
        .current_dir(&top)
        .status();
    assert!(built.is_ok_and(|status| status.success()), "no static libc");
    let start = |unreachable: &str, arguments: &[&str]| {
        let output = run()
            .args(["-p", "x"])
            .args(arguments)
            .env("UMASKCLAMP_UNREACHABLE", unreachable)
            .current_dir(&top)
            .output()
            .unwrap();
        assert!(output.status.success());
        text(&output.stderr)
    };
    let said = start("warn", &["sh", "-c", "./s; ./s; :"]);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("/s: static program; ran unprotected"),
        "{said}"
    );
    // Started directly, it is said once.
    assert_eq!(start("warn", &["./s"]).lines().count(), 1);
    assert_eq!(start("umask", &["sh", "-c", "./s; :"]), "");
    // One truth: it is in the report as well.
    let said = start("umask", &["--report", "./s"]);
    assert!(said.contains("1 unreachable (1 path)"), "{said}");
    assert!(!said.contains("Nothing was"), "{said}");
}

#[test]
fn a_library_that_ld_so_cannot_load_stops_before_the_program() {
    let (_keep, top) = directory();
    let shim = fs::read(library()).unwrap();
    // ELF class, or its headers alone, or a needed library that is not there.
    let mut class = shim.clone();
    class[4] = 3 - class[4];
    let mut machine = shim.clone();
    machine[18] ^= 0x55;
    let mut needed = shim.clone();
    let name = b"libc.so.6\0";
    let at = needed.windows(name.len()).position(|part| part == name);
    needed[at.unwrap()..][..4].copy_from_slice(b"none");
    for (name, bytes) in [
        ("class.so", &class[..]),
        ("machine.so", &machine),
        ("needed.so", &needed),
        ("short.so", &shim[..shim.len() / 8]),
        ("empty.so", b""),
    ] {
        fs::write(top.join(name), bytes).unwrap();
    }
    fs::create_dir(top.join("directory.so")).unwrap();
    for name in [
        "class.so",
        "machine.so",
        "needed.so",
        "short.so",
        "empty.so",
        "directory.so",
        "missing.so",
    ] {
        let output = umaskclamp()
            .args(["run", "--library"])
            .arg(top.join(name))
            .args(["-p", "x", "touch", "started"])
            .current_dir(&top)
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{name}: {said}");
        assert!(!top.join("started").exists(), "{name}");
    }
    // What nobody can tell the machine of: a shell would run it, unprotected.
    let script = top.join("script");
    fs::write(&script, ": >started\n").unwrap();
    chmod(&script, 0o755);
    umaskclamp()
        .args(["run", "--library"])
        .arg(top.join("class.so"))
        .args(["-p", "x"])
        .arg(&script)
        .current_dir(&top)
        .assert()
        .code(69);
    assert!(!top.join("started").exists());
    // One that LD_PRELOAD names already, and that is not there.
    let output = run()
        .args(["-p", "x", "touch", "started"])
        .env("LD_PRELOAD", "/no/such/libumaskclamp.so")
        .current_dir(&top)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", text(&output.stderr));
    assert!(!top.join("started").exists());
}

#[test]
fn a_library_that_may_not_be_read_stops_before_the_program() {
    let Some(user) = umaskclamp_testkit::Who::am_root().then_some(65534) else {
        return;
    };
    let (_keep, top) = directory();
    chmod(&top, 0o755);
    // The command itself has to be within the user's reach.
    let own = top.join("umaskclamp");
    fs::copy(assert_cmd::cargo::cargo_bin("umaskclamp"), &own).unwrap();
    let copy = top.join("libumaskclamp.so");
    fs::copy(library(), &copy).unwrap();
    use std::os::unix::process::CommandExt;
    for (mode, status) in [(0o755, 0), (0o700, 69)] {
        chmod(&copy, mode);
        let output = command(&own)
            .args(["run", "-p", "x", "true"])
            .current_dir(&top)
            .uid(user)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(status),
            "{}",
            text(&output.stderr)
        );
    }
}

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
    fs::copy(library(), &other).unwrap();
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
    fs::write(&script, "umask 0; : >secret\n").unwrap();
    chmod(&script, 0o755);
    run()
        .args(["-p", "secret"])
        .arg(&script)
        .current_dir(&top)
        .assert()
        .success();
    assert_eq!(mode(&top.join("secret")), 0o600);
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
        text(&output.stderr).contains("set-user-ID"),
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

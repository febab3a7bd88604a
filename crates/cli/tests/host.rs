//! What belongs to a host: its settings in `/etc/umaskclamp`, and drop-ins for its services.

mod common;

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use common::{command, directory, library, text};
use umaskclamp_testkit::namespace;

/// Runs a script with an `/etc` of its own, which is `etc` in `top` outside of it. `umaskclamp`
/// is the command, and `run` the one under the library that is tested.
fn on_host(top: &Path, script: &str) -> (Option<i32>, String, String) {
    let etc = top.join("etc");
    let set_up = format!(
        "mkdir -p {etc}/umaskclamp/umaskclamp.conf.d {etc}/systemd/system
        chmod 755 {top} {etc} {etc}/umaskclamp {etc}/umaskclamp/umaskclamp.conf.d
        cp -a /etc/passwd /etc/group /etc/ld.so.* {etc}/
        mount --bind {etc} /etc
        umaskclamp() {{ {umaskclamp} \"$@\"; }}
        run() {{ umaskclamp run --library {library} \"$@\"; }}
        umask 022
        cd /etc/umaskclamp
        {script}",
        top = top.display(),
        etc = etc.display(),
        umaskclamp = cargo_bin("umaskclamp").display(),
        library = library().display(),
    );
    let mut command = command("unshare");
    command.args(["-m", "sh", "-c", &set_up]);
    let output = Command::from_std(command).output().unwrap();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    (output.status.code(), out, error)
}

#[test]
fn settings_of_the_host_count_where_nothing_else_is_said() {
    if !namespace::possible() {
        return;
    }
    let (_keep, top) = directory();
    let script = r#"
        echo "UMASKCLAMP_PATTERNS=/srv/a" > umaskclamp.conf
        echo "UMASKCLAMP_MASK=027" > umaskclamp.conf.d/10-mask.conf
        told() { "$@" -- sh -c 'echo "$UMASKCLAMP_MASK $UMASKCLAMP_PATTERNS"'; }
        told run
        told run -m 077
        told run -p /srv/b
        told run -b | grep -c '077.*/srv/a'
        UMASKCLAMP_PATTERNS=/srv/c told run
        echo /srv/d > file
        UMASKCLAMP_PATTERNS_FILE=/etc/umaskclamp/file told run
        umaskclamp patterns --list
    "#;
    let (_, out, error) = on_host(&top, script);
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "027 /srv/a",
            "077 /srv/a",
            "027 /srv/b",
            "0",
            "027 /srv/c",
            "027 /srv/d",
            "/srv/a"
        ],
        "{error}"
    );
}

#[test]
fn a_job_has_its_own_settings() {
    if !namespace::possible() {
        return;
    }
    let (_keep, top) = directory();
    let script = r#"
        echo "UMASKCLAMP_PATTERNS=/srv/a" > umaskclamp.conf
        LD_PRELOAD=$(run -- printenv LD_PRELOAD) run -- printenv UMASKCLAMP_PATTERNS
    "#;
    let (status, out, error) = on_host(&top, script);
    assert!(!out.contains("/srv/a") && status == Some(1), "{out}{error}");
}

#[test]
fn settings_that_others_can_write_stop_the_command() {
    if !namespace::possible() {
        return;
    }
    let (_keep, top) = directory();
    let script = r#"
        echo "UMASKCLAMP_MASK=027" > umaskclamp.conf
        chmod 664 umaskclamp.conf
        run -- echo started
    "#;
    let (status, out, error) = on_host(&top, script);
    assert_eq!((status, out.as_str()), (Some(78), ""));
    assert!(
        error.contains("/etc/umaskclamp/umaskclamp.conf: others than root"),
        "{error}"
    );
}

#[test]
fn a_drop_in_is_shown_written_and_taken_away() {
    if !namespace::possible() {
        return;
    }
    let (_keep, top) = directory();
    let service = "printf '[Service]\\nExecStart=/bin/true\\n' > /etc/systemd/system/demo.service";
    let unit = |options: &str| {
        let library = library();
        let script = format!("umaskclamp unit --library {} {options}", library.display());
        on_host(&top, &format!("{service}; {script}"))
    };
    let drop_in = top.join("etc/systemd/system/demo.service.d/umaskclamp.conf");

    let (status, out, error) = unit("-p '/srv/100%:/srv/\"a b\"' -m 027 demo");
    assert_eq!(status, Some(0), "{error}");
    assert!(
        out.contains("Environment=\"UMASKCLAMP_MASK=027\"\n"),
        "{out}"
    );
    let patterns = "Environment=\"UMASKCLAMP_PATTERNS=/srv/100%%:/srv/\\\"a b\\\"\"\n";
    assert!(out.contains(patterns), "{out}");
    assert!(out.contains("Environment=\"LD_PRELOAD=/"), "{out}");
    assert!(!drop_in.exists(), "it is only shown");

    let (status, _, error) = unit("-p /srv/dumps --write demo.service");
    assert_eq!(status, Some(0), "{error}");
    let written = std::fs::read_to_string(&drop_in).unwrap();
    assert!(
        written.contains("UMASKCLAMP_PATTERNS=/srv/dumps"),
        "{written}"
    );
    assert_eq!(common::mode(&drop_in), 0o644);
    let (status, _, error) = unit("--remove demo");
    assert_eq!(status, Some(0), "{error}");
    assert!(!drop_in.parent().unwrap().exists());

    // The administrator's own.
    std::fs::create_dir(drop_in.parent().unwrap()).unwrap();
    std::fs::write(&drop_in, "[Service]\n").unwrap();
    assert_eq!(unit("-p /srv/dumps --write demo").0, Some(77));
    assert_eq!(unit("--remove demo").0, Some(77));
    assert_eq!(std::fs::read_to_string(&drop_in).unwrap(), "[Service]\n");
    assert_eq!(unit("-p /srv/dumps no-such-service").0, Some(66));
    assert_eq!(unit("-p /srv/dumps ../demo").0, Some(64));
    assert_eq!(unit("-p '[a' demo").0, Some(78));
}

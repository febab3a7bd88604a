//! `explain`, `patterns`, `doctor`, and the manual pages.

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::{chmod, command, directory, library, text, umaskclamp};
use serde_json::Value;

#[test]
fn explain_shows_both_paths_every_rule_and_the_verdict() {
    let (_keep, top) = directory();
    fs::create_dir(top.join("vault")).unwrap();
    symlink("vault", top.join("link")).unwrap();
    let output = umaskclamp()
        .args(["explain", "-p", "vault/:!*.pub", "link/a", "link/a.pub"])
        .current_dir(&top)
        .output()
        .unwrap();
    let said = text(&output.stdout);
    let at = top.display();
    for line in [
        format!("named     {at}/link/a\n"),
        format!("really    {at}/vault/a\n"),
        "      list   1  protects  vault/  (where it really is)\n".to_owned(),
        "      list   2  -         !*.pub\n".to_owned(),
        "verdict   sensitive by vault/ (where it really is)\n".to_owned(),
        "      list   2  exempts   !*.pub\n".to_owned(),
        "verdict   exempt by !*.pub\n".to_owned(),
        "there     nothing there yet\n".to_owned(),
    ] {
        assert!(said.contains(&line), "{line:?} is not in\n{said}");
    }
}

#[test]
fn explain_counts_the_umask_and_the_mode() {
    let explain = |mode: &str| {
        let script = format!(
            "umask 002; exec {} explain -m 027 -p x x",
            assert_cmd::cargo::cargo_bin("umaskclamp").display()
        );
        let output = command("sh")
            .args(["-c", &script])
            .env("UMASKCLAMP_MODE", mode)
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let said = explain("enforce");
    assert!(
        said.contains("asked 0666 gets 0640, asked 0777 gets 0750 (umask 0002)"),
        "{said}"
    );
    let said = explain("audit");
    assert!(said.contains("asked 0666 gets 0664"), "{said}");
    assert!(said.contains("audit: nothing is changed"), "{said}");
}

#[test]
fn the_printed_list_reads_back_the_same() {
    let (_keep, top) = directory();
    let built_in = umaskclamp().arg("patterns").output().unwrap();
    fs::write(top.join("list"), &built_in.stdout).unwrap();
    let list = |arguments: &[&str]| {
        let output = umaskclamp()
            .args(["patterns", "--list"])
            .args(arguments)
            .current_dir(&top)
            .output()
            .unwrap();
        text(&output.stdout)
    };
    assert_eq!(list(&["-f", "list"]), list(&[]));
    assert!(list(&[]).contains("/var/lib/rear"));
    // What is a pattern in a list would be a comment in a file.
    let odd = umaskclamp()
        .args(["patterns", "-p", r"#x:a\:b"])
        .output()
        .unwrap();
    assert!(
        text(&odd.stdout).ends_with("\\#x\na\\:b\n"),
        "{}",
        text(&odd.stdout)
    );
}

#[test]
fn patterns_have_origin_and_reason() {
    let (_keep, top) = directory();
    fs::write(top.join("list"), "# what the auditors want\n/srv/audit\n").unwrap();
    let output = umaskclamp()
        .args(["patterns", "--json", "-f", "list", "-p", "*.x"])
        .current_dir(&top)
        .output()
        .unwrap();
    let rows: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows[0]["origin"], "file");
    assert_eq!(rows[0]["number"], 2);
    assert_eq!(rows[0]["reason"], "what the auditors want");
    assert_eq!(rows[1]["origin"], "list");
    let output = umaskclamp().args(["patterns", "--json"]).output().unwrap();
    for line in text(&output.stdout).lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["origin"], "built-in");
        assert!(
            row["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty()),
            "{line}"
        );
    }
}

#[test]
fn doctor_finds_the_library_active() {
    let output = umaskclamp()
        .args(["doctor", "--library"])
        .arg(library())
        .arg("sh")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(
        said.contains("active    ok   a probe found 7 of 7 doors closed"),
        "{said}"
    );
    assert!(said.contains("sh        ok   "), "{said}");
    assert!(said.contains("symbols that need a hook have one"), "{said}");
}

#[test]
fn doctor_tells_a_library_that_does_nothing() {
    let (_keep, top) = directory();
    // Loaded, but its settings say off: the doctor's own probe is not misled.
    let output = umaskclamp()
        .args(["doctor", "--library"])
        .arg(library())
        .env("UMASKCLAMP_MODE", "off")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("settings  bad  mode off"));

    // Found, but ld.so cannot load it.
    let broken = top.join("libumaskclamp.so");
    let mut bytes = fs::read(library()).unwrap();
    // e_type: no shared object any more (elf(5)).
    bytes[16] = 2;
    fs::write(&broken, bytes).unwrap();
    let output = umaskclamp()
        .args(["doctor", "--library"])
        .arg(&broken)
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("active    bad  a probe found 0 of 7 doors closed"),
        "{said}"
    );
    assert!(said.contains("cannot be preloaded"), "{said}");
}

/// FUSE shows what modes it likes.
#[test]
fn doctor_tells_where_modes_are_not_kept() {
    let (_keep, top) = directory();
    let [lower, mount] = ["lower", "mount"].map(|name| top.join(name));
    fs::create_dir(&lower).unwrap();
    fs::create_dir(&mount).unwrap();
    let mut bindfs = std::process::Command::new("bindfs");
    bindfs.args(["--chmod-ignore", "--perms=a+rX"]);
    let mounted = bindfs.arg(&lower).arg(&mount).status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("left out: modes that are not kept: it takes /dev/fuse and package bindfs");
        return;
    }
    let doctor = |place: &std::path::Path| {
        let mut doctor = umaskclamp();
        doctor.args(["doctor", "--library"]).arg(library());
        doctor.arg("-p").arg(place.join("dumps/*.sql"));
        doctor.output().unwrap()
    };
    let [kept, lost] = [&lower, &mount].map(|place| doctor(place));
    let _ = std::process::Command::new("umount").arg(&mount).status();
    let said = text(&lost.stdout);
    assert!(
        said.contains("mount: its file system does not keep modes: a file made with 0600 has 0644"),
        "{said}"
    );
    assert_eq!(lost.status.code(), Some(1), "{said}");
    let said = text(&kept.stdout);
    assert!(!said.contains("does not keep modes"), "{said}");
    assert_eq!(fs::read_dir(&lower).unwrap().count(), 0, "left behind");
}

#[test]
fn doctor_knows_what_cannot_be_entered() {
    let (_keep, top) = directory();
    let script = top.join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    chmod(&script, 0o755);
    let source = top.join("static.c");
    fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let linked = command("cc")
        .args(["-static", "-o"])
        .arg(top.join("static"))
        .arg(&source)
        .status();
    assert!(
        linked.is_ok_and(|status| status.success()),
        "a C compiler links Rust as well"
    );
    let output = umaskclamp()
        .args(["doctor", "--library"])
        .arg(library())
        .arg(top.join("static"))
        .arg(&script)
        .arg("no-such-command")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.contains("static program"), "{said}");
    assert!(
        said.contains("as a child it runs under umask | 077"),
        "{said}"
    );
    assert!(
        said.contains("run by /no/such/interpreter: cannot be read"),
        "{said}"
    );
    assert!(
        said.contains("no-such-command bad  command not found"),
        "{said}"
    );
}

#[test]
fn pages_and_completions_are_complete() {
    let (_keep, top) = directory();
    umaskclamp().arg("pages").arg(&top).assert().success();
    let commands = [
        "run", "explain", "doctor", "report", "suggest", "patterns", "scan",
    ];
    let page = fs::read_to_string(top.join("man/man1/umaskclamp.1")).unwrap();
    for sub in commands {
        let own = fs::read_to_string(top.join(format!("man/man1/umaskclamp-{sub}.1"))).unwrap();
        assert!(own.contains(".SH EXAMPLES\n"), "{sub}");
        assert!(page.contains(&format!("umaskclamp\\-{sub}(1)")), "{sub}");
    }
    for hidden in ["probe", "pages"] {
        assert!(
            !page.contains(&format!("umaskclamp\\-{hidden}")),
            "{hidden}"
        );
    }
    for file in ["umaskclamp.bash", "_umaskclamp", "umaskclamp.fish"] {
        let text = fs::read_to_string(top.join("completions").join(file)).unwrap();
        for sub in commands {
            assert!(text.contains(sub), "{sub} in {file}");
        }
    }
    let script = format!(
        ". {}; complete -p umaskclamp; COMP_WORDS=(umaskclamp ex) COMP_CWORD=1; \
         _umaskclamp umaskclamp ex umaskclamp; echo \"${{COMPREPLY[@]}}\"",
        top.join("completions/umaskclamp.bash").display()
    );
    let output = command("bash").args(["-c", &script]).output().unwrap();
    let said = text(&output.stdout);
    assert!(
        said.starts_with("complete ") && said.ends_with("\nexplain\n"),
        "{said}"
    );
}

#[test]
fn doctor_knows_programs_that_make_their_own_system_calls() {
    marked_program(".go.buildinfo", "makes its own system calls (Go)");
    marked_program(".bun", "makes its own system calls (Bun)");
}

fn marked_program(section: &str, expected: &str) {
    let (_keep, top) = directory();
    // A section of such a name tells who made a program; objcopy adds it. None of
    // these programs is small.
    let program = top.join("program");
    fs::write(top.join("large"), vec![0; 1 << 20]).unwrap();
    let marked = command("objcopy")
        .arg("--add-section")
        .arg(format!("{section}=large"))
        .arg("/bin/true")
        .arg(&program)
        .current_dir(&top)
        .status();
    assert!(
        marked.is_ok_and(|status| status.success()),
        "binutils links Rust as well"
    );
    let output = umaskclamp()
        .args(["doctor", "--library"])
        .arg(library())
        .arg(&program)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains(expected),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn patterns_and_doctor_tell_what_hardly_means_what_it_says() {
    let (_keep, top) = directory();
    fs::write(top.join("list"), "/srv/t # why\n*.{sql,iso}\n").unwrap();
    let patterns = umaskclamp()
        .args(["patterns", "-f", "list"])
        .current_dir(&top)
        .output()
        .unwrap();
    assert!(patterns.status.success());
    let told = text(&patterns.stderr);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.contains("line 1 \"/srv/t # why\": '#' is part"),
        "{told}"
    );
    let doctor = umaskclamp()
        .args(["doctor", "-f", "list", "--library"])
        .arg(library())
        .current_dir(&top)
        .output()
        .unwrap();
    assert!(doctor.status.success(), "{}", text(&doctor.stdout));
    let told = text(&doctor.stdout);
    assert!(told.contains("patterns  note line 1"), "{told}");
    for command in ["patterns", "doctor", "scan"] {
        for list in ["!/srv/pub", ""] {
            let mut refused = umaskclamp();
            refused.args([command, "-p", list]).current_dir(&top);
            if command == "scan" {
                refused.arg(".");
            }
            refused.assert().code(64);
        }
    }
}

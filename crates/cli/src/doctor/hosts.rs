//! What on this host may keep a preload out, or report it, as far as files tell that can be
//! read. What to do about it stands in docs/hosts.md.

use std::fs;
use std::io;
use std::path::Path;

use super::{Findings, Grade};
use crate::show;

/// Agents that are known to have rules about `LD_PRELOAD`, by a directory of theirs.
const AGENTS: &[(&str, &str)] = &[
    ("CrowdStrike Falcon", "opt/CrowdStrike"),
    ("Elastic Agent", "opt/Elastic/Agent"),
    ("Falco", "etc/falco"),
    ("Microsoft Defender", "opt/microsoft/mdatp"),
    ("SentinelOne", "opt/sentinelone"),
    ("Wazuh", "var/ossec"),
];

/// Looks at the host whose files lie below `root`.
pub(super) fn look(findings: &mut Findings, root: &Path) {
    fapolicyd(findings, root);
    apparmor(findings, root);
    if text(root, "sys/fs/selinux/enforce").is_ok_and(|text| text.trim() == "1") {
        let text = "enforcing: a program that enters another domain, as most services do, ignores \
                    LD_PRELOAD unless noatsecure is allowed";
        findings.tell("SELinux", Grade::Note, text);
    }
    let watched = |text: String| text.contains("ld.so.preload") || text.contains("LD_PRELOAD");
    if text(root, "etc/audit/audit.rules").is_ok_and(watched) {
        let text = "/etc/audit/audit.rules watches preloads: they are reported";
        findings.tell("audit", Grade::Note, text);
    }
    for (agent, _) in AGENTS.iter().filter(|(_, place)| root.join(place).is_dir()) {
        let text = format_args!("{agent} is here: it may report LD_PRELOAD, or stop the program");
        findings.tell("agent", Grade::Note, text);
    }
}

fn text(root: &Path, file: &str) -> io::Result<String> {
    let bytes = fs::read(root.join(file))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first of its rules that matches decides, and `pattern=ld_preload` matches every
/// program with `LD_PRELOAD` in its environment, whatever it preloads.
fn fapolicyd(findings: &mut Findings, root: &Path) {
    let old = || text(root, "etc/fapolicyd/fapolicyd.rules");
    let rules = match text(root, "etc/fapolicyd/compiled.rules").or_else(|_| old()) {
        Ok(rules) => rules,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let text = "its rules cannot be read: ask as root if it denies preloads";
            return findings.tell("fapolicyd", Grade::Note, text);
        }
        Err(_) => return,
    };
    let of_preloads = |rule: &&str| !rule.starts_with('#') && rule.contains("pattern=ld_preload");
    let rule = rules.lines().map(str::trim).find(of_preloads);
    let Some(rule) = rule.filter(|rule| rule.starts_with("deny")) else {
        let text = "no rule of its own denies preloads; the library has to be trusted";
        return findings.tell("fapolicyd", Grade::Good, text);
    };
    let permissive = text(root, "etc/fapolicyd/fapolicyd.conf").is_ok_and(|text| {
        text.lines()
            .any(|line| line.replace(' ', "") == "permissive=1")
    });
    let rule = show::bytes(rule.as_bytes());
    if permissive || !root.join("run/fapolicyd").exists() {
        let text = format_args!("it would deny every preload, but is not enforcing: {rule}");
        return findings.tell("fapolicyd", Grade::Note, text);
    }
    findings.tell(
        "fapolicyd",
        Grade::Bad,
        format_args!("it denies every preload: {rule}"),
    );
    findings.more("a rule that allows it has to stand before that one");
}

fn has_apparmor(root: &Path) -> bool {
    let enabled = text(root, "sys/module/apparmor/parameters/enabled");
    enabled.is_ok_and(|text| text.starts_with('Y'))
}

fn apparmor(findings: &mut Findings, root: &Path) {
    if !has_apparmor(root) {
        return;
    }
    let ours = text(root, "proc/self/attr/apparmor/current")
        .or_else(|_| text(root, "proc/self/attr/current"))
        .unwrap_or_default();
    let ours = ours.trim_end_matches(['\n', '\0']);
    if !ours.is_empty() && ours != "unconfined" {
        let profile = show::bytes(ours.as_bytes());
        let text = format_args!(
            "this process is confined by {profile}: what it starts by Px, Cx or Ux ignores \
             LD_PRELOAD"
        );
        findings.tell("AppArmor", Grade::Note, text);
    }
}

/// The profile of this program, if it has one by the usual name (aa-autodep(8)).
pub(super) fn profile(findings: &mut Findings, root: &Path, program: &Path) {
    let name = program
        .to_string_lossy()
        .trim_start_matches('/')
        .replace('/', ".");
    if has_apparmor(root) && root.join("etc/apparmor.d").join(&name).is_file() {
        let name = show::bytes(name.as_bytes());
        let text = format_args!("{name}: it has to allow the library (mr) and the log (w)");
        findings.tell("AppArmor", Grade::Note, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found on a host with these files.
    fn found(files: &[(&str, &str)]) -> Vec<(Grade, String)> {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let mut findings = Findings::default();
        look(&mut findings, root.path());
        profile(&mut findings, root.path(), Path::new("/usr/sbin/mysqld"));
        let found = findings.0.into_iter();
        found
            .map(|finding| (finding.grade, finding.subject))
            .collect()
    }

    #[test]
    fn nothing_is_said_of_a_host_that_has_none() {
        assert!(found(&[]).is_empty());
        let off = ("sys/module/apparmor/parameters/enabled", "N\n");
        let permissive = ("sys/fs/selinux/enforce", "0");
        assert!(found(&[off, permissive, ("proc/self/attr/current", "x (enforce)\n")]).is_empty());
    }

    #[test]
    fn the_first_rule_of_fapolicyd_about_preloads_decides() {
        const RULES: &str = "etc/fapolicyd/compiled.rules";
        let on = ("run/fapolicyd/fapolicyd.fifo", "");
        let deny = "allow perm=any all : all\ndeny_audit perm=any pattern=ld_preload : all\n";
        let allow = format!("allow perm=any pattern=ld_preload uid=0 : all\n{deny}");
        let grade = |files: &[(&str, &str)]| {
            let [(grade, subject)] = &found(files)[..] else {
                panic!("one finding");
            };
            assert_eq!(subject, "fapolicyd");
            *grade
        };
        assert!(grade(&[(RULES, deny), on]) == Grade::Bad);
        assert!(grade(&[("etc/fapolicyd/fapolicyd.rules", deny), on]) == Grade::Bad);
        assert!(grade(&[(RULES, deny)]) == Grade::Note);
        let permissive = ("etc/fapolicyd/fapolicyd.conf", "permissive = 1\n");
        assert!(grade(&[(RULES, deny), on, permissive]) == Grade::Note);
        assert!(grade(&[(RULES, &allow), on]) == Grade::Good);
        let comment = "#deny_audit perm=any pattern=ld_preload : all\n";
        assert!(grade(&[(RULES, comment), on]) == Grade::Good);
    }

    #[test]
    fn security_modules_and_agents_are_named() {
        let on = ("sys/module/apparmor/parameters/enabled", "Y\n");
        let subjects = |files: &[(&str, &str)]| -> Vec<String> {
            found(files)
                .into_iter()
                .map(|(_, subject)| subject)
                .collect()
        };
        assert!(subjects(&[on, ("proc/self/attr/current", "unconfined\n")]).is_empty());
        assert_eq!(
            subjects(&[on, ("proc/self/attr/current", "lxc (enforce)\n")]),
            ["AppArmor"]
        );
        assert_eq!(
            subjects(&[on, ("etc/apparmor.d/usr.sbin.mysqld", "")]),
            ["AppArmor"]
        );
        assert_eq!(subjects(&[("sys/fs/selinux/enforce", "1")]), ["SELinux"]);
        let audit = ("etc/audit/audit.rules", "-w /etc/ld.so.preload -p wa\n");
        assert_eq!(
            subjects(&[audit, ("etc/falco/falco.yaml", "")]),
            ["audit", "agent"]
        );
    }
}

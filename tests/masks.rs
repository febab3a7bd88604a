//! Rules with a mask of their own: one job writes logs for a group and keys for nobody.

use umaskclamp_testkit::run::sh;
use umaskclamp_testkit::{Tree, Who};

const WORK: &str = "mkdir plain/log plain/log/old; echo l > plain/log/job.log; \
    echo d > plain/log/old/x.sql; echo k > plain/job.key; echo k > plain/log/own.key; \
    echo p > plain/job; echo a > outside/job.log; mv outside/job.log plain/log/moved.log; \
    chmod 666 plain/log/job.log plain/job.key";

#[test]
fn enforce_masks_by_rule() {
    for who in Who::all() {
        let tree = Tree::full(who);
        let root = tree.root.display();
        let list = format!("*.key:*.sql:027={root}/plain/log/**:{root}/plain/log/own.key");
        let run = sh(WORK)
            .patterns(list)
            .cwd(&tree.root)
            .who(who)
            .umask(0o022);
        let report = run.watch(&tree.root);
        assert!(report.status.success(), "{who}: {}", report.status);
        for (path, wanted) in [
            ("plain/log", 0o755),
            // The last rule that matches decides, and its mask with it.
            ("plain/log/old", 0o750),
            ("plain/log/old/x.sql", 0o640),
            ("plain/log/job.log", 0o640),
            ("plain/log/moved.log", 0o640),
            ("plain/log/own.key", 0o600),
            ("plain/job.key", 0o600),
            ("plain/job", 0o644),
        ] {
            assert_eq!(tree.mode(path), wanted, "{path} as {who}");
            let seen = report.seen.iter().find(|seen| seen.path.ends_with(path));
            let seen = seen.unwrap_or_else(|| panic!("{path} was never seen"));
            // A program may ask for less at first; more it never has.
            assert_eq!(
                seen.loosest & !wanted,
                0,
                "{path} as {who}: {:o}",
                seen.loosest
            );
        }
    }
}

/// A path by two names is what both rules make of it.
#[test]
fn enforce_the_masks_of_both_names() {
    let who = Who::ordinary();
    let tree = Tree::full(who);
    let root = tree.root.display();
    let list = format!("020={root}/plain/by/**:007={root}/plain/real/**");
    let script = "mkdir plain/real; ln -s real plain/by; : > plain/by/a; : > plain/real/b";
    let report = sh(script)
        .patterns(list)
        .cwd(&tree.root)
        .who(who)
        .umask(0)
        .watch(&tree.root);
    assert!(report.status.success(), "{}", report.status);
    assert_eq!(tree.mode("plain/real/a"), 0o640);
    assert_eq!(tree.mode("plain/real/b"), 0o660);
}

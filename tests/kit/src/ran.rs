//! One run of one row of the table, by the program `doors`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::rows::Row;
use crate::watch::Report;
use crate::{Run, Tree, Who, acl};

/// Does `doors` know the row? One of another machine has no rows of the calls
/// that this machine alone has a number for.
pub fn known(row: &Row) -> bool {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let listed = Run::kit("doors", false).arg("--list").run();
        assert!(listed.status.success(), "doors --list: {listed:?}");
        let text = String::from_utf8(listed.stdout).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    });
    names.contains(&row.name)
}

/// Why whoever runs the tests leaves a row out: `UMASKCLAMP_TEST_LEFT_OUT` holds
/// names, in which `*` stands for anything once, a colon, and the reason.
pub fn excused(row: &Row) -> Option<String> {
    let text = std::env::var("UMASKCLAMP_TEST_LEFT_OUT").ok()?;
    let (names, reason) = text.split_once(": ")?;
    let meant = |name: &str| match name.split_once('*') {
        Some((start, end)) => row.name.starts_with(start) && row.name.ends_with(end),
        None => row.name == name,
    };
    names.split(' ').any(meant).then(|| reason.to_owned())
}

/// One run of a row in a new tree.
pub struct Ran {
    pub report: Report,
    /// How others see it, with the tree's own name taken out.
    pub facts: String,
    pub errors: String,
}

impl Ran {
    /// Why this machine cannot carry out the row at all, as a bare run told.
    pub fn not_here(&self) -> Option<&'static str> {
        let no_handles = format!("name_to_handle_at=-1 errno={} ", libc::EOPNOTSUPP);
        if self.facts.contains("=missing") {
            Some("this libc has no such call")
        } else if self.facts.contains(&no_handles) {
            Some("this file system gives no handles")
        } else {
            None
        }
    }

    /// Does the kernel lack it, or the emulator that stands for it, or an old libc
    /// that has the name alone (`lchmod` before 2.32)?
    pub fn unanswered(&self) -> bool {
        let said = |error: i32| self.facts.contains(&format!("=-1 errno={error} "));
        said(libc::ENOSYS) || said(libc::EOPNOTSUPP)
    }
}

/// Runs a row as somebody. Fails where the tree cannot be made as the row needs it.
pub fn run_row(row: &Row, who: Who, preload: bool) -> Result<Ran, String> {
    let tree = Tree::with(who, row.side);
    if row.shared {
        tree.share();
    }
    if row.acl {
        let parent = tree.at(row.side);
        acl::set(&parent, acl::DEFAULT, &acl::generous(7))
            .map_err(|e| format!("no ACLs in {}: {e}", tree.root.display()))?;
    }
    let root = tree.root.to_str().expect("UTF-8");
    let patterns =
        format!("{root}/secret:*.iso:/dev/shm/*-secret:/dev/shm/sem.*-secret:/dev/mqueue/*-secret");
    let unique = tree
        .root
        .file_name()
        .expect("name")
        .to_string_lossy()
        .into_owned();
    let shared = [
        format!("/dev/shm/{unique}-{}", row.side),
        format!("/dev/shm/sem.{unique}-{}", row.side),
    ];
    let run = Run::kit("doors", preload)
        .arg(&row.name)
        .arg(root)
        .patterns(patterns)
        .who(who);
    let mut report = run.watch_also(&tree.root, &shared);
    for path in &shared {
        let _ = std::fs::remove_file(path);
    }
    for seen in &mut report.seen {
        if seen.path.is_absolute() {
            let path = seen.path.to_string_lossy().replace(&unique, "{U}");
            seen.path = path.into();
        }
        *seen = seen.clone().however_opened();
    }
    let clean = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .replace(&unique, "{U}")
            .trim_end()
            .to_owned()
    };
    let facts = format!("{} {}", report.status, clean(&report.stdout));
    let errors = clean(&report.stderr);
    Ok(Ran {
        facts,
        errors,
        report,
    })
}

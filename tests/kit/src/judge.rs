//! Runs rows, bare and under the shim, and says what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::ran::{Ran, excused, known, run_row};
use crate::rows::{Needs, Row, Same};
use crate::watch::{Report, Seen};
use crate::{Who, run};

/// Bits that the default mask takes away.
pub const MASK: u32 = 0o077;

/// What became of a list of rows.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Rows that were run.
    pub rows: usize,
    /// Rows that this machine cannot run, and why.
    pub left_out: Vec<String>,
    /// What is wrong, a line each.
    pub faults: Vec<String>,
    /// The rows in which something is.
    failed: BTreeSet<String>,
}

impl Verdict {
    /// Prints the count and fails with every fault.
    pub fn check(self, what: &str) {
        println!(
            "{what}: {} rows, {} failed, {} left out",
            self.rows,
            self.failed.len(),
            self.left_out.len()
        );
        for line in &self.left_out {
            println!("left out: {line}");
        }
        assert!(self.rows > 0, "{what}: no row was run");
        assert!(
            self.faults.is_empty(),
            "{what}: {} faults in {} rows:\n{}",
            self.faults.len(),
            self.rows,
            self.faults.join("\n")
        );
    }

    fn fault(&mut self, row: &Row, who: Who, text: impl std::fmt::Display) {
        let name = format!("{} as {who}", row.name);
        self.faults.push(format!("{name}: {text}"));
        self.failed.insert(name);
    }

    fn leave_out(&mut self, row: &Row, who: Who, reason: &str) {
        let name = &row.name;
        self.left_out.push(format!("{name} as {who}: {reason}"));
    }
}

/// Whether the patterns of [`run_row`] protect this path below the tree.
fn sensitive(row: &Row, path: &Path) -> bool {
    let text = path.to_string_lossy();
    path.starts_with("secret") && path != Path::new("secret")
        || path
            .components()
            .any(|c| c.as_os_str().to_string_lossy().ends_with(".iso"))
        || text == "<mqueue>" && row.side == "secret"
        || text == "<tmpfile>" && row.spot.real == "<tmpfile>" && row.side == "secret"
        || text.starts_with("/dev/shm/") && text.ends_with("-secret")
        || row.side == "secret" && text.as_bytes() == row.target()
}

/// Every moment at which something sensitive was open to others: a mode that
/// it did not have before the program started, or a write to it while wide.
fn leaks(row: &Row, report: &Report) -> BTreeMap<PathBuf, String> {
    let mut leaks = BTreeMap::new();
    for seen in report.seen.iter().filter(|s| sensitive(row, &s.path)) {
        let gained = seen.loosest & !seen.before.unwrap_or(0) & MASK;
        if gained != 0 && !report.came_closed(seen) {
            let text = format!(
                "{:04o} after {} (first {:04o})",
                seen.loosest, seen.by, seen.first
            );
            leaks.insert(seen.path.clone(), text);
        }
        // A directory inherits its parent's default ACL by the kernel's hand:
        // only what the program sets itself is the shim's to clamp.
        if row.sets_default() && seen.default & MASK != 0 {
            leaks.insert(
                seen.path.clone(),
                format!("default ACL for others: {:03o}", seen.default),
            );
        }
    }
    for write in report.writes.iter().filter(|w| sensitive(row, &w.path)) {
        if write.mode & MASK != 0 {
            let text = format!("{} while {:04o}", write.call, write.mode);
            leaks.insert(write.path.clone(), text);
        }
    }
    leaks
}

/// What is there at the end, by name.
fn last(report: &Report) -> BTreeMap<&Path, &Seen> {
    report
        .seen
        .iter()
        .filter(|s| s.last.is_some())
        .map(|s| (s.path.as_path(), s))
        .collect()
}

fn left_out(row: &Row, who: Who) -> bool {
    row.needs == Needs::Root && !who.is_root() || row.needs == Needs::NotRoot && who.is_root()
}

/// Runs a row without the preload; a note if it cannot be run here.
fn run_bare(row: &Row, who: Who, verdict: &mut Verdict) -> Option<Ran> {
    if left_out(row, who) {
        return None;
    }
    if !known(row) {
        verdict.leave_out(row, who, "no such call on its machine");
        return None;
    }
    if let Some(reason) = excused(row) {
        verdict.leave_out(row, who, &reason);
        return None;
    }
    let reason = match run_row(row, who, false) {
        Ok(ran) => match ran.not_here() {
            None => return Some(ran),
            Some(reason) => reason.to_owned(),
        },
        Err(reason) => reason,
    };
    verdict.leave_out(row, who, &reason);
    None
}

/// Runs a row that must leak when bare; a note if it cannot be run here.
fn run_wide(row: &Row, who: Who, verdict: &mut Verdict) -> Option<Ran> {
    let ran = run_bare(row, who, verdict)?;
    if ran.unanswered() {
        verdict.leave_out(row, who, "this kernel or libc has no such call");
        return None;
    }
    Some(ran)
}

/// Runs a row under the shim that was run bare, and compares the facts.
fn run_shim(row: &Row, who: Who, bare: &Ran, verdict: &mut Verdict) -> Option<Ran> {
    let shim = run_row(row, who, true).expect("as before");
    verdict.rows += 1;
    if bare.report.late || shim.report.late {
        verdict.fault(row, who, "killed: it took too long");
        return None;
    }
    if shim.facts != bare.facts {
        verdict.fault(
            row,
            who,
            format!("facts\n    bare: {}\n    shim: {}", bare.facts, shim.facts),
        );
    }
    if shim.errors != bare.errors {
        verdict.fault(
            row,
            who,
            format!(
                "stderr\n    bare: {}\n    shim: {}",
                bare.errors, shim.errors
            ),
        );
    }
    Some(shim)
}

/// The modes that may be left under the shim of what leaked (or not) without.
fn wanted(row: &Row, bare: &Seen, leaked: bool) -> [u32; 2] {
    let mode = bare.last.unwrap_or(0);
    if !leaked || row.sets_default() {
        return [mode, mode];
    }
    // A write takes the setgid bit from a file that its group may execute
    // (`setattr_should_drop_sgid` in the kernel's fs/attr.c), which a clamped
    // file's group may not.
    let mode = mode & !MASK;
    [mode, mode | (bare.first & libc::S_ISGID)]
}

/// Judges rows that the shim must clamp: each leaks without it, none with it,
/// and what is left has the mode that was asked for less the mask.
pub fn enforced(rows: &[Row]) -> Verdict {
    let mut verdict = Verdict::default();
    for (row, who) in each(rows) {
        let Some(bare) = run_wide(row, who, &mut verdict) else {
            continue;
        };
        let Some(shim) = run_shim(row, who, &bare, &mut verdict) else {
            continue;
        };
        let wide = leaks(row, &bare.report);
        if wide.is_empty() {
            verdict.fault(
                row,
                who,
                format!("leaks nothing without the shim: {}", bare.facts),
            );
        }
        for (path, leak) in leaks(row, &shim.report) {
            verdict.fault(row, who, format!("{} was {leak}", path.display()));
        }
        let after = last(&shim.report);
        for (path, seen) in last(&bare.report) {
            if !sensitive(row, path) {
                continue;
            }
            let fault = after.get(path).map_or(Some("gone".to_owned()), |got| {
                let want = wanted(row, seen, wide.contains_key(path));
                let got = got.last.unwrap_or(0);
                (!want.contains(&got)).then(|| format!("{got:04o}, not {:04o}", want[0]))
            });
            if let Some(fault) = fault {
                verdict.fault(row, who, format!("{} is {fault}", path.display()));
            }
        }
    }
    verdict
}

/// Judges rows in which nothing may differ.
pub fn transparent(rows: &[Row]) -> Verdict {
    nothing_differs(each(rows))
}

/// As [`transparent`], as root and as an ordinary user in turn: for rows of
/// which there are so many that each door is still seen under both.
pub fn transparent_in_turn(rows: &[Row]) -> Verdict {
    let all = Who::all();
    nothing_differs(rows.iter().zip(all.iter().copied().cycle()))
}

fn nothing_differs<'a>(rows: impl Iterator<Item = (&'a Row, Who)>) -> Verdict {
    let mut verdict = Verdict::default();
    for (row, who) in rows {
        let Some(bare) = run_bare(row, who, &mut verdict) else {
            continue;
        };
        let Some(shim) = run_shim(row, who, &bare, &mut verdict) else {
            continue;
        };
        if row.same == Same::Facts {
            for fault in changed(row, &bare.report, &shim.report) {
                verdict.fault(row, who, fault);
            }
            continue;
        }
        if bare.report.seen != shim.report.seen {
            let differ = |a: &Report, b: &Report| {
                let extra: Vec<_> = a
                    .seen
                    .iter()
                    .filter(|s| !b.seen.contains(s))
                    .cloned()
                    .collect();
                format!("{extra:?}")
            };
            verdict.fault(
                row,
                who,
                format!(
                    "modes\n    bare: {}\n    shim: {}",
                    differ(&bare.report, &shim.report),
                    differ(&shim.report, &bare.report)
                ),
            );
        }
        if bare.report.writes != shim.report.writes {
            verdict.fault(
                row,
                who,
                format!(
                    "writes\n    bare: {:?}\n    shim: {:?}",
                    bare.report.writes, shim.report.writes
                ),
            );
        }
    }
    verdict
}

/// What a call at a sensitive place left otherwise than it would by itself:
/// nothing but narrower modes there. A failed rename, say, leaves the mode of
/// its source alone.
fn changed(row: &Row, bare: &Report, shim: &Report) -> Vec<String> {
    let (bare, shim) = (last(bare), last(shim));
    let mut faults = Vec::new();
    for (path, seen) in &bare {
        let want = seen.last.unwrap_or(0);
        let got = shim.get(path).and_then(|seen| seen.last);
        let narrower = sensitive(row, path) && got == Some(want & !MASK);
        // A link from plain to sensitive is one inode, narrow by both names.
        let shared = row.steps.iter().any(|step| step.call.starts_with("link"));
        if got != Some(want) && !narrower && !(shared && got == Some(want & !MASK)) {
            let shown = got.map_or("gone".to_owned(), |mode| format!("{mode:04o}"));
            faults.push(format!(
                "{} was left {shown}, not {want:04o}",
                path.display()
            ));
        }
    }
    let new = shim.keys().filter(|path| !bare.contains_key(*path));
    faults.extend(new.map(|path| format!("{} was left behind", path.display())));
    faults
}

/// Checks that rows leak without the preload, and does nothing else.
pub fn wide_without(rows: &[Row]) -> Verdict {
    let mut verdict = Verdict::default();
    for (row, who) in each(rows) {
        let Some(ran) = run_wide(row, who, &mut verdict) else {
            continue;
        };
        verdict.rows += 1;
        if leaks(row, &ran.report).is_empty() {
            verdict.fault(row, who, format!("no leak: {} {}", ran.facts, ran.errors));
        }
    }
    verdict
}

/// Every row as everybody. Where the preload is taken away on purpose, all
/// that is to be seen is that this is noticed: some of the rows show it.
fn each(rows: &[Row]) -> impl Iterator<Item = (&Row, Who)> {
    let step = if run::without() { 20 } else { 1 };
    rows.iter()
        .step_by(step)
        .flat_map(|row| Who::all().into_iter().map(move |who| (row, who)))
}

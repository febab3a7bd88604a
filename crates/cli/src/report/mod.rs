//! `umaskclamp report`: what the records say, by path, with counts.

mod undo;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::Style;
use clap::Args;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::records::{Records, Row, Rows, rows};
use crate::show::{self, Column, painted};

#[derive(Args, Debug)]
pub struct Report {
    /// One JSON object with all rows and sums; with --undo one an inode
    #[arg(long)]
    json: bool,
    /// Never shorten a path, even if the terminal is too narrow for it
    #[arg(short, long)]
    wide: bool,
    /// Show what was tightened and could have its mode back: what is still as it was left
    #[arg(long, conflicts_with = "wide")]
    undo: bool,
    /// With --undo: give the modes back
    #[arg(long, requires = "undo")]
    apply: bool,
    /// Log files as UMASKCLAMP_LOG_FILE names them; - for standard input
    #[arg(required = true, value_name = "LOG", value_hint = clap::ValueHint::FilePath)]
    logs: Vec<PathBuf>,
}

pub fn report(options: &Report) -> Result<ExitCode, Failure> {
    if options.undo {
        return undo::undo(options);
    }
    let records = Records::of(&options.logs)?;
    let mut out = show::out();
    if options.json {
        writeln!(out, "{}", as_json(&records))?;
    } else {
        let columns = show::columns(&std::io::stdout()).filter(|_| !options.wide);
        write(&mut out, &records, columns)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [Column; 5] = [
    ("COUNT", true, 9),
    ("ACTION", false, 13),
    ("MODE", false, 12),
    ("RULE", false, 22),
    ("PATH", false, 0),
];

/// The table, and below it the sums.
pub fn write(
    out: &mut dyn Write,
    records: &Records,
    columns: Option<usize>,
) -> std::io::Result<()> {
    let rows = rows(&records.all);
    if rows.is_empty() {
        return writeln!(out, "Nothing was clamped, tightened or left unprotected.");
    }
    let cells = rows.iter().map(|(row, (count, programs))| {
        let rule = row.rule.as_deref().unwrap_or("-");
        let mut path = show::bytes(&row.path);
        if !row.reason.is_empty() {
            // A child that cannot be entered, or a failure: why, and whose.
            path = format!("{path} ({}: {})", programs.join(", "), row.reason);
        }
        [
            (count.to_string(), Style::new()),
            (row.action.clone(), style(&row.action)),
            (modes(row), Style::new()),
            (show::bytes(rule.as_bytes()), Style::new()),
            (path, Style::new()),
        ]
    });
    show::table(out, COLUMNS, cells.collect(), columns)?;
    let sums = sums(&rows)
        .into_iter()
        .map(|(action, (records, paths))| {
            let action = painted(style(action), action);
            format!("{records} {action} ({})", show::counted(paths, "path"))
        })
        .collect::<Vec<_>>();
    writeln!(out, "{}", sums.join(", "))
}

/// Records and paths by action.
fn sums(rows: &Rows) -> BTreeMap<&str, (u64, usize)> {
    let mut sums: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    let mut last = None;
    for (row, (count, _)) in rows {
        let sum = sums.entry(&row.action).or_default();
        sum.0 += count;
        // Rows of one path and action stand together.
        let this = (&row.path, &row.action);
        if last != Some(this) {
            sum.1 += 1;
        }
        last = Some(this);
    }
    sums
}

fn modes(row: &Row) -> String {
    match (row.requested, row.applied) {
        (None, None) => "-".to_owned(),
        (Some(_), Some(_)) => {
            format!(
                "{} -> {}",
                show::mode(row.requested),
                show::mode(row.applied)
            )
        }
        (requested, applied) => show::mode(requested.or(applied)),
    }
}

fn style(action: &str) -> Style {
    match action {
        "clamped" | "tightened" => show::GOOD,
        "failed" => show::BAD,
        _ => show::WARN,
    }
}

fn as_json(records: &Records) -> Value {
    let rows = rows(&records.all);
    let listed: Vec<Value> = rows
        .iter()
        .map(|(row, (count, programs))| {
            let mode = |mode: Option<u32>| mode.map(|mode| show::mode(Some(mode)));
            let mut value = json!({
                "count": count,
                "action": row.action,
                "requested": mode(row.requested),
                "applied": mode(row.applied),
                "rule": row.rule,
                "reason": row.reason,
                "programs": programs,
            });
            show::put_path(&mut value, &row.path);
            value
        })
        .collect();
    let sums: BTreeMap<&str, Value> = sums(&rows)
        .into_iter()
        .map(|(action, (records, paths))| (action, json!({"records": records, "paths": paths})))
        .collect();
    json!({
        "v": 1,
        "records": records.all.len(),
        "strange_lines": records.strange,
        "rows": listed,
        "sums": sums,
    })
}

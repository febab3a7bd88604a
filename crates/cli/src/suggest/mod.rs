//! `umaskclamp suggest`: from what an audit found wide, a short list of patterns
//! that covers it, for a person to edit.
//!
//! Each wide path can be covered by itself, by a directory above it, by its
//! name's ending, or with the part of a name that differs from run to run left
//! open. Of these the one that covers most is taken, again and again, until
//! nothing is left; then a bounded search looks for a shorter list. A pattern that would
//! cover what a log shows as plain is never proposed, nor is a directory that
//! many programs share.

mod candidates;
mod cover;
mod names;
mod shorten;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::records::{Record, Records};
use crate::show::{self, painted};

/// Directories in which unrelated programs meet: whoever wants one of them as a
/// whole writes it down knowingly. Home directories are as personal.
const SHARED: &str = "/ /bin /boot /dev /etc /home /lib /media /mnt /opt /proc /root /run \
                      /run/lock /run/user /sbin /srv /sys /tmp /usr /usr/bin /usr/lib /usr/local \
                      /usr/sbin /usr/share /var /var/cache /var/lib /var/lock /var/log /var/opt \
                      /var/run /var/spool /var/tmp /var/www";

#[derive(Args, Debug)]
pub struct Suggest {
    /// One JSON object a pattern
    #[arg(long)]
    json: bool,
    /// Propose directories and exact paths only, no name endings
    #[arg(long)]
    no_names: bool,
    /// Log files of an audit run; - for standard input
    #[arg(required = true, value_name = "LOG", value_hint = clap::ValueHint::FilePath)]
    logs: Vec<PathBuf>,
}

pub fn suggest(options: &Suggest) -> Result<ExitCode, Failure> {
    let records = Records::of(&options.logs)?;
    let found = Found::of(&records.all);
    let (proposals, uncovered) = cover::propose(&found, !options.no_names);

    let mut out = show::out();
    if options.json {
        for proposal in &proposals {
            let line = json!({
                "pattern": String::from_utf8_lossy(&proposal.pattern),
                "paths": proposal.paths.len(),
                "records": found.records(&proposal.paths),
            });
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    let head = if proposals.is_empty() {
        "# Nothing was wide: no pattern is needed.".to_owned()
    } else {
        format!(
            "# {} for {}. Read the list before you use it.",
            show::counted(proposals.len(), "pattern"),
            show::counted(found.wide.len(), "wide path"),
        )
    };
    writeln!(out, "{}", painted(show::HEAD, head))?;
    for proposal in &proposals {
        let example = proposal.paths.first().map_or(&[][..], |&at| found.path(at));
        let note = format!(
            "# {}, {}, as {}",
            show::counted(proposal.paths.len(), "path"),
            show::counted(found.records(&proposal.paths), "record"),
            show::bytes(example),
        );
        writeln!(out, "{}", painted(show::FAINT, note))?;
        out.write_all(&proposal.pattern)?;
        writeln!(out)?;
    }
    for path in &found.shared {
        let path = show::bytes(path);
        writeln!(
            out,
            "# not covered: {path} is a directory that many programs share"
        )?;
    }
    for at in uncovered {
        let path = show::bytes(found.path(at));
        writeln!(
            out,
            "# not covered: {path} could not be, without what is plain beneath it"
        )?;
    }
    if found.unknown > 0 {
        let records = show::counted(found.unknown, "record");
        writeln!(
            out,
            "# not covered: {records} with a path that is cut or relative"
        )?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// What the logs say about paths.
struct Found {
    /// Wide paths in their order, each with the number of its records.
    wide: Vec<(Vec<u8>, usize)>,
    /// Paths that are plain by somebody's decision, in their order.
    plain: Vec<Vec<u8>>,
    /// Wide directories that no pattern may name: everything lies beneath.
    shared: Vec<Vec<u8>>,
    unknown: usize,
}

impl Found {
    fn of(records: &[Record]) -> Self {
        let mut wide: BTreeMap<&[u8], usize> = BTreeMap::new();
        let mut plain = Vec::new();
        let mut shared = Vec::new();
        let mut unknown = 0;
        for record in records {
            let path = record.row.path.as_slice();
            if record.about_wide() {
                if record.cut || path.first() != Some(&b'/') {
                    unknown += 1;
                } else if is_shared(path) {
                    shared.push(path.to_vec());
                } else {
                    *wide.entry(path).or_default() += 1;
                }
            } else if record.row.action == "verdict" && record.row.reason == "plain" {
                plain.push(path.to_vec());
            }
        }
        plain.retain(|path| !wide.contains_key(path.as_slice()));
        for list in [&mut plain, &mut shared] {
            list.sort();
            list.dedup();
        }
        Found {
            wide: wide
                .into_iter()
                .map(|(path, count)| (path.to_vec(), count))
                .collect(),
            plain,
            shared,
            unknown,
        }
    }

    fn path(&self, at: usize) -> &[u8] {
        self.wide.get(at).map_or(&[], |(path, _)| path)
    }

    fn records(&self, paths: &[usize]) -> usize {
        let counts = paths.iter().filter_map(|&at| self.wide.get(at));
        counts.map(|(_, count)| count).sum()
    }
}

fn is_shared(directory: &[u8]) -> bool {
    let mut shared = SHARED.split(' ').map(str::as_bytes);
    let home = directory
        .strip_prefix(b"/home/")
        .is_some_and(|user| !user.contains(&b'/'));
    home || shared.any(|shared| shared == directory)
}

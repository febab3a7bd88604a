//! `umaskclamp patterns`: the list in force, as a patterns file that can be
//! saved, edited and given back with -f.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use umaskclamp_policy::list;
use umaskclamp_policy::rules::{Origin, Rule};
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::{builtin, settings::Mode};

use crate::doubts;
use crate::failure::Failure;
use crate::files::read_file;
use crate::settings::{Environment, Selection};
use crate::show::{self, painted};

#[derive(Args, Debug)]
pub struct Patterns {
    #[command(flatten)]
    selection: Selection,
    /// As one line, a value of UMASKCLAMP_PATTERNS
    #[arg(long, conflicts_with = "json")]
    list: bool,
    /// One JSON object a pattern
    #[arg(long)]
    json: bool,
}

/// Where a rule was written, as one word.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::BuiltIn => "built-in",
        Origin::File => "file",
        Origin::Environment => "list",
    }
}

pub fn patterns(options: &Patterns) -> Result<ExitCode, Failure> {
    let (environment, settings) = doubts::settings(&options.selection)?;
    doubts::tell(&settings, &environment);
    if options.list {
        // As it is, for another program; the painted stream would take out what
        // looks like a colour.
        let list = settings.rules.to_list();
        let mut raw = std::io::stdout().lock();
        if raw.is_terminal() {
            writeln!(raw, "{}", show::bytes(&list))?;
        } else {
            raw.write_all(&list)?;
            writeln!(raw)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = show::out();
    let reasons = Reasons::read(&environment);
    if settings.mode == Mode::Off && !options.json {
        writeln!(out, "# {}=off: no pattern is in force", name::MODE)?;
    }
    let mut last = None;
    for (_, rule) in settings.rules.iter() {
        let reason = reasons.of(&rule);
        if options.json {
            let line = json!({
                "origin": origin(rule.origin),
                "number": rule.number,
                "pattern": String::from_utf8_lossy(rule.text),
                "protects": rule.protects,
                "in_force": !rule.homeless,
                "reason": reason,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        if last != Some(rule.origin) {
            let head = format!("# {}", headline(rule.origin, &environment));
            let blank = if last.is_some() { "\n" } else { "" };
            writeln!(out, "{blank}{}", painted(show::HEAD, head))?;
            last = Some(rule.origin);
        }
        if let Some(reason) = reason {
            writeln!(out, "{}", painted(show::FAINT, format_args!("# {reason}")))?;
        }
        if rule.homeless {
            writeln!(out, "# no home directory known: without force")?;
        }
        writeln!(out, "{}", line(&rule))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn headline(from: Origin, environment: &Environment) -> String {
    match from {
        Origin::BuiltIn => "the built-in list".to_owned(),
        Origin::Environment => format!("from -p, -b or {}", name::PATTERNS),
        Origin::File => {
            let path = environment.get(name::PATTERNS_FILE).unwrap_or_default();
            format!("from the file {}", show::bytes(path.as_bytes()))
        }
    }
}

/// A rule as a line of a file: what is a pattern in a list may read as a comment
/// there.
fn line(rule: &Rule<'_>) -> String {
    if rule.text.contains(&b'\n') {
        return format!("# cannot stand in a file: {}", show::bytes(rule.text));
    }
    // Only what a terminal could stumble over is shown escaped; a file gets the
    // bytes that the pattern has.
    let text = match std::str::from_utf8(rule.text) {
        Ok(text) if !text.contains(show::hidden) => text.to_owned(),
        _ => return format!("# cannot be shown: {}", show::bytes(rule.text)),
    };
    if text.starts_with('#') {
        format!("\\{text}")
    } else {
        text
    }
}

/// Why each pattern is there: the comment above it.
struct Reasons {
    built_in: Vec<String>,
    file: HashMap<u32, String>,
}

impl Reasons {
    fn read(environment: &Environment) -> Self {
        let path = environment
            .get(name::PATTERNS_FILE)
            .unwrap_or(OsStr::new(""));
        let text = read_file(Path::new(path)).unwrap_or_default();
        Reasons {
            built_in: builtin::entries().map(|(_, reason)| reason).collect(),
            file: comments(&text),
        }
    }

    fn of(&self, rule: &Rule<'_>) -> Option<&str> {
        let found = match rule.origin {
            Origin::BuiltIn => self.built_in.get(rule.number as usize - 1),
            Origin::File => self.file.get(&rule.number),
            Origin::Environment => None,
        };
        found.map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// The comment above each pattern of a file, by its line number from 1.
fn comments(text: &[u8]) -> HashMap<u32, String> {
    let patterns: Vec<u32> = list::lines(text).map(|(number, _)| number).collect();
    let mut found = HashMap::new();
    let mut comment = String::new();
    let mut open = false;
    for (number, line) in (1u32..).zip(text.split(|&byte| byte == b'\n')) {
        if let Some(words) = line.strip_prefix(b"#") {
            if !open {
                comment.clear();
            }
            open = true;
            if !comment.is_empty() {
                comment.push(' ');
            }
            comment.push_str(show::bytes(words.trim_ascii()).trim());
        } else if patterns.contains(&number) {
            open = false;
            found.insert(number, comment.clone());
        } else {
            comment.clear();
            open = false;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_belongs_to_the_patterns_below_it() {
        let text = b"# backups\n# of all\n/var/backups\n*.iso\n\n# none\n\n*.img\n";
        let found = comments(text);
        assert_eq!(found[&3], "backups of all");
        assert_eq!(found[&4], "backups of all");
        assert_eq!(found[&8], "");
    }
}

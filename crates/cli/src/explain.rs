//! `umaskclamp explain`: why a path is sensitive, or is not.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use umaskclamp_policy::rules::{Kind, Rule, Verdict};
use umaskclamp_policy::settings::{Mode, Settings};

use crate::failure::Failure;
use crate::patterns::origin;
use crate::place::{By, Place};
use crate::settings::{Environment, Selection};
use crate::show::{self, painted};

#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    selection: Selection,
    /// Do not follow a link in the last component: as mkdir, mknod, rename see it
    #[arg(long)]
    no_follow: bool,
    /// Show only the rules that match
    #[arg(short = 'M', long)]
    matching: bool,
    /// One JSON object a path
    #[arg(long)]
    json: bool,
    /// What to explain; a trailing slash makes it a directory
    #[arg(required = true, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<OsString>,
}

pub fn explain(options: &Explain) -> Result<ExitCode, Failure> {
    let mut environment = Environment::ours();
    environment.select(&options.selection)?;
    let settings = environment.settings()?;
    let mut out = show::out();
    for (at, path) in options.paths.iter().enumerate() {
        let place = Place::of(path.as_bytes(), !options.no_follow);
        let answer = Answer::of(&settings, &place);
        if options.json {
            writeln!(out, "{}", answer.json(&settings))?;
        } else {
            if at > 0 {
                writeln!(out)?;
            }
            answer.write(&mut out, &settings, options.matching)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

struct Answer<'a> {
    place: &'a Place,
    kind: Kind,
    verdict: Verdict,
    by: By,
    umask: u32,
    /// Type and permission bits of what is there.
    there: Option<u32>,
}

impl<'a> Answer<'a> {
    fn of(settings: &Settings, place: &'a Place) -> Self {
        let kind = place.kind();
        let (verdict, by) = place.verdict(&settings.rules, kind);
        let real = std::ffi::OsStr::from_bytes(&place.real);
        Answer {
            place,
            kind,
            verdict,
            by,
            umask: umask(),
            there: fs::symlink_metadata(real).ok().map(|data| data.mode()),
        }
    }

    fn sensitive(&self) -> bool {
        matches!(self.verdict, Verdict::Sensitive(_))
    }

    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Plain => "plain",
            Verdict::Exempt(_) => "exempt",
            Verdict::Sensitive(_) => "sensitive",
        }
    }

    /// What a creation that asks for `mode` gets here.
    fn created(&self, settings: &Settings, mode: u32) -> u32 {
        let mode = mode & !self.umask;
        match self.verdict {
            Verdict::Sensitive(found) if settings.mode == Mode::Enforce => found.mask.clamp(mode),
            _ => mode,
        }
    }

    fn rule<'s>(&self, settings: &'s Settings) -> Option<Rule<'s>> {
        match self.verdict {
            Verdict::Plain => None,
            Verdict::Exempt(id) => settings.rules.rule(id),
            Verdict::Sensitive(found) => settings.rules.rule(found.rule),
        }
    }

    fn json(&self, settings: &Settings) -> Value {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rules: Vec<Value> = settings
            .rules
            .iter()
            .map(|(id, rule)| {
                json!({
                    "origin": origin(rule.origin),
                    "number": rule.number,
                    "pattern": text(rule.text),
                    "matches": self.place.matches(&settings.rules, id, self.kind).is_some(),
                })
            })
            .collect();
        json!({
            "path": text(&self.place.given),
            "named": text(&self.place.named),
            "real": text(&self.place.real),
            "directory": self.kind == Kind::Directory,
            "rules": rules,
            "verdict": self.word(),
            "rule": self.rule(settings).map(|rule| text(rule.text)),
            "mode": settings.mode.word(),
            "umask": show::mode(Some(self.umask)),
            "created_0666": show::mode(Some(self.created(settings, 0o666))),
            "created_0777": show::mode(Some(self.created(settings, 0o777))),
        })
    }

    fn write(
        &self,
        out: &mut dyn Write,
        settings: &Settings,
        matching: bool,
    ) -> Result<(), Failure> {
        let line = |out: &mut dyn Write, head: &str, text: &str| {
            writeln!(
                out,
                "{} {text}",
                painted(show::HEAD, format_args!("{head:<9}"))
            )
        };
        line(out, "path", &show::bytes(&self.place.given))?;
        line(out, "named", &show::bytes(&self.place.named))?;
        line(out, "really", &show::bytes(&self.place.real))?;
        let there = match self.there {
            None => "nothing there yet".to_owned(),
            Some(mode) => format!("{}, mode {}", kind_word(mode), show::mode(Some(mode))),
        };
        line(out, "there", &there)?;

        if settings.mode != Mode::Off {
            line(out, "rules", "the last that matches decides")?;
            self.rules(out, settings, matching)?;
        }
        let by = match self.rule(settings) {
            None => String::new(),
            Some(rule) => format!(
                " by {}{}",
                show::bytes(rule.text),
                match self.by {
                    By::Named => "",
                    By::Real => " (where it really is)",
                }
            ),
        };
        let style = if self.sensitive() {
            show::GOOD
        } else {
            show::WARN
        };
        line(
            out,
            "verdict",
            &format!("{}{by}", painted(style, self.word())),
        )?;
        line(
            out,
            "creation",
            &format!(
                "asked 0666 gets {}, asked 0777 gets {} (umask {})",
                show::mode(Some(self.created(settings, 0o666))),
                show::mode(Some(self.created(settings, 0o777))),
                show::mode(Some(self.umask)),
            ),
        )?;
        if settings.mode != Mode::Enforce {
            line(
                out,
                "mode",
                &format!("{}: nothing is changed", settings.mode.word()),
            )?;
        }
        Ok(())
    }

    fn rules(
        &self,
        out: &mut dyn Write,
        settings: &Settings,
        matching: bool,
    ) -> Result<(), Failure> {
        let mut hidden = 0;
        for (id, rule) in settings.rules.iter() {
            let by = self.place.matches(&settings.rules, id, self.kind);
            if by.is_none() && matching {
                hidden += 1;
                continue;
            }
            let (word, style) = match (by, rule.protects) {
                (None, _) => ("-", show::FAINT),
                (Some(_), true) => ("protects", show::GOOD),
                (Some(_), false) => ("exempts", show::WARN),
            };
            let note = match (rule.homeless, by) {
                (true, _) => "  (no home directory known: without force)",
                (false, Some(By::Real)) => "  (where it really is)",
                _ => "",
            };
            writeln!(
                out,
                "  {:>8} {:>3}  {}  {}{note}",
                origin(rule.origin),
                rule.number,
                painted(style, format_args!("{word:<8}")),
                show::bytes(rule.text),
            )?;
        }
        if hidden > 0 {
            writeln!(out, "  {hidden} rules that do not match are not shown")?;
        }
        Ok(())
    }
}

/// The umask of this process, which a child of the same shell has too. Read from
/// `/proc`: asking with umask(2) would change it for a moment.
fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))
        .and_then(|text| u32::from_str_radix(text.trim(), 8).ok())
        .unwrap_or(0o022)
}

/// What kind of inode a mode names.
pub fn kind_word(mode: u32) -> &'static str {
    match mode & 0o170_000 {
        0o100_000 => "file",
        0o040_000 => "directory",
        0o120_000 => "link",
        0o140_000 => "socket",
        0o010_000 => "fifo",
        0o020_000 | 0o060_000 => "device",
        _ => "unknown",
    }
}

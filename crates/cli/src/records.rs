//! Reading records: JSON Lines as the library writes them, schema 1.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::failure::{self, Failure};

/// What a record tells. Records that tell the same are a row of a table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    /// What needs a look first comes first.
    rank: u8,
    /// The path, all its bytes.
    pub path: Vec<u8>,
    pub action: String,
    pub requested: Option<u32>,
    pub applied: Option<u32>,
    pub rule: Option<String>,
    pub reason: String,
}

/// Which inode a record is about.
#[derive(PartialEq, Eq, Debug)]
pub struct Inode {
    /// Device and number.
    pub id: (u64, u64),
    pub owner: u32,
}

/// One record, as far as it is asked for.
#[derive(PartialEq, Eq, Debug)]
pub struct Record {
    pub time: SystemTime,
    pub row: Row,
    pub inode: Option<Inode>,
    pub program: String,
    /// Whether the library had to cut something to make it fit.
    pub cut: bool,
}

/// All records of some logs.
#[derive(Debug, Default)]
pub struct Records {
    pub all: Vec<Record>,
    /// Lines that are no record of a schema that we know.
    pub strange: u64,
}

impl Records {
    /// Those of some logs, `-` for standard input. Says on stderr what could not be read.
    pub fn of(logs: &[PathBuf]) -> Result<Self, Failure> {
        let mut records = Records::default();
        for path in logs {
            if path == Path::new("-") {
                records.read_from(std::io::stdin().lock(), path)?;
            } else {
                records.read_from(open(path)?, path)?;
            }
        }
        records.check()?;
        Ok(records)
    }

    /// Reads what stands in an open log from here to its end.
    pub fn read_from(&mut self, source: impl Read, path: &Path) -> Result<(), Failure> {
        for line in BufReader::new(source).split(b'\n') {
            let line = line.map_err(|error| Failure::at(failure::NO_INPUT, path, &error))?;
            match Record::parse(&line) {
                Some(record) => self.all.push(record),
                None if line.trim_ascii().is_empty() => {}
                None => self.strange += 1,
            }
        }
        Ok(())
    }

    /// Says on stderr what could not be read; an error if nothing could.
    pub fn check(&self) -> Result<(), Failure> {
        let lines = self.strange;
        if lines > 0 && self.all.is_empty() {
            return Err(Failure::new(
                failure::DATA,
                format_args!("none of {lines} lines is a record (JSON Lines, \"v\":1)"),
            ));
        }
        if lines > 0 {
            anstream::eprintln!("umaskclamp: {lines} lines are no records and were left out");
        }
        Ok(())
    }
}

pub fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::at(failure::NO_INPUT, path, &error))
}

impl Record {
    /// One line; `None` if it is not a record of schema 1.
    pub fn parse(line: &[u8]) -> Option<Record> {
        let value: Value = serde_json::from_slice(line).ok()?;
        if value.get("v")?.as_u64()? != 1 {
            return None;
        }
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let mode = |name: &str| u32::from_str_radix(value.get(name)?.as_str()?, 8).ok();
        let path = match value.get("path_hex") {
            Some(hex) => bytes_of_hex(hex.as_str()?)?,
            None => text("path")?.into_bytes(),
        };
        let action = text("action")?;
        let row = Row {
            rank: rank(&action),
            path,
            action,
            requested: mode("requested"),
            applied: mode("applied"),
            rule: text("rule"),
            reason: text("reason").unwrap_or_default(),
        };
        let number = |name: &str| value.get(name)?.as_u64();
        let inode = || {
            Some(Inode {
                id: (number("device")?, number("inode")?),
                owner: u32::try_from(number("owner")?).ok()?,
            })
        };
        Some(Record {
            time: humantime::parse_rfc3339(&text("time")?).ok()?,
            row,
            inode: inode(),
            program: text("program")?,
            cut: value.get("cut").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// Was something wide here, or would it have been?
    pub fn about_wide(&self) -> bool {
        matches!(
            self.row.action.as_str(),
            "clamped" | "tightened" | "would-clamp" | "would-tighten" | "failed"
        )
    }
}

fn bytes_of_hex(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(std::str::from_utf8);
    let byte = |pair: &str| {
        u8::from_str_radix(pair, 16)
            .ok()
            .filter(|_| pair.len() == 2)
    };
    pairs.map(|pair| byte(pair.ok()?)).collect()
}

/// Rows with how many records each stands for and which programs wrote them.
pub type Rows = BTreeMap<Row, (u64, Vec<String>)>;

/// Groups records by path and by what was done. Verdicts are left out: they are
/// decisions with nothing to change.
pub fn rows(records: &[Record]) -> Rows {
    let mut rows = Rows::new();
    let told = |record: &&Record| record.row.action != "verdict";
    for record in records.iter().filter(told) {
        let (count, programs) = rows.entry(record.row.clone()).or_default();
        *count += 1;
        if !programs.contains(&record.program) {
            programs.push(record.program.clone());
        }
    }
    rows
}

/// The order of actions in a table.
fn rank(action: &str) -> u8 {
    match action {
        "failed" => 0,
        "unreachable" => 1,
        "linked" | "refused" | "would-refuse" | "dropped" => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"v":1,"time":"2025-01-31T23:59:59.000001Z","level":"info","pid":7,"program":"tar","call":"creat","action":"clamped","path":"/x\u001b[31m","requested":"0666","applied":"0600","rule":"*.tgz","reason":""}"#;

    #[test]
    fn a_record_is_read() {
        let record = Record::parse(LINE.as_bytes()).unwrap().row;
        assert_eq!(record.path, b"/x\x1b[31m");
        assert_eq!(
            (record.requested, record.applied),
            (Some(0o666), Some(0o600))
        );
        assert_eq!(record.rule.as_deref(), Some("*.tgz"));
    }

    #[test]
    fn bytes_that_are_no_text_come_back_whole() {
        let line = LINE.replace(
            r#""path":"/x\u001b[31m""#,
            r#""path":"/�","path_hex":"2fff""#,
        );
        assert_eq!(Record::parse(line.as_bytes()).unwrap().row.path, b"/\xff");
        let odd = LINE.replace(r#""path":"/x\u001b[31m""#, r#""path":"/","path_hex":"2ff""#);
        assert_eq!(Record::parse(odd.as_bytes()), None);
    }

    #[test]
    fn other_schemas_and_other_lines_are_strange() {
        for line in [
            &LINE.replace("\"v\":1", "\"v\":2"),
            "{}",
            "x",
            "[1]",
            "{\"v\":\"1\"}",
        ] {
            assert_eq!(Record::parse(line.as_bytes()), None, "{line}");
        }
    }
}

//! What reaches the terminal: colours, widths, and bytes made harmless.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use umaskclamp_policy::escape::Shown;

/// Colours say nothing that the words beside them do not say.
pub const HEAD: Style = Style::new().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const WARN: Style = AnsiColor::Yellow.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const FAINT: Style = Style::new().dimmed();

/// `text` in `style`; the stream takes the style out where it does not belong
/// (no terminal, `NO_COLOR`, `TERM=dumb`).
pub fn painted(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Standard output, colours only where they belong.
pub fn out() -> anstream::AutoStream<io::StdoutLock<'static>> {
    anstream::AutoStream::auto(io::stdout()).lock()
}

/// A path or another text of unknown bytes, whole: a newline, an escape sequence
/// or a mark that reorders text shows as `\n`, `\x1b`, `\u{202e}`.
pub fn bytes(bytes: &[u8]) -> String {
    Shown {
        bytes,
        limit: usize::MAX,
    }
    .to_string()
}

/// A path as part of a JSON object: as text, and in hexadecimal digits if its bytes are
/// no text, as in records.
pub fn put_path(object: &mut Value, path: &[u8]) {
    object["path"] = String::from_utf8_lossy(path).into();
    if std::str::from_utf8(path).is_err() {
        let hex: String = path.iter().map(|byte| format!("{byte:02x}")).collect();
        object["path_hex"] = hex.into();
    }
}

/// Whether a character would be shown escaped, other than `"` and `\\`.
pub fn hidden(c: char) -> bool {
    let text = bytes(c.encode_utf8(&mut [0; 4]).as_bytes());
    text.starts_with('\\') && !matches!(c, '"' | '\\')
}

/// `1 path`, `2 paths`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A mode as four octal digits, or `-`.
pub fn mode(mode: Option<u32>) -> String {
    mode.map_or_else(|| "-".to_owned(), |mode| format!("{:04o}", mode & 0o7777))
}

/// Columns of the terminal that `stream` is. Without one there is no limit: what
/// is piped or saved is never cut.
pub fn columns(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let told = rustix::termios::tcgetwinsize(stream).map_or(0, |size| usize::from(size.ws_col));
    Some(if told == 0 { 80 } else { told.max(40) })
}

/// Characters that `text` takes on a terminal, wide ones not counted twice.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// `text` in at most `most` characters: the middle goes, because a path is known
/// by its beginning and its end.
pub fn squeezed(text: &str, most: usize) -> String {
    let length = width(text);
    if length <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let head = kept / 3;
    let tail = kept - head;
    let mut out: String = text.chars().take(head).collect();
    out.push('…');
    out.extend(text.chars().skip(length - tail));
    out
}

/// One cell of a table.
pub struct Cell {
    pub text: String,
    pub style: Style,
}

impl Cell {
    pub fn new(text: impl Display) -> Self {
        Cell {
            text: text.to_string(),
            style: Style::new(),
        }
    }

    pub fn styled(text: impl Display, style: Style) -> Self {
        Cell {
            text: text.to_string(),
            style,
        }
    }
}

/// A table: columns as wide as they need, but the last one takes what is left of
/// the terminal's width and is squeezed into it.
pub struct Table {
    heads: Vec<&'static str>,
    /// Columns whose cells end at the right.
    right: Vec<bool>,
    /// The widest that a column may get on a terminal.
    most: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Heads, each with whether it is a number and how wide it may get.
    pub fn new(columns: &[(&'static str, bool, usize)]) -> Self {
        Table {
            heads: columns.iter().map(|column| column.0).collect(),
            right: columns.iter().map(|column| column.1).collect(),
            most: columns.iter().map(|column| column.2).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Writes the table for a terminal of `columns` columns, or uncut.
    pub fn write(&self, out: &mut dyn Write, columns: Option<usize>) -> io::Result<()> {
        let last = self.heads.len().saturating_sub(1);
        let mut widths: Vec<usize> = self.heads.iter().map(|head| width(head)).collect();
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                let limit = if columns.is_some() {
                    self.most[at]
                } else {
                    usize::MAX
                };
                widths[at] = widths[at].max(width(&cell.text).min(limit));
            }
        }
        if let Some(columns) = columns {
            let before: usize = widths[..last].iter().map(|width| width + 2).sum();
            widths[last] = columns.saturating_sub(before).max(12);
        }
        let heads: Vec<Cell> = self
            .heads
            .iter()
            .map(|head| Cell::styled(head, HEAD))
            .collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            for (at, cell) in row.iter().enumerate() {
                let text = squeezed(&cell.text, widths[at]);
                let blanks = widths[at].saturating_sub(width(&text));
                let text = painted(cell.style, text);
                match (self.right[at], at == last) {
                    (true, _) => write!(out, "{:blanks$}{text}", "")?,
                    (false, true) => write!(out, "{text}")?,
                    (false, false) => write!(out, "{text}{:blanks$}", "")?,
                }
                if at < last {
                    write!(out, "  ")?;
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_cursor_or_turns_text_around_is_hidden() {
        for c in ['\n', '\x1b', '\u{9b}', '\u{202e}', '\u{200b}'] {
            assert!(hidden(c), "{c:?}");
        }
        for c in ['a', ' ', '"', '\\', 'é', '*'] {
            assert!(!hidden(c), "{c:?}");
        }
    }

    #[test]
    fn a_squeezed_path_keeps_both_ends() {
        assert_eq!(squeezed("/var/backups/x.tgz", 40), "/var/backups/x.tgz");
        assert_eq!(squeezed("/var/backups/x.tgz", 10), "/va…/x.tgz");
        assert_eq!(squeezed("äöüäöüäöü", 4), "ä…öü");
    }

    #[test]
    fn a_table_fits_its_terminal() {
        let mut table = Table::new(&[("N", true, 9), ("RULE", false, 8), ("PATH", false, 0)]);
        table.row(vec![
            Cell::new(12),
            Cell::new("/a/very/long/rule"),
            Cell::new("/a/path/that/is/too/long/for/this/terminal"),
        ]);
        let mut text = Vec::new();
        table.write(&mut text, Some(40)).unwrap();
        let text = anstream::adapter::strip_bytes(&text).into_vec();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().all(|line| width(line) <= 40), "{text}");
        assert!(text.contains("12  /a…/rule  /a/path/"), "{text}");
    }
}

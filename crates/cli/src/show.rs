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

/// A column: its head, whether its cells end at the right, and how wide it may get on a
/// terminal.
pub type Column = (&'static str, bool, usize);

/// A table for a terminal of `width` columns, or uncut: columns as wide as they need, but
/// the last one takes what is left of the width and is squeezed into it.
pub fn table<const N: usize>(
    out: &mut dyn Write,
    columns: [Column; N],
    rows: Vec<[(String, Style); N]>,
    terminal: Option<usize>,
) -> io::Result<()> {
    let mut widths = columns.map(|(head, _, _)| width(head));
    for row in &rows {
        for (at, (text, _)) in row.iter().enumerate() {
            let most = terminal.map_or(usize::MAX, |_| columns[at].2);
            widths[at] = widths[at].max(width(text).min(most));
        }
    }
    if let Some(terminal) = terminal {
        let before: usize = widths[..N - 1].iter().map(|width| width + 2).sum();
        widths[N - 1] = terminal.saturating_sub(before).max(12);
    }
    let heads = columns.map(|(head, _, _)| (head.to_owned(), HEAD));
    for row in std::iter::once(heads).chain(rows) {
        for (at, (text, style)) in row.into_iter().enumerate() {
            let text = squeezed(&text, widths[at]);
            let blanks = widths[at].saturating_sub(width(&text));
            let text = painted(style, text);
            match (columns[at].1, at + 1 == N) {
                (true, _) => write!(out, "{:blanks$}{text}  ", "")?,
                (false, true) => writeln!(out, "{text}")?,
                (false, false) => write!(out, "{text}{:blanks$}  ", "")?,
            }
        }
    }
    Ok(())
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
        let columns = [("N", true, 9), ("RULE", false, 8), ("PATH", false, 0)];
        let path = "/a/path/that/is/too/long/for/this/terminal";
        let row = ["12", "/a/very/long/rule", path].map(|text| (text.to_owned(), Style::new()));
        let mut text = Vec::new();
        table(&mut text, columns, vec![row], Some(40)).unwrap();
        let text = anstream::adapter::strip_bytes(&text).into_vec();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().all(|line| width(line) <= 40), "{text}");
        assert!(text.contains("12  /a…/rule  /a/path/"), "{text}");
    }
}

//! Manual pages and shell completions, written from the same source as the
//! command itself: its definition, the table of variables, the table of symbols,
//! the built-in list.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use umaskclamp_policy::builtin;
use umaskclamp_policy::settings::VARIABLES;
use umaskclamp_policy::surface::SYMBOLS;

const LIBRARY: &str = include_str!("../pages/libumaskclamp.8");
const CONF: &str = include_str!("../pages/umaskclamp.conf.5");
const PATTERNS: &str = include_str!("../pages/umaskclamp-patterns.5");

/// Writes what tells of `command` and of the library: `man/man1`, `man/man5`, `man/man8`
/// and `completions` below `directory`.
pub fn write(command: Command, directory: &Path) -> io::Result<()> {
    let man = |section: &str| {
        let path = directory.join("man").join(section);
        fs::create_dir_all(&path).map(|()| path)
    };
    let completions = directory.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command.clone(), "umaskclamp", &completions)?;
    }

    let commands = man("man1")?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    page(&commands, &command, "umaskclamp")?;
    for sub in command.get_subcommands() {
        let name = format!("umaskclamp-{}", sub.get_name());
        page(&commands, sub, &name)?;
    }
    fs::write(man("man5")?.join("umaskclamp-patterns.5"), filled(PATTERNS))?;
    fs::write(man("man5")?.join("umaskclamp.conf.5"), filled(CONF))?;
    fs::write(man("man8")?.join("libumaskclamp.8"), filled(LIBRARY))?;
    // What ld.so is given is called by its file name.
    fs::write(
        man("man8")?.join("libumaskclamp.so.8"),
        ".so man8/libumaskclamp.8\n",
    )
}

fn page(directory: &Path, command: &Command, name: &str) -> io::Result<()> {
    let title = name.to_uppercase();
    let page = Man::new(command.clone())
        .title(title)
        .section("1")
        .source(concat!("umaskclamp ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if let Some(after) = command.get_after_help() {
        // Examples and exit statuses are laid out by lines.
        for (head, body) in parts(&after.to_string()) {
            let _ = write!(text, ".SH {head}\n.nf\n{body}.fi\n");
        }
    }
    text.push_str(SEE_ALSO);
    fs::write(directory.join(format!("{name}.1")), text)
}

const SEE_ALSO: &str = ".SH SEE ALSO\n.BR umaskclamp (1),\n.BR umaskclamp.conf (5),\n\
                        .BR umaskclamp\\-patterns (5),\n.BR libumaskclamp.so (8)\n";

/// The parts of an after-help, each begun by `Examples:` or `Exit status:`.
fn parts(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_suffix(':').filter(|head| !head.starts_with(' ')) {
            parts.push((head.to_uppercase(), String::new()));
        } else if let Some(rest) = line.strip_prefix("Exit status: ") {
            parts.push(("EXIT STATUS".to_owned(), format!("{}\n", roff(rest))));
        } else if let Some((_, body)) = parts.last_mut()
            && !line.is_empty()
        {
            let _ = writeln!(body, "{}", roff(line));
        }
    }
    parts
}

/// A line of text for groff(7): nothing in it is a request or an escape.
fn roff(line: &str) -> String {
    let mut text = String::from(if line.starts_with('.') { "\\&" } else { "" });
    for c in line.chars() {
        match c {
            '\\' => text.push_str("\\e"),
            '-' => text.push_str("\\-"),
            '~' => text.push_str("\\(ti"),
            '^' => text.push_str("\\(ha"),
            '\'' => text.push_str("\\(aq"),
            '`' => text.push_str("\\(ga"),
            other => text.push(other),
        }
    }
    text
}

fn filled(page: &str) -> String {
    page.replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@VARIABLES@\n", &variables())
        .replace("@SYMBOLS@\n", &symbols())
        .replace("@BUILTIN@\n", &built_in())
}

fn variables() -> String {
    let mut text = String::new();
    for variable in VARIABLES {
        let _ = writeln!(
            text,
            ".TP\n.B {}\n{}\nValue: {}.\nDefault: {}.",
            roff(variable.name),
            roff(variable.meaning),
            roff(variable.values),
            roff(variable.default),
        );
    }
    text
}

/// Family, treatment and note of symbols that share them.
type Group = (&'static str, &'static str, &'static str);

/// Symbols by family and treatment, in the order of the table.
fn symbols() -> String {
    let mut groups: Vec<(Group, Vec<&str>)> = Vec::new();
    for symbol in SYMBOLS {
        let group = (symbol.family, symbol.treatment.word(), symbol.note);
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, names)) => names.push(symbol.name),
            None => groups.push((group, vec![symbol.name])),
        }
    }
    let mut text = String::new();
    for ((family, treatment, note), names) in groups {
        let dash = if note.is_empty() { "" } else { ": " };
        let line = format!("{treatment}{dash}{note}.\n{}", names.join(", "));
        let _ = writeln!(text, ".TP\n.B {}\n{}", roff(family), roff(&line));
    }
    text
}

fn built_in() -> String {
    builtin::TEXT
        .lines()
        .map(|line| format!("{}\n", roff(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_for_groff() {
        assert_eq!(roff(".ssh/ a\\b 'x' -p"), "\\&.ssh/ a\\eb \\(aqx\\(aq \\-p");
    }

    #[test]
    fn every_variable_and_symbol_is_in_the_page() {
        let page = filled(LIBRARY);
        for variable in VARIABLES {
            assert!(
                page.contains(&format!(".B {}\n", variable.name)),
                "{}",
                variable.name
            );
        }
        for symbol in SYMBOLS {
            assert!(page.contains(symbol.name), "{}", symbol.name);
        }
        assert!(!page.contains('@') && !filled(PATTERNS).contains("@BUILTIN@"));
    }
}

//! Manual pages and shell completions, written from the same source as the
//! command itself: its definition, the table of variables, the table of symbols,
//! the built-in list.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;
use umaskclamp_policy::builtin;
use umaskclamp_policy::settings::VARIABLES;
use umaskclamp_policy::surface::SYMBOLS;

use crate::arguments;

const LIBRARY: &str = include_str!("../pages/libumaskclamp.8");
const PATTERNS: &str = include_str!("../pages/umaskclamp-patterns.5");

/// Writes `man/man1`, `man/man5`, `man/man8` and `completions` below `directory`.
pub fn write(directory: &Path) -> io::Result<()> {
    let man = |section: &str| {
        let path = directory.join("man").join(section);
        fs::create_dir_all(&path).map(|()| path)
    };
    let completions = directory.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut visible(), "umaskclamp", &completions)?;
    }

    let commands = man("man1")?;
    let mut command = visible().disable_help_subcommand(true);
    command.build();
    page(&commands, &command, "umaskclamp")?;
    for sub in command.get_subcommands() {
        let name = format!("umaskclamp-{}", sub.get_name());
        page(&commands, sub, &name)?;
    }
    fs::write(man("man5")?.join("umaskclamp-patterns.5"), filled(PATTERNS))?;
    fs::write(man("man8")?.join("libumaskclamp.8"), filled(LIBRARY))?;
    // What ld.so is given is called by its file name.
    fs::write(
        man("man8")?.join("libumaskclamp.so.8"),
        ".so man8/libumaskclamp.8\n",
    )
}

/// The command without what is not for users.
fn visible() -> clap::Command {
    let whole = arguments::command();
    let shown: Vec<clap::Command> = whole
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .cloned()
        .collect();
    // Without its sub-commands a command still has everything else.
    let mut bare = clap::Command::new("umaskclamp")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true);
    if let Some(about) = whole.get_about() {
        bare = bare.about(about.clone());
    }
    if let Some(examples) = whole.get_after_help() {
        bare = bare.after_help(examples.clone());
    }
    bare.subcommands(shown)
}

fn page(directory: &Path, command: &clap::Command, name: &str) -> io::Result<()> {
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

const SEE_ALSO: &str = ".SH SEE ALSO\n.BR umaskclamp (1),\n.BR umaskclamp\\-patterns (5),\n\
                        .BR libumaskclamp.so (8)\n";

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
    let line = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('~', "\\(ti");
    let line = line
        .replace('^', "\\(ha")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga");
    match line.starts_with('.') {
        true => format!("\\&{line}"),
        false => line,
    }
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

/// Symbols by family and treatment, in the order of the table.
fn symbols() -> String {
    let mut order = Vec::new();
    let mut names: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for symbol in SYMBOLS {
        let group = (symbol.family, symbol.treatment.word(), symbol.note);
        if !order.contains(&group) {
            order.push(group);
        }
        names.entry(group).or_default().push(symbol.name);
    }
    let mut text = String::new();
    for group in order {
        let (family, treatment, note) = group;
        let dash = if note.is_empty() { "" } else { ": " };
        let list = names
            .get(&group)
            .map(|list| list.join(", "))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            ".TP\n.B {}\n{}{dash}{}.\n{}",
            roff(family),
            roff(treatment),
            roff(note),
            roff(&list)
        );
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

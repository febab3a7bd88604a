//! Lists that are accepted and do not protect what their writer meant: told by the
//! command, before the job, and never by the library, which lives in other people's
//! processes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use umaskclamp_policy::rules::{Kind, Origin, Rule};
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::settings::{Mode, Settings};

use crate::failure::{self, Failure};
use crate::settings::{Environment, Selection};
use crate::show;

/// The environment with the command line's choice, and the settings that it gives.
pub fn settings(selection: &Selection) -> Result<(Environment, Settings), Failure> {
    let mut environment = Environment::ours();
    environment.select(selection)?;
    let settings = environment.settings()?;
    refuse(selection, &settings)?;
    Ok((environment, settings))
}

/// Refuses a choice on the command line after which nothing is protected.
pub fn refuse(selection: &Selection, settings: &Settings) -> Result<(), Failure> {
    if selection.patterns.is_empty() || settings.mode == Mode::Off || protects(settings) {
        return Ok(());
    }
    let given: Vec<String> = selection
        .patterns
        .iter()
        .map(|pattern| format!("-p '{}'", show::bytes(pattern.as_bytes())))
        .collect();
    let given = given.join(" ");
    Err(Failure::new(
        failure::USAGE,
        format_args!(
            "{given} only exempts, and takes the place of the built-in list: nothing would be \
             protected; write --builtin {given}, or name what to protect before it"
        ),
    ))
}

fn protects(settings: &Settings) -> bool {
    settings.rules.iter().any(|(_, rule)| rule.protects)
}

/// What is doubtful about the list in force, one line each.
pub fn of(settings: &Settings, environment: &Environment) -> Vec<String> {
    if settings.mode == Mode::Off {
        return Vec::new();
    }
    let mut doubts = Vec::new();
    if settings.mask.bits() == 0 {
        doubts.push(format!(
            "{}={} clears no bit: nothing is protected",
            name::MASK,
            settings.mask
        ));
    }
    if !protects(settings) {
        doubts.push("every pattern exempts: nothing is protected".to_owned());
    }
    doubts.extend(of_all_exempt(settings));
    let file = environment.get(name::PATTERNS_FILE).unwrap_or_default();
    let origins = || settings.rules.iter().map(|(_, rule)| rule.origin);
    if !file.is_empty() && origins().all(|origin| origin == Origin::BuiltIn) {
        let file = show::bytes(file.as_bytes());
        doubts.push(format!(
            "{file} holds no pattern: the built-in list applies"
        ));
    }
    doubts.extend(settings.rules.iter().filter_map(|(_, rule)| of_rule(&rule)));
    doubts
}

/// `*.iso:!*`: an exemption of every path, behind which nothing is protected again.
fn of_all_exempt(settings: &Settings) -> Option<String> {
    // No pattern that means less than all matches names like these.
    let any: [&[u8]; 3] = [b"/\x01", b"/\x02\x03\x04", b"/\x05/.\x06\x07/\x08\x0e"];
    let rules: Vec<_> = settings.rules.iter().collect();
    let behind = rules.iter().rposition(|(_, rule)| rule.protects)? + 1;
    let (_, rule) = rules[behind..].iter().find(|(id, _)| {
        let matches = |path| settings.rules.matches_rule(*id, path, Kind::Other);
        any.into_iter().all(matches)
    })?;
    Some(format!(
        "{}: it exempts every path, and none behind it protects: nothing is protected",
        place(rule)
    ))
}

/// Says them on stderr.
pub fn tell(settings: &Settings, environment: &Environment) {
    for doubt in of(settings, environment) {
        anstream::eprintln!("umaskclamp: {doubt}");
    }
}

/// Where a rule was written, and as what.
fn place(rule: &Rule<'_>) -> String {
    let place = match rule.origin {
        Origin::File => "line",
        _ => "pattern",
    };
    format!("{place} {} \"{}\"", rule.number, show::bytes(rule.text))
}

fn of_rule(rule: &Rule<'_>) -> Option<String> {
    if rule.origin == Origin::BuiltIn {
        return None;
    }
    let text = rule.text.strip_prefix(b"!").unwrap_or(rule.text);
    let doubt = doubt(text, rule.origin == Origin::File)?;
    // A name may have any byte in it.
    if Path::new(OsStr::from_bytes(text)).exists() {
        return None;
    }
    Some(format!("{}: {doubt}", place(rule)))
}

/// Why a pattern hardly means what it says. What is escaped is meant.
fn doubt(text: &[u8], in_file: bool) -> Option<&'static str> {
    if let [first @ (b'\'' | b'"'), .., last] = text
        && first == last
    {
        return Some("the quotes are part of the name; leave them out");
    }
    bare(text).find_map(|(byte, behind)| match byte {
        b' ' | b'\t' if begins_comment(behind) => {
            Some("'#' is part of the name here; a comment stands on a line of its own")
        }
        b' ' | b'\t' if begins_pattern(behind) => Some(match in_file {
            true => "a blank does not separate patterns; write one a line",
            false => "a blank does not separate patterns; ':' does",
        }),
        b',' if begins_pattern(behind) => Some(match in_file {
            true => "',' does not separate patterns; write one a line",
            false => "',' does not separate patterns; ':' does",
        }),
        b':' if in_file => Some(
            "':' does not separate patterns in a file; write one a line, or \\: if it is meant",
        ),
        b'$' if names_variable(behind) => {
            Some("variables are not expanded; write the path, ~/ for the home directory, or \\$")
        }
        _ => None,
    })
}

/// `# why`, `#why`; not the number of `Issue #1`.
fn begins_comment(text: &[u8]) -> bool {
    let text = text.trim_ascii_start().strip_prefix(b"#");
    text.is_some_and(|text| !text.first().is_some_and(u8::is_ascii_digit))
}

/// Only what can hardly be the rest of a name: `*,v` and `My Files` are names.
fn begins_pattern(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"!").unwrap_or(text);
    matches!(text.first(), Some(b'*' | b'/')) || text.starts_with(b"~/")
}

/// `$HOME/x`, `${HOME}`, `$(hostname)`; not `$RECYCLE.BIN` or `$Mft;1`.
fn names_variable(behind: &[u8]) -> bool {
    let letter = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
    let length = behind.iter().take_while(letter).count();
    match behind.first() {
        Some(b'{' | b'(') => true,
        Some(first) if length > 0 && !first.is_ascii_digit() => {
            matches!(behind.get(length), None | Some(b'/'))
        }
        _ => false,
    }
}

/// The bytes outside braces, classes and escapes, each with what is behind it.
fn bare(text: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = text;
    let mut depth = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let (&byte, behind) = rest.split_first()?;
            rest = behind;
            match byte {
                b'\\' => rest = behind.get(1..).unwrap_or_default(),
                b'[' => {
                    // A `]` that comes first is one of the class.
                    let end = behind.iter().skip(1).position(|&b| b == b']');
                    rest = end.map_or(behind, |end| &behind[end + 2..]);
                }
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ if depth == 0 => return Some((byte, behind)),
                _ => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use umaskclamp_policy::list;
    use umaskclamp_policy::rules::Rules;

    #[test]
    fn what_hardly_means_what_it_says() {
        for (text, word) in [
            ("/srv/t # comment", "comment"),
            ("/srv/t\t#comment", "comment"),
            ("*.sql,*.iso", "','"),
            ("/srv/a, /srv/b", "','"),
            ("*.sql *.iso", "blank"),
            ("/srv/a !/srv/b", "blank"),
            ("$HOME/x", "expanded"),
            ("/srv/${HOST}/x", "expanded"),
            ("/srv/$host", "expanded"),
            ("/srv/$(hostname)/x", "expanded"),
            ("'*.sql'", "quotes"),
            ("\"/srv/x y\"", "quotes"),
        ] {
            for in_file in [true, false] {
                let doubt = doubt(text.as_bytes(), in_file);
                assert!(doubt.is_some_and(|doubt| doubt.contains(word)), "{text}");
            }
        }
        assert!(doubt(b"a:b", true).is_some());
    }

    #[test]
    fn what_may_be_meant() {
        for text in [
            "*.{sql,iso}",
            "{*.sql,*.iso}",
            "{/srv/a,/srv/b}",
            "[,]*",
            "[]:,]*",
            "*,v",
            "My Documents/*.sql",
            "/srv/Issue #1",
            "C#",
            "a\\:b",
            "a\\,*.b",
            "/srv/a\\ /b",
            "$RECYCLE.BIN/",
            "\\$HOME/x",
            "cost$",
            "$1",
            "it's",
            "'",
        ] {
            let doubt = doubt(text.as_bytes(), true);
            assert_eq!(doubt, None, "{text}");
        }
        assert_eq!(doubt(b"a:b", false), None);
        // Given back as a list, the built-in one is nobody's mistake.
        let list = Rules::built_in().to_list();
        for element in list::elements(&list) {
            assert_eq!(doubt(element, true), None);
        }
    }
}

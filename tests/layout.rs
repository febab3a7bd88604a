//! What the linker made of the library: that all lies where `csrc/layout.ld` wants it,
//! and that no panic is on a hook's way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use umaskclamp_testkit::artefact::{unstripped_shim, workspace};

/// The pieces of this section of the library, as the linker's map names them.
fn pieces(map: &str, section: &str) -> Vec<String> {
    let lines = map.lines().skip_while(|line| {
        let name = line.split_whitespace().next();
        !line.starts_with('.') || name != Some(section)
    });
    let own = lines.skip(1).take_while(|line| !line.starts_with('.'));
    // ` *(pattern)` is a line of the script, ` *fill*` a gap.
    own.filter(|line| line.starts_with(" ."))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Does the name match the pattern, in which a `*` is any text?
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    (0..=name.len()).any(|at| name.get(at..).is_some_and(|behind| matches(rest, behind)))
}

/// A function that is renamed, or that the compiler no longer makes a function of its own,
/// would lie elsewhere, and every process would touch more pages; nothing would say so.
#[test]
fn every_pattern_of_the_layout_matches_something() {
    let script = fs::read_to_string(workspace().join("csrc/layout.ld")).expect("a script");
    let map = unstripped_shim().with_file_name("umaskclamp.map");
    let map = fs::read_to_string(map).expect("the linker's map");
    let mut idle = Vec::new();
    let (mut section, mut seen) = ("", 0);
    for line in script.lines() {
        let text = line.trim();
        let named = text.split_once(['(', ':']).map(|(name, _)| name.trim());
        if let (Some(name), true) = (named, text.starts_with('.')) {
            section = name;
        }
        let Some((_, list)) = text.split_once("*(") else {
            continue;
        };
        let list = list.split(')').next().expect("a list");
        let pieces = pieces(&map, section);
        for pattern in list.split_whitespace() {
            seen += 1;
            if !pieces.iter().any(|piece| matches(pattern, piece)) {
                idle.push(format!("{section}: {pattern}"));
            }
        }
    }
    assert!(seen >= 15, "the script is no longer so read: {seen}");
    assert_eq!(idle, [""; 0]);
}

/// Who may panic: what runs at load, where memory may be asked for.
const AT_LOAD: &[&str] = &[
    "umaskclamp4load",
    "umaskclamp8children8snapshot",
    "umaskclamp11environment",
    "umaskclamp_policy8settings",
    "umaskclamp_policy4read",
    "umaskclamp_policy4join",
    "umaskclamp_policy4list7literal",
    "redhook6lookup6behind",
    // Memory that grows.
    "alloc..slice..Concat",
    "alloc..vec..Vec",
];

/// Who calls or jumps to whom, by name, in the library before it is stripped.
fn callers() -> BTreeMap<String, BTreeSet<String>> {
    let out = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn"])
        .arg(unstripped_shim())
        .env("LC_ALL", "C")
        .output()
        .expect("objdump starts");
    let text = String::from_utf8(out.stdout).expect("names in UTF-8");
    let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut inside = "";
    for line in text.lines() {
        let Some((_, name)) = line.split_once('<') else {
            continue;
        };
        if let Some(name) = name.strip_suffix(">:") {
            inside = name;
        } else if let Some(name) = name.split(['>', '+']).next() {
            // A place inside another function is no call of it.
            if !line.contains(&format!("<{name}+")) {
                let known = callers.entry(name.to_owned()).or_default();
                known.insert(inside.to_owned());
            }
        }
    }
    callers
}

/// The symbols may be written so on one machine alone; the code is the same.
#[test]
#[cfg(target_arch = "x86_64")]
fn no_panic_is_on_the_way_of_a_hook() {
    let callers = callers();
    let handler = callers
        .keys()
        .find(|name| name.contains("rust_begin_unwind"));
    let mut left = vec![handler.expect("the panic handler is called").clone()];
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(name) = left.pop() {
        for caller in callers.get(&name).into_iter().flatten() {
            let at_load = AT_LOAD.iter().any(|part| caller.contains(part));
            // Whatever of `core` and `alloc` panics does so for who calls it.
            let theirs = ["4core", "5alloc", "___rustc"];
            let compiled = caller.starts_with("_R") || caller.starts_with("_ZN5alloc7raw_vec");
            if compiled && theirs.iter().any(|part| caller.contains(part)) {
                if seen.insert(caller.clone()) {
                    left.push(caller.clone());
                }
            } else if !at_load {
                found.insert(format!("{caller} -> {name}"));
            }
        }
    }
    assert!(seen.len() >= 3, "no longer so seen: {seen:?}");
    assert_eq!(found, BTreeSet::new());
}

/// A thread that is cancelled in a hook is unwound through the library's frames. One with
/// a personality would ask the library's own, which is there for unreleased builds alone.
#[test]
fn every_frame_is_unwound_by_its_table_alone() {
    let out = Command::new("readelf")
        .arg("--debug-dump=frames")
        .arg(unstripped_shim())
        .env("LC_ALL", "C")
        .output()
        .expect("readelf starts");
    let text = String::from_utf8(out.stdout).expect("names in UTF-8");
    let kinds = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Augmentation:"));
    let kinds: BTreeSet<&str> = kinds.map(str::trim).collect();
    assert_eq!(kinds, BTreeSet::from(["\"zR\""]));
}

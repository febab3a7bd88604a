//! Reads the built-in list, with the very code that reads a user's, and writes
//! their index: a process that uses it, as each of the thousands
//! of a job does, finds it ready in the library's read-only pages.

// Most of what a module offers is for the library.
#![allow(dead_code, unused_imports)]

extern crate alloc;

#[path = "src/builtin.rs"]
mod builtin;
#[path = "src/escape.rs"]
mod escape;
#[path = "src/index/mod.rs"]
mod index;
#[path = "src/list.rs"]
mod list;
#[path = "src/mode.rs"]
mod mode;
#[path = "src/path.rs"]
mod path;
#[path = "src/pattern/mod.rs"]
mod pattern;
#[path = "src/rule.rs"]
mod rule;
#[path = "src/source.rs"]
mod source;

fn main() {
    let text = builtin::PATTERNS;
    let mut home =
        || panic!("builtin.patterns: a rule that begins with ~/ is another for every user");
    for (number, pattern) in list::lines(text) {
        let start = pattern::Head::of(pattern).start;
        if let Err((at, kind)) = pattern::check::check(pattern, start, &mut home, &mut 0) {
            panic!("builtin.patterns: pattern {number} at byte {at}: {kind}");
        }
    }
    let source = source::Source {
        text: text.into(),
        lines: text.len(),
        ..source::Source::default()
    };
    let mut bytes = vec![0; index::size(&source)];
    index::write(&source, &mut bytes);
    let directory = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let file = std::path::Path::new(&directory).join("built-in.index");
    std::fs::write(&file, bytes).expect("OUT_DIR is writable");
    println!("cargo::rerun-if-changed=builtin.patterns");
    println!("cargo::rerun-if-changed=src");
}

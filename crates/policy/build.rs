//! Reads the built-in list, with the very code that reads a user's, and writes
//! what it becomes as tables: a process that uses it, as each of the thousands
//! of a job does, finds it ready in the library's read-only pages.

// Most of what a module offers is for the library.
#![allow(dead_code, unused_imports)]

extern crate alloc;

#[path = "src/builder.rs"]
mod builder;
#[path = "src/builtin.rs"]
mod builtin;
#[path = "src/escape.rs"]
mod escape;
#[path = "src/index/mod.rs"]
mod index;
#[path = "src/list.rs"]
mod list;
#[path = "src/path.rs"]
mod path;
#[path = "src/pattern/mod.rs"]
mod pattern;
#[path = "src/rule.rs"]
mod rule;
#[path = "src/rules.rs"]
mod rules;

/// Where the library has the tables, this has none yet.
mod tables {
    pub fn built_in() -> Option<crate::rules::Rules> {
        None
    }
}

fn main() {
    let rules = match rules::Rules::read_built_in(|| None) {
        Ok(rules) => rules,
        Err(faults) => panic!("builtin.patterns: {}", faults[0]),
    };
    // What `Debug` prints of these is Rust.
    let (store, index) = (&rules.store, &rules.index);
    let source = format!(
        "const READY: bool = {};\n\
         const BYTES: &[u8] = &{:?};\n\
         const SEGMENTS: &[Segment] = &{:?};\n\
         const ALTERNATIVES: &[Alternative] = &{:?};\n\
         const ENTRIES: &[Entry] = &{:?};\n\
         const LAST_EXEMPT: Option<RuleId> = {:?};\n\
         const DIRECTORY_ONLY: bool = {:?};\n\
         const ONLY_NAMES: bool = {:?};\n\
         const STARTS: [u64; 64] = {:?};\n\
         const ENDS: [u64; 64] = {:?};\n\
         const STEMS: u64 = {:?};\n\
         const LENGTHS: [u64; 3] = {:?};\n\
         const BUCKETS: &[u32] = &{:?};\n\
         const LINKS: &[Link] = &{:?};\n\
         const OTHERS: &[u32] = &{:?};\n",
        // A rule that begins with `~/` is another one for every user.
        rules.iter().all(|(_, rule)| !rule.homeless),
        store.bytes,
        store.segments,
        store.alternatives,
        rules.entries,
        rules.last_exempt,
        rules.directory_only,
        rules.only_names,
        index.starts,
        index.ends,
        index.stems,
        [index.start_lengths, index.end_lengths, index.head_lengths],
        index.buckets,
        index.links,
        index.others,
    );
    let directory = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let file = std::path::Path::new(&directory).join("tables.rs");
    std::fs::write(&file, source).expect("OUT_DIR is writable");
    println!("cargo::rerun-if-changed=builtin.patterns");
    println!("cargo::rerun-if-changed=src");
}

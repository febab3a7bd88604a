//! `umaskclamp explain` and the library agree: on random lists of patterns, random
//! paths, and trees with links of every kind, what `explain` says is held against
//! the mode that a file gets under the library.

mod common;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

const TRIPLES: usize = 10_000;
const TREES: usize = 100;
const LISTS: usize = 25;
const PATHS: usize = 11;

/// Set for the process that creates the paths given to it, under the library.
const CREATOR: &str = "AGREEMENT_CREATOR";

/// xorshift64*: the same seed gives the same lists, paths and trees.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn of<'a>(&mut self, choice: &[&'a str]) -> &'a str {
        choice[self.below(choice.len())]
    }
}

const NAMES: &[&str] = &["a", "b", "c", "x.iso", ".d", "ab", "é"];

/// A tree of directories and links; no files, so that each path that can be opened
/// with O_CREAT is created.
fn tree(random: &mut Random, top: &Path) -> Vec<PathBuf> {
    let mut directories = vec![top.to_path_buf()];
    for _ in 0..12 {
        let parent = directories[random.below(directories.len())].clone();
        let path = parent.join(random.of(NAMES));
        if fs::create_dir(&path).is_ok() {
            directories.push(path);
        }
    }
    for _ in 0..12 {
        let parent = directories[random.below(directories.len())].clone();
        let target = match random.below(6) {
            0 => directories[random.below(directories.len())].clone(),
            1 => directories[random.below(directories.len())].join(random.of(NAMES)),
            2 => PathBuf::from("..").join(random.of(NAMES)),
            3 => PathBuf::from(random.of(NAMES))
                .join("..")
                .join(random.of(NAMES)),
            4 => PathBuf::from("../../").join(random.of(NAMES)),
            _ => PathBuf::from(random.of(NAMES)),
        };
        let _ = symlink(target, parent.join(random.of(NAMES)));
    }
    directories
}

fn path(random: &mut Random, directories: &[PathBuf]) -> String {
    let mut path = match random.below(5) {
        0 => format!("{}/", directories[0].display()),
        1 => format!(
            "{}/",
            directories[random.below(directories.len())].display()
        ),
        2 if random.chance(20) => "/proc/self/cwd/".to_owned(),
        _ => String::new(),
    };
    for _ in 0..random.below(4) {
        path.push_str(match random.below(6) {
            0 => "../",
            1 => "./",
            2 => ".//",
            _ => random.of(NAMES),
        });
        if !path.ends_with('/') {
            path.push('/');
        }
    }
    path.push_str(random.of(NAMES));
    path
}

fn pattern(random: &mut Random, directories: &[PathBuf]) -> String {
    let a = random.of(NAMES).to_owned();
    let b = random.of(NAMES).to_owned();
    let directory = directories[random.below(directories.len())]
        .display()
        .to_string();
    let pattern = match random.below(14) {
        0 => a,
        1 => format!("{a}/"),
        2 => format!("{a}/{b}"),
        3 => format!("**/{a}/**/{b}"),
        4 => format!("{a}/*/{b}"),
        5 => directory,
        6 => format!("{directory}/{a}"),
        7 => format!("{directory}/*/{b}"),
        8 => format!("{directory}/**/{b}/"),
        9 => "*.iso".to_owned(),
        10 => "[ab]".to_owned(),
        11 => format!("{{{a},{b}}}"),
        12 => "?".to_owned(),
        _ => format!("{a}/**"),
    };
    if random.chance(35) {
        format!("!{pattern}")
    } else {
        pattern
    }
}

/// Creates each path with a wide mode and writes down what it got. Runs in a
/// process of its own, under the library; everywhere else it does nothing.
#[test]
fn creator() {
    let Some(job) = std::env::var_os(CREATOR) else {
        return;
    };
    rustix::process::umask(rustix::fs::Mode::empty());
    let paths = fs::read_to_string(&job).expect("the job");
    let mut out =
        BufWriter::new(File::create(PathBuf::from(&job).with_extension("modes")).unwrap());
    for path in paths.lines() {
        let mode = match path.strip_suffix('/') {
            Some(_) => made(path),
            None => opened(path),
        };
        writeln!(
            out,
            "{}",
            mode.map_or("-".to_owned(), |mode| format!("{mode:o}"))
        )
        .unwrap();
    }
}

fn opened(path: &str) -> Option<u32> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o666)
        .open(path);
    let file = file.ok()?;
    let mode = file.metadata().unwrap().mode() & 0o777;
    // A link may have led elsewhere: removed is what was created.
    use std::os::fd::AsRawFd;
    let name = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    fs::remove_file(name).unwrap();
    Some(mode)
}

fn made(path: &str) -> Option<u32> {
    DirBuilder::new().mode(0o777).create(path).ok()?;
    let mode = fs::metadata(path).unwrap().mode() & 0o777;
    fs::remove_dir(fs::canonicalize(path).unwrap()).unwrap();
    Some(mode)
}

fn modes_under_the_library(
    job: &Path,
    cwd: &Path,
    list: &str,
    paths: &[String],
) -> Vec<Option<u32>> {
    fs::write(job, paths.join("\n")).unwrap();
    let status = common::command(std::env::current_exe().unwrap())
        .args(["--exact", "creator", "--quiet", "--test-threads=1"])
        .current_dir(cwd)
        .env(CREATOR, job)
        .env("LD_PRELOAD", common::library())
        .env("UMASKCLAMP_PATTERNS", list)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(
        status.success(),
        "the creator failed: {list} in {}",
        cwd.display()
    );
    let modes = fs::read_to_string(job.with_extension("modes")).unwrap();
    modes
        .lines()
        .map(|mode| u32::from_str_radix(mode, 8).ok())
        .collect()
}

fn verdicts_of_explain(cwd: &Path, list: &str, paths: &[String], follow: bool) -> Vec<Value> {
    let mut command = common::umaskclamp();
    command.args(["explain", "--json", "-p", list]);
    if !follow {
        command.arg("--no-follow");
    }
    let output = command
        .arg("--")
        .args(paths)
        .current_dir(cwd)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", common::text(&output.stderr));
    let text = common::text(&output.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn explain_and_the_library_agree() {
    let seed = std::env::var("AGREEMENT_SEED").map_or(0x5eed_0001, |seed| seed.parse().unwrap());
    let mut random = Random(seed);
    let (mut compared, mut sensitive) = (0, 0);
    for _ in 0..TREES {
        let (_keep, top) = common::directory();
        let root = top.join("tree");
        fs::create_dir(&root).unwrap();
        let directories = tree(&mut random, &root);
        for _ in 0..LISTS {
            let count = 1 + random.below(5);
            let list: Vec<String> = (0..count)
                .map(|_| pattern(&mut random, &directories))
                .collect();
            let list = list.join(":");
            let makes = random.chance(25);
            let slash = if makes { "/" } else { "" };
            let paths: Vec<String> = (0..PATHS)
                .map(|_| path(&mut random, &directories) + slash)
                .collect();
            let cwd = &directories[random.below(directories.len())];
            let explained = verdicts_of_explain(cwd, &list, &paths, !makes);
            let modes = modes_under_the_library(&top.join("job"), cwd, &list, &paths);
            assert_eq!(explained.len(), modes.len());
            for ((path, explained), mode) in paths.iter().zip(&explained).zip(modes) {
                let Some(mode) = mode else { continue };
                compared += 1;
                let closed = mode & 0o077 == 0;
                sensitive += usize::from(closed);
                assert_eq!(
                    explained["verdict"] == "sensitive",
                    closed,
                    "seed {seed}: {path} in {} under {list}: mode {mode:o}, but {explained}",
                    cwd.display(),
                );
            }
        }
    }
    println!("{compared} compared, {sensitive} of them sensitive");
    assert!(
        compared >= TRIPLES,
        "only {compared} of {TRIPLES} paths could be created"
    );
    assert!(sensitive > compared / 10 && sensitive < compared * 9 / 10);
}

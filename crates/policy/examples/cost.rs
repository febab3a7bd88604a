//! What reading a list and asking it cost: `cargo run --release --example cost`.
//! Prints nanoseconds, each the median of many rounds; only ratios within one
//! run mean anything.

use std::hint::black_box;
use std::time::Instant;
use umaskclamp_policy::rules::{Kind, Rules};
use umaskclamp_policy::settings::{FileFault, parse};

fn median(rounds: usize, repeat: u32, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..repeat {
                work();
            }
            start.elapsed().as_nanos() as f64 / f64::from(repeat)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn list(count: usize) -> String {
    let shapes = (0..count).map(|n| match n % 4 {
        0 => format!("/srv/host{n}/data"),
        1 => format!("*.suffix{n}"),
        2 => format!("prefix{n}-*"),
        _ => format!("name{n}"),
    });
    shapes.collect::<Vec<_>>().join(":")
}

fn read(list: &str) {
    let env = [&b"PATH=/bin"[..], list.as_bytes()];
    let settings = parse(
        black_box(env).into_iter(),
        |_| Err(FileFault::Missing),
        || None,
    );
    assert!(black_box(settings).is_ok());
}

fn main() {
    println!(
        "{:>10} {:>12} {:>10} {:>10}",
        "rules", "load", "plain", "matches"
    );
    let plain = b"/home/eva/projects/thing/target/debug/build/output.o";
    let ask = |rules: &Rules, path: &[u8]| {
        median(200, 1000, || {
            black_box(rules.verdict(black_box(path), Kind::Other));
        })
    };
    let load = median(200, 100, || read("HOME=/root"));
    let rules = Rules::built_in();
    println!(
        "{:>10} {load:>12.0} {:>10.1} {:>10.1}",
        "built-in",
        ask(&rules, plain),
        ask(&rules, b"/var/lib/rear/output/rear-host.iso"),
    );
    for count in [1, 10, 100, 1000, 10_000] {
        let text = list(count);
        let variable = format!("UMASKCLAMP_PATTERNS={text}");
        let rounds = if count > 100 { 20 } else { 200 };
        let load = median(rounds, 10, || read(&variable));
        let rules = Rules::from_list(text.as_bytes(), None).unwrap();
        println!(
            "{count:>10} {load:>12.0} {:>10.1} {:>10.1}",
            ask(&rules, plain),
            ask(&rules, b"/srv/host0/data/file"),
        );
    }
}

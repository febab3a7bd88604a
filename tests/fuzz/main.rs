//! Random input, without end if wanted.
//!
//! `cargo test --test fuzz` is the short pass: a fixed seed, a fixed number of
//! rounds, the same every time. `scripts/fuzz` gives each target its time:
//! `FUZZ_SECONDS` (how long, new cases until then) and `FUZZ_SEED` (a number;
//! it is printed when something fails, and the same one finds it again).
//!
//! The targets: what reads patterns, what folds paths, what cuts ACLs (against
//! slow models and, for ACLs, against the kernel), and the place of a call
//! against the kernel's own answer.

mod acl;
mod path;
mod pattern;
mod place;
#[path = "../../crates/policy/tests/reference/mod.rs"]
mod reference;
mod sequence;

use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// Gives `test` values of `strategy`: `rounds` rounds of 100, or as long as
/// `FUZZ_SECONDS` says. Panics with the smallest value that fails.
fn fuzz<S>(strategy: S, rounds: u64, test: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy,
    S::Value: Debug,
{
    let seconds = number("FUZZ_SECONDS");
    let seed = number("FUZZ_SEED").unwrap_or(1);
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut cases = 0u64;
    for round in 0.. {
        let over = end.map_or(round >= rounds, |end| Instant::now() >= end);
        if over {
            break;
        }
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&round.to_le_bytes());
        let config = Config {
            cases: 100,
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        if let Err(error) = TestRunner::new_with_rng(config, rng).run(&strategy, &test) {
            panic!("FUZZ_SEED={seed}, round {round}: {error}");
        }
        cases += 100;
    }
    println!("{cases} cases with FUZZ_SEED={seed}");
}

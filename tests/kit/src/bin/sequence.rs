//! Carries out the steps that come on its standard input, one a line, in the
//! directory TREE, and answers each with a line.

use std::io::BufRead;

use umaskclamp_testkit::sequence::Steps;

fn main() {
    let tree = std::env::args().nth(1).unwrap_or_else(|| {
        eprintln!("usage: sequence TREE");
        std::process::exit(64);
    });
    if let Err(error) = std::env::set_current_dir(&tree) {
        eprintln!("sequence: {tree}: {error}");
        std::process::exit(66);
    }
    let mut steps = Steps::new(&tree);
    answer("ready");
    for line in std::io::stdin().lock().lines() {
        answer(&steps.perform(&line.expect("a line of text")));
    }
}

/// By a single call, which is how a tracer knows that the step is over.
fn answer(text: &str) {
    let line = format!("{text}\n");
    // SAFETY: the bytes live as long as the call.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

//! Carries out one row of the kit's table.
//!
//! `doors --list` prints the names of all rows, `doors ROW DIR` performs a row
//! in the tree DIR and prints one line of facts, and `doors --scene NAME DIR`
//! plays what no single row can say.

use std::io::Write;
use std::path::Path;
use std::process::exit;

use umaskclamp_testkit::{perform, rows, scenes};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--list"] => {
            for row in rows::enforce().iter().chain(&rows::transparent()) {
                println!("{}", row.name);
            }
        }
        ["--scene", name, dir] => {
            let Some(facts) = scenes::play(name, Path::new(dir)) else {
                eprintln!("doors: no scene {name:?}");
                exit(64);
            };
            let _ = std::io::stdout().write_all(facts.as_bytes());
        }
        [name, dir] => {
            let Some(row) = rows::find(name) else {
                eprintln!("doors: no row {name:?}");
                exit(64);
            };
            let facts = perform::perform(&row, Path::new(dir));
            // `print!` would need a descriptor 1 that a row may have closed.
            let _ = std::io::stdout().write_all(format!("{facts}\n").as_bytes());
        }
        _ => {
            eprintln!("usage: doors --list | doors ROW DIR | doors --scene NAME DIR");
            exit(64);
        }
    }
}

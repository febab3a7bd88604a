//! Creates a file past libc, by rustix, and one by libc: `raw PAST THROUGH`. What it is
//! for is its code, which the command looks at.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{Mode, OFlags};

fn main() -> std::io::Result<()> {
    let mut names = std::env::args_os().skip(1);
    let (Some(past), Some(through)) = (names.next(), names.next()) else {
        return Ok(());
    };
    rustix::fs::open(
        past,
        OFlags::CREATE | OFlags::WRONLY,
        Mode::from_raw_mode(0o666),
    )?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o666);
    options.open(through)?;
    Ok(())
}

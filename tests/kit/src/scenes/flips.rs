//! Somebody who may write a directory on the way swaps a link between the
//! moment a shim looks and the moment the kernel does.

use std::fs;
use std::os::unix::fs::{symlink, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::c;

/// How long it is tried.
const TRIES: Duration = Duration::from_secs(1);

/// Swaps `link` between two targets for as long as `during` runs.
fn swapping<T>(link: &Path, targets: [&str; 2], during: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let aside = link.with_extension("aside");
            for target in targets.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                symlink(target, &aside).expect("symlink");
                fs::rename(&aside, link).expect("rename");
            }
        });
        let result = during();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

/// Creates by `path` again and again; counts what came to be at `secret`, and
/// how much of it was wide, in percent.
fn creating(path: &Path, secret: &Path, plain: &Path) -> String {
    let (name, mut there, mut wide) = (c(path), 0u64, 0u64);
    let end = Instant::now() + TRIES;
    while Instant::now() < end {
        // SAFETY: a string that ends in NUL, a descriptor that is closed once.
        unsafe {
            let fd = libc::open(name.as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o666);
            libc::close(fd);
        }
        if let Ok(meta) = fs::symlink_metadata(secret) {
            there += 1;
            wide += u64::from(meta.mode() & 0o077 != 0);
        }
        let _ = fs::remove_file(secret);
        let _ = fs::remove_file(plain);
    }
    let percent = 100 * wide / there.max(1);
    format!("enough {}\nwide {percent}\n", there > 20)
}

/// A directory on the way is a link that is swapped.
pub fn parent(dir: &Path) -> String {
    let link = dir.join("outside/flip");
    symlink("../plain", &link).expect("symlink");
    swapping(&link, ["../plain", "../secret"], || {
        creating(
            &link.join("made"),
            &dir.join("secret/made"),
            &dir.join("plain/made"),
        )
    })
}

/// The last component is a dangling link that is swapped.
pub fn target(dir: &Path) -> String {
    let link = dir.join("outside/flip");
    symlink("../plain/made", &link).expect("symlink");
    swapping(&link, ["../plain/made", "../secret/made"], || {
        creating(&link, &dir.join("secret/made"), &dir.join("plain/made"))
    })
}

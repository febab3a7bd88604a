//! Threads that create at once, and two processes that race.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::c;

/// How long two processes race, and longer where that was not enough rounds: a
/// busy machine does few in a given time.
const RACE: Duration = Duration::from_secs(2);
/// How long four threads create at least.
const MIXED: Duration = Duration::from_secs(3);

/// The umask of the process, without changing it (proc_pid_status(5)).
fn umask() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status
        .lines()
        .find(|line| line.starts_with("Umask:"))
        .expect("Umask");
    line.trim_start_matches("Umask:").trim().to_owned()
}

/// Creates `path` in one of several ways and returns the mode it had at once.
fn create(path: &Path, round: u64) -> u32 {
    let name = c(path);
    match round % 4 {
        0 => {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o666)
                .open(path);
            file.expect("open").metadata().expect("fstat").mode()
        }
        1 => {
            // SAFETY: the strings end in NUL; the stream is closed once.
            unsafe {
                let stream = libc::fopen(name.as_ptr(), c"w".as_ptr());
                assert!(!stream.is_null(), "fopen");
                let mut stat: libc::stat = std::mem::zeroed();
                libc::fstat(libc::fileno(stream), &mut stat);
                libc::fclose(stream);
                stat.st_mode
            }
        }
        2 => {
            // SAFETY: the string ends in NUL.
            assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o666) }, 0, "mkfifo");
            fs::symlink_metadata(path).expect("lstat").mode()
        }
        _ => {
            // SAFETY: the string ends in NUL.
            let fd = unsafe { libc::creat(name.as_ptr(), 0o666) };
            assert!(fd >= 0, "creat");
            // SAFETY: a descriptor of ours, closed once.
            unsafe { libc::close(fd) };
            fs::symlink_metadata(path).expect("lstat").mode()
        }
    }
}

/// Two threads create sensitive files, two plain ones, one watches the umask.
pub fn mixed(dir: &Path) -> String {
    let (stop, made, wrong) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let changed = AtomicU64::new(0);
    let (stop, made, wrong, changed) = (&stop, &made, &wrong, &changed);
    thread::scope(|scope| {
        for index in 0..4u64 {
            let (side, want) = if index % 2 == 0 {
                ("secret", 0o600)
            } else {
                ("plain", 0o644)
            };
            let path = dir.join(side).join(format!("t{index}"));
            scope.spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    if create(&path, round) & 0o777 != want {
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                    fs::remove_file(&path).expect("unlink");
                    round += 1;
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(move || {
            let first = umask();
            while !stop.load(Ordering::Relaxed) {
                if umask() != first {
                    changed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        thread::sleep(MIXED);
        while made.load(Ordering::Relaxed) <= 200 {
            thread::sleep(Duration::from_millis(100));
        }
        stop.store(true, Ordering::Relaxed);
    });
    format!(
        "enough {}\nwrong {}\numask changed {}\numask {}\n",
        made.load(Ordering::Relaxed) > 200,
        wrong.load(Ordering::Relaxed),
        changed.load(Ordering::Relaxed),
        umask()
    )
}

/// Creates, fills and deletes a file for as long as the race lasts.
pub fn writer(dir: &Path) -> String {
    let (path, beside) = (dir.join("secret/raced"), dir.join("outside/raced"));
    let end = Instant::now() + RACE;
    let mut rounds = 0u64;
    while Instant::now() < end || rounds <= 100 {
        match rounds % 4 {
            0 => drop(File::create(&path).and_then(|mut file| file.write_all(b"secret"))),
            1 => {
                let name = c(&path);
                // SAFETY: strings that end in NUL, a stream that is closed once.
                unsafe {
                    let stream = libc::fopen(name.as_ptr(), c"w".as_ptr());
                    libc::fputs(c"secret".as_ptr(), stream);
                    libc::fclose(stream);
                }
            }
            2 => {
                // Wide first, then moved to the sensitive name.
                fs::write(&beside, "harmless").expect("write");
                fs::rename(&beside, &path).expect("rename");
            }
            _ => {
                // Narrow first, then widened.
                let mut new = OpenOptions::new();
                let file = new
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&path);
                file.and_then(|mut f| f.write_all(b"secret"))
                    .expect("write");
                let name = c(&path);
                // SAFETY: a string that ends in NUL.
                unsafe { libc::chmod(name.as_ptr(), 0o644) };
            }
        }
        fs::remove_file(&path).expect("unlink");
        rounds += 1;
    }
    format!("enough {}\n", rounds > 100)
}

/// Tries to open the writer's file as somebody else.
pub fn reader(dir: &Path) -> String {
    let path = dir.join("secret/raced");
    let end = Instant::now() + RACE;
    let (mut got, mut tries) = (0u64, 0u64);
    while Instant::now() < end || tries <= 1000 {
        for _ in 0..100 {
            tries += 1;
            if File::open(&path).is_ok() {
                got += 1;
            }
        }
    }
    format!(
        "tried {}\ngot {}\n",
        tries > 1000,
        if got > 0 { "some" } else { "none" }
    )
}

/// Threads on the smallest stack that there can be (PTHREAD_STACK_MIN).
pub fn small_stacks(dir: &Path) -> String {
    extern "C" fn run(dir: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: the directory outlives the thread, which is joined.
        let paths = unsafe { &*dir.cast::<Vec<std::ffi::CString>>() };
        for path in paths {
            // SAFETY: strings that end in NUL, a stream that is closed once.
            unsafe {
                let fd = libc::open(path.as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o666);
                libc::close(fd);
                libc::chmod(path.as_ptr(), 0o666);
                libc::unlink(path.as_ptr());
                libc::mkdir(path.as_ptr(), 0o777);
                libc::rmdir(path.as_ptr());
                libc::mkfifo(path.as_ptr(), 0o666);
                libc::rename(path.as_ptr(), path.as_ptr());
                libc::unlink(path.as_ptr());
            }
        }
        std::ptr::null_mut()
    }
    let names = [
        "secret/s",
        "plain/s",
        "outside/secret-jump/../j",
        "outside/s.iso",
        "secret/exit/e",
    ];
    let mut paths: Vec<_> = names.iter().map(|name| c(dir.join(name))).collect();
    let mut facts = String::new();
    // SAFETY: attributes and threads are used as pthread_create(3) says; each
    // thread is joined before `paths` changes or ends.
    unsafe {
        for _ in 0..8 {
            let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
            libc::pthread_attr_init(&mut attributes);
            let set = libc::pthread_attr_setstacksize(&mut attributes, libc::PTHREAD_STACK_MIN);
            let mut thread = 0;
            let argument = (&raw mut paths).cast();
            let made = libc::pthread_create(&mut thread, &attributes, run, argument);
            let joined = libc::pthread_join(thread, std::ptr::null_mut());
            facts += &format!("{set} {made} {joined}\n");
        }
    }
    facts
}

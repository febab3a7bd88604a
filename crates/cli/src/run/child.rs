//! A child that is waited for: signals go on to it, its status comes back.

use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;

/// What is passed on. Others reach the child as they reach us (SIGWINCH, SIGTSTP
/// from the terminal) or cannot be caught.
const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// Starts the program and waits for it; its exit status, or 128 and the number
/// of the signal that ended it, as shells have it.
pub fn wait(command: &mut Command) -> io::Result<u8> {
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    // What is ignored here (nohup) is ignored in the child, and stays so.
    let ignored = ignored();
    let wanted = PASSED_ON
        .iter()
        .filter(|&&signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = SignalsInfo::<WithOrigin>::new(wanted)?;
    let handle = signals.handle();
    // A number that was reaped may be another process's: none is signalled then.
    let alive = Arc::new(Mutex::new(true));
    let seen = Arc::clone(&alive);
    let passing = thread::spawn(move || {
        for origin in &mut signals {
            // Without a process behind it, it comes from the terminal, which has
            // sent it to the child as well: both are in one process group.
            if origin.process.is_none() {
                continue;
            }
            let alive = seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if let (true, Some(signal)) = (*alive, Signal::from_named_raw(origin.signal)) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    });
    let status = reap(child, pid, &alive);
    handle.close();
    let _ = passing.join();
    status
}

fn reap(mut child: Child, pid: Pid, alive: &Mutex<bool>) -> io::Result<u8> {
    use std::os::unix::process::ExitStatusExt;
    // First without reaping: until then the number is the child's.
    loop {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        match rustix::process::waitid(WaitId::Pid(pid), options) {
            Err(rustix::io::Errno::INTR) => {}
            _ => break,
        }
    }
    *alive
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner()) = false;
    let status = child.wait()?;
    let number = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 255,
    };
    Ok(u8::try_from(number).unwrap_or(255))
}

/// The signals that this process ignores, bit 0 for signal 1 (proc(5)).
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .unwrap_or(0)
}

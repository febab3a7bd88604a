//! Shell scripts in a mount namespace of their own: what they mount ends with them.

use std::path::Path;
use std::process::{Command, Output};

use crate::{Who, artefact, run};

/// Whether this process can have a mount namespace of its own; says so if not.
pub fn possible() -> bool {
    let reason = if Who::am_root() {
        let tried = Command::new("unshare").args(["-m", "true"]).status();
        if tried.is_ok_and(|status| status.success()) {
            return true;
        }
        "no mount namespace of its own to be had here"
    } else {
        "only root can mount and change its root directory"
    };
    let test = std::thread::current().name().map(str::to_owned);
    println!("left out: {}: {reason}", test.unwrap_or_default());
    false
}

/// Runs `text` in `dir`, where `$PWD/secret` is protected. `$SHIM` is the library
/// to preload, or empty where [`run::without`] takes the preload away.
pub fn script(dir: &Path, text: &str) -> Output {
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-ec", text])
        .current_dir(dir)
        .env_remove("UMASKCLAMP_SHIM")
        .env_remove("UMASKCLAMP_SHIM_I386")
        .env_remove("UMASKCLAMP_TEST_WITHOUT")
        .env("UMASKCLAMP_PATTERNS", dir.join("secret"))
        .env("SHIM", "");
    if !run::without() {
        command.env("SHIM", artefact::shim());
    }
    command.output().expect("unshare (util-linux) runs")
}

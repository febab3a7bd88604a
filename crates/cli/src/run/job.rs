//! The environment of the program that `run` starts, and the job that `run` itself is a
//! part of, if that is protected already.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use umaskclamp_policy::list;
use umaskclamp_policy::settings::variables as name;
use umaskclamp_policy::settings::{Mode, Settings};

use super::Run;
use crate::failure::Failure;
use crate::files::open_log;
use crate::preload::{LD_PRELOAD, in_job};
use crate::settings::Environment;

/// Every path but the kernel's own file systems: what `--audit --all` looks at.
const EVERYTHING: &str = "*:!/dev/:!/proc/:!/sys/";

impl Run {
    /// Our environment with what the command line asks for.
    pub fn environment(&self) -> Result<Environment, Failure> {
        let mut environment = Environment::ours();
        let job = of_job(&environment)?;
        environment.select(&self.selection)?;
        if let Some(job) = job.filter(|_| self.selection.chooses() && !self.only) {
            behind(&mut environment, &job)?;
            self.warn_of_mask(&job, &environment);
        }
        environment.record(self.audit, self.log.as_deref())?;
        if self.all {
            environment.remove(name::PATTERNS_FILE);
            environment.set(name::PATTERNS, EVERYTHING);
        }
        Ok(environment)
    }

    /// There is one mask for all places: one that leaves more than the job's leaves it
    /// at the job's own places too.
    fn warn_of_mask(&self, job: &Settings, environment: &Environment) {
        let Ok(mask) = environment.settings().map(|settings| settings.mask.bits()) else {
            return;
        };
        let old = job.mask.bits();
        if old & !mask != 0 {
            anstream::eprintln!(
                "umaskclamp: the mask {mask:03o} holds at the places of the job's own list as well, which has {old:03o}; --only leaves them out"
            );
        }
    }
}

/// The settings, or all that is wrong with them and with the log at once.
pub fn checked(environment: &Environment) -> Result<Settings, Failure> {
    let settings = environment.settings();
    let log = environment.get(name::LOG_FILE).unwrap_or_default();
    let log = Path::new(log);
    // Two slashes: a program of the job has opened it, and one that cannot does without.
    if !log.is_absolute() || log.as_os_str().as_bytes().starts_with(b"//") {
        return settings;
    }
    match (settings, open_log(log)) {
        (settings, Ok(_)) => settings,
        (Ok(_), Err(failure)) => Err(failure),
        (Err(failure), Err(more)) => Err(failure.and(more)),
    }
}

/// The settings of the job that this command is a part of, if that is protected.
/// What is wrong with them there is an error: it was written inside the job.
fn of_job(environment: &Environment) -> Result<Option<Settings>, Failure> {
    let preload = environment.get(LD_PRELOAD).unwrap_or_default();
    if !in_job(preload.as_bytes()) {
        return Ok(None);
    }
    let settings = environment.settings()?;
    Ok((settings.mode != Mode::Off).then_some(settings))
}

/// Puts what was selected behind the list in force in the job. Where it begins with
/// the rules that the job's ends with, those stand once: twice they say the same, and
/// the same run in a run in a run would outgrow the variable.
fn behind(environment: &mut Environment, job: &Settings) -> Result<(), Failure> {
    // What is wrong with it is told by who reads the settings next, with the name
    // of the file it stands in.
    let Ok(selected) = environment.settings() else {
        return Ok(());
    };
    let (old, new) = (in_force(job), in_force(&selected));
    let mut rules: Vec<&[u8]> = list::elements(&old).collect();
    let new: Vec<&[u8]> = list::elements(&new).collect();
    let same = (0..rules.len()).find(|&at| new.starts_with(&rules[at..]));
    rules.truncate(same.unwrap_or(rules.len()));
    rules.extend(new);
    environment.remove(name::PATTERNS_FILE);
    environment.set_list(rules.join(&b':'))
}

/// The list in force, whatever it was read from.
fn in_force(settings: &Settings) -> Vec<u8> {
    let handed_on = settings.effective_list.clone();
    let written = handed_on.filter(|list| !list.is_empty());
    written.unwrap_or_else(|| settings.rules.to_list())
}

//! Does a preload enter these commands, and see all that they do?

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use umaskclamp_policy::settings::{Settings, Unreachable};

use super::{Findings, Grade, hosts};
use crate::calls;
use crate::entry::{self, Entry, Obstacle, Unfound};
use crate::library::Library;
use crate::settings::Environment;
use crate::show;

pub fn look(
    findings: &mut Findings,
    command: &OsStr,
    environment: &Environment,
    library: &Library,
    settings: &Settings,
) {
    let name = show::bytes(command.as_bytes());
    let file = match entry::find(command, environment.get("PATH")) {
        Ok(file) => file,
        Err(Unfound::Missing) => return findings.tell(&name, Grade::Bad, "command not found"),
        Err(Unfound::NotExecutable) => {
            return findings.tell(&name, Grade::Bad, "cannot be executed");
        }
    };
    let entry = Entry::of(&file, Some(library.machine()));
    let program = entry.program();
    hosts::profile(findings, Path::new("/"), program);
    let chain = entry.chain.iter();
    let chain: Vec<String> = chain
        .map(|file| show::bytes(file.as_os_str().as_bytes()))
        .collect();
    let chain = chain.join(", run by ");
    let Some(obstacle) = &entry.obstacle else {
        if !calls::own(program, library.machine()) {
            return findings.tell(&name, Grade::Good, chain);
        }
        findings.tell(&name, Grade::Bad, format_args!("{chain}: {}", calls::SHOWN));
        return findings.more("what goes through libc is clamped; as a child it is not recognised");
    };
    let text = format!("{chain}: {}", obstacle.text());
    match obstacle {
        Obstacle::NoFormat => {
            findings.tell(
                &name,
                Grade::Note,
                format_args!("{text}; a shell may run it"),
            );
        }
        Obstacle::Unreadable(_) => findings.tell(&name, Grade::Note, text),
        Obstacle::Fails => findings.tell(&name, Grade::Bad, text),
        Obstacle::Cannot(_) => {
            findings.tell(&name, Grade::Bad, text);
            findings.more(match settings.unreachable {
                Unreachable::Umask => format!("as a child it runs under umask | {}", settings.mask),
                Unreachable::Warn => "as a child it runs unprotected, with a record".to_owned(),
                Unreachable::Refuse => "as a child it is refused".to_owned(),
            });
        }
    }
}

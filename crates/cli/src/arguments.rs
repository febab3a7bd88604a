//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::{self, Failure};
use crate::{doctor, explain, pages, patterns, report, run, scan, suggest, unit};

/// Runs programs under libumaskclamp.so, which clamps the mode of whatever they
/// create at a sensitive path, and tells what it does
#[derive(Parser)]
#[command(name = "umaskclamp", version, after_help = EXAMPLES, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program under the library
    #[command(
        after_help = RUN_EXAMPLES,
        override_usage = "umaskclamp run [OPTIONS] [--] COMMAND [ARGUMENT]..."
    )]
    Run(run::Run),
    /// Explain why a path is sensitive, or is not
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(explain::Explain),
    /// Check that the library works here, and for these commands
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(doctor::Doctor),
    /// Tell what the records of a log say, by path, with counts
    #[command(after_help = REPORT_EXAMPLES)]
    Report(report::Report),
    /// Propose patterns that cover what an audit found wide
    #[command(after_help = SUGGEST_EXAMPLES)]
    Suggest(suggest::Suggest),
    /// Print the list in force, as a patterns file
    #[command(after_help = PATTERNS_EXAMPLES)]
    Patterns(patterns::Patterns),
    /// Find what lies there already, wider than the patterns allow
    #[command(after_help = SCAN_EXAMPLES)]
    Scan(scan::Scan),
    /// Put the library into a service of systemd's, by a drop-in
    #[command(after_help = UNIT_EXAMPLES)]
    Unit(unit::Unit),
}

/// What no page and no completion names.
#[derive(Subcommand)]
enum Hidden {
    /// Write manual pages and shell completions
    #[command(hide = true)]
    Pages {
        /// Where man/ and completions/ are to appear
        directory: PathBuf,
    },
    /// Create files wide, for umaskclamp doctor to look at
    #[command(hide = true)]
    Probe {
        /// What the doctor has prepared
        directory: PathBuf,
    },
}

const EXAMPLES: &str = "\
Examples:
  umaskclamp run -- rear mkrescue         under the built-in list
  umaskclamp run --audit --report -- tar czf /var/backups/x.tgz /etc
  umaskclamp explain /var/backups/x.tgz   is this path sensitive, and why?
  umaskclamp patterns                     the list in force
  umaskclamp doctor rear                  will it work for this command?
  umaskclamp scan --dry-run /var/backups  what lies there too wide already?

Files:
  /etc/umaskclamp/umaskclamp.conf and umaskclamp.conf.d/*.conf have settings for
  the whole host, as UMASKCLAMP_MASK=027; options and environment come first.
";

const RUN_EXAMPLES: &str = "\
Examples:
  umaskclamp run -- rear mkrescue
  umaskclamp run -p /srv/d -m 027 -- mysqldump -r /srv/d/all.sql --all-databases
  umaskclamp run --audit --all --log /root/audit.log -- /etc/cron.daily/backup

Redirections:
  COMMAND > FILE is opened by the calling shell, before umaskclamp runs. Such a
  file at a sensitive place is narrowed before the program starts, if it is
  yours; who opened it until then keeps reading. Better the program opens it:
  umaskclamp run -p /srv/d -- sh -c 'pg_dump shop > /srv/d/shop.sql'

Exit status: the program's own; 128 and the signal that ended it; 126 or 127 if
it cannot be started; 64 wrong usage, or patterns that protect nothing; 69 no
library, or one that ld.so cannot load: the program is not started; 77 refused,
78 wrong settings.
";

const REPORT_EXAMPLES: &str = "\
Examples:
  umaskclamp report /var/log/umaskclamp.log
  umaskclamp report --json a.log b.log | jq .sums
  umaskclamp report --undo /var/log/umaskclamp.log
  umaskclamp report --undo --apply /var/log/umaskclamp.log

Undo:
  Modes are given back to what still has the device, the inode number, the
  owner and the mode that its last record left; only logs are read that nobody
  else can write. What a file holds by now can be read by others then, so look
  at the list first.

Exit status: 0 told, or all given back that could be; 65 no records; 66 no such
log; 74 a mode could not be set; 77 a log that others can write.
";

const SUGGEST_EXAMPLES: &str = "\
Examples:
  umaskclamp run --audit --all --log /root/audit.log -- /etc/cron.daily/backup
  umaskclamp suggest /root/audit.log > /etc/umaskclamp/patterns
";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  umaskclamp doctor
  umaskclamp doctor rear restic busybox

Exit status: 0 all is well, 1 something is bad, 69 no library, 78 wrong
settings.
";

const SCAN_EXAMPLES: &str = "\
Examples:
  umaskclamp scan /var/backups /var/lib/rear
  umaskclamp scan --dry-run -f /etc/umaskclamp/patterns /srv
  umaskclamp scan --fix -m 027 -p /srv/dumps /srv/dumps
  umaskclamp scan --json /srv | jq -r 'select(.type == \"file\").path'

JSON:
  With --json each wide inode is an object on a line of its own, a directory
  before what is in it, names in the order of their bytes. Its members stay what
  they are as long as v is 1; new ones may come:
    v            1
    path         as text; what is not UTF-8 shows as U+FFFD
    path_hex     its bytes in hexadecimal digits, only where it is not UTF-8
    type         file, directory, fifo, socket
    mode         what it has, octal as text
    allowed      what the rule leaves of that, likewise
    acl          true if its access ACL gives more than that
    default_acl  true if its default ACL does
    rule         the pattern that protects it
    links        how many names it has
    action       wide, would-tighten, tightened or failed
    error        why it failed, or null

Exit status: 0 nothing is wider than its rule allows (any more), 1 something is,
74 something could not be looked at.
";

const UNIT_EXAMPLES: &str = "\
Examples:
  umaskclamp unit -p /srv/dumps mysql            shows what would be written
  umaskclamp unit -p /srv/dumps --write mysql
  umaskclamp unit --remove mysql

Files:
  /etc/systemd/system/NAME.service.d/umaskclamp.conf is the drop-in. It has what
  the options and /etc/umaskclamp say, and nothing of the caller's environment.
  A library that the service preloads already stays. systemd-analyze(1), where
  it is there, is asked about the drop-in before it is written.

Exit status: 0 shown, written or taken away; 66 no such unit, or nothing to take
away; 69 no library; 73 it cannot be written; 77 the file there is not ours; 78
wrong settings, or systemd does not take the drop-in.
";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  umaskclamp explain /var/backups/x.tgz
  umaskclamp explain -p '*.iso:!/srv/pub' /srv/pub/live.iso
";

const PATTERNS_EXAMPLES: &str = "\
Examples:
  umaskclamp patterns > /etc/umaskclamp/patterns   a copy to edit
  umaskclamp patterns -f /etc/umaskclamp/patterns --list
";

pub fn run() -> Result<ExitCode, Failure> {
    let command = Hidden::augment_subcommands(Arguments::command());
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return Ok(match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(failure::USAGE),
            });
        }
    };
    if let Ok(hidden) = Hidden::from_arg_matches(&matches) {
        let (directory, result) = match &hidden {
            Hidden::Pages { directory } => {
                (directory, pages::write(Arguments::command(), directory))
            }
            Hidden::Probe { directory } => (directory, doctor::probe::act(directory)),
        };
        return result
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| Failure::at(failure::CANNOT_CREATE, directory, &error));
    }
    let arguments = Arguments::from_arg_matches(&matches)
        .map_err(|error| Failure::new(failure::USAGE, error))?;
    match &arguments.command {
        Command::Explain(options) => explain::explain(options),
        Command::Run(options) => run::run(options),
        Command::Report(options) => report::report(options),
        Command::Suggest(options) => suggest::suggest(options),
        Command::Doctor(options) => doctor::doctor(options),
        Command::Scan(options) => scan::scan(options),
        Command::Patterns(options) => patterns::patterns(options),
        Command::Unit(options) => unit::unit(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// clap breaks longer ones, and leaves a word alone on a line.
    #[test]
    fn lines_of_the_help_fit_a_terminal() {
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().expect("examples").to_string();
            for line in help.lines() {
                assert!(line.len() <= 80, "{}: {line}", command.get_name());
            }
        }
        assert!(EXAMPLES.lines().all(|line| line.len() <= 80));
    }
}

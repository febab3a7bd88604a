//! Plays a case in both trees and compares after every step.

use std::fmt::Write;
use std::path::Path;

use super::look::{Snapshot, look};
use super::model::{Model, Targets, Told};
use super::player::{Player, Step};
use super::{Case, Sensitive, Stage};
use crate::Run;

/// Plays `case`; the error says what differs, and after which steps.
pub fn play(stage: &Stage, case: &Case, sensitive: Sensitive) -> Result<(), String> {
    let bare = stage.lay_out("bare", case.who);
    let shim = stage.lay_out("shim", case.who);
    let (bare, shim) = (bare.tree(), shim.tree());
    let rules: Vec<String> = case.rules.iter().map(|rule| rooted(rule, &shim)).collect();
    let mut play = Play {
        case,
        rules: rules.join(":"),
        model: Model::new(case, &shim, &rules, sensitive),
        bare: &bare,
        shim: &shim,
        story: String::new(),
    };
    play.all()
        .map_err(|fault| format!("{fault}\n{case}{}", play.story))
}

/// A leading slash stands for the tree.
fn rooted(rule: &str, tree: &Path) -> String {
    let (sign, rule) = match rule.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", rule),
    };
    match rule.strip_prefix('/') {
        Some(rest) => format!("{sign}{}/{rest}", tree.display()),
        None => format!("{sign}{rule}"),
    }
}

struct Play<'a> {
    case: &'a Case,
    rules: String,
    model: Model<'a>,
    bare: &'a Path,
    shim: &'a Path,
    /// The steps so far, with their outcomes.
    story: String,
}

impl Play<'_> {
    fn start(&self, preload: bool) -> Option<Player> {
        let mut run = Run::kit("sequence", preload).who(self.case.who);
        if preload {
            let mask = format!("{:03o}", self.case.mask);
            run = run.patterns(&self.rules).env("UMASKCLAMP_MASK", mask);
        }
        let tree = if preload { self.shim } else { self.bare };
        Player::start(run.into_command(), tree, self.case.umask, preload)
    }

    fn all(&mut self) -> Result<(), String> {
        let first = "the tree is there for its owner";
        let mut bare = self.start(false).expect(first);
        let mut shim = self.start(true).expect(first);
        let mut before = look(self.shim, true);
        self.model.begin(&before);
        for (index, line) in self.case.steps.iter().enumerate() {
            let told = Told::of(line);
            if told.is(&["next"]) {
                self.story += "  next\n";
                (bare, shim) = match (self.start(false), self.start(true)) {
                    (Some(bare), Some(shim)) => (bare, shim),
                    (None, None) => return Ok(()),
                    _ => return Err("next: only one of the trees can be entered".to_string()),
                };
                self.model.later = true;
                continue;
            }
            let mut targets = self.model.before(&told, &before);
            if let (Some(stop), true) = (self.case.kill, index + 1 == self.case.steps.len()) {
                let _ = writeln!(self.story, "  {line}");
                return self.killed(&mut shim, line, stop, &before, targets);
            }
            let wanted = bare.step(line, None, &mut |_| {});
            let (got, fault) = self.under_the_shim(&mut shim, line, None);
            let (Step::Done(wanted), Step::Done(got)) = (&wanted, &got) else {
                return Err(format!("{line}: bare {wanted:?}, under the shim {got:?}"));
            };
            let _ = writeln!(self.story, "  {line}  = {wanted}");
            if wanted != got {
                return Err(format!("{line}: {got}, bare {wanted}"));
            }
            if let Some(fault) = fault {
                return Err(fault);
            }
            let now = look(self.shim, true);
            let done = !wanted.starts_with("-1");
            self.compare(
                &look(self.bare, true),
                &now,
                &told,
                done,
                &before,
                &mut targets,
            )?;
            before = now;
        }
        Ok(())
    }

    /// A step with a look at the tree after every system call.
    fn under_the_shim(
        &self,
        shim: &mut Player,
        line: &str,
        kill: Option<usize>,
    ) -> (Step, Option<String>) {
        let mut fault = None;
        let step = shim.step(line, kill, &mut |call| {
            if fault.is_none() {
                let open = self.model.reachable(&look(self.shim, false));
                fault = open.map(|open| format!("{line}: after {call} {open}"));
            }
        });
        (step, fault)
    }

    fn compare(
        &mut self,
        bare: &Snapshot,
        shim: &Snapshot,
        told: &Told,
        done: bool,
        before: &Snapshot,
        targets: &mut Targets,
    ) -> Result<(), String> {
        let line = told.words.join(" ");
        self.model.touched(told, before, shim, targets);
        self.model.after(told, done, shim, targets);
        if !bare.keys().eq(shim.keys()) {
            let one = bare.keys().filter(|path| !shim.contains_key(*path));
            let other = shim.keys().filter(|path| !bare.contains_key(*path));
            let odd: Vec<_> = one.chain(other).collect();
            return Err(format!("{line}: only in one of the trees: {odd:?}"));
        }
        for ((path, bare), shim) in bare.iter().zip(shim.values()) {
            let path = path.display();
            let same = (bare.kind(), bare.links, bare.user, bare.group)
                == (shim.kind(), shim.links, shim.user, shim.group);
            // A link to an absolute path names its own tree.
            let link = bare.kind() == libc::S_IFLNK;
            if !same || bare.content != shim.content && !link {
                return Err(format!("{line}: {path} is {shim:?}, bare {bare:?}"));
            }
            let mask = self.model.mask(shim.id);
            let (wanted, got) = (bare.bits(), shim.bits());
            // A write takes the setgid bit of a file only with the group's x
            // (`setattr_should_drop_sgid` of the kernel), which the mask may have taken.
            let kept = if mask & 0o010 & !got != 0 { 0o2000 } else { 0 };
            let allowed = mask | kept;
            if wanted | allowed != got | allowed || got & !wanted & !kept != 0 {
                return Err(format!("{line}: {path} is {got:04o}, bare {wanted:04o}"));
            }
        }
        self.untouched(&line, before, shim, |id| done && targets.ids.contains(id))?;
        match self.model.reachable(shim) {
            Some(open) => Err(format!("{line}: at its end {open}")),
            None => Ok(()),
        }
    }

    /// Nothing but what the step names may have changed its mode.
    fn untouched(
        &self,
        line: &str,
        before: &Snapshot,
        now: &Snapshot,
        may: impl Fn(&super::look::Id) -> bool,
    ) -> Result<(), String> {
        for (path, entry) in now {
            let old = before.values().find(|old| old.id == entry.id);
            let Some(old) = old.filter(|old| old.bits() != entry.bits()) else {
                continue;
            };
            if !may(&entry.id) {
                let (path, old, new) = (path.display(), old.bits(), entry.bits());
                return Err(format!(
                    "{line}: changes {path} from {old:04o} to {new:04o}"
                ));
            }
        }
        Ok(())
    }

    /// The last step, killed meanwhile.
    fn killed(
        &mut self,
        shim: &mut Player,
        line: &str,
        stop: usize,
        before: &Snapshot,
        mut targets: Targets,
    ) -> Result<(), String> {
        let (step, fault) = self.under_the_shim(shim, line, Some(stop));
        if let Some(fault) = fault {
            return Err(fault);
        }
        if step != Step::Killed {
            return Ok(());
        }
        let told = Told::of(line);
        let now = look(self.shim, true);
        self.model.touched(&told, before, &now, &mut targets);
        let line = format!("killed in {line}");
        self.untouched(&line, before, &now, |id| targets.ids.contains(id))?;
        for (path, entry) in &now {
            let old = before.values().find(|old| old.id == entry.id);
            let wider = old.map_or(0, |old| entry.bits() & !old.bits());
            if wider & self.case.mask != 0 && !told.widens() {
                let path = path.display();
                return Err(format!("{line}: {path} is wider, {:04o}", entry.bits()));
            }
        }
        match self.model.reachable(&now) {
            Some(open) => Err(format!("{line}: {open}")),
            None => Ok(()),
        }
    }
}

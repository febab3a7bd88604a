//! Scenes as the tests use them: a tree, a run, and what was seen.

use std::path::Path;

use crate::judge::MASK;
use crate::watch::Seen;
use crate::{Report, Run, Tree, Who};

/// A scene that was played.
pub struct Played {
    pub tree: Tree,
    pub report: Report,
}

/// The patterns that protect the tree's `secret` side and all names in `.iso`.
pub fn patterns(tree: &Tree) -> String {
    format!("{}/secret:*.iso", tree.root.display())
}

/// The command that plays `scene` in `tree`, under the shim or bare.
pub fn command(scene: &str, tree: &Tree, who: Who, preload: bool) -> Run {
    let run = Run::kit("doors", preload)
        .arg("--scene")
        .arg(scene)
        .arg(&tree.root)
        .who(who)
        .umask(0o022);
    run.patterns(patterns(tree))
}

/// Plays a scene in a new tree, watched.
pub fn play(scene: &str, who: Who, preload: bool) -> Played {
    play_with(scene, who, preload, |run, _| run)
}

/// As [`play`], with more said about the run.
pub fn play_with(
    scene: &str,
    who: Who,
    preload: bool,
    more: impl FnOnce(Run, &Tree) -> Run,
) -> Played {
    let tree = Tree::full(who);
    let report = more(command(scene, &tree, who, preload), &tree).watch(&tree.root);
    assert!(!report.late, "{scene} as {who}: killed, it took too long");
    Played { tree, report }
}

impl Played {
    /// What the scene printed; fails if it did not end well or complained.
    pub fn facts(&self) -> String {
        let errors = String::from_utf8_lossy(&self.report.stderr);
        assert!(
            self.report.status.success(),
            "{}: {errors}",
            self.report.status
        );
        assert_eq!(errors, "");
        String::from_utf8_lossy(&self.report.stdout).into_owned()
    }

    /// What was seen of the names that `wanted` picks.
    pub fn seen(&self, wanted: impl Fn(&Path) -> bool) -> Vec<&Seen> {
        self.report
            .seen
            .iter()
            .filter(|seen| wanted(&seen.path))
            .collect()
    }

    /// Fails if something sensitive was ever open to others, or was written
    /// while it was.
    pub fn leaks_nothing(&self, what: &str) {
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "{what}: {}", leaks.join("\n"));
    }

    /// Fails if nothing sensitive was ever open to others: then the scene
    /// proves nothing.
    pub fn leaks_something(&self, what: &str) {
        assert!(
            !self.leaks().is_empty(),
            "{what}: nothing leaks without the shim"
        );
    }

    fn leaks(&self) -> Vec<String> {
        let sensitive = |path: &Path| {
            path.starts_with("secret") && path != Path::new("secret")
                || path
                    .components()
                    .any(|c| c.as_os_str().to_string_lossy().ends_with(".iso"))
        };
        let gained = |seen: &&Seen| seen.loosest & !seen.before.unwrap_or(0) & MASK != 0;
        let mut leaks: Vec<String> = self
            .seen(sensitive)
            .into_iter()
            .filter(gained)
            .filter(|seen| !self.report.came_closed(seen))
            .map(|s| format!("{} was {:04o} after {}", s.path.display(), s.loosest, s.by))
            .collect();
        let writes = self
            .report
            .writes
            .iter()
            .filter(|w| sensitive(&w.path) && w.mode & MASK != 0);
        leaks.extend(
            writes.map(|w| format!("{}: {} while {:04o}", w.path.display(), w.call, w.mode)),
        );
        leaks
    }

    /// Fails if a plain name was ever seen with another mode than in `bare`.
    pub fn plain_as_in(&self, bare: &Played, what: &str) {
        let plain = |played: &Played| -> Vec<Seen> {
            let seen = played.seen(|path: &Path| path.starts_with("plain"));
            seen.into_iter()
                .map(|s| s.clone().however_opened())
                .collect()
        };
        assert_eq!(plain(self), plain(bare), "{what}: plain places differ");
    }
}

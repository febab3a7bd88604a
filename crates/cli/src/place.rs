//! Where a path is: as named, and as it really is. The library's own rules,
//! followed with `readlink` and nothing else, so that `explain` says what the
//! library will do.
//!
//! - *named*: the path put behind the current directory, `.` `..` `//` folded.
//! - *real*: links followed one by one, `..` taken where the kernel takes it,
//!   a dangling final link followed to what it would create.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use umaskclamp_policy::path;
use umaskclamp_policy::rules::{Kind, RuleId, Rules, Verdict};

/// As many links as the kernel follows in one path (`MAXSYMLINKS`).
const LINKS_MAX: u32 = 40;

/// What the kernel appends to the path of a directory or file without a name.
const DELETED: &[u8] = b" (deleted)";

/// A path and the two absolute ones that it comes to.
pub struct Place {
    /// As it was given.
    pub given: Vec<u8>,
    /// The way it was written, folded.
    pub named: Vec<u8>,
    /// Where it leads.
    pub real: Vec<u8>,
}

/// Which of the paths of a place a rule decided on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Both, or the names in it alone.
    Named,
    /// The one where it really is.
    Real,
}

impl Place {
    /// Finds out; `follow` says if a link in the last component is followed, as
    /// `open` does and `mkdir` does not.
    pub fn of(given: &[u8], follow: bool) -> Place {
        let base = if given.first() == Some(&b'/') {
            Vec::new()
        } else {
            current_directory()
        };
        let mut out = vec![0; base.len() + given.len() + 2];
        let length = path::fold(&base, given, &mut out).unwrap_or(0);
        out.truncate(length);
        Place {
            given: given.to_vec(),
            named: out,
            real: real(&base, given, follow),
        }
    }

    /// What is there, for patterns with a trailing slash. A path that is written
    /// with one names a directory even before there is one.
    pub fn kind(&self) -> Kind {
        let there = Path::new(OsStr::from_bytes(&self.given));
        let written = self.given.last() == Some(&b'/');
        if written || fs::metadata(there).is_ok_and(|data| data.is_dir()) {
            Kind::Directory
        } else {
            Kind::Other
        }
    }

    /// The verdict, in the library's own order: by the names alone, on the path
    /// as named, on the one where it really is. The first that says sensitive
    /// decides; otherwise an exemption, if there was one, is told.
    pub fn verdict(&self, rules: &Rules, kind: Kind) -> (Verdict, By) {
        if let Some(rule) = rules.settled_by_names(&self.given, kind) {
            return (Verdict::Sensitive(rule), By::Named);
        }
        let named = rules.verdict(&self.named, kind);
        if let Verdict::Sensitive(_) = named {
            return (named, By::Named);
        }
        match rules.verdict(&self.real, kind) {
            real @ Verdict::Sensitive(_) => (real, By::Real),
            real @ Verdict::Exempt(_) if named == Verdict::Plain => (real, By::Real),
            _ => (named, By::Named),
        }
    }

    /// Whether a rule matches either path, whatever the rules behind it say.
    pub fn matches(&self, rules: &Rules, rule: RuleId, kind: Kind) -> Option<By> {
        if rules.matches_rule(rule, &self.named, kind) {
            return Some(By::Named);
        }
        rules
            .matches_rule(rule, &self.real, kind)
            .then_some(By::Real)
    }
}

/// Empty where it cannot be told, or cannot be reached from our root.
fn current_directory() -> Vec<u8> {
    let told = match env::current_dir() {
        // A deleted one has no path, but `..` of it may still exist.
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::read_link("/proc/self/cwd")
            .map(|path| without_suffix(path.into_os_string().into_vec())),
        told => told.map(|path| path.into_os_string().into_vec()),
    };
    told.ok()
        .filter(|path| path.first() == Some(&b'/'))
        .unwrap_or_default()
}

fn without_suffix(mut path: Vec<u8>) -> Vec<u8> {
    if path.ends_with(DELETED) {
        path.truncate(path.len() - DELETED.len());
    }
    path
}

/// Walks `given`, seen from `base`, as the kernel does. Where a step cannot be
/// taken (nothing there, no permission) the rest is appended as it stands.
fn real(base: &[u8], given: &[u8], follow: bool) -> Vec<u8> {
    let mut absolute = given.first() == Some(&b'/') || !base.is_empty();
    // No link in it, no trailing `/`; the root is empty.
    let mut here = if base == b"/" {
        Vec::new()
    } else {
        base.to_vec()
    };
    let mut ahead = given.to_vec();
    let mut links = 0;
    let mut blind = false;
    while let Some(start) = ahead.iter().position(|&byte| byte != b'/') {
        let end = ahead
            .iter()
            .skip(start)
            .position(|&byte| byte == b'/')
            .map(|size| start + size);
        let name: Vec<u8> = ahead[start..end.unwrap_or(ahead.len())].to_vec();
        let rest = end.map_or_else(Vec::new, |end| ahead[end..].to_vec());
        // A trailing slash makes the kernel follow a final link always.
        let is_final = end.is_none();
        ahead = rest;
        match name.as_slice() {
            b"." => continue,
            b".." => {
                match here.iter().rposition(|&byte| byte == b'/') {
                    Some(slash) => here.truncate(slash),
                    None => {
                        blind |= !absolute && here.is_empty();
                        here.clear();
                    }
                }
                continue;
            }
            name => {
                if absolute || !here.is_empty() {
                    here.push(b'/');
                }
                here.extend(name);
            }
        }
        if blind || (is_final && !follow) {
            continue;
        }
        match fs::read_link(OsStr::from_bytes(&here)) {
            Ok(target) => {
                links += 1;
                if links > LINKS_MAX {
                    blind = true;
                    continue;
                }
                let from_proc = here.starts_with(b"/proc/");
                let slash = here.iter().rposition(|&byte| byte == b'/');
                here.truncate(slash.unwrap_or(0));
                let mut target = target.into_os_string().into_vec();
                if target.first() == Some(&b'/') {
                    here.clear();
                    absolute = true;
                    if from_proc {
                        target = without_suffix(target);
                    }
                }
                target.extend(&ahead);
                ahead = target;
            }
            // Not a link: the usual case.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(_) => blind = true,
        }
    }
    if absolute && here.is_empty() {
        here.push(b'/');
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn real_of(path: &Path, follow: bool) -> String {
        String::from_utf8(Place::of(path.as_os_str().as_bytes(), follow).real).unwrap()
    }

    #[test]
    fn links_are_followed_and_dots_are_physical() {
        let directory = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(directory.path()).unwrap();
        fs::create_dir_all(top.join("a/b")).unwrap();
        symlink("a/b", top.join("link")).unwrap();
        symlink(top.join("nothing"), top.join("dangling")).unwrap();
        symlink("loop", top.join("loop")).unwrap();
        let at = |tail: &str| top.join(tail).to_str().unwrap().to_owned();

        assert_eq!(real_of(&top.join("link/../f"), true), at("a/f"));
        assert_eq!(real_of(&top.join("link"), true), at("a/b"));
        assert_eq!(real_of(&top.join("link"), false), at("link"));
        assert_eq!(real_of(&top.join("dangling"), true), at("nothing"));
        assert_eq!(real_of(&top.join("loop"), true), at("loop"));
        assert_eq!(real_of(&top.join("gone/../f"), true), at("f"));
        assert_eq!(real_of(Path::new("/.."), true), "/");
    }

    #[test]
    fn the_named_path_is_folded_without_looking() {
        let place = Place::of(b"/no/such/../f//", true);
        assert_eq!(place.named, b"/no/f");
        let here = env::current_dir().unwrap();
        let place = Place::of(b"./x", true);
        assert_eq!(place.named, here.join("x").as_os_str().as_bytes());
    }
}

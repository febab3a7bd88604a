//! Where a path is: the lexical and the resolved path, as the library finds them.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::CWD;
use umaskclamp_policy::path;
use umaskclamp_policy::resolve::{Name, Request, Tree, without_suffix};
use umaskclamp_policy::rules::{Kind, RuleId, Rules, Verdict};

/// The longest path that the kernel takes, below the longest directory.
const PLACE_MAX: usize = 2 * 4096;

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
        let mut named = vec![0; base.len() + given.len() + 2];
        let length = path::fold(&base, given, &mut named).unwrap_or(0);
        named.truncate(length);
        Place {
            given: given.to_vec(),
            real: resolved(&base, given, follow).unwrap_or_else(|| named.clone()),
            named,
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
    /// decides, and what both clear is cleared; otherwise an exemption, if there was one,
    /// is told.
    pub fn verdict(&self, rules: &Rules, kind: Kind) -> (Verdict, By) {
        if let Some(found) = rules.settled_by_names(&self.given, kind) {
            return (Verdict::Sensitive(found), By::Named);
        }
        let named = rules.verdict(&self.named, kind);
        let real = rules.verdict(&self.real, kind);
        if let Verdict::Sensitive(one) = named {
            let both = match real {
                Verdict::Sensitive(other) => one.and(other),
                _ => one,
            };
            return (Verdict::Sensitive(both), By::Named);
        }
        match real {
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
            .map(|path| without_suffix(path.as_os_str().as_bytes()).to_vec()),
        told => told.map(|path| path.into_os_string().into_vec()),
    };
    told.ok()
        .filter(|path| path.first() == Some(&b'/'))
        .unwrap_or_default()
}

/// The resolved path of `given`, seen from `base`. `None`: no call takes a path as long.
fn resolved(base: &[u8], given: &[u8], follow: bool) -> Option<Vec<u8>> {
    let request = Request {
        dirfd: CWD.as_raw_fd(),
        given,
        follow,
        in_root: false,
        creates: false,
    };
    let [mut resolved, mut ahead, mut link] = [(); 3].map(|()| vec![0; PLACE_MAX]);
    link.get_mut(..base.len())?.copy_from_slice(base);
    let buffers = [&mut resolved[..], &mut ahead, &mut link];
    let length = request.resolve(&Here, base.len(), buffers)?.length;
    resolved.truncate(length);
    Some(resolved)
}

/// The file system as this process sees it. All requests begin with the current
/// directory.
struct Here;

impl Tree for Here {
    fn read_link(&self, name: Name, out: &mut [u8]) -> Result<usize, i32> {
        let target = fs::read_link(OsStr::from_bytes(name.path()));
        let target = target.map_err(|error| error.raw_os_error().unwrap_or_default())?;
        let target = target.as_os_str().as_bytes();
        let room = out.get_mut(..target.len()).ok_or(libc::ENAMETOOLONG)?;
        room.copy_from_slice(target);
        Ok(target.len())
    }
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

//! One step, carried out: a line in, a line out.
//!
//! A line is a word and its arguments, as a person would write them down. A path
//! counts from the tree, with `/` in front from the root by way of the tree's own
//! absolute path; `-` is the empty path. What comes back is the call's result and
//! errno, and the descriptor's number where one was opened.

use std::ffi::CString;
use std::io::Error;

use libc::{AT_FDCWD, c_char, c_int, c_uint, mode_t};

/// What lives from one step to the next.
pub struct Steps {
    /// The tree's absolute path.
    root: String,
    /// The descriptor of the last `hold`, or -1.
    held: c_int,
    number: usize,
}

impl Steps {
    pub fn new(root: &str) -> Steps {
        Steps {
            root: root.to_owned(),
            held: -1,
            number: 0,
        }
    }

    fn path(&self, word: &str) -> CString {
        let text = match word.strip_prefix('/') {
            Some(rest) => format!("{}/{rest}", self.root),
            None if word == "-" => String::new(),
            None => word.to_owned(),
        };
        CString::new(text).expect("no NUL in a word")
    }

    /// Carries out `line`; the answer has no line end.
    pub fn perform(&mut self, line: &str) -> String {
        self.number += 1;
        let words: Vec<&str> = line.split_whitespace().collect();
        let paths: Vec<CString> = words.iter().map(|word| self.path(word)).collect();
        let path = |index: usize| paths[index].as_ptr();
        let number = |index: usize| {
            mode_t::from_str_radix(words[index], 8).expect("an octal number in its place")
        };
        // SAFETY: sets a number of this thread.
        unsafe { *libc::__errno_location() = 0 };
        // SAFETY: every pointer is that of a string in `paths`, which outlives the call.
        let result = unsafe {
            match words[0] {
                "open" => return self.open(path(1), words[2], number(3), false),
                "hold" => return self.open(path(1), words[2], number(3), true),
                "fopen" => return self.stream(path(1), &words[2].replace('t', "w")),
                "fchmod" => libc::fchmod(self.held, number(1)),
                "chmod" => libc::chmod(path(1), number(2)),
                "chmodat" => libc::fchmodat(AT_FDCWD, path(1), number(2), 0),
                "truncate" => libc::truncate(path(1), 1),
                "mkdir" => libc::mkdir(path(1), number(2)),
                "mkfifo" => libc::mkfifo(path(1), number(2)),
                "rmdir" => libc::rmdir(path(1)),
                "unlink" => libc::unlink(path(1)),
                "symlink" => libc::symlink(path(1), path(2)),
                "rename" => libc::rename(path(1), path(2)),
                "rename2" => rename2(path(1), path(2), number(3)),
                "link" => libc::link(path(1), path(2)),
                "linkat" => libc::linkat(AT_FDCWD, path(1), AT_FDCWD, path(2), number(3) as c_int),
                "nameless" => return self.nameless(path(1), path(2), number(3)),
                other => panic!("no step {other:?}"),
            }
        };
        outcome(result)
    }

    /// `flags` are letters: r, w, or + for both, then c create, x exclusively, t
    /// truncate, a append, d directory, n no link. What is open for writing gets the
    /// step's number.
    fn open(&mut self, path: *const c_char, flags: &str, mode: mode_t, hold: bool) -> String {
        let bits = flags.chars().fold(libc::O_NONBLOCK, |bits, flag| {
            bits | match flag {
                'r' => libc::O_RDONLY,
                'w' => libc::O_WRONLY,
                '+' => libc::O_RDWR,
                'c' => libc::O_CREAT,
                'x' => libc::O_EXCL,
                't' => libc::O_TRUNC,
                'a' => libc::O_APPEND,
                'd' => libc::O_DIRECTORY,
                'n' => libc::O_NOFOLLOW,
                other => panic!("no flag {other:?}"),
            }
        });
        // SAFETY: our caller's string, and a mode.
        let fd = unsafe { libc::open(path, bits, mode) };
        let answer = format!("{} descriptor {fd}", outcome(fd.min(0)));
        self.write(fd, bits & libc::O_ACCMODE != libc::O_RDONLY);
        if hold {
            self.held = self.keep(fd);
        } else if fd >= 0 {
            // SAFETY: opened above, used by nobody else.
            unsafe { libc::close(fd) };
        }
        answer
    }

    /// Puts `fd` where the held one is, always the same number.
    fn keep(&self, fd: c_int) -> c_int {
        const HELD: c_int = 60;
        if fd < 0 {
            return self.held;
        }
        // SAFETY: `fd` is ours; HELD is the one held before, or free.
        unsafe {
            libc::dup3(fd, HELD, libc::O_CLOEXEC);
            libc::close(fd);
        }
        HELD
    }

    fn write(&self, fd: c_int, writes: bool) {
        if fd >= 0 && writes {
            let text = format!("{}\n", self.number);
            // SAFETY: the bytes live as long as the call.
            unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
        }
    }

    fn stream(&self, path: *const c_char, mode: &str) -> String {
        // fopen(3) has no O_NONBLOCK: it would wait for the fifo's other end for ever.
        if is_fifo(path) {
            return "a fifo".to_owned();
        }
        let mode = CString::new(mode).expect("no NUL in a word");
        // SAFETY: two strings that live.
        let stream = unsafe { libc::fopen(path, mode.as_ptr()) };
        if stream.is_null() {
            return outcome(-1);
        }
        let answer = outcome(0);
        // SAFETY: the stream was just opened, and is used by nobody else.
        unsafe {
            let fd = libc::fileno(stream);
            self.write(fd, mode.as_bytes() != b"r");
            libc::fclose(stream);
        }
        answer
    }

    /// A file without a name, which then gets one.
    fn nameless(&self, directory: *const c_char, name: *const c_char, mode: mode_t) -> String {
        // SAFETY: our caller's strings.
        unsafe {
            let fd = libc::open(directory, libc::O_TMPFILE | libc::O_RDWR, mode);
            if fd < 0 {
                return outcome(fd);
            }
            let from = CString::new(format!("/proc/self/fd/{fd}")).expect("no NUL");
            let follow = libc::AT_SYMLINK_FOLLOW;
            let answer = outcome(libc::linkat(
                AT_FDCWD,
                from.as_ptr(),
                AT_FDCWD,
                name,
                follow,
            ));
            libc::close(fd);
            answer
        }
    }
}

fn is_fifo(path: *const c_char) -> bool {
    // SAFETY: all zeros are a `stat`; our caller's string.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::stat(path, &mut stat) == 0 && stat.st_mode & libc::S_IFMT == libc::S_IFIFO
    }
}

fn rename2(from: *const c_char, to: *const c_char, flags: c_uint) -> c_int {
    // SAFETY: our caller's strings.
    unsafe { libc::renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) }
}

fn outcome(result: c_int) -> String {
    if result >= 0 {
        return format!("{result}");
    }
    let error = Error::last_os_error();
    format!("-1 {error}")
}

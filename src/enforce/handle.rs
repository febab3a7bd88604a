//! Opening for writing where there is no path: where the file is can be told only
//! once there is a descriptor of it.

use libc::{O_ACCMODE, O_CLOEXEC, O_PATH, O_RDONLY, O_TRUNC, c_int};

use super::existing::must_tighten;
use super::judged;
use super::opening::open_at;
use crate::call::{Call, Sensitive, Subject};
use crate::{errno, state, sys};

/// Opens by `real`, which takes flags and gives a descriptor or -1.
pub fn open(name: &'static str, flags: c_int, real: &dyn Fn(c_int) -> c_int) -> c_int {
    let Some((sensitive, wide)) = look(name, real) else {
        return real(flags);
    };
    // A wide file that is to be emptied is narrowed first, so that nobody opens
    // it between its truncation and the first byte.
    let empties = wide && flags & O_TRUNC != 0 && flags & O_ACCMODE != O_RDONLY;
    let kept = if empties { flags & !O_TRUNC } else { flags };
    let opened = real(kept);
    if opened < 0 {
        return opened;
    }
    let Some(call) = Call::on(name, opened) else {
        return opened;
    };
    let fd = open_at(sensitive, call, kept, 0, &|_, _| opened);
    if empties
        && fd >= 0
        && let Err(error) = sys::truncate_fd(fd)
    {
        sys::close(fd);
        errno::set(error);
        return -1;
    }
    fd
}

/// Is the file at a sensitive place, and is it to be narrowed? A descriptor that
/// only stands for it says so (`O_PATH`): opened, it is not read or changed, and
/// closed, it does not drop the process's record locks on the file. It is closed
/// before the program's own is opened, which so gets the number it would get.
fn look(name: &'static str, real: &dyn Fn(c_int) -> c_int) -> Option<(Sensitive, bool)> {
    state::active()?;
    let fd = real(O_PATH | O_CLOEXEC);
    if fd < 0 {
        return None;
    }
    let found = Call::on(name, fd).and_then(|call| judged(call, Subject::Other));
    let found = found.map(|(sensitive, call)| {
        let inode = call.inode();
        let wide = inode.is_ok_and(|inode| must_tighten(&sensitive, &inode));
        (sensitive, wide && !sensitive.audit())
    });
    sys::close(fd);
    found
}

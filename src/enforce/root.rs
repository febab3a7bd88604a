//! Before the process may lose its `/proc`, which tells where a descriptor leads.
//!
//! From then on `fchmod` finds only what was remembered ([`crate::memory`]): what is
//! open at a sensitive place now, and what is created there later. As long as there
//! is a `/proc`, nothing has to be remembered, and a creation is spared an `fstat`.

use super::is_sensitive;
use crate::call::Call;
use crate::{memory, state, sys};

/// Descriptors that are looked at, from 0 on (the usual `RLIMIT_NOFILE`).
const DESCRIPTORS: i32 = 1024;

/// `call` is the symbol that changes the root or what is mounted.
pub fn leave(call: &'static str) {
    memory::leave();
    if state::active().is_none() || !memory::can_be_told() {
        return;
    }
    for fd in (0..DESCRIPTORS).filter(|&fd| sys::is_open(fd)) {
        let Some(call) = Call::on(call, fd) else {
            return;
        };
        if is_sensitive(&call) {
            memory::remember(fd);
        }
    }
    memory::cannot_be_told();
}

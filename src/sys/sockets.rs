//! The datagram socket of the system's log.

use core::mem::{offset_of, size_of};

use libc::{c_int, sockaddr_un};
use syscalls::Sysno;

use super::{Result, close};

/// The socket of syslog or journald, terminated: `syslog(3)` writes to it as well, but
/// keeps a descriptor and takes a lock.
pub const SYSLOG: &[u8] = b"/dev/log\0";

/// Sends `bytes` as one datagram to the Unix socket at `path` (terminated),
/// without waiting for room in its queue.
pub fn send_datagram(path: &[u8], bytes: &[u8]) -> Result<()> {
    // SAFETY: all-zero is a valid `sockaddr_un`.
    let mut address: sockaddr_un = unsafe { core::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (slot, &byte) in address.sun_path.iter_mut().zip(path) {
        *slot = byte as libc::c_char;
    }
    let length = offset_of!(sockaddr_un, sun_path)
        .saturating_add(path.len())
        .min(size_of::<sockaddr_un>());
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let socket = raw!(Sysno::socket, libc::AF_UNIX, kind, 0)? as c_int;
    let sent = raw!(
        Sysno::sendto,
        socket,
        bytes.as_ptr(),
        bytes.len(),
        libc::MSG_NOSIGNAL,
        &raw const address,
        length
    );
    close(socket);
    sent.map(drop)
}

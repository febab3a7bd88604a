//! `bind` of a Unix socket to a path (unix(7)), and the one libc function that
//! binds inside itself.

use core::ffi::{CStr, c_void};

use libc::{AT_FDCWD, c_char, c_int, c_uint, sockaddr, sockaddr_un, socklen_t};

use crate::call::Call;
use crate::enforce::socket;
use crate::late::socket as socket_of_libc;
use crate::{errno, place, sys};
use redhook::real;

/// The path in the address, terminated: the kernel takes it with or without.
type SocketPath = [u8; size_of::<sockaddr_un>()];

/// Reads the path of a Unix address; `None` for any other address.
///
/// # Safety
/// As for [`place::read_bytes`].
unsafe fn path_of(address: *const sockaddr, length: socklen_t) -> Option<SocketPath> {
    let offset = core::mem::offset_of!(sockaddr_un, sun_path);
    let size = length as usize;
    if size <= offset || size > size_of::<sockaddr_un>() {
        return None;
    }
    // SAFETY: what the program gave to the kernel to read; unreadable memory gives `None`.
    let bytes = unsafe { place::read_bytes(address.cast(), size) }?;
    let (family, path) = bytes.split_at_checked(offset)?;
    if family != (libc::AF_UNIX as libc::sa_family_t).to_ne_bytes() || path.first() == Some(&0) {
        // Another family, or an abstract name that no directory holds.
        return None;
    }
    let mut terminated = [0; size_of::<sockaddr_un>()];
    for (slot, &byte) in terminated
        .iter_mut()
        .zip(path.iter().take_while(|&&byte| byte != 0))
    {
        *slot = byte;
    }
    Some(terminated)
}

family! { |symbol, real|
    #[symbol, number]
    unsafe fn bind(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
        let Some(path) = path_of(address, length) else {
            return real(socket, address, length);
        };
        let call = Call::at(symbol, AT_FDCWD, path.as_ptr().cast(), false);
        socket::bind(call, socket, &mut || real(socket, address, length))
    }
}

/// The first glibc of each machine that had it (`sunrpc/Versions`, 2.1).
const SVCUNIX_CREATE_SINCE: &CStr = if cfg!(target_arch = "x86_64") {
    c"GLIBC_2.2.5"
} else if cfg!(target_arch = "x86") {
    c"GLIBC_2.1"
} else if cfg!(target_arch = "arm") {
    c"GLIBC_2.4"
} else if cfg!(target_arch = "riscv64") {
    c"GLIBC_2.27"
} else {
    c"GLIBC_2.17"
};

/// `svcunix_create` (SunRPC) is there for old binaries only, under this version;
/// it makes a socket and binds it. Given one, it takes that.
type SvcunixCreate = unsafe extern "C" fn(c_int, c_uint, c_uint, *mut c_char) -> *mut c_void;

/// # Safety
/// As `svcunix_create` (rpc(3)).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn svcunix_create(
    socket: c_int,
    send_size: c_uint,
    receive_size: c_uint,
    path: *mut c_char,
) -> *mut c_void {
    // A symbol with no default version, which is all that `real!` looks for.
    // SAFETY: terminated strings.
    let found = unsafe {
        libc::dlvsym(
            libc::RTLD_NEXT,
            c"svcunix_create".as_ptr(),
            SVCUNIX_CREATE_SINCE.as_ptr(),
        )
    };
    if found.is_null() {
        errno::set(libc::ENOSYS);
        return core::ptr::null_mut();
    }
    // SAFETY: that symbol is this function (`sunrpc/svc_unix.c`).
    let real: SvcunixCreate = unsafe { core::mem::transmute(found) };
    let real = |socket| {
        // SAFETY: a socket, and the rest as the program gave it.
        unsafe { real(socket, send_size, receive_size, path) }
    };
    // SAFETY: a path, which the real function copies into an address.
    let call = unsafe { Call::at("svcunix_create", AT_FDCWD, path, false) };
    const ANY_SOCKET: c_int = -1;
    // SAFETY: makes a socket as the real function would.
    let own = (socket == ANY_SOCKET)
        .then(|| unsafe { real!(socket_of_libc)(libc::AF_UNIX, libc::SOCK_STREAM, 0) });
    if own.is_some_and(|own| own < 0) {
        return real(socket);
    }
    let used = own.unwrap_or(socket);
    let mut service = core::ptr::null_mut();
    socket::bind(call, used, &mut || {
        service = real(used);
        if service.is_null() { -1 } else { 0 }
    });
    if let Some(own) = own.filter(|_| service.is_null()) {
        sys::close(own);
    }
    service
}

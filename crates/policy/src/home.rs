//! Home directories, as the password file has them.
//!
//! Not `getpwuid(3)`: it loads the modules of name services, into every process.

/// The home directory of the user of this id in the text of `/etc/passwd`
/// (passwd(5)): that of the first line that has the id, if it is absolute.
pub fn of_user(id: u32, passwd: &[u8]) -> Option<&[u8]> {
    passwd
        .split(|&byte| byte == b'\n')
        .map(|line| line.split(|&byte| byte == b':'))
        .find(|fields| fields.clone().nth(2).and_then(number) == Some(id))
        .and_then(|mut fields| fields.nth(5))
        .filter(|home| home.starts_with(b"/"))
}

/// A number as `/etc/passwd` has them: decimal digits and nothing else.
fn number(field: &[u8]) -> Option<u32> {
    if !field.first()?.is_ascii_digit() {
        return None;
    }
    core::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::of_user;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
        daemon:x:1:1:,,,:/usr/sbin:/usr/sbin/nologin\n\
        odd:x:77:77:\xff:/home/\xff odd:\n\
        twice:x:1:5::/second:/bin/sh\n\
        short:x:8:8\n\
        named:x:9:9::relative:/bin/sh\n\
        later:x:9:9::/later:/bin/sh\n\
        +nis::::::\n\
        last:x:4294967295:1::/last";

    #[test]
    fn the_first_line_with_the_id_counts() {
        assert_eq!(of_user(0, PASSWD), Some(&b"/root"[..]));
        assert_eq!(of_user(1, PASSWD), Some(&b"/usr/sbin"[..]));
        assert_eq!(of_user(u32::MAX, PASSWD), Some(&b"/last"[..]));
    }

    #[test]
    fn a_home_is_bytes() {
        assert_eq!(of_user(77, PASSWD), Some(&b"/home/\xff odd"[..]));
    }

    #[test]
    fn what_is_no_absolute_path_is_no_home() {
        assert_eq!(of_user(8, PASSWD), None);
        assert_eq!(of_user(9, PASSWD), None);
    }

    #[test]
    fn who_is_not_there_has_none() {
        assert_eq!(of_user(7, PASSWD), None);
        assert_eq!(of_user(0, b""), None);
        assert_eq!(of_user(0, b"::\n:::::::\nx:y:+0:0::/sign:"), None);
        assert_eq!(of_user(5, b"x:y:5x:0::/letters:"), None);
    }
}

//! The mask and what it leaves of a mode.

use core::fmt;

/// The permission bits that nobody but the owner may get at a sensitive path:
/// bits to clear, within octal 077. The default clears all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mask(u32);

impl Default for Mask {
    fn default() -> Self {
        Mask(0o077)
    }
}

/// Why a text is not a mask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaskFault {
    /// Not a number in octal digits.
    NotOctal,
    /// A bit outside 0077: the owner's bits and the special ones are never
    /// cleared.
    Outside,
}

impl fmt::Display for MaskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MaskFault::NotOctal => "not an octal number",
            MaskFault::Outside => {
                "outside 0077: only bits of the group and of others can be cleared"
            }
        })
    }
}

impl Mask {
    /// A mask of these bits, if all of them lie within octal 077.
    pub const fn new(bits: u32) -> Result<Mask, MaskFault> {
        if bits & !0o077 == 0 {
            Ok(Mask(bits))
        } else {
            Err(MaskFault::Outside)
        }
    }

    /// Reads octal digits, with any number of leading zeros.
    pub fn parse(text: &[u8]) -> Result<Mask, MaskFault> {
        if text.is_empty() || !text.iter().all(|b| matches!(b, b'0'..=b'7')) {
            return Err(MaskFault::NotOctal);
        }
        let digit = |&b: &u8| u32::from(b & 7);
        let mut bits = 0;
        for d in text.iter().map(digit) {
            bits = bits << 3 | d;
            if bits & !0o077 != 0 {
                return Err(MaskFault::Outside);
            }
        }
        Ok(Mask(bits))
    }

    /// What either clears.
    pub const fn and(self, other: Self) -> Self {
        Mask(self.0 | other.0)
    }

    /// The bits to clear.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// `mode` without the masked bits. Everything else stays as asked: file
    /// type, setuid, setgid, sticky, the owner's bits.
    pub const fn clamp(self, mode: u32) -> u32 {
        mode & !self.0
    }

    /// Whether `mode` has a bit that the mask clears.
    pub const fn wide(self, mode: u32) -> bool {
        mode & self.0 != 0
    }

    /// What the group may have at most: read 4, write 2, execute 1.
    pub const fn group_rights(self) -> u32 {
        !self.0 >> 3 & 7
    }

    /// What others may have at most: read 4, write 2, execute 1.
    pub const fn other_rights(self) -> u32 {
        !self.0 & 7
    }
}

impl fmt::Display for Mask {
    /// Three octal digits with a leading zero: `077`, `027`, `000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::prelude::v1::*;

    #[test]
    fn reads_octal_only_within_077() {
        for (text, bits) in [
            ("077", 0o77),
            ("77", 0o77),
            ("0000027", 0o27),
            ("0", 0),
            ("7", 7),
            ("070", 0o70),
        ] {
            assert_eq!(Mask::parse(text.as_bytes()), Mask::new(bits), "{text}");
        }
        for text in ["100", "0177", "777", "7777777777777777777777", "4022"] {
            assert_eq!(Mask::parse(text.as_bytes()), Err(MaskFault::Outside));
        }
        for text in ["", "8", "0o77", "-77", "+77", " 77", "77 ", "0x3f", "7\n"] {
            assert_eq!(Mask::parse(text.as_bytes()), Err(MaskFault::NotOctal));
        }
    }

    #[test]
    fn clears_the_masked_bits_and_nothing_else() {
        let mask = Mask::default();
        assert_eq!(mask.clamp(0o100_666), 0o100_600);
        assert_eq!(mask.clamp(0o7777), 0o7700);
        assert_eq!(Mask::new(0o27).unwrap().clamp(0o666), 0o640);
        assert!(mask.wide(0o640) && mask.wide(0o001));
        assert!(!mask.wide(0o7700) && !Mask::new(0o27).unwrap().wide(0o750));
    }

    #[test]
    fn rights_of_group_and_others() {
        let mask = Mask::new(0o27).unwrap();
        assert_eq!((mask.group_rights(), mask.other_rights()), (5, 0));
        let mask = Mask::new(0).unwrap();
        assert_eq!((mask.group_rights(), mask.other_rights()), (7, 7));
        assert_eq!(mask.to_string(), "000");
        assert_eq!(Mask::default().to_string(), "077");
    }
}

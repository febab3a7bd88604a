//! A bounded writer: into a slice, without allocation, without panic.

use crate::escape::hidden;
use core::fmt;

/// Writes into a slice and remembers if something did not fit.
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    length: usize,
    full: bool,
}

impl<'a> Writer<'a> {
    pub fn new(out: &'a mut [u8]) -> Self {
        Writer {
            out,
            length: 0,
            full: false,
        }
    }

    /// How many bytes were written, if all of them fitted.
    pub fn finish(self) -> Option<usize> {
        (!self.full).then_some(self.length)
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        let rest = self.out.get_mut(self.length..);
        match rest.and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) if !self.full => {
                place.copy_from_slice(bytes);
                self.length = self.length.saturating_add(bytes.len());
            }
            _ => self.full = true,
        }
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// `number` with at least `digits` digits, twenty at most.
    pub fn decimal(&mut self, number: u64, digits: usize) {
        let mut text = [b'0'; 20];
        let mut left = number;
        let mut used = 0usize;
        for place in text.iter_mut().rev() {
            if left == 0 && used >= digits {
                break;
            }
            *place = b'0' | (left % 10) as u8;
            left /= 10;
            used = used.saturating_add(1);
        }
        let start = text.len().saturating_sub(used);
        self.bytes(text.get(start..).unwrap_or_default());
    }

    /// The permission and special bits of `mode` as four octal digits.
    pub fn octal(&mut self, mode: u32) {
        for shift in [9, 6, 3, 0] {
            self.bytes(&[b'0' | (mode >> shift & 7) as u8]);
        }
    }

    pub fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes(&[digit(byte >> 4), digit(byte & 15)]);
            if self.full {
                return;
            }
        }
    }

    /// `bytes` as a JSON string (RFC 8259, section 7), with U+FFFD for what is
    /// not UTF-8 and `\u` escapes for what a terminal could stumble over.
    pub fn json_string(&mut self, bytes: &[u8]) {
        self.text("\"");
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' => self.text("\\\""),
                    '\\' => self.text("\\\\"),
                    '\n' => self.text("\\n"),
                    '\r' => self.text("\\r"),
                    '\t' => self.text("\\t"),
                    c if hidden(c) => self.unicode(c),
                    c => self.text(c.encode_utf8(&mut [0; 4])),
                }
            }
            if !chunk.invalid().is_empty() {
                self.text("\u{fffd}");
            }
            if self.full {
                return;
            }
        }
        self.text("\"");
    }

    /// `\u202e`; every hidden character has at most 16 bits.
    fn unicode(&mut self, c: char) {
        self.text("\\u");
        for shift in [12, 8, 4, 0] {
            self.bytes(&[digit((u32::from(c) >> shift & 15) as u8)]);
        }
    }
}

fn digit(nibble: u8) -> u8 {
    b"0123456789abcdef"
        .get(usize::from(nibble))
        .copied()
        .unwrap_or(b'?')
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

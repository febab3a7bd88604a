//! Was a program made by something whose programs make their own system calls?

use super::Maker;
use super::file::{File, Layout, Order};

/// Go's linker leaves a note of the name "Go", type 4: the build id. Not where it
/// was told to leave the id empty (`-buildid=`), as for builds that repeat.
pub fn has_note(file: &mut File<'_, '_>, order: Order, offset: u64, size: u64) -> bool {
    let mut at = 0u64;
    let rounded = |length: u32| u64::from(length).checked_next_multiple_of(4);
    // Each note is 12 bytes and its name and content, so this ends.
    while at < size.min(4096) {
        let place = offset.checked_add(at);
        let Some(note) = place.and_then(|place| file.array::<16>(place)) else {
            return false;
        };
        let (Some(name), Some(content), Some(kind)) = (
            order.word(&note, 0),
            order.word(&note, 4),
            order.word(&note, 8),
        ) else {
            return false;
        };
        if name == 4 && kind == 4 && note.ends_with(b"Go\0\0") {
            return true;
        }
        let length = rounded(name).zip(rounded(content));
        let length = length.and_then(|(name, content)| name.checked_add(content));
        match length.and_then(|length| at.checked_add(length)?.checked_add(12)) {
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

/// Every program made by Go since 1.13, stripped or not, has a section of this
/// name, which `go version` reads.
const GO: &[u8] = b".go.buildinfo\0";

/// Where Bun looks for the script of a program that it compiled; it has an empty one
/// itself. With the end of the name before it: it is short.
const BUN: &[u8] = b"\0.bun\0";

/// The least program that Go links with libc is 890,000 bytes long, Bun is 100 MB. The table of
/// sections stands at the end: where it begins earlier, nothing is read.
const LARGE: u64 = 1 << 19;

/// The names of a program's sections: some 300 bytes.
const NAMES_MAX: u64 = 4096;

/// Bytes of the names that are read at once.
const WINDOW: usize = 256;

/// One window begins before the other's end, by less than the longest name is long.
const STEP: u64 = (WINDOW + 1 - GO.len()) as u64;

pub fn by_section(file: &mut File<'_, '_>, order: Order, layout: &Layout) -> Option<Maker> {
    let (start, size) = names(file, order, layout)?;
    let mut window = [0; WINDOW];
    let mut at = 0u64;
    while at < size.min(NAMES_MAX) {
        let length = file.part(start.checked_add(at)?, &mut window);
        let text = window.get(..length).unwrap_or_default();
        for (name, maker) in [(GO, Maker::Go), (BUN, Maker::Bun)] {
            if text.windows(name.len()).any(|part| part == name) {
                return Some(maker);
            }
        }
        at = at.saturating_add(STEP);
    }
    None
}

/// Where the names of the sections are, and how long, in a large program.
fn names(file: &mut File<'_, '_>, order: Order, layout: &Layout) -> Option<(u64, u64)> {
    let fields = &layout.section;
    let mut head = [0; 64];
    file.part(0, &mut head);
    let table = order.number(&head, fields.table, layout.address)?;
    if table < LARGE {
        return None;
    }
    let size = u64::from(order.half(&head, fields.entry_size)?);
    let index = u64::from(order.half(&head, fields.names)?);
    let entry: [u8; 40] = file.array(table.checked_add(index.checked_mul(size)?)?)?;
    let offset = order.number(&entry, fields.offset, layout.address)?;
    let size = order.number(&entry, fields.size, layout.address)?;
    Some((offset, size))
}

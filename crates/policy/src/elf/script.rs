//! The first line of a script.

/// What the kernel reads of a script's first line, since Linux 5.1.
const LINE: usize = 256;

fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `load_script`, step by step: the kernel sees 256 bytes, zeros behind the end
/// of the file, and takes no interpreter that may have been cut.
pub fn script(head: &[u8]) -> Option<&[u8]> {
    let line = head.get(..LINE).unwrap_or(head);
    let text = line.get(2..)?;
    // What the kernel takes for the end of the line: a newline before any NUL.
    let until_nul = line.iter().position(|&b| b == 0).unwrap_or(line.len());
    let newline = line
        .iter()
        .position(|&b| b == b'\n')
        .filter(|&end| end < until_nul);
    let text = match newline {
        Some(end) => line.get(2..end)?,
        None => text,
    };
    let start = text.iter().position(|&b| !blank(b))?;
    let name = text.get(start..)?;
    let ends = |b: u8| blank(b) || b == 0;
    let name = match name.iter().position(|&b| ends(b)) {
        Some(end) => name.get(..end)?,
        // Cut off, if the whole of the kernel's buffer is full of it.
        None if newline.is_none() && line.len() == LINE => return None,
        None => name,
    };
    Some(name).filter(|name| !name.is_empty())
}

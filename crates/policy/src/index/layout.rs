//! How the index lies in its block of bytes: numbers are little-endian, at any address.

use core::ops::Range;

/// How many bytes stand at the beginning, whatever the list.
const FIXED: usize = 1096;

/// Which of the numbers of 64 bits in them is which. Sets of the pairs of bytes at one end of
/// names have 64 such rows: 64 × 64 of the 65,536 pairs.
pub(super) const STARTS: usize = 0;
pub(super) const ENDS: usize = 64;
/// Bit `b % 64`: a name with a random end has the byte `b` before it.
pub(super) const STEMS: usize = 128;
/// Bit `n - 1`: there is a piece of `n` bytes.
pub(super) const START_LENGTHS: usize = 129;
pub(super) const END_LENGTHS: usize = 130;
/// Bit `n % 64`: there is a head of `n` bytes.
pub(super) const HEAD_LENGTHS: usize = 131;
/// And which of the numbers of 32 bits. How many buckets there are, less 1: their number is
/// a power of two.
const MASK: usize = 264;
/// How many rules there are, and how many alternatives without a literal piece.
const RULES: usize = 265;
pub(super) const OTHERS: usize = 266;
/// The first rule behind all that exempt.
pub(super) const BEHIND_EXEMPT: usize = 267;
/// Not 0: some alternative matches directories only.
pub(super) const DIRECTORY_ONLY: usize = 268;
/// Where the tables stand: of rules, of links, of links without a literal piece, of literals.
/// That of the buckets is the first behind what is fixed.
const RULES_AT: usize = 269;
const LINKS_AT: usize = 270;
const OTHERS_AT: usize = 271;
const LITERALS_AT: usize = 272;

/// How an alternative is matched.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shape {
    /// As its pattern says.
    #[default]
    Other,
    /// This very path from the root on.
    Head,
    /// This very name.
    Name,
    /// A name that begins so: `id_rsa*`.
    Prefix,
    /// A name that ends so: `*.iso`.
    Suffix,
}

/// One alternative.
#[derive(Clone, Copy, Default)]
pub(super) struct Link {
    pub hash: u32,
    /// The next of its bucket, counted from 1: of an earlier or the same rule.
    pub next: u32,
    pub rule: u32,
    /// Which alternative of its pattern it is.
    pub number: u32,
    pub shape: Shape,
    /// Whether it is a single component at any depth.
    pub is_name: bool,
    /// Whether only directories match it.
    pub directory: bool,
    /// Where its literal stands among all; none if its shape is `Other`.
    pub start: u32,
    pub len: u32,
}

/// What one of each takes.
const BUCKET: usize = 4;
const RULE: usize = 8;
const LINK: usize = 24;
const OTHER: usize = 4;

/// Where number `at` begins of what takes `size` bytes each.
#[inline]
fn nth(begin: usize, size: usize, at: u32) -> usize {
    begin.wrapping_add((at as usize).wrapping_mul(size))
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The index, to be asked.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    fixed: &'a [u8; FIXED],
    tables: &'a [u8],
}

impl<'a> Block<'a> {
    /// `None` if the bytes are not even what is fixed.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let (fixed, tables) = bytes.split_first_chunk()?;
        Some(Block { fixed, tables })
    }

    /// One of the fixed numbers of 64 bits.
    #[inline]
    pub fn long(&self, at: usize) -> u64 {
        let bytes = self.fixed.as_chunks().0.get(at);
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// One of the fixed numbers of 32 bits.
    #[inline]
    pub fn word(&self, at: usize) -> u32 {
        let bytes = self.fixed.as_chunks().0.get(at);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// Whether the set at `set` has this pair.
    #[inline]
    pub fn has(&self, set: usize, (near, far): (u8, u8)) -> bool {
        self.long(set.wrapping_add(usize::from(near & 63))) >> (far & 63) & 1 != 0
    }

    /// Number `at` of the table whose place is said there, as numbers of 32 bits.
    #[inline]
    fn entry<const SIZE: usize>(&self, table: usize, at: u32) -> Option<&'a [[u8; 4]]> {
        let begin = nth(self.word(table) as usize, SIZE, at);
        let bytes: &[u8; SIZE] = self.tables.get(begin..)?.first_chunk()?;
        Some(bytes.as_chunks().0)
    }

    /// The first link of the bucket of this hash, counted from 1.
    pub fn bucket(&self, hash: u32) -> u32 {
        word(self.tables, nth(0, BUCKET, hash & self.word(MASK)))
    }

    /// Where the pattern of a rule stands in the text of all.
    pub fn rule(&self, rule: u32) -> Option<Range<usize>> {
        let entry = self.entry::<RULE>(RULES_AT, rule)?;
        let &[start, end] = entry.first_chunk()?;
        let range = u32::from_le_bytes(start) as usize..u32::from_le_bytes(end) as usize;
        (rule < self.word(RULES)).then_some(range)
    }

    pub fn link(&self, link: u32) -> Option<Link> {
        let entry = self.entry::<LINK>(LINKS_AT, link)?;
        let [hash, next, rule, packed, start, len] = entry.first_chunk()?.map(u32::from_le_bytes);
        Some(Link {
            hash,
            next,
            rule,
            number: packed >> 8,
            shape: match packed & 7 {
                1 => Shape::Head,
                2 => Shape::Name,
                3 => Shape::Prefix,
                4 => Shape::Suffix,
                _ => Shape::Other,
            },
            is_name: packed & 8 != 0,
            directory: packed & 16 != 0,
            start,
            len,
        })
    }

    /// Which link stands at this place among those without a literal piece.
    pub fn other(&self, place: u32) -> u32 {
        word(
            self.tables,
            nth(self.word(OTHERS_AT) as usize, OTHER, place),
        )
    }

    #[inline]
    pub fn literal(&self, link: &Link) -> &'a [u8] {
        let start = (self.word(LITERALS_AT) as usize).wrapping_add(link.start as usize);
        let text = self.tables.get(start..).unwrap_or_default();
        text.get(..link.len as usize).unwrap_or_default()
    }
}

/// How many bytes the index of so many rules and alternatives takes, whose literals have
/// so many bytes.
pub(super) fn size(rules: u32, links: u32, literals: usize) -> usize {
    let [.., at] = tables(rules, links);
    FIXED.saturating_add(at).saturating_add(literals)
}

fn mask(links: u32) -> u32 {
    let buckets = links.saturating_mul(2).next_power_of_two();
    buckets.saturating_sub(1)
}

/// Where the tables stand behind what is fixed, one behind the other.
fn tables(rules: u32, links: u32) -> [usize; 4] {
    let rules_at = nth(BUCKET, BUCKET, mask(links));
    let links_at = nth(rules_at, RULE, rules);
    let others_at = nth(links_at, LINK, links);
    [rules_at, links_at, others_at, nth(others_at, OTHER, links)]
}

/// The index, to be written. What lies outside of its bytes is lost.
pub(super) struct Room<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Room<'a> {
    pub fn new(bytes: &'a mut [u8], rules: u32, links: u32) -> Self {
        let mut room = Room { bytes };
        room.set(MASK, mask(links));
        room.set(RULES, rules);
        for (at, table) in (RULES_AT..).zip(tables(rules, links)) {
            room.set(at, table as u32);
        }
        room
    }

    /// Where a table stands.
    fn table(&self, table: usize) -> usize {
        FIXED.saturating_add(self.get(table) as usize)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        let room = self.bytes.get_mut(at..).unwrap_or_default();
        for (byte, &new) in room.iter_mut().zip(bytes) {
            *byte = new;
        }
    }

    fn word(&mut self, at: usize, word: u32) {
        self.put(at, &word.to_le_bytes());
    }

    fn get(&self, at: usize) -> u32 {
        Block::of(self.bytes).map_or(0, |block| block.word(at))
    }

    /// Sets one of the fixed numbers of 32 bits.
    pub fn set(&mut self, at: usize, word: u32) {
        self.word(at.saturating_mul(4), word);
    }

    /// Sets bits in one of the fixed numbers of 64 bits.
    pub fn add(&mut self, at: usize, bits: u64) {
        let before = Block::of(self.bytes).map_or(0, |block| block.long(at));
        self.put(at.saturating_mul(8), &(before | bits).to_le_bytes());
    }

    /// Adds the pairs with this first byte and each of the second ones to the set at `set`.
    pub fn add_row(&mut self, set: usize, (near, far): (u8, u64)) {
        self.add(set.saturating_add(usize::from(near & 63)), far);
    }

    pub fn rule(&mut self, rule: u32, text: Range<usize>) {
        let at = nth(self.table(RULES_AT), RULE, rule);
        self.word(at, text.start as u32);
        self.word(at.saturating_add(4), text.end as u32);
    }

    /// Writes the link `link`, which has a literal piece of this hash, before the others of
    /// its bucket.
    pub fn enter(&mut self, link: u32, mut content: Link) {
        let bucket = nth(FIXED, BUCKET, content.hash & self.get(MASK));
        content.next = word(self.bytes, bucket);
        self.word(bucket, link.saturating_add(1));
        self.link(link, &content);
    }

    /// Writes the link `link`, which has none.
    pub fn other(&mut self, link: u32, content: &Link) {
        let count = self.get(OTHERS);
        let place = nth(self.table(OTHERS_AT), OTHER, count);
        self.word(place, link);
        self.set(OTHERS, count.saturating_add(1));
        self.link(link, content);
    }

    fn link(&mut self, link: u32, content: &Link) {
        let flags = u32::from(content.is_name) << 3 | u32::from(content.directory) << 4;
        let parts = [
            content.hash,
            content.next,
            content.rule,
            content.number << 8 | flags | content.shape as u32,
            content.start,
            content.len,
        ];
        let at = nth(self.table(LINKS_AT), LINK, link);
        for (part, value) in (0u32..).zip(parts) {
            self.word(nth(at, 4, part), value);
        }
    }

    /// Writes a byte of a literal.
    pub fn byte(&mut self, at: usize, byte: u8) {
        self.put(self.table(LITERALS_AT).saturating_add(at), &[byte]);
    }

    pub fn literal(&self, text: Range<usize>) -> &[u8] {
        let begin = self.table(LITERALS_AT);
        let literals = self.bytes.get(begin..).unwrap_or_default();
        literals.get(text).unwrap_or_default()
    }
}

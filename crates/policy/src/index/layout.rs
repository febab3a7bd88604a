//! How the index lies in its block of bytes: numbers are little-endian, at any address.

use core::ops::Range;

/// How many bytes stand at the beginning, whatever the list.
pub(super) const FIXED: usize = 1080;

/// Where numbers of 64 bits stand in them. Sets of the pairs of bytes at one end of names
/// have 64 such rows: 64 × 64 of the 65,536 pairs.
pub(super) const STARTS: usize = 0;
pub(super) const ENDS: usize = 512;
/// Bit `b % 64`: a name with a random end has the byte `b` before it.
pub(super) const STEMS: usize = 1024;
/// Bit `n - 1`: there is a piece of `n` bytes.
pub(super) const START_LENGTHS: usize = 1032;
pub(super) const END_LENGTHS: usize = 1040;
/// Bit `n % 64`: there is a head of `n` bytes.
pub(super) const HEAD_LENGTHS: usize = 1048;
/// Then numbers of 32 bits. How many buckets there are, less 1: their number is a power of
/// two.
pub(super) const MASK: usize = 1056;
/// How many rules there are, and how many alternatives without a literal piece.
pub(super) const RULES: usize = 1060;
pub(super) const OTHERS: usize = 1064;
/// How many alternatives there are, each with a link.
pub(super) const LINKS: usize = 1068;
/// The first rule behind all that exempt.
pub(super) const BEHIND_EXEMPT: usize = 1072;
/// Not 0: some alternative matches directories only.
pub(super) const DIRECTORY_ONLY: usize = 1076;

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

/// Where the tables stand behind what is fixed, one behind the other.
#[derive(Clone, Copy)]
struct Tables {
    rules: usize,
    links: usize,
    others: usize,
    literals: usize,
}

impl Tables {
    fn of(mask: u32, rules: u32, links: u32) -> Self {
        let buckets = nth(0, BUCKET, mask).saturating_add(BUCKET);
        let first_link = nth(buckets, RULE, rules);
        let others = nth(first_link, LINK, links);
        Tables {
            rules: buckets,
            links: first_link,
            others,
            literals: nth(others, OTHER, links),
        }
    }
}

/// Where number `at` begins of what takes `size` bytes each.
fn nth(begin: usize, size: usize, at: u32) -> usize {
    begin.saturating_add((at as usize).saturating_mul(size))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..at.saturating_add(4));
    bytes.map_or(0, |bytes| {
        u32::from_le_bytes(bytes.try_into().unwrap_or_default())
    })
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
    pub fn long(&self, at: usize) -> u64 {
        let bytes = self.fixed.get(at..at.saturating_add(8));
        bytes.map_or(0, |bytes| {
            u64::from_le_bytes(bytes.try_into().unwrap_or_default())
        })
    }

    /// One of the fixed numbers of 32 bits.
    pub fn word(&self, at: usize) -> u32 {
        word(self.fixed, at)
    }

    /// Whether the set at `set` has this pair.
    pub fn has(&self, set: usize, (near, far): (u8, u8)) -> bool {
        self.long(nth(set, 8, u32::from(near & 63))) >> (far & 63) & 1 != 0
    }

    fn at(&self) -> Tables {
        Tables::of(self.word(MASK), self.word(RULES), self.word(LINKS))
    }

    /// The first link of the bucket of this hash, counted from 1.
    pub fn bucket(&self, hash: u32) -> u32 {
        word(self.tables, nth(0, BUCKET, hash & self.word(MASK)))
    }

    /// Where the pattern of a rule stands in the text of all.
    pub fn rule(&self, rule: u32) -> Option<Range<usize>> {
        let at = nth(self.at().rules, RULE, rule);
        let part = |offset| word(self.tables, at.saturating_add(offset)) as usize;
        (rule < self.word(RULES)).then(|| part(0)..part(4))
    }

    pub fn link(&self, link: u32) -> Link {
        let at = nth(self.at().links, LINK, link);
        let part = |offset| word(self.tables, at.saturating_add(offset));
        let packed = part(12);
        Link {
            hash: part(0),
            next: part(4),
            rule: part(8),
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
            start: part(16),
            len: part(20),
        }
    }

    /// Which link stands at this place among those without a literal piece.
    pub fn other(&self, place: u32) -> u32 {
        word(self.tables, nth(self.at().others, OTHER, place))
    }

    pub fn literal(&self, link: &Link) -> &'a [u8] {
        let start = self.at().literals.saturating_add(link.start as usize);
        let end = start.saturating_add(link.len as usize);
        self.tables.get(start..end).unwrap_or_default()
    }
}

/// The index, to be written. What lies outside of its bytes is lost.
pub(super) struct Room<'a> {
    bytes: &'a mut [u8],
    tables: Tables,
}

/// How many bytes the index of so many rules and alternatives takes, whose literals have
/// so many bytes.
pub(super) fn size(rules: u32, links: u32, literals: usize) -> usize {
    let tables = Tables::of(mask(links), rules, links);
    tables
        .literals
        .saturating_add(FIXED)
        .saturating_add(literals)
}

fn mask(links: u32) -> u32 {
    links
        .saturating_mul(2)
        .next_power_of_two()
        .saturating_sub(1)
}

impl<'a> Room<'a> {
    pub fn new(bytes: &'a mut [u8], rules: u32, links: u32) -> Self {
        let tables = Tables::of(mask(links), rules, links);
        let mut room = Room { bytes, tables };
        room.word(MASK, mask(links));
        room.word(RULES, rules);
        room.word(LINKS, links);
        room
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(at..end) {
            room.copy_from_slice(bytes);
        }
    }

    /// Sets one of the fixed numbers of 32 bits.
    pub fn word(&mut self, at: usize, word: u32) {
        self.put(at, &word.to_le_bytes());
    }

    /// Sets bits in one of the fixed numbers of 64 bits.
    pub fn add(&mut self, at: usize, bits: u64) {
        let before = Block::of(self.bytes).map_or(0, |block| block.long(at));
        self.put(at, &(before | bits).to_le_bytes());
    }

    /// Adds the pairs with this first byte and each of the second ones to the set at `set`.
    pub fn add_row(&mut self, set: usize, (near, far): (u8, u64)) {
        self.add(nth(set, 8, u32::from(near & 63)), far);
    }

    pub fn rule(&mut self, rule: u32, text: Range<usize>) {
        let at = nth(self.tables.rules, RULE, rule).saturating_add(FIXED);
        self.word(at, text.start as u32);
        self.word(at.saturating_add(4), text.end as u32);
    }

    /// Writes the link `link`, which has a literal piece of this hash, before the others of
    /// its bucket.
    pub fn enter(&mut self, link: u32, mut content: Link) {
        let bucket = nth(FIXED, BUCKET, content.hash & word(self.bytes, MASK));
        content.next = word(self.bytes, bucket);
        self.word(bucket, link.saturating_add(1));
        self.link(link, &content);
    }

    /// Writes the link `link`, which has none.
    pub fn other(&mut self, link: u32, content: &Link) {
        let count = word(self.bytes, OTHERS);
        let place = nth(self.tables.others, OTHER, count).saturating_add(FIXED);
        self.word(place, link);
        self.word(OTHERS, count.saturating_add(1));
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
        let at = nth(self.tables.links, LINK, link).saturating_add(FIXED);
        for (part, value) in (0u32..).zip(parts) {
            self.word(nth(at, 4, part), value);
        }
    }

    /// Writes a byte of a literal.
    pub fn byte(&mut self, at: usize, byte: u8) {
        let at = self
            .tables
            .literals
            .saturating_add(FIXED)
            .saturating_add(at);
        self.put(at, &[byte]);
    }

    pub fn literal(&self, text: Range<usize>) -> &[u8] {
        let begin = self.tables.literals.saturating_add(FIXED);
        let (start, end) = (
            begin.saturating_add(text.start),
            begin.saturating_add(text.end),
        );
        self.bytes.get(start..end).unwrap_or_default()
    }
}

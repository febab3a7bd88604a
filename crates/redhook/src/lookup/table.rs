//! How a library's symbols are found by name: the two hash tables of ELF.

use core::ffi::CStr;

/// The hash of the GNU table (`elf/dl-new-hash.h`).
pub const fn hash(name: &CStr) -> u32 {
    let mut bytes = name.to_bytes();
    let mut hash: u32 = 5381;
    while let [byte, rest @ ..] = bytes {
        hash = hash.wrapping_mul(33).wrapping_add(*byte as u32);
        bytes = rest;
    }
    hash
}

/// The hash of the table that was there before (System V ABI, "Hash Table").
fn old_hash(name: &CStr) -> u32 {
    name.to_bytes().iter().fold(0, |hash: u32, &byte| {
        let hash = (hash << 4).wrapping_add(u32::from(byte));
        let high = hash & 0xf000_0000;
        (hash ^ (high >> 24)) & !high
    })
}

/// A library's table, as the loader mapped it. It stays mapped as long as the library is
/// loaded, and the linker made it: its indices are those of the symbol table.
pub enum Table {
    Gnu(Gnu),
    /// In libraries of old, and of those who do without the other.
    SystemV {
        buckets: *const u32,
        bucket_count: u32,
        chain: *const u32,
    },
}

pub struct Gnu {
    bloom: *const usize,
    /// Number of words of `bloom` less one; it is a power of two.
    bloom_last: u32,
    bloom_shift: u32,
    buckets: *const u32,
    bucket_count: u32,
    chain: *const u32,
    /// The first symbol that the table has.
    first: u32,
}

impl Table {
    /// The GNU table if there is one, else the other.
    ///
    /// # Safety
    /// Each is null or what the dynamic section of a loaded library has under its tag.
    pub unsafe fn of(gnu: *const u32, system_v: *const u32) -> Option<Self> {
        if !gnu.is_null() {
            // SAFETY: four words head the table: buckets, first symbol, words of
            // the bloom filter, its shift (`elf/dl-setup_hash.c`); behind them are
            // the filter, the buckets and the chain.
            unsafe {
                let [bucket_count, first, words, bloom_shift] = gnu.cast::<[u32; 4]>().read();
                let bloom = gnu.add(4).cast::<usize>();
                let buckets = bloom.add(words as usize).cast::<u32>();
                return (bucket_count != 0 && words != 0).then(|| {
                    Table::Gnu(Gnu {
                        bloom,
                        bloom_last: words.wrapping_sub(1),
                        bloom_shift,
                        buckets,
                        bucket_count,
                        chain: buckets.add(bucket_count as usize),
                        first,
                    })
                });
            }
        }
        if system_v.is_null() {
            return None;
        }
        // SAFETY: two words head the table, the numbers of buckets and of symbols;
        // behind them are the buckets and the chain.
        unsafe {
            let bucket_count = system_v.read();
            let buckets = system_v.add(2);
            (bucket_count != 0).then(|| Table::SystemV {
                buckets,
                bucket_count,
                chain: buckets.add(bucket_count as usize),
            })
        }
    }

    /// Asks of each symbol that may have this name, whose hash is `hash`, by its index,
    /// until one of them is it.
    pub fn find<T>(
        &self,
        name: &CStr,
        hash: u32,
        mut ask: impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        match self {
            Table::Gnu(gnu) if gnu.may_have(hash) => {
                let bucket = hash.checked_rem(gnu.bucket_count)?;
                gnu.bucket(bucket, |index, other| match (other ^ hash) >> 1 {
                    0 => ask(index),
                    _ => None,
                })
            }
            Table::Gnu(_) => None,
            Table::SystemV {
                buckets,
                bucket_count,
                chain,
            } => {
                let bucket = old_hash(name).checked_rem(*bucket_count)?;
                // SAFETY: the table has so many buckets.
                let mut index = unsafe { *buckets.add(bucket as usize) } as usize;
                while index != 0 {
                    if let Some(found) = ask(index) {
                        return Some(found);
                    }
                    // SAFETY: the chain has a word for each symbol; 0 ends it.
                    index = unsafe { *chain.add(index) } as usize;
                }
                None
            }
        }
    }

    /// Asks of each symbol that is defined, until one of them answers with true; of none in
    /// an old table.
    pub fn any(&self, ask: impl Fn(usize) -> bool) -> bool {
        let Table::Gnu(gnu) = self else {
            return false;
        };
        let ask = |index, _| ask(index).then_some(());
        (0..gnu.bucket_count).any(|bucket| gnu.bucket(bucket, ask).is_some())
    }
}

impl Gnu {
    /// The bloom filter: says no of most names that are not there.
    fn may_have(&self, hash: u32) -> bool {
        let bits = usize::BITS;
        let at = (hash / bits) & self.bloom_last;
        // SAFETY: the filter has `bloom_last` words and one.
        let word = unsafe { *self.bloom.add(at as usize) };
        let second = hash.checked_shr(self.bloom_shift).unwrap_or(0);
        let both = (1usize << (hash % bits)) | (1usize << (second % bits));
        word & both == both
    }

    /// Asks of each symbol of a bucket by its index and its hash, whose last bit says
    /// something else.
    fn bucket<T>(&self, bucket: u32, mut ask: impl FnMut(usize, u32) -> Option<T>) -> Option<T> {
        // SAFETY: the callers' bucket is less than the count.
        let mut index = unsafe { *self.buckets.add(bucket as usize) };
        while let Some(at) = index.checked_sub(self.first) {
            // SAFETY: the chain has a word for each symbol from the first one on; the one
            // that ends a bucket is odd. An empty bucket has 0.
            let hash = unsafe { *self.chain.add(at as usize) };
            if let Some(found) = ask(index as usize, hash) {
                return Some(found);
            }
            if hash & 1 != 0 {
                return None;
            }
            index = index.wrapping_add(1);
        }
        None
    }
}

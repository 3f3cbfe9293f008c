//! A checksum for what is written, so that a bit that flipped on the disk is noticed when it is read: SQLite checks how its
//! pages hang together, and not what they say.
//!
//! It guards against damage, not against people: see `seal` for those.

/// An odd constant with its bits well spread (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A checksum that is being made. Each step maps states one to one, so that a change within one word (eight bytes) always
/// changes the sum; further changes go unnoticed once in 2^64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum(u64);

impl Checksum {
    /// Of nothing yet. What lies at different places gets different sums for the same content.
    pub(crate) const fn of(place: &'static str) -> Self {
        let bytes = place.as_bytes();
        let mut sum = Self(0);
        let mut at = 0;
        while at < bytes.len() {
            sum = sum.word(bytes[at] as u64);
            at += 1;
        }
        sum
    }

    const fn word(self, word: u64) -> Self {
        Self((self.0 ^ word).wrapping_mul(SPREAD).rotate_left(29))
    }

    /// With a number.
    pub(crate) const fn number(self, number: i64) -> Self {
        self.word(number.cast_unsigned())
    }

    /// With a number that may be absent.
    pub(crate) const fn optional(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.word(1).number(number),
            None => self.word(0),
        }
    }

    /// With bytes, and how many they are.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self = self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last)).word(bytes.len() as u64)
    }

    /// With bytes that may be absent.
    pub(crate) fn optional_bytes(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.word(1).bytes(bytes),
            None => self.word(0),
        }
    }

    /// As it is stored.
    pub(crate) const fn sum(self) -> i64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(SPREAD);
        (mixed ^ (mixed >> 29)).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flipped_bit_changes_it() {
        let bytes: Vec<u8> = (0..100).collect();
        for length in [0, 1, 7, 8, 9, 100] {
            let sum = Checksum::of("test").bytes(&bytes[..length]).sum();
            for bit in 0..length * 8 {
                let mut flipped = bytes[..length].to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(
                    Checksum::of("test").bytes(&flipped).sum(),
                    sum,
                    "bit {bit} of {length}"
                );
            }
        }
    }

    #[test]
    fn what_is_absent_or_elsewhere_is_another() {
        let sums = [
            Checksum::of("a").optional(None).sum(),
            Checksum::of("a").optional(Some(0)).sum(),
            Checksum::of("b").optional(None).sum(),
            Checksum::of("a").optional_bytes(Some(b"")).sum(),
            Checksum::of("a").bytes(b"").bytes(b"x").sum(),
            Checksum::of("a").bytes(b"x").bytes(b"").sum(),
            Checksum::of("a").bytes(b"x\0").sum(),
            Checksum::of("a").bytes(b"x").sum(),
        ];
        let distinct: std::collections::BTreeSet<i64> = sums.into_iter().collect();
        assert_eq!(distinct.len(), sums.len());
    }
}

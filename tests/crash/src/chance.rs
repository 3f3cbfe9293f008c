//! What happens by chance: the same from the same seed, as far as it is up to the harness.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// A source of chance.
pub(crate) struct Chance(StdRng);

impl Chance {
    /// Another one for each number, all from one seed.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        // Neighbouring seeds give unrelated sequences.
        Self(StdRng::seed_from_u64(seed.rotate_left(32) ^ number))
    }

    /// Whether something happens that does so in this share of all cases.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    /// Between none and this long.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.0.random_range(0.0..1.0))
    }

    /// So long on average, and sometimes much longer; at most ten times.
    pub(crate) fn around(&mut self, mean: Duration) -> Duration {
        let share: f64 = self.0.random_range(f64::EPSILON..1.0);
        mean.mul_f64((-share.ln()).min(10.0))
    }

    /// From 1 on: half of them 1, a quarter about 2, and so on up to about a hundred.
    pub(crate) fn nth(&mut self) -> u32 {
        let mut most: u32 = 1;
        while most < 128 && self.happens(0.5) {
            most *= 2;
        }
        self.0.random_range(most.div_ceil(2)..=most)
    }
}

//! How long answers took.

use std::time::Duration;

/// The durations of one round, in whole microseconds and in order.
#[derive(Default)]
pub(super) struct Latencies(Vec<u32>);

impl Latencies {
    pub(super) fn of(mut microseconds: Vec<u32>) -> Self {
        microseconds.sort_unstable();
        Self(microseconds)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest duration that this share of all is not above, in milliseconds.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list in memory"
        )]
        let place = ((self.0.len() as f64 * share).ceil() as usize).max(1) - 1;
        self.0
            .get(place)
            .map_or(f64::NAN, |microseconds| f64::from(*microseconds) / 1000.0)
    }
}

/// For [`Latencies::of`].
pub(super) fn microseconds(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}

/// The middle one; of an even number, the mean of the two in the middle.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let latencies = Latencies::of((1..=1000).rev().map(|number| number * 1000).collect());
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        close(latencies.quantile(0.5), 500.0);
        close(latencies.quantile(0.99), 990.0);
        close(latencies.quantile(1.0), 1000.0);
        close(Latencies::of(vec![3000]).quantile(0.99), 3.0);
        assert!(Latencies::default().quantile(0.5).is_nan());
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        close(median([3.0, 1.0, 2.0]), 2.0);
        close(median([4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}

//! More kinds of random numbers, for worlds.

use crate::random::Random;

impl Random {
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Less than `n`, small numbers far more often.
    pub(crate) fn skewed(&mut self, n: u64) -> u64 {
        let share = self.below(1 << 20) as f64 / (1 << 20) as f64;
        ((n as f64 * share.powf(2.2)) as u64).min(n - 1)
    }

    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for idx in (1..values.len()).rev() {
            values.swap(idx, self.below(idx as u64 + 1) as usize);
        }
    }
}

//! The bootstrap of the t statistic with six-point weights for clusters. Formulas and sources: see the module `inference`.

use nalgebra::DMatrix;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::inference::bootstrap::quantile;

/// Fewest draws a bootstrap makes sense with.
// Below it fewer than five draws lie beyond the 95 % quantile.
const FEWEST_DRAWS: u32 = 100;

/// Draws worked on at a time.
const BLOCK: usize = 64;

/// Statistics that differ by less than this share of the larger are equal.
pub(crate) const TIE: f64 = 1e-9;

/// Refuses draws too few for a quantile.
pub(crate) fn check_draws(option: &'static str, n_draws: u32) -> Result<(), EstimatorError> {
    if n_draws >= FEWEST_DRAWS {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option,
        expected: "100 or more draws",
    })
}

/// Statistics |t*|: one row per draw, one column per estimate.
pub(crate) struct StudentisedDraws(DMatrix<f64>);

impl StudentisedDraws {
    /// From what clusters (rows) contribute to estimates (columns).
    pub(crate) fn of(contributions: &DMatrix<f64>, n_draws: u32, seed: u64) -> Self {
        let (n_clusters, n_estimates) = contributions.shape();
        let squares = contributions.component_mul(contributions);
        let blocks: Vec<usize> = (0..n_draws as usize).step_by(BLOCK).collect();
        let blocks: Vec<DMatrix<f64>> = blocks
            .into_par_iter()
            .map(|start| {
                let n = BLOCK.min(n_draws as usize - start);
                let mut weights = DMatrix::zeros(n_clusters, n);
                for (place, mut column) in weights.column_iter_mut().enumerate() {
                    fill(seed, start + place, column.as_mut_slice());
                }
                let sums = weights.tr_mul(contributions);
                weights.apply(|weight| *weight *= *weight);
                let variances = weights.tr_mul(&squares);
                sums.zip_map(&variances, |sum, variance| {
                    let centred = variance - sum * sum / n_clusters as f64;
                    (sum / centred.max(0.0).sqrt()).abs()
                })
            })
            .collect();
        let mut all = DMatrix::zeros(n_draws as usize, n_estimates);
        for (block, own) in blocks.iter().enumerate() {
            all.rows_mut(block * BLOCK, own.nrows()).copy_from(own);
        }
        Self(all)
    }

    /// The share of draws, the sample's own statistic among them, that are at least as large.
    pub(crate) fn p_value(&self, estimate: usize, statistic: f64) -> f64 {
        if statistic.is_nan() {
            return f64::NAN;
        }
        let least = statistic.abs() * (1.0 - TIE);
        let draws = self.0.column(estimate);
        // A draw without variance is no evidence against chance.
        let n_beyond = draws.iter().filter(|t| t.is_nan() || **t >= least).count();
        (n_beyond + 1) as f64 / (draws.len() + 1) as f64
    }

    /// The value that this share of draws does not exceed.
    pub(crate) fn quantile(&self, estimate: usize, level: f64) -> f64 {
        let mut sorted: Vec<f64> = self.0.column(estimate).iter().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        quantile(&sorted, level)
    }

    /// The same for the largest among some estimates, with its error from the spacing of the draws around it; `None` without any.
    pub(crate) fn joint_quantile(&self, estimates: &[usize], level: f64) -> Option<(f64, f64)> {
        if estimates.is_empty() {
            return None;
        }
        let mut largest: Vec<f64> = (0..self.0.nrows())
            .map(|draw| {
                let own = estimates.iter().map(|&estimate| self.0[(draw, estimate)]);
                // Draws without variance rank last: they leave the band wider.
                own.fold(0.0, |most: f64, t| {
                    most.max(if t.is_nan() { f64::INFINITY } else { t })
                })
            })
            .collect();
        largest.sort_unstable_by(f64::total_cmp);
        let half = (level * (1.0 - level) / largest.len() as f64).sqrt();
        let at = |level: f64| quantile(&largest, level);
        let spread = at((level + half).min(1.0)) - at(level - half);
        Some((at(level), spread / 2.0))
    }
}

/// The weights of all clusters in one draw: ±√½, ±1, ±√1½, each with probability one sixth.
pub(crate) fn fill(seed: u64, draw: usize, weights: &mut [f64]) {
    // 2⁶⁴ over the golden ratio: neighbouring draws get seeds far apart.
    let stream = seed ^ (draw as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(stream);
    let (small, large) = (0.5_f64.sqrt(), 1.5_f64.sqrt());
    let points = [-large, -1.0, -small, small, 1.0, large];
    for pair in weights.chunks_mut(2) {
        let bits = random.next_u64();
        for (slot, bits) in pair.iter_mut().zip([bits as u32, (bits >> 32) as u32]) {
            // Half of a 64-bit number times six: the probabilities are off by less than 2⁻³¹.
            *slot = points[((u64::from(bits) * 6) >> 32) as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::{StudentisedDraws, fill};

    #[test]
    fn weights_have_mean_zero_and_variance_one() {
        let mut weights = vec![0.0; 60_000];
        fill(1, 5, &mut weights);
        let n = weights.len() as f64;
        let moment = |power: i32| weights.iter().map(|w: &f64| w.powi(power)).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.015);
        assert!((moment(2) - 1.0).abs() < 0.01);
        assert!(moment(3).abs() < 0.025);
        // Webb's weights have a fourth moment of 7/6, those with two points one.
        assert!((moment(4) - 7.0 / 6.0).abs() < 0.02);
    }

    #[test]
    fn draws_are_t_statistics() {
        let contributions = DMatrix::from_column_slice(4, 1, &[1.0, -2.0, 0.5, 0.5]);
        let draws = StudentisedDraws::of(&contributions, 1, 7);
        let mut weights = vec![0.0; 4];
        fill(7, 0, &mut weights);
        let products = weights.iter().zip(contributions.iter());
        let products: Vec<f64> = products.map(|(w, c)| w * c).collect();
        let sum: f64 = products.iter().sum();
        let squares: f64 = products.iter().map(|p| (p - sum / 4.0).powi(2)).sum();
        assert!((draws.0[(0, 0)] - (sum / squares.sqrt()).abs()).abs() < 1e-12);
        assert!((draws.p_value(0, 1e9) - 0.5).abs() < 1e-15);
        assert!((draws.p_value(0, 0.0) - 1.0).abs() < 1e-15);
        assert!(draws.p_value(0, f64::NAN).is_nan());
        assert_eq!(draws.joint_quantile(&[], 0.95), None);
    }

    #[test]
    fn nothing_varies_nothing_is_significant() {
        let draws = StudentisedDraws::of(&DMatrix::zeros(3, 1), 100, 1);
        assert!((draws.p_value(0, 5.0) - 1.0).abs() < 1e-15);
        assert!(draws.quantile(0, 0.95).is_nan());
    }
}

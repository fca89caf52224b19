//! The multiplier bootstrap of Callaway and Sant'Anna (2021, Algorithm 1): for those who want the textbook way.
//!
//! Influence functions are summed within clusters and multiplied by independent two-point weights of mean zero, variance one and
//! third moment one (Mammen 1993, Annals of Statistics 21:255). Standard errors are interquartile ranges over that of the
//! normal law, critical values quantiles of the largest |draw|/error. Random weights depend on the seed and the place of the
//! cluster in the canonical order alone.

use nalgebra::{DMatrix, DMatrixView};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::inference::normal;
use crate::inference::sup_t::SupT;

/// How many draws, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bootstrap {
    pub(crate) n_draws: u32,
    pub(crate) seed: u64,
}

impl Bootstrap {
    /// Σ of weights times influence: one row per draw, one column per column of `influence`, whose rows are clusters (or units)
    /// from `first` on.
    pub(crate) fn draws(self, influence: DMatrixView<'_, f64>, first: usize) -> DMatrix<f64> {
        let n_draws = self.n_draws as usize;
        let mut sums = DMatrix::zeros(n_draws, influence.ncols());
        // A block at a time: the weights of all clusters would take draws × clusters numbers.
        let mut weights = DMatrix::zeros(n_draws, WEIGHT_BLOCK.min(influence.nrows()));
        for start in (0..influence.nrows()).step_by(WEIGHT_BLOCK) {
            let len = WEIGHT_BLOCK.min(influence.nrows() - start);
            for row in 0..len {
                self.fill(first + start + row, weights.column_mut(row).as_mut_slice());
            }
            sums.gemm(
                1.0,
                &weights.columns(0, len),
                &influence.rows(start, len),
                1.0,
            );
        }
        sums
    }

    /// The weights of one cluster in all draws.
    fn fill(self, cluster: usize, weights: &mut [f64]) {
        // 2⁶⁴ over the golden ratio: neighbouring clusters get seeds far apart.
        let stream = self.seed ^ (cluster as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(stream);
        let root = 5.0_f64.sqrt();
        let (low, high) = ((1.0 - root) / 2.0, (1.0 + root) / 2.0);
        let probability_low = (root + 1.0) / (2.0 * root);
        // Half of a 64-bit number per weight is enough: the probability is off by less than 2⁻³².
        let threshold = (probability_low * 2.0_f64.powi(32)) as u32;
        for pair in weights.chunks_mut(2) {
            let bits = random.next_u64();
            for (slot, bits) in pair.iter_mut().zip([bits as u32, (bits >> 32) as u32]) {
                *slot = if bits < threshold { low } else { high };
            }
        }
    }
}

/// Clusters whose weights are drawn at a time.
const WEIGHT_BLOCK: usize = 256;

/// The bootstrap standard error of one estimate, from its draws.
pub(crate) fn std_error(draws: &[f64]) -> f64 {
    let mut sorted = draws.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // As R `did`: extreme draws move it less than they move a standard deviation.
    let range = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
    range / (normal::quantile(0.75) - normal::quantile(0.25))
}

/// The critical value of a simultaneous band over estimates whose draws are the columns; those whose error is no larger
/// than `rounding` are left out, as among analytic ones.
pub(crate) fn critical_value(draws: &DMatrix<f64>, level: f64, rounding: f64) -> Option<SupT> {
    let errors: Vec<f64> = draws
        .column_iter()
        .map(|own| std_error(own.as_slice()))
        .collect();
    let kept: Vec<usize> = (0..errors.len())
        .filter(|&index| errors[index] > rounding)
        .collect();
    if kept.is_empty() {
        return None;
    }
    let mut largest: Vec<f64> = (0..draws.nrows())
        .map(|draw| {
            let ratios = kept
                .iter()
                .map(|&index| (draws[(draw, index)] / errors[index]).abs());
            ratios.fold(0.0, f64::max)
        })
        .collect();
    largest.sort_unstable_by(f64::total_cmp);
    let n = largest.len() as f64;
    let critical_value = quantile(&largest, level);
    // A quantile's error, from the spacing of the draws around it.
    let half = (level * (1.0 - level) / n).sqrt();
    let spread = quantile(&largest, (level + half).min(1.0)) - quantile(&largest, level - half);
    Some(SupT {
        critical_value,
        simulation_error: spread / 2.0,
        dimension: kept.len(),
        rank: kept.len(),
    })
}

/// The inverse of the empirical distribution function.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = (probability * sorted.len() as f64).ceil() as usize;
    sorted[place.clamp(1, sorted.len()) - 1]
}

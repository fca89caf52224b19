//! Critical values of simultaneous bands: the exact quantile of max |Z| for a joint normal law.
//!
//! A row of a result table invites looking at the largest of many estimates. The band with this critical value covers
//! all of them at once. The joint law comes from the influence functions; how they are summed is in `group_time/influence.rs`.
//!
//! P(max|Z| > c) is a union of d events of known, equal probability 2Φ(−c). Drawing one of them at random, then Z given
//! that event, the number N of events that hold gives the unbiased estimate 2dΦ(−c)·E\[1/N\] (Owen, Maximov and Chertkov
//! 2019, Electronic J. of Statistics 13:231), whose error is a small fraction of plain simulation and which needs no
//! inverse of the correlation matrix, so that singular ones (fewer clusters than rows) are as good as others. The draws are
//! fixed by the seed before the quantile is searched, so that the result is deterministic.

use nalgebra::{DMatrix, SymmetricEigen};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::inference::normal;

/// A critical value and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupT {
    /// The c with P(max |Z| ≤ c) = level.
    pub critical_value: f64,
    /// Standard error of `critical_value` from the simulation.
    pub simulation_error: f64,
    /// Estimates with a variance, over which the maximum runs.
    pub dimension: usize,
    /// Rank of their correlation matrix.
    pub rank: usize,
}

/// Multiplications spent on the draws; they keep the cost below 0.1 s for forty rows.
const BUDGET: usize = 24_000_000;

/// Bounds on the number of draws.
const DRAWS: (usize, usize) = (4_000, 50_000);

/// Eigenvalues below this share of the largest one are rounding.
const EIGENVALUE_TOLERANCE: f64 = 1e-10;

/// The two-sided sup-t critical value at `level` for the covariance matrix of some estimates.
///
/// Entries without variance (or with a missing one) are left out. `None` when nothing is left.
pub fn critical_value(covariance: &DMatrix<f64>, level: f64, seed: u64) -> Option<SupT> {
    critical_value_above(0.0, covariance, level, seed)
}

/// The same, leaving out entries whose standard error is no larger than `rounding`.
pub(crate) fn critical_value_above(
    rounding: f64,
    covariance: &DMatrix<f64>,
    level: f64,
    seed: u64,
) -> Option<SupT> {
    let correlation = correlation_of(covariance, rounding)?;
    let dimension = correlation.nrows();
    let pointwise = normal::two_sided_quantile(level);
    if dimension == 1 {
        return Some(SupT {
            critical_value: pointwise,
            simulation_error: 0.0,
            dimension,
            rank: 1,
        });
    }
    let factor = factor_of(&correlation);
    let rank = factor.ncols();
    let draws = Draws::new(&correlation, &factor, seed);
    let bonferroni = normal::two_sided_quantile(1.0 - (1.0 - level) / dimension as f64);
    let (critical_value, simulation_error) = draws.solve(1.0 - level, pointwise, bonferroni);
    Some(SupT {
        critical_value,
        simulation_error,
        dimension,
        rank,
    })
}

/// The correlation matrix of the entries that have a variance.
fn correlation_of(covariance: &DMatrix<f64>, rounding: f64) -> Option<DMatrix<f64>> {
    let kept: Vec<usize> = (0..covariance.nrows())
        .filter(|&j| covariance[(j, j)].sqrt() > rounding)
        .collect();
    if kept.is_empty() {
        return None;
    }
    let scale: Vec<f64> = kept.iter().map(|&j| covariance[(j, j)].sqrt()).collect();
    Some(DMatrix::from_fn(kept.len(), kept.len(), |a, b| {
        if a == b {
            1.0
        } else {
            covariance[(kept[a], kept[b])] / (scale[a] * scale[b])
        }
    }))
}

/// A matrix A of full column rank with AA' = the correlation matrix.
fn factor_of(correlation: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(correlation.clone());
    let largest = eigen.eigenvalues.max();
    let mut order: Vec<usize> = (0..correlation.nrows())
        .filter(|&j| eigen.eigenvalues[j] > EIGENVALUE_TOLERANCE * largest)
        .collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    DMatrix::from_fn(correlation.nrows(), order.len(), |row, column| {
        eigen.eigenvectors[(row, order[column])] * eigen.eigenvalues[order[column]].sqrt()
    })
}

/// The randomness of the search: Z minus its projection on Z_j, for a drawn j, and the place in the tail of Z_j.
struct Draws {
    dimension: usize,
    /// Per draw: what of each estimate is not explained by the drawn event.
    residuals: Vec<f64>,
    events: Vec<u32>,
    tails: Vec<f64>,
    correlation: DMatrix<f64>,
}

impl Draws {
    fn new(correlation: &DMatrix<f64>, factor: &DMatrix<f64>, seed: u64) -> Self {
        let (dimension, rank) = (factor.nrows(), factor.ncols());
        let n_draws = (BUDGET / (dimension * rank)).clamp(DRAWS.0, DRAWS.1);
        // Each event equally often: stratification takes out the choice of the event as a source of error.
        let n_draws = n_draws.div_ceil(dimension) * dimension;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut uniform =
            // The middle of one of 2⁵³ equal parts of (0, 1): never an end, where the quantile is infinite.
            move || ((rng.next_u64() >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64);
        let rows = factor.transpose();
        let mut residuals = vec![0.0; n_draws * dimension];
        let mut events = Vec::with_capacity(n_draws);
        let mut tails = Vec::with_capacity(n_draws);
        let mut independent = vec![0.0; rank];
        for (draw, residual) in residuals.chunks_exact_mut(dimension).enumerate() {
            let event = draw % dimension;
            for value in &mut independent {
                *value = normal::quantile(uniform());
            }
            for (value, row) in residual.iter_mut().zip(rows.as_slice().chunks_exact(rank)) {
                *value = row.iter().zip(&independent).map(|(a, b)| a * b).sum();
            }
            let own = residual[event];
            let slopes = &correlation.as_slice()[event * dimension..(event + 1) * dimension];
            for (value, slope) in residual.iter_mut().zip(slopes) {
                *value -= slope * own;
            }
            events.push(event as u32);
            // Strata in the tail too: one of ten equal parts in turn.
            let stratum = (draw / dimension) % 10;
            tails.push((stratum as f64 + uniform()) / 10.0);
        }
        Self {
            dimension,
            residuals,
            events,
            tails,
            correlation: correlation.clone(),
        }
    }

    /// P(max|Z| > c) and the standard error of this estimate.
    fn exceedance(&self, c: f64) -> (f64, f64) {
        let tail = normal::cdf(-c);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (draw, residual) in self.residuals.chunks_exact(self.dimension).enumerate() {
            let event = self.events[draw] as usize;
            let own = -normal::quantile(self.tails[draw] * tail);
            let start = event * self.dimension;
            let slopes = &self.correlation.as_slice()[start..start + self.dimension];
            let held = residual
                .iter()
                .zip(slopes)
                .map(|(value, slope)| u32::from((value + slope * own).abs() > c))
                .sum::<u32>();
            // The drawn event holds by construction; rounding must not lose it.
            let share = 1.0 / f64::from(held.max(1));
            sum += share;
            squares += share * share;
        }
        let n = self.events.len() as f64;
        let mean = sum / n;
        // Only upper tails are drawn: Z and −Z have the same law, so the lower ones would give the same.
        let union = 2.0 * self.dimension as f64 * tail;
        (
            union * mean,
            union * ((squares / n - mean * mean).max(0.0) / n).sqrt(),
        )
    }

    /// The c with exceedance `alpha` between `low` and `high`, and its standard error (regula falsi, Illinois variant).
    fn solve(&self, alpha: f64, low: f64, high: f64) -> (f64, f64) {
        // The logarithm of a normal tail is smooth and nearly straight over so short a distance; the tail itself is not.
        let gap = |c: f64| self.exceedance(c).0.ln() - alpha.ln();
        // Room on both sides: the bounds themselves are estimated with error.
        // The value lies between that of one estimate (all move together) and that of Bonferroni (none overlap).
        let (mut a, mut b) = (low - 0.02, high + 0.02);
        let (mut at_a, mut at_b) = (gap(a), gap(b));
        for _ in 0..30 {
            let c = (a * at_b - b * at_a) / (at_b - at_a);
            let at_c = gap(c);
            if at_c * at_b < 0.0 {
                (a, at_a) = (b, at_b);
            } else {
                // The end that stays counts half: plain regula falsi would creep up from one side.
                at_a *= 0.5;
            }
            (b, at_b) = (c, at_c);
            // A millionth of a standard error, far below the simulation error.
            if (b - a).abs() < 1e-6 || at_c.abs() < 1e-6 {
                break;
            }
        }
        // The same draws on both sides: most of their noise cancels in the difference.
        let step = 0.01;
        let density = (self.exceedance(b - step).0 - self.exceedance(b + step).0) / (2.0 * step);
        (b, self.exceedance(b).1 / density)
    }
}

//! What a regression can be asked for.

use crate::regression::covariance::small_sample::SmallSample;
use crate::regression::covariance::vcov::Vcov;

/// Rows alone in a level of a fixed effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Singletons {
    /// Kept, as in `fixest` 0.12: coefficients stay, n and K count them.
    Keep,
    /// Dropped in one pass.
    DropOnce,
    /// Dropped until none is left.
    DropAll,
}

/// The distribution p-values and intervals come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// t with the degrees of freedom of the covariance matrix.
    StudentT,
    /// Standard normal.
    Normal,
}

/// Options of [`ols`](super::ols).
#[derive(Debug, Clone, PartialEq)]
pub struct OlsOptions {
    /// Covariance matrix.
    pub vcov: Vcov,
    /// Its small-sample factors.
    pub small_sample: SmallSample,
    /// What happens to singletons.
    pub singletons: Singletons,
    /// Distribution for p-values and intervals.
    pub reference: Reference,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
}

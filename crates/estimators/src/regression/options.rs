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
    /// t with degrees of freedom of its own for each coefficient, for CR2 (which has them anyway) and CR3.
    Satterthwaite,
    /// Standard normal.
    Normal,
}

/// Weights of the wild cluster bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WildWeights {
    /// Plus or minus one.
    Rademacher,
    /// Six points, for fewer clusters than give enough signs; Webb (2023).
    Webb,
}

/// Which residuals the wild cluster bootstrap draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WildNull {
    /// Those of the fit with the hypothesis imposed.
    Imposed,
    /// Those of the fit itself.
    NotImposed,
}

/// The wild cluster bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wild {
    /// Draws; where no more are possible, each possible one is made once.
    pub n_draws: u32,
    /// Weights of the clusters.
    pub weights: WildWeights,
    /// Residuals.
    pub null: WildNull,
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
    /// Seed of the band's simulation and of the bootstrap.
    pub seed: u64,
    /// The wild cluster bootstrap beside the errors; needs clusters by one column.
    pub wild: Option<Wild>,
}

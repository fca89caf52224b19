//! What an interaction-weighted event study can be asked for, and what it returns.

use crate::estimate::Estimate;
use crate::group_time::SampleCounts;
use crate::inference::Inference;
use crate::inference::sup_t::SupT;

/// Options of [`sun_abraham`](fn@super::sun_abraham).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunAbrahamOptions {
    /// First event time shown; the fit uses all.
    pub min_e: Option<i32>,
    /// Last event time shown.
    pub max_e: Option<i32>,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
    /// How errors and intervals are made.
    pub inference: Inference,
}

/// An effect, or an average of effects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CohortEffect {
    /// The cohort; `None` = all.
    pub cohort: Option<i32>,
    /// Periods since first exposure; `None` = all from 0 on.
    pub event_time: Option<i32>,
    /// The estimate; `n_treated` counts units with a row in the cells averaged.
    pub estimate: Estimate,
}

/// What [`sun_abraham`](fn@super::sun_abraham) found.
#[derive(Debug, Clone)]
pub struct SunAbrahamResult {
    /// All cells with e ≥ 0; it carries no band and does not depend on the window.
    pub overall: CohortEffect,
    /// By event time, ascending, within the window; where nothing but references lies, zero with status `base_period`.
    pub event_times: Vec<CohortEffect>,
    /// By cohort, over its cells with e ≥ 0.
    pub cohorts: Vec<CohortEffect>,
    /// The coefficients themselves.
    pub cells: Vec<CohortEffect>,
    /// What was used and left out.
    pub sample: SampleCounts,
    /// Rows used.
    pub n_obs: u64,
    /// Rows left out for a weight of zero.
    pub n_zero_weight_rows: u64,
    /// K of the small-sample factor.
    pub n_counted: u64,
    /// Degrees of freedom of the t distribution.
    pub df: f64,
    /// The simultaneous band over `event_times`.
    pub band: Option<SupT>,
}

impl SunAbrahamResult {
    /// All rows.
    pub(super) fn all(&self) -> impl Iterator<Item = &CohortEffect> {
        let rows = std::iter::once(&self.overall).chain(&self.event_times);
        rows.chain(&self.cohorts).chain(&self.cells)
    }

    /// All rows, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut CohortEffect> {
        let rows = std::iter::once(&mut self.overall).chain(&mut self.event_times);
        rows.chain(&mut self.cohorts).chain(&mut self.cells)
    }
}

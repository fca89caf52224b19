//! What group-time effects can be asked for.

use crate::inference::Inference;

/// Who the treated are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Units never treated within the data.
    NeverTreated,
    /// Those, and units not yet treated (nor anticipating) in the later of the two periods.
    NotYetTreated,
}

/// How a comparison is adjusted for covariates; without covariates all three are the difference of mean changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Right when either the model of the outcome or that of the probability of treatment is right.
    DoublyRobust,
    /// Comparison units are weighted by their odds of treatment.
    InverseProbability,
    /// The change that comparison units with the same covariates had is subtracted.
    OutcomeRegression,
}

/// Which earlier period a pre-period is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasePeriod {
    /// The previous observed one.
    Varying,
    /// The last one before treatment and anticipation, for all periods.
    Universal,
}

/// Options of [`att_gt`](super::att_gt).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttGtOptions {
    /// Adjustment for covariates.
    pub method: Method,
    /// Comparison group.
    pub control: Control,
    /// Base of the pre-periods.
    pub base_period: BasePeriod,
    /// Periods before exposure in which units may already react, in units of time.
    pub anticipation: u32,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation and of the bootstrap.
    pub seed: u64,
    /// Draws of the multiplier bootstrap, which then gives errors and bands; `None` = analytic errors and exact bands.
    pub bootstrap: Option<u32>,
    /// How errors and intervals are made otherwise; analytic beside `bootstrap`.
    pub inference: Inference,
}

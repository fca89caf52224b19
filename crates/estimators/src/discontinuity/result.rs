//! What a regression discontinuity returns.

use crate::discontinuity::sample::Sample;
use crate::discontinuity::side::Side;
use crate::estimate::{Counts, Estimate};
use crate::status::Status;

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RdPart {
    /// The effect at the cutoff.
    Effect,
    /// The jump of the treatment, in a fuzzy design.
    FirstStage,
}

impl RdPart {
    /// The word SQL shows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Effect => "effect",
            Self::FirstStage => "first_stage",
        }
    }
}

/// How it is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RdMethod {
    /// The polynomial of order p and its error.
    Conventional,
    /// Less the estimated bias, with the same error.
    BiasCorrected,
    /// Less the estimated bias, with an error that counts what the correction adds.
    Robust,
}

impl RdMethod {
    /// The word SQL shows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conventional => "conventional",
            Self::BiasCorrected => "bias_corrected",
            Self::Robust => "robust",
        }
    }
}

/// One estimate. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RdEstimate {
    /// What.
    pub part: RdPart,
    /// How.
    pub method: RdMethod,
    /// In units of the outcome (of the treatment for the first stage).
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Estimate over error.
    pub statistic: f64,
    /// Two-sided, normal.
    pub p_value: f64,
    /// Lower end of the interval.
    pub conf_low: f64,
    /// Upper end.
    pub conf_high: f64,
    /// What to think of the row.
    pub status: Status,
}

impl RdEstimate {
    pub(super) fn new(part: RdPart, method: RdMethod, own: &Estimate) -> Self {
        Self {
            part,
            method,
            estimate: own.estimate,
            std_error: own.std_error,
            statistic: own.statistic,
            p_value: own.p_value,
            conf_low: own.conf_low,
            conf_high: own.conf_high,
            status: own.status,
        }
    }
}

/// The rows of what could not be estimated.
pub(super) fn missing_rows(has_first_stage: bool, status: Status) -> Vec<RdEstimate> {
    let own = Estimate::missing(Counts::default(), status);
    let first_stage = has_first_stage.then_some(RdPart::FirstStage);
    let parts = [RdPart::Effect].into_iter().chain(first_stage);
    let methods = [
        RdMethod::Conventional,
        RdMethod::BiasCorrected,
        RdMethod::Robust,
    ];
    parts
        .flat_map(|part| methods.map(|method| RdEstimate::new(part, method, &own)))
        .collect()
}

/// Estimates at a cutoff, with what they rest on. Pairs are left and right of the cutoff.
#[derive(Debug, Clone, PartialEq)]
pub struct Discontinuity {
    /// The effect by method, then, in a fuzzy design, the first stage by method.
    pub estimates: Vec<RdEstimate>,
    /// Bandwidth h of the estimate, in units of the running variable; NaN where none was found.
    pub bandwidth: [f64; 2],
    /// Bandwidth b of the bias.
    pub bias_bandwidth: [f64; 2],
    /// Complete rows.
    pub n_rows: [u64; 2],
    /// Rows within h.
    pub n_effective: [u64; 2],
    /// Distinct values of the running variable.
    pub n_values: [u64; 2],
    /// Clusters of both sides together; zero without clusters.
    pub n_clusters: u64,
    /// Rows left out because a value is missing or the weight is zero.
    pub n_missing: u64,
    /// Complete rows left out for lying nearer to the cutoff than the donut.
    pub n_donut: u64,
    /// [`Status::NoRows`]; [`Status::OneSided`] where all rows lie on one side; [`Status::TooFewValues`] where a side has fewer distinct
    /// values than a fit needs; [`Status::NotIdentified`] where the treatment does not jump; [`Status::NoVariance`] where the
    /// outcome is without error; with care [`Status::TooFew`], [`Status::FewClusters`], [`Status::WeakInstruments`].
    pub status: Status,
}

impl Discontinuity {
    /// What is known before anything is estimated.
    pub(super) fn empty(sample: &Sample) -> Self {
        let sides = sample.sides.each_ref();
        let mut clusters: Vec<u32> = sides
            .iter()
            .flat_map(|side| side.cluster.iter().flatten().copied())
            .collect();
        clusters.sort_unstable();
        clusters.dedup();
        Self {
            estimates: Vec::new(),
            bandwidth: [f64::NAN; 2],
            bias_bandwidth: [f64::NAN; 2],
            n_rows: sides.map(|side| side.n_rows() as u64),
            n_effective: [0; 2],
            n_values: sides.map(Side::n_values).map(|n| n as u64),
            n_clusters: clusters.len() as u64,
            n_missing: sample.n_missing,
            n_donut: sample.n_donut,
            status: Status::Ok,
        }
    }
}

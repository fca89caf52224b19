//! Estimates: their numbers are released where enough units stand behind them.

use super::counts::{Count, marginal, primary};
use super::rules::{DisclosureRules, Releasable};

/// One estimate as an estimator returned it: the shared result columns of the effect tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EstimateRow {
    /// Point estimate, in the outcome's unit.
    pub estimate: Option<f64>,
    /// Standard error.
    pub std_error: Option<f64>,
    /// Test statistic against zero.
    pub statistic: Option<f64>,
    /// Two-sided p value against zero.
    pub p_value: Option<f64>,
    /// Lower end of the pointwise interval.
    pub conf_low: Option<f64>,
    /// Upper end of the pointwise interval.
    pub conf_high: Option<f64>,
    /// Lower end of the simultaneous band.
    pub band_low: Option<f64>,
    /// Upper end of the simultaneous band.
    pub band_high: Option<f64>,
    /// Exposed units behind the estimate.
    pub n_treated: Option<u64>,
    /// Comparison units behind the estimate; `None` or 0 for estimators without a comparison.
    pub n_control: Option<u64>,
    /// All units behind the estimate.
    pub n_units: Option<u64>,
    /// Clusters behind the standard error.
    pub n_clusters: Option<u64>,
    /// `ok`, or why there is no estimate, or why to read it with care.
    pub status: String,
}

/// The numbers of an estimate, all in the outcome's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EstimateNumbers {
    /// Point estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: Option<f64>,
    /// Two-sided p value against zero.
    pub p_value: Option<f64>,
    /// Pointwise interval, low and high.
    pub interval: Option<Interval>,
    /// Simultaneous band, low and high.
    pub band: Option<Interval>,
}

/// A range whose ends are both known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// An estimate after small-cell control.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedEstimate {
    /// The numbers; `None` where there were none or too few units stand behind them.
    pub numbers: Option<EstimateNumbers>,
    /// Exposed units; `None` where the estimator does not count them.
    pub n_treated: Option<Count>,
    /// Comparison units; `None` where the estimator does not count them.
    pub n_control: Option<Count>,
    /// All units; `None` where the estimator does not count them.
    pub n_units: Option<Count>,
    /// Clusters; `None` where the estimator does not count them.
    pub n_clusters: Option<Count>,
    /// The estimator's status, or [`STATUS_WITHHELD`].
    pub status: String,
}

/// Status of an estimate that these rules withhold.
pub const STATUS_WITHHELD: &str = "withheld";

/// Releases one estimate. Its numbers are withheld when fewer than `min_count` exposed or
/// comparison units stand behind it, or when nothing is known about how many do. The zero of a base
/// period tells nothing and stays.
#[must_use]
pub fn release_estimate(row: EstimateRow, rules: DisclosureRules) -> Releasable<ReleasedEstimate> {
    let groups = [row.n_treated, row.n_control.filter(|n| *n > 0)];
    let is_too_small = groups
        .iter()
        .chain([&row.n_units])
        .flatten()
        .any(|n| *n < rules.min_count);
    let is_uncounted = row.n_treated.is_none() && row.n_units.is_none();
    let is_zero_by_construction = row.status == "base_period" && row.estimate == Some(0.0);
    let is_withheld =
        row.estimate.is_some() && !is_zero_by_construction && (is_too_small || is_uncounted);
    let (n_treated, n_control) = match (row.n_treated, row.n_control) {
        (Some(treated), Some(control)) => {
            // The total of both is shown beside them.
            let cells = marginal(&[treated, control], rules);
            (Some(cells[0]), Some(cells[1]))
        }
        (treated, control) => (
            treated.map(|n| primary(n, rules)),
            control.map(|n| primary(n, rules)),
        ),
    };
    Releasable::passed(ReleasedEstimate {
        numbers: if is_withheld { None } else { numbers(&row) },
        n_treated,
        n_control,
        n_units: row.n_units.map(|n| primary(n, rules)),
        n_clusters: row.n_clusters.map(|n| primary(n, rules)),
        status: if is_withheld {
            STATUS_WITHHELD.to_owned()
        } else {
            row.status
        },
    })
}

fn numbers(row: &EstimateRow) -> Option<EstimateNumbers> {
    let interval = |low: Option<f64>, high: Option<f64>| {
        let (low, high) = finite(low).zip(finite(high))?;
        Some(Interval { low, high })
    };
    Some(EstimateNumbers {
        estimate: finite(row.estimate)?,
        std_error: finite(row.std_error),
        p_value: finite(row.p_value),
        interval: interval(row.conf_low, row.conf_high),
        band: interval(row.band_low, row.band_high),
    })
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

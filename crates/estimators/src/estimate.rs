//! One estimate with its uncertainty: what most estimators return.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::error::EstimatorError;
use crate::inference::jackknife::JackknifeLaw;
use crate::inference::multiplier::StudentisedDraws;
use crate::inference::normal;
use crate::inference::student::student_quantile;
use crate::inference::sup_t::SupT;
use crate::status::Status;

/// Counts behind one estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Distinct treated units (rows for cross-sections).
    pub n_treated: u64,
    /// Distinct comparison units (rows for cross-sections).
    pub n_control: u64,
    /// All units of the sample.
    pub n_units: u64,
    /// All clusters of the sample (equal to `n_units` without clustering).
    pub n_clusters: u64,
}

/// One estimate with its uncertainty. Numbers that do not exist are NaN; SQL shows them as NULL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Point estimate in units of the outcome.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Estimate divided by standard error.
    pub statistic: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Lower end of the pointwise interval.
    pub conf_low: f64,
    /// Upper end of the pointwise interval.
    pub conf_high: f64,
    /// Lower end of the simultaneous band.
    pub band_low: f64,
    /// Upper end of the simultaneous band.
    pub band_high: f64,
    /// Treated units.
    pub n_treated: u64,
    /// Comparison units.
    pub n_control: u64,
    /// Units in the sample.
    pub n_units: u64,
    /// Clusters in the sample.
    pub n_clusters: u64,
    /// What to think of the row.
    pub status: Status,
}

impl Estimate {
    /// An estimate with normal inference at the two-sided `level` (0.95 gives ±1.96 errors).
    ///
    /// A standard error that is no larger than `rounding` (see [`rounding_error`]) counts as no variance: the row keeps its
    /// estimate and loses its error, and its status says so whatever else would have been said about the error.
    pub(crate) fn normal(
        estimate: f64,
        (std_error, rounding): (f64, f64),
        level: f64,
        counts: Counts,
        status: Status,
    ) -> Self {
        let rounding = rounding.max(ROUNDING * estimate.abs());
        let usable = std_error.is_finite() && std_error > rounding;
        let std_error = if usable { std_error } else { f64::NAN };
        let status = match status {
            Status::Ok
            | Status::FewClusters
            | Status::Conservative
            | Status::TooFew
            | Status::Trimmed
                if !usable =>
            {
                Status::NoVariance
            }
            other => other,
        };
        let statistic = estimate / std_error;
        let quantile = normal::two_sided_quantile(level);
        Self {
            estimate,
            std_error,
            statistic,
            p_value: normal::two_sided_p(statistic),
            conf_low: estimate - quantile * std_error,
            conf_high: estimate + quantile * std_error,
            band_low: f64::NAN,
            band_high: f64::NAN,
            n_treated: counts.n_treated,
            n_control: counts.n_control,
            n_units: counts.n_units,
            n_clusters: counts.n_clusters,
            status,
        }
    }

    /// The same with inference from the t distribution with `df` degrees of freedom.
    pub(crate) fn student(
        estimate: f64,
        (std_error, rounding): (f64, f64),
        df: f64,
        level: f64,
        counts: Counts,
        status: Status,
    ) -> Self {
        let mut row = Self::normal(estimate, (std_error, rounding), level, counts, status);
        let quantile = student_quantile(df, level);
        row.p_value = match StudentsT::new(0.0, 1.0, df) {
            Ok(law) if row.statistic.is_finite() => 2.0 * law.sf(row.statistic.abs()),
            _ => f64::NAN,
        };
        row.conf_low = estimate - quantile * row.std_error;
        row.conf_high = estimate + quantile * row.std_error;
        row
    }

    /// An estimate whose error is still to be put in.
    pub(crate) fn without_error(estimate: f64, counts: Counts, status: Status) -> Self {
        Self {
            estimate,
            // An error that is missing would be a status of its own.
            status,
            ..Self::missing(counts, status)
        }
    }

    /// The row of something that could not be estimated, with the reason.
    pub fn missing(counts: Counts, status: Status) -> Self {
        // Any level: all numbers are NaN.
        Self::normal(f64::NAN, (f64::NAN, 0.0), 0.95, counts, status)
    }

    /// The same estimate with an error of the cluster jackknife, in the place of the doubts about errors by cluster those of its law.
    pub(crate) fn jackknifed(&self, error: (f64, f64), law: &JackknifeLaw, level: f64) -> Self {
        let status = match self.status {
            Status::Ok | Status::FewClusters | Status::Conservative => law.status(),
            other => other,
        };
        if self.estimate.is_nan() {
            return *self;
        }
        Self::student(self.estimate, error, law.df, level, self.counts(), status)
    }

    /// The counts behind it.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            n_treated: self.n_treated,
            n_control: self.n_control,
            n_units: self.n_units,
            n_clusters: self.n_clusters,
        }
    }

    /// Sets the pointwise interval from its critical value.
    pub(crate) fn set_interval(&mut self, critical_value: f64) {
        self.conf_low = self.estimate - critical_value * self.std_error;
        self.conf_high = self.estimate + critical_value * self.std_error;
    }

    /// Sets the simultaneous band from its critical value.
    pub(crate) fn set_band(&mut self, critical_value: f64) {
        self.band_low = self.estimate - critical_value * self.std_error;
        self.band_high = self.estimate + critical_value * self.std_error;
    }
}

/// Draws of the bootstrap of t by cluster, the level of intervals and bands, and the seed.
#[derive(Clone, Copy)]
pub(crate) struct BootstrapDraws {
    pub(crate) n_draws: u32,
    pub(crate) level: f64,
    pub(crate) seed: u64,
}

/// Puts p-values and intervals of the bootstrap of t by cluster in the place of those that estimates have, and a band over those
/// `banded`. Clusters (rows of `contributions`) contribute to the estimates (its columns) what their errors are made from; a constant factor
/// that errors have beside it does not matter.
pub(crate) fn bootstrap(
    estimates: &mut [&mut Estimate],
    banded: Range<usize>,
    contributions: &DMatrix<f64>,
    draws: BootstrapDraws,
) -> Option<SupT> {
    let BootstrapDraws {
        n_draws,
        level,
        seed,
    } = draws;
    let draws = StudentisedDraws::of(contributions, n_draws, seed);
    // What a draw is compared with has no small-sample factor either.
    let columns = estimates.iter().zip(contributions.column_iter());
    let scales: Vec<f64> = columns
        .map(|(row, own)| own.norm() / row.std_error)
        .collect();
    for (index, (row, scale)) in estimates.iter_mut().zip(&scales).enumerate() {
        row.set_interval(draws.quantile(index, level) * scale);
        row.p_value = draws.p_value(index, row.statistic / scale);
    }
    let has_error = |index: &usize| estimates[*index].std_error.is_finite();
    let kept: Vec<usize> = banded.clone().filter(has_error).collect();
    let (critical_value, simulation_error) = draws.joint_quantile(&kept, level)?;
    for (row, scale) in estimates[banded.clone()].iter_mut().zip(&scales[banded]) {
        row.set_band(critical_value * scale);
    }
    Some(SupT {
        critical_value,
        simulation_error,
        dimension: kept.len(),
        rank: kept.len(),
    })
}

pub(crate) fn check_level(level: f64) -> Result<(), EstimatorError> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option: "level",
        expected: "between 0 and 1",
    })
}

/// What rounding may leave of a variance of zero, as a share of the numbers it is made from.
// A thousand roundings, 2e-13: sums over many rows leave more than one, and no real error is that small beside its outcome.
pub(crate) const ROUNDING: f64 = 1_024.0 * f64::EPSILON;

/// Standard errors up to this size are what rounding leaves of a variance of zero, for outcomes as large as these.
///
/// R's `did` takes away errors up to 1.49e-7 whatever the unit of the outcome; here an outcome in other units loses nothing.
pub(crate) fn rounding_error(outcome: &[f64]) -> f64 {
    // The largest number is the same in whatever order it is looked for, so threads may join it as they come; sums may not.
    let largest = outcome
        .par_chunks(1 << 16)
        .map(|part| part.iter().fold(0.0_f64, |most, y| most.max(y.abs())))
        .reduce(|| 0.0, f64::max);
    ROUNDING * largest
}

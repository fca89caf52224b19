//! The difference between the means of treated and other units of a cluster trial.
//!
//! Means are over units, errors by clusters: CR1 with the factor G/(G − 1), t(G − 2). The same as least squares of the outcome on the
//! treatment with these choices.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate, check_level, rounding_error};
use crate::status::Status;

/// The difference of means, in units of the outcome. Rows whose outcome or treatment is missing (NaN) are left out.
///
/// Status [`Status::NoRows`], [`Status::NoTreated`] or [`Status::NoControls`] where there is nothing to compare.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`], [`EstimatorError::NotBinary`] for a treatment other than 0 and 1,
/// [`EstimatorError::BadOption`] for an impossible level.
pub fn two_group(
    outcome: &[f64],
    treated: &[f64],
    cluster: &[i64],
    level: f64,
) -> Result<Estimate, EstimatorError> {
    check_level(level)?;
    check_columns(outcome, treated, cluster.len())?;
    let rows = || (0..outcome.len()).filter(|&row| is_complete(outcome[row], treated[row]));
    let arm = |row: usize| usize::from(treated[row] == 1.0);
    let (mut n, mut means) = ([0_u64; 2], [0.0; 2]);
    for row in rows() {
        n[arm(row)] += 1;
        means[arm(row)] += outcome[row];
    }
    for (mean, n) in means.iter_mut().zip(n) {
        *mean /= n as f64;
    }
    let mut scores: BTreeMap<i64, f64> = BTreeMap::new();
    for row in rows() {
        let sign = if arm(row) == 1 { 1.0 } else { -1.0 };
        let score = sign * (outcome[row] - means[arm(row)]) / n[arm(row)] as f64;
        *scores.entry(cluster[row]).or_default() += score;
    }
    let counts = Counts {
        n_treated: n[1],
        n_control: n[0],
        n_units: n[0] + n[1],
        n_clusters: scores.len() as u64,
    };
    let missing = match n {
        [0, 0] => Some(Status::NoRows),
        [_, 0] => Some(Status::NoTreated),
        [0, _] => Some(Status::NoControls),
        _ => None,
    };
    if let Some(status) = missing {
        return Ok(Estimate::missing(counts, status));
    }
    let n_clusters = scores.len() as f64;
    let squares: f64 = scores.values().map(|score| score * score).sum();
    // Two clusters leave no degree of freedom.
    let factor = if n_clusters > 2.0 {
        n_clusters / (n_clusters - 1.0)
    } else {
        f64::NAN
    };
    let error = ((factor * squares).sqrt(), rounding_error(outcome));
    let df = n_clusters - 2.0;
    Ok(Estimate::student(
        means[1] - means[0],
        error,
        df,
        level,
        counts,
        Status::Ok,
    ))
}

/// Whether a row can be used.
pub(super) fn is_complete(outcome: f64, treated: f64) -> bool {
    outcome.is_finite() && treated.is_finite()
}

pub(super) fn check_columns(
    outcome: &[f64],
    treated: &[f64],
    n_others: usize,
) -> Result<(), EstimatorError> {
    for (column, found) in [("treated", treated.len()), ("cluster or stratum", n_others)] {
        if found != outcome.len() {
            return Err(EstimatorError::LengthMismatch {
                column: column.to_owned(),
                found,
                expected: outcome.len(),
            });
        }
    }
    let others = treated
        .iter()
        .filter(|value| value.is_finite() && ![0.0, 1.0].contains(*value));
    match others.count() as u64 {
        0 => Ok(()),
        n_rows => Err(EstimatorError::NotBinary {
            column: "treated",
            n_rows,
        }),
    }
}

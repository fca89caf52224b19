//! The rows a panel is made from: checks of the columns, which rows are complete, and where they lie.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::panel::codes::{MISSING_CODE, NEVER};
use crate::panel::covariate::{Covariate, CovariateValues};

/// Flat rows as they come from a query; all vectors have the same length.
#[derive(Clone, Default)]
pub struct PanelColumns {
    /// Unit of the row; any integers, equal for equal units.
    pub unit: Vec<i64>,
    /// Period of the row, in years (or any integer unit of time).
    pub time: Vec<i32>,
    /// Period of first exposure of the unit; [`NEVER`] = never.
    pub cohort: Vec<i32>,
    /// Outcome; NaN or infinite = missing.
    pub outcome: Vec<f64>,
    /// Weight (not below zero); NaN or infinite = missing.
    pub weight: Option<Vec<f64>>,
    /// Cluster of the unit as a code; [`MISSING_CODE`] = missing. `None`: each unit is its own cluster.
    pub cluster: Option<Vec<u32>>,
    /// What the comparison is adjusted for; empty = nothing.
    pub covariates: Vec<Covariate>,
}

/// Shows sizes only: the columns hold person-level values.
impl std::fmt::Debug for PanelColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PanelColumns")
            .field("n_rows", &self.unit.len())
            .finish_non_exhaustive()
    }
}

pub(crate) fn check_lengths(columns: &PanelColumns) -> Result<(), EstimatorError> {
    let expected = columns.unit.len();
    let lengths = [
        ("time", columns.time.len()),
        ("cohort", columns.cohort.len()),
        ("outcome", columns.outcome.len()),
        ("weight", columns.weight.as_ref().map_or(expected, Vec::len)),
        (
            "cluster",
            columns.cluster.as_ref().map_or(expected, Vec::len),
        ),
    ];
    let covariates = columns.covariates.iter();
    let covariates = covariates.map(|covariate| (covariate.name.as_str(), covariate.values.len()));
    for (column, found) in lengths.into_iter().chain(covariates) {
        if found != expected {
            return Err(EstimatorError::LengthMismatch {
                column: column.to_owned(),
                found,
                expected,
            });
        }
    }
    // Rows, units and clusters are numbered in `u32`, whose largest value means missing.
    if expected >= MISSING_CODE as usize {
        let limit = u64::from(MISSING_CODE) - 1;
        return Err(EstimatorError::TooMany {
            what: "rows",
            found: expected as u64,
            limit,
        });
    }
    Ok(())
}

/// Refuses clusters that leave out all of the never exposed: the exposed would silently be compared with other units.
pub(crate) fn check_clusters_of_never(columns: &PanelColumns) -> Result<(), EstimatorError> {
    let Some(clusters) = &columns.cluster else {
        return Ok(());
    };
    let rows = columns.cohort.iter().zip(clusters);
    let mut never = rows.filter(|(cohort, _)| **cohort == NEVER).peekable();
    if never.peek().is_none() || never.clone().any(|(_, &code)| code != MISSING_CODE) {
        return Ok(());
    }
    Err(EstimatorError::NeverWithoutCluster {
        n_rows: never.count() as u64,
    })
}

/// Refuses a yes/no column with other values than 0 and 1; missing ones pass.
pub(crate) fn check_binary(column: &'static str, values: &[f64]) -> Result<(), EstimatorError> {
    let other = |value: &&f64| value.is_finite() && **value != 0.0 && **value != 1.0;
    let n_rows = values.iter().filter(other).count() as u64;
    if n_rows > 0 {
        return Err(EstimatorError::NotBinary { column, n_rows });
    }
    Ok(())
}

/// Whether two outcomes are missing in the same rows, so that all else about their panels is the same.
pub fn same_rows_missing(one: &[f64], other: &[f64]) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() == other.len() && pairs.all(|(a, b)| a.is_finite() == b.is_finite())
}

/// Refuses further outcomes that are missing in other rows than the first.
pub(crate) fn check_missing_alike(
    outcome: &[f64],
    others: &[Vec<f64>],
) -> Result<(), EstimatorError> {
    if others.iter().all(|other| same_rows_missing(outcome, other)) {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option: "outcomes",
        expected: "missing in the same rows",
    })
}

/// The complete rows: all of them, or these.
pub(super) enum Rows {
    All(usize),
    Some(Vec<u32>),
}

impl Rows {
    pub(super) fn len(&self, all: usize) -> usize {
        match self {
            Self::All(_) => all,
            Self::Some(rows) => rows.len(),
        }
    }

    pub(super) fn indices(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::All(n) => Box::new(0..*n),
            Self::Some(rows) => Box::new(rows.iter().map(|&row| row as usize)),
        }
    }

    /// Calls `body` for every row: a plain loop where all rows are complete.
    pub(super) fn for_each(&self, mut body: impl FnMut(usize)) {
        match self {
            Self::All(n) => (0..*n).for_each(body),
            Self::Some(rows) => rows.iter().for_each(|&row| body(row as usize)),
        }
    }
}

/// The rows with nothing missing, after refusing negative weights.
pub(super) fn complete_rows(columns: &PanelColumns) -> Result<Rows, EstimatorError> {
    let n_rows = columns.unit.len();
    let starts: Vec<usize> = (0..n_rows).step_by(CHUNK).collect();
    let chunks = starts
        .into_par_iter()
        .map(|start| incomplete(columns, start..(start + CHUNK).min(n_rows)));
    // Incomplete rows are listed, not complete ones: mostly there are none, and no index of the rows is made then.
    let (mut n_negative, mut missing) = (0, Vec::new());
    for (negative, own) in chunks.collect::<Vec<_>>() {
        n_negative += negative;
        missing.extend(own);
    }
    if n_negative > 0 {
        return Err(EstimatorError::NegativeWeight { n_rows: n_negative });
    }
    if missing.is_empty() {
        return Ok(Rows::All(n_rows));
    }
    // Chunks come back in their order, so that one pass through ascending rows removes the missing ones.
    let mut missing = missing.into_iter().peekable();
    let kept = (0..n_rows as u32).filter(|row| missing.next_if_eq(row).is_none());
    Ok(Rows::Some(kept.collect()))
}

/// Rows looked through at a time.
const CHUNK: usize = 1 << 16;

/// Negative weights and incomplete rows among some rows.
fn incomplete(columns: &PanelColumns, rows: Range<usize>) -> (u64, Vec<u32>) {
    let all_finite = |values: &[f64]| values[rows.clone()].iter().all(|value| value.is_finite());
    let all_known = |codes: &[u32]| codes[rows.clone()].iter().all(|&code| code != MISSING_CODE);
    let weights = columns.weight.as_deref();
    // NaN is not below zero: a missing weight is missing, not negative.
    let n_negative = weights.map_or(0, |w| {
        w[rows.clone()].iter().filter(|&&value| value < 0.0).count()
    });
    let complete = all_finite(&columns.outcome)
        && weights.is_none_or(all_finite)
        && columns.cluster.as_deref().is_none_or(all_known)
        && columns
            .covariates
            .iter()
            .all(|covariate| match &covariate.values {
                CovariateValues::Numbers(values) => all_finite(values),
                CovariateValues::Categories { codes, .. } => all_known(codes),
            });
    // Nearly all chunks are; only others are looked at row by row.
    if complete {
        return (n_negative as u64, Vec::new());
    }
    let is_complete = |row: usize| {
        columns.outcome[row].is_finite()
            && weights.is_none_or(|w| w[row].is_finite())
            && columns
                .cluster
                .as_ref()
                .is_none_or(|c| c[row] != MISSING_CODE)
            && columns.covariates.iter().all(|c| c.values.is_known(row))
    };
    let missing = rows
        .clone()
        .filter(|&row| !is_complete(row))
        .map(|row| row as u32);
    (n_negative as u64, missing.collect())
}

/// Where the complete rows lie in the panel.
pub(super) struct Places<'a> {
    pub(super) rows: &'a Rows,
    /// Unit of each complete row.
    pub(super) units: &'a [u32],
    /// Period of each complete row.
    pub(super) periods: &'a [u16],
    pub(super) n_units: usize,
    pub(super) n_periods: usize,
}

impl Places<'_> {
    /// A column by period and unit; holes are NaN.
    pub(super) fn lay_out(&self, column: &[f64]) -> Vec<f64> {
        let mut values = vec![f64::NAN; self.n_units * self.n_periods];
        let mut next = 0;
        self.rows.for_each(|row| {
            let period = usize::from(self.periods[next]);
            values[period * self.n_units + self.units[next] as usize] = column[row];
            next += 1;
        });
        values
    }
}

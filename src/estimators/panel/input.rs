//! The rows a panel is made from, and which of them are complete.

use super::MISSING_CODE;
use super::covariates::Covariate;
use crate::estimators::estimate::EstimatorError;

/// Flat rows as they come from a query; all vectors have the same length.
#[derive(Clone, Default)]
pub struct PanelColumns {
    /// Unit of the row; any integers, equal for equal units.
    pub unit: Vec<i64>,
    /// Period of the row, in years (or any integer unit of time).
    pub time: Vec<i32>,
    /// Period of first exposure of the unit; `None` = never.
    pub cohort: Vec<Option<i32>>,
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

pub(super) fn check_lengths(columns: &PanelColumns) -> Result<(), EstimatorError> {
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

/// The rows with nothing missing, after refusing negative weights.
pub(super) fn complete_rows(columns: &PanelColumns) -> Result<Rows, EstimatorError> {
    let weights = columns.weight.as_deref();
    let clusters = columns.cluster.as_deref();
    let negative = weights.map_or(0, |w| w.iter().filter(|&&value| value < 0.0).count());
    if negative > 0 {
        return Err(EstimatorError::NegativeWeight {
            n_rows: negative as u64,
        });
    }
    let complete = |row: usize| {
        columns.outcome[row].is_finite()
            && weights.is_none_or(|w| w[row].is_finite())
            && clusters.is_none_or(|c| c[row] != MISSING_CODE)
            && columns.covariates.iter().all(|c| c.values.is_known(row))
    };
    let n_rows = columns.unit.len();
    let first_gap = (0..n_rows).find(|&row| !complete(row));
    let Some(gap) = first_gap else {
        return Ok(Rows::All(n_rows));
    };
    let kept = (0..gap).chain((gap + 1..n_rows).filter(|&row| complete(row)));
    Ok(Rows::Some(kept.map(|row| row as u32).collect()))
}

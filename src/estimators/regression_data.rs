//! Columns for a regression, and dense group codes made from them. Which of them a formula uses is in `design.rs`.

use std::collections::BTreeMap;

use crate::estimators::estimate::EstimatorError;
use crate::estimators::panel::{MISSING_CODE, rank_i64};

/// The columns of a regression by name, and the weights.
#[derive(Clone, Default)]
pub struct RegressionData {
    /// At least the columns of the formula and of the clusters; all of the same length.
    pub columns: BTreeMap<String, Column>,
    /// Analytic weights, not below zero; NaN or infinite = missing, zero = the row is left out.
    pub weight: Option<Vec<f64>>,
}

/// One column.
#[derive(Clone)]
pub enum Column {
    /// Numbers; NaN or infinite = missing.
    Numeric(Vec<f64>),
    /// Text or other categories as codes into `labels`; [`MISSING_CODE`] = missing.
    Categorical {
        /// Per row, an index into `labels`.
        codes: Vec<u32>,
        /// The categories, in any order.
        labels: Vec<String>,
    },
}

/// Shows sizes only: the columns hold person-level values.
impl std::fmt::Debug for RegressionData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegressionData")
            .field("columns", &self.columns.keys())
            .finish_non_exhaustive()
    }
}

/// Shows the size only.
impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column")
            .field("n_rows", &self.len())
            .finish_non_exhaustive()
    }
}

impl Column {
    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numeric(values) => values.len(),
            Self::Categorical { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numeric(values) => !values[row].is_finite(),
            Self::Categorical { codes, .. } => codes[row] == MISSING_CODE,
        }
    }

    /// Dense codes of the given rows, in ascending order of the values.
    pub(crate) fn groups(&self, rows: &[u32]) -> Groups {
        let keys: Vec<i64> = match self {
            Self::Numeric(values) => {
                let picked = || rows.iter().map(|&row| values[row as usize]);
                if picked().all(|value| value.fract() == 0.0 && value.abs() < 9.0e15) {
                    picked().map(|value| value as i64).collect()
                } else {
                    picked().map(ordered_bits).collect()
                }
            }
            Self::Categorical { codes, labels } => {
                let mut order: Vec<usize> = (0..labels.len()).collect();
                order.sort_by(|&a, &b| labels[a].cmp(&labels[b]));
                let mut ranks = vec![0_i64; labels.len()];
                for (rank, &label) in order.iter().enumerate() {
                    ranks[label] = rank as i64;
                }
                rows.iter()
                    .map(|&row| ranks[codes[row as usize] as usize])
                    .collect()
            }
        };
        let (codes, n_groups) = rank_i64(&keys);
        Groups { codes, n_groups }
    }
}

/// Bits of a number whose integer order is the order of the numbers; −0 counts as 0.
fn ordered_bits(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// A partition of the rows.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    pub(crate) codes: Vec<u32>,
    pub(crate) n_groups: usize,
}

impl Groups {
    /// The partition into combinations of two partitions.
    pub(crate) fn combine(&self, other: &Self) -> Self {
        let keys: Vec<i64> = self
            .codes
            .iter()
            .zip(&other.codes)
            .map(|(&a, &b)| i64::from(a) * other.n_groups as i64 + i64::from(b))
            .collect();
        let (codes, n_groups) = rank_i64(&keys);
        Self { codes, n_groups }
    }

    /// Whether each group lies in one group of `other`.
    pub(crate) fn nested_in(&self, other: &Self) -> bool {
        let mut parent = vec![MISSING_CODE; self.n_groups];
        self.codes.iter().zip(&other.codes).all(|(&own, &outer)| {
            let known = &mut parent[own as usize];
            if *known == MISSING_CODE {
                *known = outer;
            }
            *known == outer
        })
    }

    /// The partition of some of the rows, in that order.
    pub(crate) fn select(&self, rows: &[u32]) -> Self {
        let keys: Vec<i64> = rows
            .iter()
            .map(|&row| i64::from(self.codes[row as usize]))
            .collect();
        let (codes, n_groups) = rank_i64(&keys);
        Self { codes, n_groups }
    }

    /// Rows per group.
    pub(crate) fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.n_groups];
        for &code in &self.codes {
            sizes[code as usize] += 1;
        }
        sizes
    }
}

impl RegressionData {
    pub(crate) fn column(&self, name: &str) -> Result<&Column, EstimatorError> {
        self.columns
            .get(name)
            .ok_or_else(|| EstimatorError::UnknownColumn {
                column: name.to_owned(),
            })
    }
}

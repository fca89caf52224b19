//! Columns for a regression. Which of them a formula uses is decided in `design/`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::panel::codes::{MISSING_CODE, rank_i64};
use crate::regression::formula::syntax::Level;
use crate::regression::groups::{Groups, compressed};

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
    /// Whole numbers of any size as codes into `values`; [`MISSING_CODE`] = missing.
    Integer {
        /// Per row, an index into `values`.
        codes: Vec<u32>,
        /// The distinct values, ascending.
        values: Vec<i64>,
    },
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
            Self::Integer { codes, .. } | Self::Categorical { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Clears the flag of every row where the value is missing.
    pub(crate) fn mark_missing(&self, is_complete: &mut [bool]) {
        match self {
            Self::Numeric(values) => {
                for (flag, value) in is_complete.iter_mut().zip(values) {
                    *flag &= value.is_finite();
                }
            }
            Self::Integer { codes, .. } | Self::Categorical { codes, .. } => {
                for (flag, &code) in is_complete.iter_mut().zip(codes) {
                    *flag &= code != MISSING_CODE;
                }
            }
        }
    }

    /// Whether the row has a value.
    pub(crate) fn is_known(&self, row: usize) -> bool {
        match self {
            Self::Numeric(values) => values[row].is_finite(),
            Self::Integer { codes, .. } | Self::Categorical { codes, .. } => {
                codes[row] != MISSING_CODE
            }
        }
    }

    /// The numbers of all rows, NaN where missing; `None` for text.
    pub(crate) fn numbers(&self) -> Option<Cow<'_, [f64]>> {
        match self {
            Self::Numeric(values) => Some(Cow::Borrowed(values)),
            Self::Integer { codes, values } => {
                let number =
                    |&code: &u32| values.get(code as usize).map_or(f64::NAN, |&v| v as f64);
                Some(Cow::Owned(codes.iter().map(number).collect()))
            }
            Self::Categorical { .. } => None,
        }
    }

    /// How rows compare by this column.
    pub(crate) fn sort_key(&self) -> SortKey<'_> {
        match self {
            Self::Numeric(values) => SortKey::Numbers(values),
            Self::Integer { codes, .. } => SortKey::Codes(codes),
            Self::Categorical { codes, labels } => SortKey::Ranked(codes, label_ranks(labels)),
        }
    }

    /// Dense codes of the given rows, in ascending order of the values.
    pub(crate) fn groups(&self, rows: &[u32]) -> Groups {
        match self {
            Self::Numeric(values) => numeric_groups(values, rows),
            Self::Integer { codes, values } => {
                compressed(rows.iter().map(|&row| codes[row as usize]), values.len())
            }
            Self::Categorical { codes, labels } => {
                let ranks = label_ranks(labels);
                let ranked = rows.iter().map(|&row| ranks[codes[row as usize] as usize]);
                compressed(ranked, labels.len())
            }
        }
    }

    /// Dense codes of the given rows and the value behind each code.
    pub(crate) fn levels(&self, rows: &[u32]) -> (Groups, Vec<Level>) {
        let groups = self.groups(rows);
        let mut levels: Vec<Option<Level>> = vec![None; groups.n_groups];
        for (&code, &row) in groups.codes.iter().zip(rows) {
            let level = &mut levels[code as usize];
            if level.is_none() {
                *level = Some(self.level(row as usize));
            }
        }
        // Codes are dense: each has a row.
        (groups, levels.into_iter().flatten().collect())
    }

    fn level(&self, row: usize) -> Level {
        match self {
            // −0 + 0 is 0: both zeros are one level.
            Self::Numeric(values) => Level::Number(values[row] + 0.0),
            Self::Integer { codes, values } => Level::Integer(values[codes[row] as usize]),
            Self::Categorical { codes, labels } => Level::Text(labels[codes[row] as usize].clone()),
        }
    }
}

/// A column as far as sorting needs it; rows with missing values must not be compared.
pub(crate) enum SortKey<'a> {
    Numbers(&'a [f64]),
    Codes(&'a [u32]),
    /// Codes and the rank of each.
    Ranked(&'a [u32], Vec<u32>),
}

impl SortKey<'_> {
    /// A number that orders the rows.
    pub(crate) fn of(&self, row: u32) -> i64 {
        let row = row as usize;
        match self {
            Self::Numbers(values) => ordered_bits(values[row]),
            Self::Codes(codes) => i64::from(codes[row]),
            Self::Ranked(codes, ranks) => i64::from(ranks[codes[row] as usize]),
        }
    }
}

fn label_ranks(labels: &[String]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..labels.len() as u32).collect();
    order.sort_by(|&a, &b| labels[a as usize].cmp(&labels[b as usize]));
    let mut ranks = vec![0_u32; labels.len()];
    for (rank, &label) in order.iter().enumerate() {
        ranks[label as usize] = rank as u32;
    }
    ranks
}

/// Whole numbers in a narrow range go through a table, everything else through sorting.
fn numeric_groups(values: &[f64], rows: &[u32]) -> Groups {
    let picked = || rows.iter().map(|&row| values[row as usize]);
    let (mut low, mut high, mut is_whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
    for value in picked() {
        low = low.min(value);
        high = high.max(value);
        is_whole &= value.fract() == 0.0;
    }
    // Rows are complete, so that the values are finite.
    let span = high - low + 1.0;
    if is_whole && span <= 4.0 * rows.len() as f64 + 1024.0 {
        return compressed(picked().map(|value| (value - low) as u32), span as usize);
    }
    let keys: Vec<i64> = picked().map(ordered_bits).collect();
    let (codes, n_groups) = rank_i64(&keys);
    Groups { codes, n_groups }
}

/// Bits of a number whose integer order is the order of the numbers; −0 counts as 0.
fn ordered_bits(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    // Negative numbers are the smaller the larger their bits: all bits but the sign are turned over.
    if bits < 0 { bits ^ i64::MAX } else { bits }
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

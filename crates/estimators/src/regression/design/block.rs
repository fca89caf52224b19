//! Columns and fixed effects of a design, and the values of a variable.

use std::borrow::Cow;

use crate::error::EstimatorError;
use crate::regression::data::RegressionData;
use crate::regression::formula::syntax::{Atom, AtomKind};
use crate::regression::groups::Groups;

/// The code of a row none of whose indicators of a block is one.
pub(crate) const NO_COLUMN: u32 = u32::MAX;

/// Most columns a design may have: their products fill a square matrix.
const MAX_COLUMNS: usize = 4_000;

/// Columns of a design that share storage.
pub(crate) struct Block {
    /// One name per column.
    pub(crate) names: Vec<String>,
    pub(crate) values: Values,
}

/// The values of a block.
pub(crate) enum Values {
    /// One column.
    Dense(Vec<f64>),
    /// Per row, the index of the indicator that is one, or [`NO_COLUMN`].
    Indicators(Vec<u32>),
}

/// A fixed effect.
pub(crate) struct Effect {
    /// As written in the formula.
    pub(crate) name: String,
    pub(crate) groups: Groups,
    /// For each cluster variable, whether each level lies within one cluster.
    pub(super) nested_in: Vec<bool>,
}

impl Effect {
    /// Whether each level lies within one cluster of some cluster variable.
    pub(crate) fn is_nested(&self) -> bool {
        self.nested_in.contains(&true)
    }
}

pub(super) fn check_columns(n_columns: usize) -> Result<(), EstimatorError> {
    if n_columns <= MAX_COLUMNS {
        return Ok(());
    }
    Err(EstimatorError::TooMany {
        what: "columns (absorb factors of many levels after |)",
        found: n_columns as u64,
        limit: MAX_COLUMNS as u64,
    })
}

/// The values of a numeric atom in all rows; of a polynomial, those of its column.
pub(crate) fn numeric<'a>(
    data: &'a RegressionData,
    atom: &Atom,
) -> Result<Cow<'a, [f64]>, EstimatorError> {
    let Some(values) = data.column(&atom.column)?.numbers() else {
        let needed_for = match atom.kind {
            AtomKind::Log => "log()",
            AtomKind::Exp => "exp()",
            AtomKind::Power(_) => "a power",
            AtomKind::Poly { .. } => "poly()",
            _ => "the outcome",
        };
        return Err(EstimatorError::NotNumeric {
            column: atom.column.clone(),
            needed_for,
        });
    };
    let map = |function: &dyn Fn(f64) -> f64| values.iter().map(|&value| function(value)).collect();
    Ok(match atom.kind {
        AtomKind::Log => Cow::Owned(map(&f64::ln)),
        AtomKind::Exp => Cow::Owned(map(&f64::exp)),
        AtomKind::Power(power) if power.fract() == 0.0 && power.abs() < 100.0 => {
            Cow::Owned(map(&|value| value.powi(power as i32)))
        }
        AtomKind::Power(power) => Cow::Owned(map(&|value| value.powf(power))),
        _ => values,
    })
}

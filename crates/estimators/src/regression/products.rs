//! Products of the columns, with those of further fixed effects partialled out.

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::linear_algebra::inverse;
use crate::regression::within::columns::Within;

/// Fixed effects after the largest are solved for directly when they have at most this many levels together.
// Solving directly costs a square matrix of that size; conjugate gradients cost an unknown number of passes over the rows.
pub(crate) const DIRECT_LEVELS: usize = 500;

/// The same where leverages are needed, which exist in no other way.
pub(crate) const LEVERAGE_LEVELS: usize = 2_000;

/// Products of all columns with those of further fixed effects partialled out.
pub(crate) struct Products {
    pub(crate) within: Within,
    pub(crate) n_effects: usize,
    /// Of the remaining columns, given the fixed effects.
    pub(crate) gram: DMatrix<f64>,
    /// Inverse products of the fixed effects' indicators.
    pub(crate) effects_inverse: DMatrix<f64>,
    /// Coefficients of the remaining columns on those indicators.
    projection: DMatrix<f64>,
}

impl Products {
    pub(super) fn new(within: Within, n_effects: usize) -> Result<Self, EstimatorError> {
        let all = within.gram();
        let rest = all.nrows() - n_effects;
        let gram = all.view((n_effects, n_effects), (rest, rest)).into_owned();
        if n_effects == 0 {
            return Ok(Self {
                within,
                n_effects,
                gram,
                effects_inverse: DMatrix::zeros(0, 0),
                projection: DMatrix::zeros(0, rest),
            });
        }
        let own = all.view((0, 0), (n_effects, n_effects)).into_owned();
        let cross = all.view((0, n_effects), (n_effects, rest)).into_owned();
        let effects_inverse = inverse(&own).ok_or_else(singular)?;
        // Frisch–Waugh–Lovell on the products: the rows are read once, whatever the fixed effects.
        let projection = &effects_inverse * &cross;
        let gram = gram - cross.tr_mul(&projection);
        Ok(Self {
            within,
            n_effects,
            gram,
            effects_inverse,
            projection,
        })
    }

    /// Products with a column of numbers, given the fixed effects; and before that.
    pub(crate) fn with(&self, values: &[f64]) -> (DVector<f64>, DVector<f64>) {
        let all = self.within.products(values);
        let effects = all.rows(0, self.n_effects).into_owned();
        let rest = all.rows(self.n_effects, self.gram.nrows()).into_owned();
        let given = if self.n_effects == 0 {
            rest
        } else {
            rest - self.projection.tr_mul(&effects)
        };
        (given, effects)
    }

    /// Coefficients of all columns from those of the remaining ones, `effects` being the products to be explained.
    pub(crate) fn spread(&self, coefficients: &DVector<f64>, effects: &DVector<f64>) -> Vec<f64> {
        let mut all = vec![0.0; self.n_effects];
        if self.n_effects > 0 {
            let own = &self.effects_inverse * effects - &self.projection * coefficients;
            all.copy_from_slice(own.as_slice());
        }
        all.extend(coefficients.iter());
        all
    }

    /// Combinations of the remaining columns as combinations of all columns, given the fixed effects.
    pub(crate) fn in_all_columns(&self, combinations: &DMatrix<f64>) -> DMatrix<f64> {
        let rows = self.n_effects + combinations.nrows();
        let mut all = DMatrix::zeros(rows, combinations.ncols());
        if self.n_effects > 0 {
            let own = -&self.projection * combinations;
            all.rows_mut(0, self.n_effects).copy_from(&own);
        }
        all.rows_mut(self.n_effects, combinations.nrows())
            .copy_from(combinations);
        all
    }

    /// Products of some of the remaining columns.
    pub(crate) fn among(&self, rows: &[usize], columns: &[usize]) -> DMatrix<f64> {
        DMatrix::from_fn(rows.len(), columns.len(), |a, b| {
            self.gram[(rows[a], columns[b])]
        })
    }
}

pub(crate) fn singular() -> EstimatorError {
    EstimatorError::NothingToEstimate {
        columns: "the columns are too close to collinear".to_owned(),
    }
}

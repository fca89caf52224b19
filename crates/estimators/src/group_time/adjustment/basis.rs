//! The columns a comparison is adjusted for, told apart by how they vary within that comparison.
//!
//! Over the whole panel the columns of [`Covariates`] are orthonormal; among the units of one comparison they need not be. One
//! enormous value elsewhere makes a covariate look nearly constant here, and a column can nearly repeat others. Sums of squares
//! hold too few digits to see how much of such a column is left, so that is measured on the observations: a column of which
//! nothing is left changes no fitted value and is left out; of others that part takes the column's place.

use nalgebra::{DMatrix, DVector};

use crate::group_time::adjustment::points::{Points, Sides, linear_form};
use crate::linear_algebra::lane_dot;
use crate::panel::covariate_table::Covariates;

/// Columns of which less than this share of their length is left after taking out the earlier ones are measured.
pub(crate) const DOUBTFUL: f64 = 1e-3;

/// Columns of which less than this share is left repeat the earlier ones: that much rounding makes.
const REPEATS: f64 = 1e-10;

/// The columns of one comparison.
pub(crate) struct Basis {
    /// Which of them (intercept first) are no combination of earlier ones.
    pub(crate) kept: Vec<bool>,
    local: Option<Local>,
}

/// Other columns for the same space.
struct Local {
    covariates: Covariates,
    /// A column for each new one: its coefficients on the old ones.
    from_panel: DMatrix<f64>,
}

impl Basis {
    /// The basis for the observations of some sides, of which `gram` is ΣωXX'.
    pub(crate) fn of(covariates: &Covariates, sides: Sides<'_>, gram: &DMatrix<f64>) -> Self {
        let k = gram.nrows();
        let mut kept = vec![true; k];
        let mut orthonormal: Vec<DVector<f64>> = Vec::with_capacity(k);
        let mut new_columns = Vec::new();
        for (column, is_kept) in kept.iter_mut().enumerate() {
            let length = gram[(column, column)].sqrt();
            let mut own = DVector::zeros(k);
            own[column] = 1.0;
            // Gram and Schmidt on the coefficients, with `gram` for the inner product; the second pass takes out what
            // rounding left.
            for _ in 0..2 {
                for earlier in &orthonormal {
                    let share = earlier.dot(&(gram * &own));
                    own.axpy(-share, earlier, 1.0);
                }
            }
            // A square that rounding can leave below zero.
            let mut left = own.dot(&(gram * &own)).max(0.0).sqrt();
            let is_doubtful = left <= DOUBTFUL * length;
            if is_doubtful {
                left = measured(sides, &mut own, &orthonormal);
                if left <= REPEATS * length {
                    *is_kept = false;
                    continue;
                }
            }
            own /= left;
            if is_doubtful {
                // As long as the intercept, like the others.
                new_columns.push((column, &own * gram[(0, 0)].sqrt()));
            }
            orthonormal.push(own);
        }
        let local = (!new_columns.is_empty()).then(|| Local::of(covariates, &new_columns, k));
        Self { kept, local }
    }

    /// The covariates in this basis.
    pub(crate) fn covariates<'a>(&'a self, panel: &'a Covariates) -> &'a Covariates {
        self.local.as_ref().map_or(panel, |local| &local.covariates)
    }

    /// The same sides with their covariates in this basis, where it is another one.
    pub(crate) fn rebased<'a>(&'a self, sides: Sides<'a>) -> Option<[Points<'a>; 2]> {
        let local = self.local.as_ref()?;
        Some([sides.treated, sides.control].map(|points| points.on(&local.covariates)))
    }

    /// The coefficients on the panel's columns that say the same as these.
    pub(crate) fn on_panel(&self, coefficients: Vec<f64>) -> Vec<f64> {
        match &self.local {
            Some(local) if !coefficients.is_empty() => {
                let own = DVector::from_vec(coefficients);
                (&local.from_panel * own).as_slice().to_vec()
            }
            _ => coefficients,
        }
    }
}

impl Local {
    fn of(covariates: &Covariates, new_columns: &[(usize, DVector<f64>)], k: usize) -> Self {
        let mut own = covariates.clone();
        let mut from_panel = DMatrix::identity(k, k);
        for (column, coefficients) in new_columns {
            // Column 0 is the intercept, of which everything is left and which has no values.
            let values = &mut own.columns[column - 1];
            linear_form(covariates, coefficients.as_slice(), 0, values);
            from_panel.set_column(*column, coefficients);
        }
        Self {
            covariates: own,
            from_panel,
        }
    }
}

/// Takes out of a combination of columns what earlier ones explain, looking at the observations, and returns what is left.
fn measured(sides: Sides<'_>, own: &mut DVector<f64>, earlier: &[DVector<f64>]) -> f64 {
    for _ in 0..2 {
        let shares = products(sides, own, earlier);
        for (share, earlier) in shares.iter().zip(earlier) {
            own.axpy(-share, earlier, 1.0);
        }
    }
    products(sides, own, std::slice::from_ref(own))[0].sqrt()
}

/// Σω of a combination of columns times each of some others.
fn products(sides: Sides<'_>, own: &DVector<f64>, others: &[DVector<f64>]) -> Vec<f64> {
    let mut total = vec![0.0; others.len()];
    for points in [sides.treated, sides.control] {
        let sums = points.sum(others.len(), |loaded, sums| {
            let (mut values, mut other) = (Vec::new(), Vec::new());
            loaded.linear(own.as_slice(), &mut values);
            let weighted = values.iter_mut().zip(loaded.weights);
            weighted.for_each(|(value, weight)| *value *= weight);
            for (sum, coefficients) in sums.iter_mut().zip(others) {
                loaded.linear(coefficients.as_slice(), &mut other);
                *sum = lane_dot(&values, &other);
            }
        });
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += sum;
        }
    }
    total
}

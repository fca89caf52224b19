//! The cluster jackknife. Formulas: see the module `clusters`.

use nalgebra::{DMatrix, DVector, DVectorView};
use rayon::prelude::*;

use crate::regression::clusters::clustered::{ClusteredModel, SharedLevel};

/// A column whose unexplained part outside a cluster is below this share of its squares outside is no column there.
const COLLINEAR: f64 = 1e-9;

/// So is one of which outside the cluster less than this share of all its squares is left.
// Taking the squares of a cluster from those of all leaves rounding of some 1e-15 of them.
const VANISHED: f64 = 1e-12;

/// Part in a combination of columns, relative to both lengths, that counts.
const NO_PART: f64 = 1e-6;

impl ClusteredModel<'_> {
    /// How each coefficient (rows) changes when a cluster (columns) is left out; NaN where the others do not determine it.
    pub(crate) fn changes(&self) -> DMatrix<f64> {
        let columns: Vec<DVector<f64>> = (0..self.n_clusters())
            .into_par_iter()
            .map(|cluster| self.change_without(cluster))
            .collect();
        DMatrix::from_fn(self.n_coefficients(), columns.len(), |k, g| columns[g][k])
    }

    fn change_without(&self, cluster: usize) -> DVector<f64> {
        let rest = Rest::new(self, cluster);
        let change = rest.factor.solve(&rest.right.component_mul(&rest.scale));
        let null: Vec<DVector<f64>> = rest.factor.null_vectors();
        DVector::from_iterator(
            self.n_coefficients(),
            self.contrasts.column_iter().map(|contrast| {
                let own = contrast.component_mul(&rest.scale);
                let is_open =
                    |null: &DVector<f64>| own.dot(null).abs() > NO_PART * own.norm() * null.norm();
                if null.iter().any(is_open) {
                    f64::NAN
                } else {
                    own.dot(&change)
                }
            }),
        )
    }
}

/// The normal equations of all clusters but one.
pub(super) struct Rest {
    /// Of their matrix, on the unit of each column over all clusters.
    factor: Factor,
    scale: DVector<f64>,
    /// What leaving the cluster out takes from the right-hand side, which is zero with it.
    right: DVector<f64>,
    /// The levels of the largest fixed effect that the cluster shares with others.
    pub(super) shared: Vec<SharedLevel>,
}

impl Rest {
    pub(super) fn new(fit: &ClusteredModel<'_>, cluster: usize) -> Self {
        let summary = fit.summary(cluster);
        let mut gram = &fit.gram - summary.gram;
        let mut right = -summary.score;
        let shared = fit.shared_levels(cluster);
        for level in &shared {
            gram.ger(-1.0 / level.rest, &level.sums, &level.sums, 1.0);
            right.axpy(-level.score / level.rest, &level.sums, 1.0);
        }
        let scale = fit.gram.diagonal().map(|squares| 1.0 / squares.sqrt());
        let scaled = DMatrix::from_fn(gram.nrows(), gram.ncols(), |a, b| {
            gram[(a, b)] * scale[a] * scale[b]
        });
        Self {
            factor: Factor::new(&scaled),
            scale,
            right,
            shared,
        }
    }

    /// The solution for a contrast, zero for columns that the others explain.
    pub(super) fn solve(&self, contrast: DVectorView<'_, f64>) -> DVector<f64> {
        let solved = self.factor.solve(&contrast.component_mul(&self.scale));
        solved.component_mul(&self.scale)
    }
}

/// (G − 1)/G Σ over the columns of their outer products.
pub(crate) fn covariance(changes: &DMatrix<f64>) -> DMatrix<f64> {
    let n_clusters = changes.ncols() as f64;
    changes * changes.transpose() * ((n_clusters - 1.0) / n_clusters)
}

/// The triangular factor of a matrix of products, over its independent columns.
struct Factor {
    n: usize,
    /// Independent columns, each with its row of the factor.
    kept: Vec<(usize, Vec<f64>)>,
    /// The others, each with its products with the kept ones before it, divided by the factor.
    dependent: Vec<(usize, Vec<f64>)>,
}

impl Factor {
    fn new(gram: &DMatrix<f64>) -> Self {
        let mut factor = Self {
            n: gram.nrows(),
            kept: Vec::new(),
            dependent: Vec::new(),
        };
        for column in 0..gram.nrows() {
            let mut own: Vec<f64> = Vec::with_capacity(factor.kept.len() + 1);
            for (place, (earlier, row)) in factor.kept.iter().enumerate() {
                let explained: f64 = own.iter().zip(row).map(|(a, b)| a * b).sum();
                own.push((gram[(*earlier, column)] - explained) / row[place]);
            }
            let length = gram[(column, column)];
            let pivot = length - own.iter().map(|value| value * value).sum::<f64>();
            if pivot > VANISHED.max(COLLINEAR * length) {
                own.push(pivot.sqrt());
                factor.kept.push((column, own));
            } else {
                factor.dependent.push((column, own));
            }
        }
        factor
    }

    /// Solves with the upper triangle over the first columns of `right`, and puts the solution where those columns are.
    fn solve_upper(&self, mut right: Vec<f64>) -> DVector<f64> {
        let mut solution = DVector::zeros(self.n);
        for place in (0..right.len()).rev() {
            let (column, row) = &self.kept[place];
            let value = right[place] / row[place];
            for (earlier, entry) in right[..place].iter_mut().zip(row) {
                *earlier -= value * entry;
            }
            solution[*column] = value;
        }
        solution
    }

    /// A solution with zeros for the dependent columns.
    fn solve(&self, right: &DVector<f64>) -> DVector<f64> {
        let mut lower: Vec<f64> = Vec::with_capacity(self.kept.len());
        for (place, (column, row)) in self.kept.iter().enumerate() {
            let known: f64 = lower.iter().zip(row).map(|(a, b)| a * b).sum();
            lower.push((right[*column] - known) / row[place]);
        }
        self.solve_upper(lower)
    }

    /// Combinations of the columns that are zero, one per dependent column.
    fn null_vectors(&self) -> Vec<DVector<f64>> {
        let vector = |(column, own): &(usize, Vec<f64>)| {
            let mut vector = -self.solve_upper(own.clone());
            vector[*column] = 1.0;
            vector
        };
        self.dependent.iter().map(vector).collect()
    }
}

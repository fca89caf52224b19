//! Linear programs over the multipliers of inequalities: {γ ≥ 0, E γ = 0, Σγ = 1}, by the primal simplex method.
//!
//! The set stays while its objective changes, so that every vertex found is a start for the next program. Dimensions are a few
//! dozen: the basis is inverted once per program and updated at each pivot.

use nalgebra::{DMatrix, DVector};

/// {γ ≥ 0, E γ = 0, Σγ = 1}, not empty.
#[derive(Debug, Clone)]
pub(super) struct Polytope {
    /// E with a row of ones below it.
    columns: DMatrix<f64>,
    /// The columns of some vertex.
    start: Vec<usize>,
}

/// A vertex, with the columns that it rests on.
#[derive(Debug, Clone)]
pub(super) struct Vertex {
    basis: Vec<usize>,
    pub(super) weights: DVector<f64>,
}

/// Pivots up to this size are rounding.
const PIVOT: f64 = 1e-9;

/// Gains up to this share of the largest coefficient are rounding.
const GAIN: f64 = 1e-12;

/// Pivots by the largest gain; after them Bland's rule, which cannot go round in circles.
const GREEDY_PIVOTS: usize = 60;

/// Far more pivots than Bland's rule takes in such dimensions.
const MOST_PIVOTS: usize = 5_000;

impl Polytope {
    /// `None` when no γ fulfils the equations, or when one of them follows from the others.
    pub(super) fn try_new(equations: &DMatrix<f64>) -> Option<Self> {
        let (n_equations, n) = equations.shape();
        let m = n_equations + 1;
        let mut columns = equations.clone().insert_row(n_equations, 1.0);
        // One artificial column per equation; driving them out finds a first vertex.
        columns = columns.resize_horizontally(n + m, 0.0);
        for row in 0..m {
            columns[(row, n + row)] = 1.0;
        }
        let objective = DVector::from_fn(n + m, |column, _| if column < n { 0.0 } else { -1.0 });
        let mut tableau = Tableau::new(&columns, (n..n + m).collect())?;
        tableau.maximise(&objective);
        for row in 0..m {
            if tableau.basis[row] < n {
                continue;
            }
            // An artificial column that keeps weight: no γ fulfils the equations.
            if tableau.values()[row] > PIVOT {
                return None;
            }
            // One without weight makes room for any other column, and the vertex stays where it is.
            let replacement = (0..n)
                .filter(|column| !tableau.basis.contains(column))
                .map(|column| {
                    (
                        column,
                        tableau
                            .inverse
                            .row(row)
                            .dot(&columns.column(column).transpose()),
                    )
                })
                .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
            if replacement.1.abs() <= PIVOT {
                return None;
            }
            tableau.pivot(row, replacement.0);
        }
        let start = tableau.basis;
        Some(Self {
            columns: columns.columns(0, n).into_owned(),
            start,
        })
    }

    /// Some vertex.
    pub(super) fn vertex(&self) -> Vertex {
        Vertex {
            basis: self.start.clone(),
            weights: DVector::zeros(self.columns.ncols()),
        }
    }

    /// A vertex at which `objective`'γ is largest, searched from `from`.
    pub(super) fn maximise(&self, objective: &DVector<f64>, from: &Vertex) -> Vertex {
        let bases = [&from.basis, &self.start];
        let tableau = bases
            .into_iter()
            .find_map(|basis| Tableau::new(&self.columns, basis.clone()));
        // The start was inverted when it was found; a vertex reached by sound pivots can be inverted too.
        let Some(mut tableau) = tableau else {
            return from.clone();
        };
        tableau.maximise(objective);
        let mut weights = DVector::zeros(self.columns.ncols());
        for (&column, &value) in tableau.basis.iter().zip(&tableau.values()) {
            // Rounding can leave a weight of zero below it.
            weights[column] = value.max(0.0);
        }
        Vertex {
            basis: tableau.basis,
            weights,
        }
    }
}

/// A basis and its inverse.
struct Tableau<'a> {
    columns: &'a DMatrix<f64>,
    basis: Vec<usize>,
    inverse: DMatrix<f64>,
}

impl<'a> Tableau<'a> {
    fn new(columns: &'a DMatrix<f64>, basis: Vec<usize>) -> Option<Self> {
        let inverse = columns.select_columns(&basis).try_inverse()?;
        Some(Self {
            columns,
            basis,
            inverse,
        })
    }

    /// The weights of the columns of the basis: the right-hand side is one in the last row and zero in the others.
    fn values(&self) -> Vec<f64> {
        let last = self.inverse.ncols() - 1;
        self.inverse.column(last).iter().copied().collect()
    }

    fn maximise(&mut self, objective: &DVector<f64>) {
        let tolerance = GAIN * objective.amax();
        for step in 0..MOST_PIVOTS {
            let Some(entering) = self.entering(objective, tolerance, step >= GREEDY_PIVOTS) else {
                return;
            };
            let Some(leaving) = self.leaving(entering, step >= GREEDY_PIVOTS) else {
                return;
            };
            self.pivot(leaving, entering);
        }
    }

    /// The column that gains most, or by Bland's rule the first that gains.
    fn entering(&self, objective: &DVector<f64>, tolerance: f64, bland: bool) -> Option<usize> {
        let own = DVector::from_iterator(
            self.basis.len(),
            self.basis.iter().map(|&column| objective[column]),
        );
        let prices = self.inverse.tr_mul(&own);
        let gains = (0..self.columns.ncols())
            .filter(|column| !self.basis.contains(column))
            .map(|column| {
                (
                    column,
                    objective[column] - prices.dot(&self.columns.column(column)),
                )
            });
        let mut gaining = gains.filter(|(_, gain)| *gain > tolerance);
        let best = if bland {
            gaining.next()
        } else {
            gaining.max_by(|a, b| a.1.total_cmp(&b.1))
        };
        best.map(|(column, _)| column)
    }

    /// The row whose weight reaches zero first when `entering` comes in; among ties the largest pivot, or by Bland's rule the
    /// first column.
    fn leaving(&self, entering: usize, bland: bool) -> Option<usize> {
        let direction = &self.inverse * self.columns.column(entering);
        let values = self.values();
        let mut best: Option<(usize, f64)> = None;
        for row in 0..values.len() {
            if direction[row] <= PIVOT {
                continue;
            }
            let ratio = values[row].max(0.0) / direction[row];
            let is_better = best.is_none_or(|(known, least)| {
                let tie = (ratio - least).abs() <= 1e-14;
                let wins_tie = if bland {
                    self.basis[row] < self.basis[known]
                } else {
                    direction[row] > direction[known]
                };
                if tie { wins_tie } else { ratio < least }
            });
            if is_better {
                best = Some((row, ratio));
            }
        }
        best.map(|(row, _)| row)
    }

    fn pivot(&mut self, row: usize, entering: usize) {
        let direction = &self.inverse * self.columns.column(entering);
        let scaled = self.inverse.row(row) / direction[row];
        for other in 0..direction.len() {
            if other != row {
                let change = &scaled * direction[other];
                let mut target = self.inverse.row_mut(other);
                target -= change;
            }
        }
        self.inverse.set_row(row, &scaled);
        self.basis[row] = entering;
    }
}

//! The working model that degrees of freedom come from: errors that are independent and of equal variance, also with weights.
//!
//! A coefficient's error is made from numbers q_g = d_g'e_g, one per cluster, with d_g a combination of the cluster's columns and weighted
//! columns, e_g = R_gy its residuals. Under the working model their covariance is Q_gh = d_g'R_gR_h'd_h, which is d_g'd_h plus a form
//! in Z_g'd_g and, with weights, Z_g'Ω_gd_g: nothing as large as the rows is needed. Σq² is then about a multiple of χ² with tr(Q)²/ΣQ²
//! degrees of freedom (Satterthwaite). Symbols: see the module `clusters`.

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::regression::clusters::clustered::{ClusteredModel, scale_columns, sum_blocks};
use crate::regression::within::columns::Centre;

/// Most columns, written-out levels and weighted columns included: a cluster has matrices of that size.
const MOST_COLUMNS: usize = 500;

/// What a cluster contributes to Q.
pub(super) struct Part {
    /// Q_gg of each coefficient.
    pub(super) squares: Vec<f64>,
    /// Z_g'd_g, with weights followed by Z_g'Ω_gd_g: a column per coefficient.
    pub(super) vectors: DMatrix<f64>,
    /// Where those rows are in the form.
    pub(super) places: Vec<usize>,
}

/// The columns with the levels that have to be written out in front, and their products.
pub(super) struct WorkingModel<'a> {
    pub(super) fit: &'a ClusteredModel<'a>,
    /// Of each level of the largest fixed effect, its place among those written out, or [`usize::MAX`].
    levels: Vec<usize>,
    /// Inverse products of levels and columns.
    pub(super) inverse: DMatrix<f64>,
    /// M Z'Ω²Z M for the same.
    pub(super) middle: DMatrix<f64>,
    pub(super) has_weights: bool,
    /// N with Q_gh = f_g'Nf_h for different clusters, f their vectors.
    form: DMatrix<f64>,
}

impl<'a> WorkingModel<'a> {
    /// With the levels of the largest fixed effect that clusters cut written out, and on request those within which weights vary.
    ///
    /// # Errors
    /// Too many columns, counting these levels; `what` says of which errors they are.
    pub(super) fn new(
        fit: &'a ClusteredModel<'a>,
        writes_varying: bool,
        what: &'static str,
    ) -> Result<Self, EstimatorError> {
        let has_weights = fit.within.weights.is_some();
        let (levels, written) = levels_to_write(fit, writes_varying);
        let n = written.len() + fit.n_columns();
        let size = if has_weights { 2 * n } else { n };
        if size > MOST_COLUMNS {
            return Err(EstimatorError::TooMany {
                what,
                found: size as u64,
                limit: MOST_COLUMNS as u64,
            });
        }
        let mut inverse = DMatrix::zeros(n, n);
        if let Centre::Groups(partition) = &fit.within.centre {
            for (place, &level) in written.iter().enumerate() {
                inverse[(place, place)] = 1.0 / partition.totals[level];
            }
        }
        let from = written.len();
        let mut own = inverse.view_mut((from, from), (n - from, n - from));
        own.copy_from(&fit.inverse);
        let mut model = Self {
            fit,
            levels,
            middle: inverse.clone(),
            form: -&inverse,
            inverse,
            has_weights,
        };
        if has_weights {
            let squares = model.squared_weights();
            model.middle = &model.inverse * squares * &model.inverse;
            model.form = DMatrix::zeros(size, size);
            model.form.view_mut((0, 0), (n, n)).copy_from(&model.middle);
            let cross = -&model.inverse;
            model.form.view_mut((0, n), (n, n)).copy_from(&cross);
            model.form.view_mut((n, 0), (n, n)).copy_from(&cross);
        }
        Ok(model)
    }

    /// f'Nf of a vector at these places.
    pub(super) fn form_of(&self, vector: &DVector<f64>, places: &[usize]) -> f64 {
        let n = places.len();
        let among = DMatrix::from_fn(n, n, |a, b| self.form[(places[a], places[b])]);
        vector.dot(&(&among * vector))
    }

    /// The levels written out.
    pub(super) fn n_written(&self) -> usize {
        self.inverse.nrows() - self.fit.n_columns()
    }

    /// Vectors of the columns alone and, with weights, of the weighted columns, with their places in the form.
    pub(super) fn vectors(
        &self,
        own: DMatrix<f64>,
        weighted: impl FnOnce() -> DMatrix<f64>,
        mut places: Vec<usize>,
    ) -> (DMatrix<f64>, Vec<usize>) {
        if !self.has_weights {
            return (own, places);
        }
        let (m, n) = (own.nrows(), self.inverse.nrows());
        let more = weighted();
        let vectors = DMatrix::from_fn(2 * m, own.ncols(), |row, column| {
            if row < m {
                own[(row, column)]
            } else {
                more[(row - m, column)]
            }
        });
        let second: Vec<usize> = places.iter().map(|place| n + place).collect();
        places.extend(second);
        (vectors, places)
    }

    /// Z'Ω²Z.
    fn squared_weights(&self) -> DMatrix<f64> {
        let n = self.inverse.nrows();
        let mut all = DMatrix::zeros(n, n);
        for cluster in 0..self.fit.n_clusters() {
            let places = self.places(cluster);
            let own = sum_blocks(
                self.fit.rows(cluster),
                (places.len(), places.len()),
                |rows| {
                    let mut columns = self.columns_of(rows, &places);
                    scale_columns(&mut columns, &self.fit.weights_of(rows));
                    &columns * columns.transpose()
                },
            );
            for (b, &column) in places.iter().enumerate() {
                for (a, &row) in places.iter().enumerate() {
                    all[(row, column)] += own[(a, b)];
                }
            }
        }
        all
    }

    /// The levels written out that the cluster has rows of, then all columns.
    pub(super) fn places(&self, cluster: usize) -> Vec<usize> {
        let n_written = self.n_written();
        let mut places = Vec::new();
        if n_written > 0
            && let Centre::Groups(partition) = &self.fit.within.centre
        {
            let rows = self.fit.rows(cluster).iter();
            places.extend(rows.map(|&row| self.levels[partition.group_of(row)]));
            places.retain(|&place| place != usize::MAX);
            places.dedup();
        }
        places.extend(n_written..self.inverse.nrows());
        places
    }

    /// Rows of the columns at `places`, as the columns of a matrix.
    pub(super) fn columns_of(&self, rows: &[u32], places: &[usize]) -> DMatrix<f64> {
        let columns = self.fit.columns_of(rows);
        let n_written = places.len() - columns.nrows();
        let Centre::Groups(partition) = &self.fit.within.centre else {
            return columns;
        };
        if n_written == 0 {
            return columns;
        }
        let mut columns = columns.insert_rows(0, n_written, 0.0);
        for (&row, mut column) in rows.iter().zip(columns.column_iter_mut()) {
            let level = self.levels[partition.group_of(row)];
            if let Ok(place) = places[..n_written].binary_search(&level) {
                column[place] = 1.0;
            }
        }
        columns
    }
}

/// The levels of the largest fixed effect that are written out: those that clusters cut and, on request, those within which weights
/// vary. The place of each level among them, and the levels.
fn levels_to_write(fit: &ClusteredModel<'_>, writes_varying: bool) -> (Vec<usize>, Vec<usize>) {
    let Centre::Groups(partition) = &fit.within.centre else {
        return (Vec::new(), Vec::new());
    };
    let varies = |level: usize| {
        let rows = partition.rows(level);
        let codes = &fit.clusters.codes[rows.clone()];
        let is_cut = fit.cut.is_some() && codes.iter().any(|code| *code != codes[0]);
        let weights = fit.within.weights.as_deref().filter(|_| writes_varying);
        let weights = weights.map(|all| &all[rows]);
        is_cut || weights.is_some_and(|own| own.iter().any(|weight| *weight != own[0]))
    };
    let mut places = vec![usize::MAX; partition.n_groups()];
    let mut written = Vec::new();
    for (level, place) in places.iter_mut().enumerate() {
        if varies(level) {
            *place = written.len();
            written.push(level);
        }
    }
    (places, written)
}

/// tr(Q) and ΣQ² of each coefficient, summed over clusters.
pub(super) struct Sums {
    traces: Vec<f64>,
    /// ΣQ_gg² less the squares of what the form has of a cluster with itself.
    squares: Vec<f64>,
    /// Σ f f'.
    products: Vec<DMatrix<f64>>,
}

impl Sums {
    pub(super) fn new(model: &WorkingModel<'_>) -> Self {
        let (k, size) = (model.fit.n_coefficients(), model.form.nrows());
        Self {
            traces: vec![0.0; k],
            squares: vec![0.0; k],
            products: vec![DMatrix::zeros(size, size); k],
        }
    }

    pub(super) fn add(&mut self, model: &WorkingModel<'_>, part: &Part) {
        for (j, &square) in part.squares.iter().enumerate() {
            let own = DVector::from_column_slice(part.vectors.column(j).as_slice());
            // Of the pairs of clusters the form has all; that of a cluster with itself has the identity beside.
            let itself = model.form_of(&own, &part.places);
            self.traces[j] += square;
            self.squares[j] += square.powi(2) - itself.powi(2);
            let products = &mut self.products[j];
            for (b, &column) in part.places.iter().enumerate() {
                for (a, &row) in part.places.iter().enumerate() {
                    products[(row, column)] += own[a] * own[b];
                }
            }
        }
    }

    /// tr(Q) of each coefficient.
    pub(super) fn traces(&self) -> &[f64] {
        &self.traces
    }

    /// tr(Q)²/ΣQ² of each coefficient.
    pub(super) fn degrees_of_freedom(&self, model: &WorkingModel<'_>) -> Vec<f64> {
        let own = self.traces.iter().zip(&self.squares).zip(&self.products);
        own.map(|((trace, squares), products)| {
            let image = &model.form * products;
            let pairs = image.component_mul(&image.transpose()).sum();
            trace.powi(2) / (squares + pairs)
        })
        .collect()
    }
}

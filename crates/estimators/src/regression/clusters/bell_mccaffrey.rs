//! CR2 and its degrees of freedom. Formulas: see the module `clusters`.

use nalgebra::{DMatrix, DMatrixView, DVector, SymmetricEigen};
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::clusters::clustered::{Clustered, scale_columns, sum_blocks};
use crate::regression::within::columns::Centre;

/// Eigenvalues of R_gR_g' below this share of the largest are zero.
const ZERO: f64 = 1e-10;

/// Directions of a cluster's columns of which less than this share of the squares is left are left out.
// Directions that are only rounding do no harm, as the span may be larger than it must be; leaving out a real one would.
const NO_DIRECTION: f64 = 1e-14;

/// Most columns, written-out levels and weighted columns included: a cluster has matrices of that size.
const MOST_COLUMNS: usize = 500;

/// Clusters whose parts are held at the same time.
const WAVE: usize = 256;

/// A covariance matrix and the degrees of freedom of each coefficient.
pub(crate) struct BellMcCaffrey {
    pub(crate) covariance: DMatrix<f64>,
    pub(crate) df: Vec<f64>,
}

impl BellMcCaffrey {
    /// # Errors
    /// Too many columns, counting the levels of the largest fixed effect that clusters cut or within which weights vary.
    pub(crate) fn new(fit: &Clustered<'_>) -> Result<Self, EstimatorError> {
        let work = Work::new(fit)?;
        let k = fit.n_coefficients();
        let size = work.form.nrows();
        let mut covariance = DMatrix::zeros(k, k);
        let (mut trace, mut squares) = (vec![0.0; k], vec![0.0; k]);
        let mut products = vec![DMatrix::<f64>::zeros(size, size); k];
        let clusters: Vec<usize> = (0..fit.n_clusters()).collect();
        for wave in clusters.chunks(WAVE) {
            let parts: Vec<Option<Part>> =
                wave.par_iter().map(|&cluster| work.part(cluster)).collect();
            for part in parts {
                let Some(part) = part else {
                    // Numbers beyond what products can hold: there is no error.
                    covariance.fill(f64::NAN);
                    continue;
                };
                covariance.ger(1.0, &part.score, &part.score, 1.0);
                for j in 0..k {
                    let own = DVector::from_column_slice(part.vectors.column(j).as_slice());
                    let among = DMatrix::from_fn(own.len(), own.len(), |a, b| {
                        work.form[(part.places[a], part.places[b])]
                    });
                    // Of the pairs of clusters the form has all; that of a cluster with itself has the identity beside.
                    let itself = own.dot(&(&among * &own));
                    trace[j] += part.squares[j];
                    squares[j] += part.squares[j].powi(2) - itself.powi(2);
                    add_outer(&mut products[j], &own, &part.places);
                }
            }
        }
        let df = (0..k).map(|j| {
            let image = &work.form * &products[j];
            let pairs = image.component_mul(&image.transpose()).sum();
            trace[j].powi(2) / (squares[j] + pairs)
        });
        let df = df.collect();
        Ok(Self { covariance, df })
    }
}

fn add_outer(products: &mut DMatrix<f64>, own: &DVector<f64>, places: &[usize]) {
    for (b, &column) in places.iter().enumerate() {
        for (a, &row) in places.iter().enumerate() {
            products[(row, column)] += own[a] * own[b];
        }
    }
}

/// What a cluster contributes.
struct Part {
    /// x_g'ΩA_ge_g of each coefficient.
    score: DVector<f64>,
    /// Q_gg of each coefficient.
    squares: Vec<f64>,
    /// Z_g'a_g, with weights followed by Z_g'Ω_ga_g: a column per coefficient.
    vectors: DMatrix<f64>,
    /// Where those rows are in the form.
    places: Vec<usize>,
}

/// The columns with the levels that have to be written out in front, and their products.
struct Work<'a> {
    fit: &'a Clustered<'a>,
    /// Of each level of the largest fixed effect, its place among those written out, or [`usize::MAX`].
    levels: Vec<usize>,
    /// Inverse products of levels and columns.
    inverse: DMatrix<f64>,
    /// M Z'Ω²Z M for the same.
    middle: DMatrix<f64>,
    has_weights: bool,
    /// N with Q_gh = f_g'Nf_h for different clusters, f their vectors.
    form: DMatrix<f64>,
}

impl<'a> Work<'a> {
    fn new(fit: &'a Clustered<'a>) -> Result<Self, EstimatorError> {
        let has_weights = fit.within.weights.is_some();
        let (levels, written) = levels_to_write(fit);
        let n = written.len() + fit.n_columns();
        let size = if has_weights { 2 * n } else { n };
        if size > MOST_COLUMNS {
            return Err(EstimatorError::TooMany {
                what: "columns for cr2 (with fixed effects after the largest, those of its levels that lie in several \
                       clusters or within which weights vary, and twice over with weights; use cr3)",
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
        let mut work = Self {
            fit,
            levels,
            middle: inverse.clone(),
            form: -&inverse,
            inverse,
            has_weights,
        };
        if has_weights {
            let squares = work.squared_weights();
            work.middle = &work.inverse * squares * &work.inverse;
            work.form = DMatrix::zeros(size, size);
            work.form.view_mut((0, 0), (n, n)).copy_from(&work.middle);
            let cross = -&work.inverse;
            work.form.view_mut((0, n), (n, n)).copy_from(&cross);
            work.form.view_mut((n, 0), (n, n)).copy_from(&cross);
        }
        Ok(work)
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
    fn places(&self, cluster: usize) -> Vec<usize> {
        let n_written = self.inverse.nrows() - self.fit.n_columns();
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
    fn columns_of(&self, rows: &[u32], places: &[usize]) -> DMatrix<f64> {
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

    /// `None` where the numbers are not finite.
    fn part(&self, cluster: usize) -> Option<Part> {
        let rows = self.fit.rows(cluster);
        let places = self.places(cluster);
        let basis = Basis::new(self, rows, &places)?;
        let (m, r) = (places.len(), basis.n_directions);
        let among =
            |matrix: &DMatrix<f64>| DMatrix::from_fn(m, m, |a, b| matrix[(places[a], places[b])]);
        let (own, weighted) = (basis.columns(), basis.weighted());
        // Q'R_gR_g'Q; without weights two of the three terms are equal and cancel.
        let square = if self.has_weights {
            let cross = own * among(&self.inverse) * weighted.transpose();
            own * among(&self.middle) * own.transpose() - &cross - cross.transpose()
        } else {
            -(own * among(&self.inverse) * own.transpose())
        };
        let square = DMatrix::identity(r, r) + square;
        let square = (&square + square.transpose()) * 0.5;
        let root = inverse_root(&square, if rows.len() > r { 1.0 } else { 0.0 })?;
        let n_written = m - self.fit.n_columns();
        let scores = weighted.columns(n_written, m - n_written) * &self.fit.combinations;
        let images = &root * scores;
        let mut vectors = own.tr_mul(&images);
        let mut at = places;
        if self.has_weights {
            let n = self.inverse.nrows();
            let more = weighted.tr_mul(&images);
            vectors = DMatrix::from_fn(2 * m, vectors.ncols(), |row, column| {
                if row < m {
                    vectors[(row, column)]
                } else {
                    more[(row - m, column)]
                }
            });
            let second: Vec<usize> = at.iter().map(|place| n + place).collect();
            at.extend(second);
        }
        let squared = &square * &images;
        Some(Part {
            score: images.tr_mul(&basis.residuals()),
            squares: images
                .column_iter()
                .zip(squared.column_iter())
                .map(|(image, squared)| image.dot(&squared))
                .collect(),
            vectors,
            places: at,
        })
    }
}

/// The levels of the largest fixed effect that are written out: those that clusters cut, and those within which weights vary. The
/// place of each level among them, and the levels.
fn levels_to_write(fit: &Clustered<'_>) -> (Vec<usize>, Vec<usize>) {
    let Centre::Groups(partition) = &fit.within.centre else {
        return (Vec::new(), Vec::new());
    };
    let varies = |level: usize| {
        let rows = partition.rows(level);
        let codes = &fit.clusters.codes[rows.clone()];
        let is_cut = fit.cut.is_some() && codes.iter().any(|code| *code != codes[0]);
        let weights = fit.within.weights.as_deref().map(|all| &all[rows]);
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

/// An orthonormal basis Q of the span of a cluster's columns and weighted columns, and products with it.
struct Basis {
    n_directions: usize,
    n_columns: usize,
    /// Q'Z, Q'ΩZ, Q'e side by side.
    products: DMatrix<f64>,
}

impl Basis {
    /// `None` where the numbers are not finite.
    fn new(work: &Work<'_>, rows: &[u32], places: &[usize]) -> Option<Self> {
        let weights = work.fit.weights_of(rows);
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let is_weighted = weights.iter().any(|weight| *weight != weights[0]);
        let m = places.len();
        // The weighted columns by what they add to the columns: weights that hardly vary make two columns nearly one.
        let spanning = |rows: &[u32]| {
            let columns = work.columns_of(rows, places);
            if !is_weighted {
                return columns;
            }
            let weights = work.fit.weights_of(rows);
            let mut all = columns.clone().insert_rows(m, m, 0.0);
            for (mut column, weight) in all.column_iter_mut().zip(weights) {
                for row in 0..m {
                    column[m + row] = (weight - mean) * column[row];
                }
            }
            all
        };
        let n = if is_weighted { 2 * m } else { m };
        let gram = sum_blocks(rows, (n, n), |some| {
            let columns = spanning(some);
            &columns * columns.transpose()
        });
        let first = orthonormal(&gram)?;
        let r = first.ncols();
        // Again, with columns that are orthonormal but for rounding: now they are so to all digits.
        let products = sum_blocks(rows, (r, r + 2 * m + 1), |some| {
            let directions = first.tr_mul(&spanning(some));
            let columns = work.columns_of(some, places);
            let mut weighted = columns.clone();
            scale_columns(&mut weighted, &work.fit.weights_of(some));
            let mut right = DMatrix::zeros(some.len(), r + 2 * m + 1);
            right.columns_mut(0, r).tr_copy_from(&directions);
            right.columns_mut(r, m).tr_copy_from(&columns);
            right.columns_mut(r + m, m).tr_copy_from(&weighted);
            right.set_column(r + 2 * m, &work.fit.residuals_of(some));
            directions * right
        });
        let second = orthonormal(&products.columns(0, r).into_owned())?;
        Some(Self {
            n_directions: second.ncols(),
            n_columns: m,
            products: second.tr_mul(&products.columns(r, 2 * m + 1)),
        })
    }

    /// Q'Z.
    fn columns(&self) -> DMatrixView<'_, f64> {
        self.products.columns(0, self.n_columns)
    }

    /// Q'ΩZ.
    fn weighted(&self) -> DMatrixView<'_, f64> {
        self.products.columns(self.n_columns, self.n_columns)
    }

    /// Q'e.
    fn residuals(&self) -> DVector<f64> {
        self.products.column(2 * self.n_columns).into_owned()
    }
}

/// Combinations (columns) that make columns with these products orthonormal; `None` where a product is not finite.
fn orthonormal(gram: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    if gram.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let n = gram.nrows();
    let scale: Vec<f64> = (0..n)
        .map(|k| match gram[(k, k)] {
            positive if positive > 0.0 => 1.0 / positive.sqrt(),
            _ => 0.0,
        })
        .collect();
    let scaled = DMatrix::from_fn(n, n, |a, b| gram[(a, b)] * scale[a] * scale[b]);
    if n == 0 || scaled.iter().any(|value| !value.is_finite()) {
        return (n == 0).then(|| DMatrix::zeros(0, 0));
    }
    let eigen = SymmetricEigen::new(scaled);
    let smallest = NO_DIRECTION * eigen.eigenvalues.max();
    let kept: Vec<usize> = (0..n)
        .filter(|&k| eigen.eigenvalues[k] > smallest)
        .collect();
    Some(DMatrix::from_fn(n, kept.len(), |row, column| {
        let value = eigen.eigenvalues[kept[column]];
        scale[row] * eigen.eigenvectors[(row, kept[column])] / value.sqrt()
    }))
}

/// The generalised inverse root of R_gR_g' on the span; `beside` is its eigenvalue off the span. `None` without finite numbers.
fn inverse_root(square: &DMatrix<f64>, beside: f64) -> Option<DMatrix<f64>> {
    if square.iter().any(|value| !value.is_finite()) {
        return None;
    }
    if square.nrows() == 0 {
        return Some(DMatrix::zeros(0, 0));
    }
    let SymmetricEigen {
        eigenvalues,
        mut eigenvectors,
    } = SymmetricEigen::new(square.clone());
    let smallest = ZERO * eigenvalues.max().max(beside);
    for (mut vector, &value) in eigenvectors.column_iter_mut().zip(eigenvalues.iter()) {
        // The fourth root, as the vector comes in twice.
        vector *= if value > smallest {
            value.sqrt().sqrt().recip()
        } else {
            0.0
        };
    }
    Some(&eigenvectors * eigenvectors.transpose())
}

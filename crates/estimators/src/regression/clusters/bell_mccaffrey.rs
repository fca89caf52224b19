//! CR2 and its degrees of freedom. Formulas: see the module `clusters`.

use nalgebra::{DMatrix, DMatrixView, DVector, SymmetricEigen};
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::clusters::clustered::{ClusteredModel, scale_columns, sum_blocks};
use crate::regression::clusters::working_model::{Part, Sums, WorkingModel};

/// Eigenvalues of R_gR_g' below this share of the largest are zero.
const ZERO: f64 = 1e-10;

/// Directions of a cluster's columns of which less than this share of the squares is left are left out.
// Directions that are only rounding do no harm, as the span may be larger than it must be; leaving out a real one would.
const NO_DIRECTION: f64 = 1e-14;

/// What there are too many of.
const TOO_MANY: &str = "columns for cr2 (with fixed effects after the largest, those of its levels that lie in several \
                        clusters or within which weights vary, and twice over with weights; use cr3)";

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
    pub(crate) fn new(fit: &ClusteredModel<'_>) -> Result<Self, EstimatorError> {
        let model = WorkingModel::new(fit, true, TOO_MANY)?;
        let k = fit.n_coefficients();
        let mut covariance = DMatrix::zeros(k, k);
        let mut sums = Sums::new(&model);
        let clusters: Vec<usize> = (0..fit.n_clusters()).collect();
        for wave in clusters.chunks(WAVE) {
            let parts: Vec<Option<Corrected>> = wave
                .par_iter()
                .map(|&cluster| corrected(&model, cluster))
                .collect();
            for corrected in parts {
                let Some(Corrected { score, part }) = corrected else {
                    // Numbers beyond what products can hold: there is no error.
                    covariance.fill(f64::NAN);
                    continue;
                };
                covariance.ger(1.0, &score, &score, 1.0);
                sums.add(&model, &part);
            }
        }
        Ok(Self {
            covariance,
            df: sums.degrees_of_freedom(&model),
        })
    }
}

/// What a cluster contributes.
struct Corrected {
    /// x_g'ΩA_ge_g of each coefficient.
    score: DVector<f64>,
    part: Part,
}

/// `None` where the numbers are not finite.
fn corrected(model: &WorkingModel<'_>, cluster: usize) -> Option<Corrected> {
    let rows = model.fit.rows(cluster);
    let places = model.places(cluster);
    let basis = Basis::new(model, rows, &places)?;
    let (m, r) = (places.len(), basis.n_directions);
    let among =
        |matrix: &DMatrix<f64>| DMatrix::from_fn(m, m, |a, b| matrix[(places[a], places[b])]);
    let (own, weighted) = (basis.columns(), basis.weighted());
    // Q'R_gR_g'Q; without weights two of the three terms are equal and cancel.
    let square = if model.has_weights {
        let cross = own * among(&model.inverse) * weighted.transpose();
        own * among(&model.middle) * own.transpose() - &cross - cross.transpose()
    } else {
        -(own * among(&model.inverse) * own.transpose())
    };
    let square = DMatrix::identity(r, r) + square;
    let square = (&square + square.transpose()) * 0.5;
    let root = inverse_root(&square, if rows.len() > r { 1.0 } else { 0.0 })?;
    let n_written = m - model.fit.n_columns();
    let scores = weighted.columns(n_written, m - n_written) * &model.fit.combinations;
    let images = &root * scores;
    let (vectors, places) = model.vectors(own.tr_mul(&images), || weighted.tr_mul(&images), places);
    let squared = &square * &images;
    let pairs = images.column_iter().zip(squared.column_iter());
    Some(Corrected {
        score: images.tr_mul(&basis.residuals()),
        part: Part {
            squares: pairs.map(|(image, squared)| image.dot(&squared)).collect(),
            vectors,
            places,
        },
    })
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
    fn new(model: &WorkingModel<'_>, rows: &[u32], places: &[usize]) -> Option<Self> {
        let weights = model.fit.weights_of(rows);
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let is_weighted = weights.iter().any(|weight| *weight != weights[0]);
        let m = places.len();
        // The weighted columns by what they add to the columns: weights that hardly vary make two columns nearly one.
        let spanning = |rows: &[u32]| {
            let columns = model.columns_of(rows, places);
            if !is_weighted {
                return columns;
            }
            let weights = model.fit.weights_of(rows);
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
            let columns = model.columns_of(some, places);
            let mut weighted = columns.clone();
            scale_columns(&mut weighted, &model.fit.weights_of(some));
            let mut right = DMatrix::zeros(some.len(), r + 2 * m + 1);
            right.columns_mut(0, r).tr_copy_from(&directions);
            right.columns_mut(r, m).tr_copy_from(&columns);
            right.columns_mut(r + m, m).tr_copy_from(&weighted);
            right.set_column(r + 2 * m, &model.fit.residuals_of(some));
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

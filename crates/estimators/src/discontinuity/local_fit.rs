//! Polynomials fitted to the rows near the cutoff on one side.
//!
//! In powers of the distance the normal equations lose a digit with every order; here the columns are Legendre polynomials of
//! distance/bandwidth on [0, 1], which are nearly orthogonal. Coefficients of powers of the distance are linear in theirs.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::discontinuity::kernel::Kernel;
use crate::discontinuity::side::{Side, Window};
use crate::linear_algebra::inverse;

/// The most coefficients of a fit: order 8.
const MAX_COEFFICIENTS: usize = 9;

/// Rows summed at a time.
const CHUNK: usize = 1 << 13;

/// A weighted polynomial fit of every column of a side.
pub(super) struct LocalFit<'a> {
    side: &'a Side,
    kernel: Kernel,
    pub(super) bandwidth: f64,
    pub(super) order: usize,
    pub(super) window: Window,
    /// Rows by rows: Σ w r r'.
    pub(super) gram: DMatrix<f64>,
    inverse: DMatrix<f64>,
    /// Σ w r D, one column per column of the side.
    pub(super) products: DMatrix<f64>,
    /// Σ w Z D for the covariates Z.
    pub(super) covariate_products: DMatrix<f64>,
    coefficients: DMatrix<f64>,
}

/// The weights with which rows enter a coefficient.
pub(super) struct Functional {
    /// By Legendre polynomial.
    weights: Vec<f64>,
}

impl<'a> LocalFit<'a> {
    /// A fit of `order` within `bandwidth`; `None` with fewer distinct values than coefficients. The last `n_covariates` columns of
    /// the side are covariates.
    pub(super) fn new(
        side: &'a Side,
        kernel: Kernel,
        bandwidth: f64,
        order: usize,
        n_covariates: usize,
    ) -> Option<Self> {
        if !(bandwidth.is_finite() && bandwidth > 0.0) || order >= MAX_COEFFICIENTS {
            return None;
        }
        let window = side.window(kernel, bandwidth);
        if window.n_values < order + 1 {
            return None;
        }
        let rows = Rows {
            side,
            kernel,
            bandwidth,
            n: order + 1,
            n_covariates,
        };
        let sums = rows.sums(window.n_rows);
        let k = order + 1;
        let gram = DMatrix::from_fn(k, k, |a, b| sums.gram[a.min(b)][a.max(b)]);
        let n_columns = side.columns.len();
        let products = DMatrix::from_fn(k, n_columns, |a, column| sums.products[column][a]);
        let covariate_products = DMatrix::from_fn(n_covariates, n_columns, |covariate, column| {
            sums.covariates[covariate * n_columns + column]
        });
        let inverse = inverse(&gram)?;
        if inverse.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let coefficients = &inverse * &products;
        Some(Self {
            side,
            kernel,
            bandwidth,
            order,
            window,
            gram,
            inverse,
            products,
            covariate_products,
            coefficients,
        })
    }

    /// Of every column, in Legendre polynomials.
    pub(super) fn coefficients(&self) -> &DMatrix<f64> {
        &self.coefficients
    }

    /// The weights of the rows in the coefficient of distance^`power`.
    pub(super) fn functional(&self, power: usize) -> Functional {
        let scale = self.bandwidth.powi(power as i32);
        let k = self.order + 1;
        let row = DVector::from_fn(k, |degree, _| legendre_coefficient(degree, power) / scale);
        Functional {
            weights: (&self.inverse * row).iter().copied().collect(),
        }
    }

    /// The coefficient in the fit of a contrast of the columns.
    pub(super) fn coefficient(&self, functional: &Functional, contrast: &[f64]) -> f64 {
        let own = |column: usize| -> f64 {
            let products = self.products.column(column);
            functional
                .weights
                .iter()
                .zip(&products)
                .map(|(weight, product)| weight * product)
                .sum()
        };
        let terms = contrast.iter().enumerate();
        terms
            .filter(|(_, share)| **share != 0.0)
            .map(|(column, share)| share * own(column))
            .sum()
    }

    /// The weight of each row in the coefficient, zero beyond the bandwidth.
    pub(super) fn scores(&self, functional: &Functional, n_rows: usize) -> Vec<f64> {
        let score = |&distance: &f64| {
            let u = distance / self.bandwidth;
            let basis = basis(u, self.order + 1);
            let own = functional.weights.iter().zip(basis);
            self.kernel.weight(u) * own.map(|(weight, value)| weight * value).sum::<f64>()
        };
        let distance = &self.side.distance[..n_rows];
        let mut scores: Vec<f64> = distance.par_iter().with_min_len(CHUNK).map(score).collect();
        if let Some(weight) = &self.side.weight {
            for (score, weight) in scores.iter_mut().zip(weight) {
                *score *= weight;
            }
        }
        scores
    }

    /// The fitted values of a contrast of the columns.
    pub(super) fn fitted(&self, contrast: &[f64], n_rows: usize) -> Vec<f64> {
        let contrast = DVector::from_column_slice(contrast);
        let coefficients = self.coefficients.columns(0, contrast.len()) * contrast;
        let fitted = |&distance: &f64| {
            let basis = basis(distance / self.bandwidth, self.order + 1);
            let terms = coefficients.iter().zip(basis);
            terms.map(|(own, value)| own * value).sum::<f64>()
        };
        let distance = &self.side.distance[..n_rows];
        distance
            .par_iter()
            .with_min_len(CHUNK)
            .map(fitted)
            .collect()
    }

    /// The fit of a column in powers of distance/bandwidth, from the constant up.
    pub(super) fn powers(&self, column: usize) -> Vec<f64> {
        let power = |power: usize| -> f64 {
            (power..=self.order)
                .map(|degree| {
                    legendre_coefficient(degree, power) * self.coefficients[(degree, column)]
                })
                .sum()
        };
        (0..=self.order).map(power).collect()
    }

    /// The leverage of each row.
    pub(super) fn leverages(&self, n_rows: usize) -> Vec<f64> {
        let k = self.order + 1;
        let leverage = |row: usize| {
            let u = self.side.distance[row] / self.bandwidth;
            let basis = basis(u, k);
            let mut sum = 0.0;
            for a in 0..k {
                for b in 0..k {
                    sum += basis[a] * self.inverse[(a, b)] * basis[b];
                }
            }
            let weight = self.side.weight.as_ref().map_or(1.0, |own| own[row]);
            sum * weight * self.kernel.weight(u)
        };
        (0..n_rows)
            .into_par_iter()
            .with_min_len(CHUNK)
            .map(leverage)
            .collect()
    }
}

/// The rows a fit sums over.
struct Rows<'a> {
    side: &'a Side,
    kernel: Kernel,
    bandwidth: f64,
    n: usize,
    n_covariates: usize,
}

/// What a fit sums.
struct Sums {
    /// The upper triangle.
    gram: [[f64; MAX_COEFFICIENTS]; MAX_COEFFICIENTS],
    /// By column.
    products: Vec<[f64; MAX_COEFFICIENTS]>,
    /// By covariate, then column.
    covariates: Vec<f64>,
}

impl Rows<'_> {
    /// In fixed chunks joined in order: the same bits at any number of threads.
    fn sums(&self, n_rows: usize) -> Sums {
        let chunks: Vec<Sums> = (0..n_rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| self.chunk(chunk * CHUNK..((chunk + 1) * CHUNK).min(n_rows)))
            .collect();
        let mut all = self.zero();
        for chunk in chunks {
            for (sum, own) in all
                .gram
                .as_flattened_mut()
                .iter_mut()
                .zip(chunk.gram.as_flattened())
            {
                *sum += own;
            }
            let products = chunk.products.as_flattened();
            for (sum, own) in all.products.as_flattened_mut().iter_mut().zip(products) {
                *sum += own;
            }
            for (sum, own) in all.covariates.iter_mut().zip(&chunk.covariates) {
                *sum += own;
            }
        }
        all
    }

    fn zero(&self) -> Sums {
        let n_columns = self.side.columns.len();
        Sums {
            gram: [[0.0; MAX_COEFFICIENTS]; MAX_COEFFICIENTS],
            products: vec![[0.0; MAX_COEFFICIENTS]; n_columns],
            covariates: vec![0.0; self.n_covariates * n_columns],
        }
    }

    fn chunk(&self, rows: std::ops::Range<usize>) -> Sums {
        let columns = &self.side.columns;
        let first_covariate = columns.len() - self.n_covariates;
        let mut sums = self.zero();
        for row in rows {
            let u = self.side.distance[row] / self.bandwidth;
            let own = self.side.weight.as_ref().map_or(1.0, |own| own[row]);
            let weight = own * self.kernel.weight(u);
            let basis = basis(u, self.n);
            for (a, value) in basis[..self.n].iter().enumerate() {
                let weighted = weight * value;
                for (sum, other) in sums.gram[a][a..self.n].iter_mut().zip(&basis[a..self.n]) {
                    *sum += weighted * other;
                }
                for (products, column) in sums.products.iter_mut().zip(columns) {
                    products[a] += weighted * column[row];
                }
            }
            let covariates = columns[first_covariate..].iter();
            let sums = sums.covariates.chunks_exact_mut(columns.len());
            for (sums, covariate) in sums.zip(covariates) {
                let weighted = weight * covariate[row];
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum += weighted * column[row];
                }
            }
        }
        sums
    }
}

/// The first `n` Legendre polynomials on [0, 1] at `u`.
fn basis(u: f64, n: usize) -> [f64; MAX_COEFFICIENTS] {
    let mut values = [0.0; MAX_COEFFICIENTS];
    let x = 2.0 * u - 1.0;
    values[0] = 1.0;
    // Also where only the constant is asked for, which reads no further.
    values[1] = x;
    for degree in 2..n {
        let k = degree as f64;
        values[degree] =
            ((2.0 * k - 1.0) * x * values[degree - 1] - (k - 1.0) * values[degree - 2]) / k;
    }
    values
}

/// The coefficient of u^`power` in the Legendre polynomial of `degree` on [0, 1].
fn legendre_coefficient(degree: usize, power: usize) -> f64 {
    if power > degree {
        return 0.0;
    }
    let choose = |n: usize, k: usize| -> f64 {
        (0..k).fold(1.0, |product, j| {
            product * (n - j) as f64 / (j as f64 + 1.0)
        })
    };
    let sign = if (degree + power).is_multiple_of(2) {
        1.0
    } else {
        -1.0
    };
    // These are whole numbers, which the quotients may miss by rounding.
    (sign * choose(degree, power) * choose(degree + power, power)).round()
}

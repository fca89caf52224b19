//! The little linear algebra that must name its failures: nothing here falls back to a pseudo-inverse.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Correlation matrices whose smallest eigenvalue is below this are singular.
// Some hundred roundings: what the search for eigenvalues leaves of a zero for a few dozen estimates.
const SINGULAR: f64 = 1e-13;

/// Solves V x = b for a covariance matrix V; `None` when its correlation matrix is singular.
pub(crate) fn solve_correlation_checked(
    covariance: &DMatrix<f64>,
    right: &DVector<f64>,
) -> Option<DVector<f64>> {
    let n = covariance.nrows();
    // On a unit diagonal, so that whether it is singular does not depend on the unit of each estimate.
    let scale: Vec<f64> = (0..n).map(|k| covariance[(k, k)].sqrt()).collect();
    let correlation = DMatrix::from_fn(n, n, |a, b| covariance[(a, b)] / (scale[a] * scale[b]));
    // Without numbers the search for eigenvalues does not end.
    if correlation.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let smallest = SymmetricEigen::new(correlation.clone()).eigenvalues.min();
    if smallest.is_nan() || smallest < SINGULAR {
        return None;
    }
    // With V = S C S the system is C (S x) = S⁻¹ b.
    let scaled = DVector::from_fn(n, |k, _| right[k] / scale[k]);
    let solved = correlation.cholesky()?.solve(&scaled);
    Some(DVector::from_fn(n, |k, _| solved[k] / scale[k]))
}

/// Columns whose unexplained part is below this share of their length are collinear with earlier ones.
// The pivots are squares: 1e-9 of them is a part of 3e-5 of the column's length. Sums of squares hold some 15 digits, and taking
// one from another leaves the fewer of them the smaller the rest is.
pub(crate) const COLLINEAR: f64 = 1e-9;

/// Part of a dropped column, relative to its length, that is worth mentioning.
const MENTIONED: f64 = 1e-6;

/// Which columns are combinations of earlier ones, and of which: Cholesky in the given order, skipping vanishing pivots. `None` for
/// an independent column; else the earlier independent columns with a part in it worth mentioning.
pub(crate) fn dependencies(gram: &DMatrix<f64>) -> Vec<Option<Vec<usize>>> {
    dependencies_below(gram, COLLINEAR)
}

/// The same where a pivot vanishes that is at most this share of the column's square.
fn dependencies_below(gram: &DMatrix<f64>, least: f64) -> Vec<Option<Vec<usize>>> {
    let mut kept: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut result = vec![None; gram.nrows()];
    for column in 0..gram.nrows() {
        let mut factor: Vec<f64> = Vec::with_capacity(kept.len() + 1);
        for (index, (earlier, row)) in kept.iter().enumerate() {
            // No pivoting: of columns that depend on each other the last one written is dropped, as a reader expects and as R does.
            let explained: f64 = factor.iter().zip(row).map(|(a, b)| a * b).sum();
            factor.push((gram[(*earlier, column)] - explained) / row[index]);
        }
        let length = gram[(column, column)];
        let pivot = length - factor.iter().map(|value| value * value).sum::<f64>();
        // Strictly above: a column of zeros has pivot and length 0, and counts as dependent.
        if pivot > least * length {
            factor.push(pivot.sqrt());
            kept.push((column, factor));
        } else {
            result[column] = Some(mentioned(gram, &kept, factor, length));
        }
    }
    result
}

/// Whether each column is no combination of earlier ones.
pub(crate) fn independent_columns(gram: &DMatrix<f64>) -> Vec<bool> {
    dependencies(gram).iter().map(Option::is_none).collect()
}

/// Whether of the square of every column more than this share is left after taking out the earlier ones.
pub(crate) fn are_independent(gram: &DMatrix<f64>, least: f64) -> bool {
    dependencies_below(gram, least).iter().all(Option::is_none)
}

/// Solves the triangular system for the coefficients of a dropped column and keeps the columns that matter.
fn mentioned(
    gram: &DMatrix<f64>,
    kept: &[(usize, Vec<f64>)],
    mut right: Vec<f64>,
    length: f64,
) -> Vec<usize> {
    let mut columns = Vec::new();
    for index in (0..kept.len()).rev() {
        let (column, row) = &kept[index];
        let coefficient = right[index] / row[index];
        for (earlier, value) in right[..index].iter_mut().zip(row) {
            *earlier -= coefficient * value;
        }
        // Lengths on both sides: a coefficient alone depends on the unit of its column.
        if coefficient.abs() * gram[(*column, *column)].sqrt() > MENTIONED * length.sqrt() {
            columns.push(*column);
        }
    }
    columns.reverse();
    columns
}

/// The inverse of a positive definite matrix, scaled to a unit diagonal while it is inverted.
pub(crate) fn inverse(matrix: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let n = matrix.nrows();
    if n == 0 {
        return Some(DMatrix::zeros(0, 0));
    }
    // Scaling makes the accuracy depend on how correlated columns are, no longer on their units.
    let scale: Vec<f64> = (0..n).map(|k| 1.0 / matrix[(k, k)].sqrt()).collect();
    let scaled = DMatrix::from_fn(n, n, |a, b| matrix[(a, b)] * scale[a] * scale[b]);
    let inverted = scaled.cholesky()?.inverse();
    Some(DMatrix::from_fn(n, n, |a, b| {
        inverted[(a, b)] * scale[a] * scale[b]
    }))
}

/// The inverse of the matrix on the kept columns, zero elsewhere; `None` when it is singular.
pub(crate) fn embedded_inverse(matrix: &DMatrix<f64>, kept: &[bool]) -> Option<DMatrix<f64>> {
    embedded(matrix, kept, inverse)
}

/// Inverts the part of a matrix on the kept columns by `invert`; zero elsewhere, `None` without finite numbers.
pub(crate) fn embedded(
    matrix: &DMatrix<f64>,
    kept: &[bool],
    invert: impl Fn(&DMatrix<f64>) -> Option<DMatrix<f64>>,
) -> Option<DMatrix<f64>> {
    let columns: Vec<usize> = (0..kept.len()).filter(|&column| kept[column]).collect();
    let own = DMatrix::from_fn(columns.len(), columns.len(), |a, b| {
        matrix[(columns[a], columns[b])]
    });
    let inverse = invert(&own)?;
    let mut all = DMatrix::zeros(kept.len(), kept.len());
    for (a, &row) in columns.iter().enumerate() {
        for (b, &column) in columns.iter().enumerate() {
            all[(row, column)] = inverse[(a, b)];
        }
    }
    all.iter().all(|value| value.is_finite()).then_some(all)
}

/// The inverse of a positive definite matrix in the directions in which it is not zero: on a unit diagonal, eigenvalues of less than
/// `zero` times the largest count as zero and are left out. `None` without finite numbers.
pub(crate) fn inverse_where_curved(matrix: &DMatrix<f64>, zero: f64) -> Option<DMatrix<f64>> {
    let n = matrix.nrows();
    let scale: Vec<f64> = (0..n)
        .map(|k| match matrix[(k, k)] {
            positive if positive > 0.0 => 1.0 / positive.sqrt(),
            // Without curvature of its own, or below zero by rounding: scaled to nothing, so that it is left out
            // below.
            _ => 0.0,
        })
        .collect();
    let scaled = DMatrix::from_fn(n, n, |a, b| matrix[(a, b)] * scale[a] * scale[b]);
    // Without numbers the search for eigenvalues does not end.
    if n == 0 || scaled.iter().any(|value| !value.is_finite()) {
        return (n == 0).then(|| DMatrix::zeros(0, 0));
    }
    let inverted = match scaled.clone().cholesky() {
        Some(factor) if factor.l_dirty().diagonal().min() > CLEARLY_CURVED => factor.inverse(),
        _ => {
            let SymmetricEigen {
                eigenvalues,
                mut eigenvectors,
            } = SymmetricEigen::new(scaled);
            let smallest = zero * eigenvalues.max();
            // The root of the inverse on both sides keeps the product symmetric and without negative squares.
            for (mut vector, &value) in eigenvectors.column_iter_mut().zip(eigenvalues.iter()) {
                vector *= if value > smallest {
                    1.0 / value.sqrt()
                } else {
                    0.0
                };
            }
            &eigenvectors * eigenvectors.transpose()
        }
    };
    Some(DMatrix::from_fn(n, n, |a, b| {
        inverted[(a, b)] * scale[a] * scale[b]
    }))
}

/// A matrix on a unit diagonal with pivots above this needs no look at its eigenvalues.
// Of the diagonal of the factor, that is, the root of a pivot. Pivots bound the smallest eigenvalue only loosely, hence far above
// the shares that count as zero.
const CLEARLY_CURVED: f64 = 1e-5;

/// Σ ω a b.
pub(crate) fn dot(a: &[f64], b: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        Some(weights) => a
            .iter()
            .zip(b)
            .zip(weights)
            .map(|((a, b), w)| a * b * w)
            .sum(),
        None => a.iter().zip(b).map(|(a, b)| a * b).sum(),
    }
}

/// Σ a b with eight running sums: the same bits always, and as fast as the machine adds.
pub(crate) fn lane_dot(a: &[f64], b: &[f64]) -> f64 {
    // The number of lanes is fixed here, not by the machine: whatever its vectors are, the additions come in this order.
    let mut sums = [0.0_f64; 8];
    let (a_lanes, b_lanes) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_lanes
        .remainder()
        .iter()
        .zip(b_lanes.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Σ a with eight running sums.
pub(crate) fn lane_sum(a: &[f64]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let lanes = a.chunks_exact(8);
    let rest: f64 = lanes.remainder().iter().sum();
    for a in lanes {
        for lane in 0..8 {
            sums[lane] += a[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

//! What differences in trends are allowed to be, as linear inequalities A δ ≤ d.

use nalgebra::{DMatrix, DVector};

use crate::sensitivity::event_study::EventStudy;

/// A set of differences in trends δ: those with A δ ≤ d. Columns are event times without the reference.
#[derive(Debug, Clone)]
pub(super) struct Inequalities {
    pub(super) matrix: DMatrix<f64>,
    pub(super) bounds: DVector<f64>,
}

/// Δ^RM(M̄): a union of two sets for each period before the reference, that in which its first difference, taken upwards or
/// downwards, is the largest. Of each set only the inequalities that speak of the time after the reference.
pub(super) fn relative_magnitudes(study: &EventStudy, bound: f64) -> Vec<Inequalities> {
    let (n_pre, n_post) = (study.n_pre(), study.n_post());
    let n = n_pre + n_post;
    let sets = (0..n_pre).flat_map(|period| [(period, 1.0), (period, -1.0)]);
    sets.map(|(period, sign)| {
        let largest = first_difference(n_pre, n, period) * (sign * bound);
        let rows = (n_pre..n).map(|post| first_difference(n_pre, n, post));
        let both = rows.flat_map(|row| [&row - &largest, -row - &largest]);
        let rows: Vec<_> = both.map(|row| row.transpose()).collect();
        Inequalities {
            matrix: DMatrix::from_rows(&rows),
            bounds: DVector::zeros(rows.len()),
        }
    })
    .collect()
}

/// Δ^SD(M): second differences of at most M. Only the inequalities that speak of the time after the reference, except where this is
/// a single period: then all.
pub(super) fn smoothness(study: &EventStudy, bound: f64) -> Inequalities {
    let (n_pre, n_post) = (study.n_pre(), study.n_post());
    let n = n_pre + n_post;
    let first = if n_post == 1 { 1 } else { n_pre };
    let rows = (first..n)
        .map(|middle| first_difference(n_pre, n, middle) - first_difference(n_pre, n, middle - 1));
    let both = rows.flat_map(|row| [row.clone(), -row]);
    let rows: Vec<_> = both.map(|row| row.transpose()).collect();
    Inequalities {
        matrix: DMatrix::from_rows(&rows),
        bounds: DVector::from_element(rows.len(), bound),
    }
}

/// δ at the place after `place` minus δ at `place`; places count all periods from 0, the reference among them at `n_pre`.
fn first_difference(n_pre: usize, n: usize, place: usize) -> DVector<f64> {
    let mut row = DVector::zeros(n);
    for (place, sign) in [(place, -1.0), (place + 1, 1.0)] {
        if place != n_pre {
            // The reference is zero by construction and has no column.
            row[if place < n_pre { place } else { place - 1 }] = sign;
        }
    }
    row
}

//! Residuals from the nearest rows: what a row differs from the mean of those with the nearest values of the running variable.
//!
//! Neighbours are the other rows with the same value, then those of the nearest value on either side, until there are three or more.
//! Two values that lie equally far are both taken. Decimals lie equally far up to rounding only, hence the tolerance.

use crate::discontinuity::side::{Side, Window};

/// Neighbours wanted.
const N_NEIGHBOURS: u32 = 3;

/// Distances that differ by less than this share are equal: the root of the rounding unit.
pub(super) const EQUAL: f64 = 1.490_116_119_384_765_6e-8;

/// The values whose rows are a value's neighbours, the value itself among them: from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Neighbours {
    first: u32,
    last: u32,
}

/// The neighbours of every value where all rows of a side are there.
pub(super) fn neighbours(side: &Side) -> Vec<Neighbours> {
    let n_values = side.n_values();
    (0..n_values)
        .map(|value| neighbours_within(side, value, n_values))
        .collect()
}

/// The neighbours of a value among the first `n_values` values.
fn neighbours_within(side: &Side, value: usize, n_values: usize) -> Neighbours {
    let n_rows = side.starts[n_values];
    // A row has no more neighbours than there are other rows.
    let wanted = N_NEIGHBOURS.min(n_rows - 1);
    let own = side.value(value);
    let (mut first, mut last) = (value, value);
    while side.starts[last + 1] - side.starts[first] - 1 < wanted {
        let below = (first > 0).then(|| own - side.value(first - 1));
        let above = (last + 1 < n_values).then(|| side.value(last + 1) - own);
        let (takes_below, takes_above) = match (below, above) {
            (Some(below), Some(above)) => {
                let tolerance = below.max(above) * EQUAL;
                (below - above <= tolerance, above - below <= tolerance)
            }
            (below, above) => (below.is_some(), above.is_some()),
        };
        first -= usize::from(takes_below);
        last += usize::from(takes_above);
        if !(takes_below || takes_above) {
            break;
        }
    }
    Neighbours {
        first: first as u32,
        last: last as u32,
    }
}

/// √(J/(J + 1))·(y − mean of the J neighbours) for the rows of a window. `all` are the neighbours where all rows are there.
pub(super) fn residuals(
    side: &Side,
    window: Window,
    all: &[Neighbours],
    values: &[f64],
) -> Vec<f64> {
    let starts = &side.starts;
    let rows = |value: usize| starts[value] as usize..starts[value + 1] as usize;
    let sums: Vec<f64> = (0..window.n_values)
        .map(|value| values[rows(value)].iter().sum())
        .collect();
    let mut residuals = vec![0.0; window.n_rows];
    for (value, &own) in all.iter().enumerate().take(window.n_values) {
        let mut own = own;
        // Windows begin at the cutoff: only where neighbours lie beyond the window's end are they others.
        if own.last as usize >= window.n_values {
            own = neighbours_within(side, value, window.n_values);
        }
        let (first, last) = (own.first as usize, own.last as usize);
        let sum: f64 = sums[first..=last].iter().sum();
        let n = f64::from(starts[last + 1] - starts[first] - 1);
        // A row less the mean of n others has the variance σ²(1 + 1/n).
        let factor = (n / (n + 1.0)).sqrt();
        for row in rows(value) {
            residuals[row] = factor * (values[row] - (sum - values[row]) / n);
        }
    }
    residuals
}

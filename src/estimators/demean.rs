//! Absorbing fixed effects: subtracting group means for any number of partitions at once.
//!
//! One partition takes one pass. Several take alternating projections (each pass subtracts the means of one partition
//! after the other), accelerated after Irons and Tuck (1969), International J. for Numerical Methods in Engineering 1:275,
//! as in `fixest`. The iteration ends when no value moves by more than [`TOLERANCE`] times the spread of the column.

use rayon::prelude::*;

use crate::estimators::estimate::EstimatorError;
use crate::estimators::regression_data::Groups;

/// Largest movement in a pass, relative to the standard deviation of the column, that counts as settled.
pub const TOLERANCE: f64 = 1e-12;
/// Passes after which the iteration gives up.
pub const MAX_ITERATIONS: usize = 20_000;

/// Subtracts the (weighted) fixed effects from every column, in place.
///
/// # Errors
/// [`EstimatorError::NotConverged`].
pub(crate) fn demean(
    columns: &mut [&mut Vec<f64>],
    effects: &[Groups],
    weights: Option<&[f64]>,
) -> Result<(), EstimatorError> {
    if effects.is_empty() {
        return Ok(());
    }
    let absorber = Absorber::new(effects, weights);
    columns
        .par_iter_mut()
        .try_for_each(|column| absorber.absorb(column))
}

struct Absorber<'a> {
    effects: &'a [Groups],
    weights: Option<&'a [f64]>,
    total_weights: Vec<Vec<f64>>,
}

impl<'a> Absorber<'a> {
    fn new(effects: &'a [Groups], weights: Option<&'a [f64]>) -> Self {
        let totals = |groups: &Groups| {
            let mut totals = vec![0.0; groups.n_groups];
            for (row, &code) in groups.codes.iter().enumerate() {
                totals[code as usize] += weights.map_or(1.0, |w| w[row]);
            }
            totals
        };
        Self {
            effects,
            weights,
            total_weights: effects.iter().map(totals).collect(),
        }
    }

    fn absorb(&self, column: &mut Vec<f64>) -> Result<(), EstimatorError> {
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        // Taking out the overall mean first costs nothing and saves digits.
        column.iter_mut().for_each(|value| *value -= mean);
        let spread = (column.iter().map(|value| value * value).sum::<f64>() / n).sqrt();
        let mut means: Vec<Vec<f64>> = self
            .effects
            .iter()
            .map(|groups| vec![0.0; groups.n_groups])
            .collect();
        self.pass(column, &mut means);
        if self.effects.len() == 1 || spread == 0.0 {
            // A second pass removes the rounding of the first.
            self.pass(column, &mut means);
            return Ok(());
        }
        let limit = TOLERANCE * spread;
        let (mut once, mut twice) = (column.clone(), column.clone());
        for _ in 0..MAX_ITERATIONS / 2 {
            once.copy_from_slice(column);
            self.pass(&mut once, &mut means);
            if largest_move(column, &once) <= limit {
                std::mem::swap(column, &mut once);
                return Ok(());
            }
            twice.copy_from_slice(&once);
            self.pass(&mut twice, &mut means);
            if largest_move(&once, &twice) <= limit {
                std::mem::swap(column, &mut twice);
                return Ok(());
            }
            accelerate(column, &once, &twice);
        }
        Err(EstimatorError::NotConverged {
            iterations: MAX_ITERATIONS,
        })
    }

    /// Subtracts the means of each partition in turn.
    fn pass(&self, column: &mut [f64], means: &mut [Vec<f64>]) {
        for ((groups, totals), means) in self.effects.iter().zip(&self.total_weights).zip(means) {
            means.fill(0.0);
            match self.weights {
                Some(weights) => {
                    for ((&code, value), weight) in groups.codes.iter().zip(&*column).zip(weights) {
                        means[code as usize] += weight * value;
                    }
                }
                None => {
                    for (&code, value) in groups.codes.iter().zip(&*column) {
                        means[code as usize] += value;
                    }
                }
            }
            for (mean, total) in means.iter_mut().zip(totals) {
                *mean /= total;
            }
            for (&code, value) in groups.codes.iter().zip(&mut *column) {
                *value -= means[code as usize];
            }
        }
    }
}

fn largest_move(from: &[f64], to: &[f64]) -> f64 {
    from.iter()
        .zip(to)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

/// Irons–Tuck: from three iterates, the point where a linear iteration would end.
fn accelerate(column: &mut [f64], once: &[f64], twice: &[f64]) {
    let (mut top, mut bottom) = (0.0, 0.0);
    for ((x, gx), ggx) in column.iter().zip(once).zip(twice) {
        let (first, second) = (gx - x, ggx - gx);
        let change = second - first;
        top += second * change;
        bottom += change * change;
    }
    let factor = if bottom > 0.0 { top / bottom } else { 0.0 };
    for ((x, gx), ggx) in column.iter_mut().zip(once).zip(twice) {
        *x = ggx - factor * (ggx - gx);
    }
}

//! Absorbing fixed effects: subtracting group means for any number of partitions at once.
//!
//! The rows are sorted by the first partition, whose means are subtracted exactly. Further partitions leave normal
//! equations in their own levels, S α = b with S = D'Ω(I − P₁)D, which conjugate gradients solve with the levels' weights as
//! preconditioner: alternating projections with conjugate-gradient acceleration (Correia 2017, "Linear models with
//! high-dimensional fixed effects"; Hernández-Ramos, Escalante and Raydan 2011, Numerical Functional Analysis and
//! Optimization 32:629). The work ends when no level of any partition has a mean above [`TOLERANCE`] times the column's
//! standard deviation. Fixed effects of few levels are solved for directly, in `within/absorb.rs`.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::groups::Groups;

/// Largest mean of a level, relative to the standard deviation of the column, that counts as zero.
const TOLERANCE: f64 = 1e-12;

/// A column that cannot get below [`TOLERANCE`] is still taken below this, where rounding stops it.
const ACCEPTABLE: f64 = 1e-10;

/// Iterations per attempt; each attempt starts from the column as the last one left it.
const MAX_ITERATIONS: usize = 5_000;

// A fresh start forgets the rounding that the directions have gathered; a few are enough or nothing is.
const MAX_ATTEMPTS: usize = 5;

/// Rows worked on at a time.
const BLOCK_ROWS: usize = 2_048;

/// Growth of the largest mean, from its smallest, that shows an attempt has nothing more to give.
const RUNAWAY: f64 = 1e3;

/// A partition whose groups are contiguous rows.
pub(crate) struct Partition {
    /// First row of each group, and the number of rows.
    pub(crate) starts: Vec<u32>,
    /// Sum of the weights of each group.
    pub(crate) totals: Vec<f64>,
}

impl Partition {
    /// From codes in ascending order.
    pub(crate) fn new(groups: &Groups, weights: Option<&[f64]>) -> Self {
        let mut starts = vec![0_u32; groups.n_groups + 1];
        for &code in &groups.codes {
            starts[code as usize + 1] += 1;
        }
        for group in 0..groups.n_groups {
            starts[group + 1] += starts[group];
        }
        let total = |rows: &[u32]| match weights {
            Some(weights) => weights[rows[0] as usize..rows[1] as usize].iter().sum(),
            None => f64::from(rows[1] - rows[0]),
        };
        let totals = starts.windows(2).map(total).collect();
        Self { starts, totals }
    }

    pub(crate) fn n_groups(&self) -> usize {
        self.totals.len()
    }

    pub(crate) fn rows(&self, group: usize) -> std::ops::Range<usize> {
        self.starts[group] as usize..self.starts[group + 1] as usize
    }

    /// The group that a row lies in.
    pub(crate) fn group_of(&self, row: u32) -> usize {
        self.starts.partition_point(|&start| start <= row) - 1
    }

    /// Subtracts the group means from the part of a column that starts at the first row of `first`.
    pub(crate) fn subtract_means(&self, first: usize, part: &mut [f64], weights: Option<&[f64]>) {
        let offset = self.starts[first] as usize;
        let mut group = first;
        while group < self.n_groups() && self.rows(group).end <= offset + part.len() {
            let rows = self.rows(group);
            let values = &mut part[rows.start - offset..rows.end - offset];
            let sum: f64 = match weights {
                Some(weights) => values.iter().zip(&weights[rows]).map(|(x, w)| x * w).sum(),
                None => values.iter().sum(),
            };
            let mean = sum / self.totals[group];
            values.iter_mut().for_each(|value| *value -= mean);
            group += 1;
        }
    }
}

/// Subtracts further partitions from columns whose means in the first one are zero, in place.
///
/// # Errors
/// [`EstimatorError::NotConverged`].
pub(crate) fn absorb_further(
    columns: &mut [&mut Vec<f64>],
    first: &Partition,
    others: &[&Groups],
    weights: Option<&[f64]>,
) -> Result<(), EstimatorError> {
    let system = System::new(first, others, weights);
    columns
        .par_iter_mut()
        .try_for_each(|column| system.absorb(column))
}

/// The normal equations in the levels of all partitions but the first.
struct System<'a> {
    first: &'a Partition,
    others: &'a [&'a Groups],
    weights: Option<&'a [f64]>,
    /// Where the levels of each partition start.
    offsets: Vec<usize>,
    /// Sum of the weights of each level.
    totals: Vec<f64>,
    /// First and end group of the first partition, for blocks of rows that fit into the nearest cache.
    blocks: Vec<(usize, usize)>,
}

impl<'a> System<'a> {
    fn new(first: &'a Partition, others: &'a [&'a Groups], weights: Option<&'a [f64]>) -> Self {
        let mut offsets = vec![0];
        let mut totals = Vec::new();
        for groups in others {
            let from = totals.len();
            totals.resize(from + groups.n_groups, 0.0);
            for (row, &code) in groups.codes.iter().enumerate() {
                totals[from + code as usize] += weights.map_or(1.0, |w| w[row]);
            }
            offsets.push(totals.len());
        }
        let mut blocks = Vec::new();
        let mut from = 0;
        for group in 0..first.n_groups() {
            let is_full = first.rows(group).end - first.rows(from).start >= BLOCK_ROWS;
            if is_full || group + 1 == first.n_groups() {
                blocks.push((from, group + 1));
                from = group + 1;
            }
        }
        Self {
            first,
            others,
            weights,
            offsets,
            totals,
            blocks,
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    fn absorb(&self, column: &mut [f64]) -> Result<(), EstimatorError> {
        let squares: f64 = column.iter().map(|value| value * value).sum();
        let spread = (squares / column.len() as f64).sqrt();
        let mut left = f64::INFINITY;
        for _ in 0..MAX_ATTEMPTS {
            let right = self.level_sums(column);
            let largest = self.largest_mean(&right);
            if largest <= TOLERANCE * spread || (largest >= left && largest <= ACCEPTABLE * spread)
            {
                return Ok(());
            }
            left = largest;
            // Below the limit: the residual that the iteration updates drifts off the true one, which is what is looked at next.
            let effects = self.solve(right, 0.3 * TOLERANCE * spread);
            self.subtract(column, &effects);
        }
        if self.largest_mean(&self.level_sums(column)) <= ACCEPTABLE * spread {
            return Ok(());
        }
        Err(EstimatorError::NotConverged {
            iterations: MAX_ATTEMPTS * MAX_ITERATIONS,
        })
    }

    fn level_sums(&self, column: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.totals.len()];
        for (groups, &offset) in self.others.iter().zip(&self.offsets) {
            let sums = &mut sums[offset..];
            for (row, (&code, value)) in groups.codes.iter().zip(column).enumerate() {
                sums[code as usize] += self.weight(row) * value;
            }
        }
        sums
    }

    fn largest_mean(&self, sums: &[f64]) -> f64 {
        let means = sums
            .iter()
            .zip(&self.totals)
            .map(|(sum, total)| sum / total);
        means.map(f64::abs).fold(0.0, f64::max)
    }

    /// Preconditioned conjugate gradients until the largest mean left is at most `limit`, or rounding stops the descent.
    fn solve(&self, mut right: Vec<f64>, limit: f64) -> Vec<f64> {
        self.balance(&mut right);
        let mut residual = right;
        let mut effects = vec![0.0; residual.len()];
        let mut best = (self.largest_mean(&residual), effects.clone());
        let mut direction = self.scaled(&residual);
        let mut image = vec![0.0; residual.len()];
        let mut product = dot(&residual, &direction);
        for _ in 0..MAX_ITERATIONS {
            self.apply(&direction, &mut image);
            self.balance(&mut image);
            let curvature = dot(&direction, &image);
            // S is only semidefinite: a direction that is all rounding has no curvature.
            if curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            let step = product / curvature;
            for level in 0..effects.len() {
                effects[level] += step * direction[level];
                residual[level] -= step * image[level];
            }
            let largest = self.largest_mean(&residual);
            if largest < best.0 {
                best.0 = largest;
                best.1.copy_from_slice(&effects);
            }
            if largest <= limit || largest > RUNAWAY * best.0 {
                break;
            }
            let scaled = self.scaled(&residual);
            let next = dot(&residual, &scaled);
            let turn = next / product;
            product = next;
            for (direction, scaled) in direction.iter_mut().zip(&scaled) {
                *direction = scaled + turn * *direction;
            }
        }
        // Not the last: rounding lets the residual grow again.
        best.1
    }

    /// The sums of all levels of a partition add up to zero, because those of the first partition do. Rounding must not
    /// break that: no step could mend it.
    fn balance(&self, sums: &mut [f64]) {
        for bounds in self.offsets.windows(2) {
            let own = bounds[0]..bounds[1];
            let excess: f64 = sums[own.clone()].iter().sum();
            let all: f64 = self.totals[own.clone()].iter().sum();
            for (sum, total) in sums[own.clone()].iter_mut().zip(&self.totals[own]) {
                *sum -= excess * total / all;
            }
        }
    }

    fn scaled(&self, residual: &[f64]) -> Vec<f64> {
        let pairs = residual.iter().zip(&self.totals);
        pairs.map(|(value, total)| value / total).collect()
    }

    /// S times a vector: spread over the rows, less the means of the first partition, summed by level.
    fn apply(&self, levels: &[f64], image: &mut [f64]) {
        image.fill(0.0);
        let mut spread: Vec<f64> = Vec::new();
        for &(first_group, end_group) in &self.blocks {
            let rows = self.first.rows(first_group).start..self.first.rows(end_group - 1).end;
            spread.clear();
            spread.resize(rows.len(), 0.0);
            for (groups, &offset) in self.others.iter().zip(&self.offsets) {
                let own = &levels[offset..];
                for (value, &code) in spread.iter_mut().zip(&groups.codes[rows.clone()]) {
                    *value += own[code as usize];
                }
            }
            self.first
                .subtract_means(first_group, &mut spread, self.weights);
            if let Some(weights) = self.weights {
                for (value, weight) in spread.iter_mut().zip(&weights[rows.clone()]) {
                    *value *= weight;
                }
            }
            for (groups, &offset) in self.others.iter().zip(&self.offsets) {
                let own = &mut image[offset..];
                for (value, &code) in spread.iter().zip(&groups.codes[rows.clone()]) {
                    own[code as usize] += value;
                }
            }
        }
    }

    /// The sum of the row's levels.
    fn effect(&self, levels: &[f64], row: usize) -> f64 {
        let partitions = self.others.iter().zip(&self.offsets);
        partitions
            .map(|(groups, &offset)| levels[offset + groups.codes[row] as usize])
            .sum()
    }

    fn subtract(&self, column: &mut [f64], effects: &[f64]) {
        for (row, value) in column.iter_mut().enumerate() {
            *value -= self.effect(effects, row);
        }
        // The levels just subtracted bring means of the first partition back.
        self.first.subtract_means(0, column, self.weights);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::{Partition, System};
    use crate::regression::groups::Groups;

    #[test]
    fn iterating_beyond_rounding_does_no_harm() {
        let n = 60_000_u32;
        let groups = |code: &dyn Fn(u32) -> u32, n_groups| Groups {
            codes: (0..n).map(code).collect(),
            n_groups,
        };
        let first = Partition::new(&groups(&|row| row / 6, 10_000), None);
        let firms = groups(&|row| (row / 6 * 7 + row % 6 / 4 * 3) % 50, 50);
        let years = groups(&|row| row % 6, 6);
        let others = [&firms, &years];
        let system = System::new(&first, &others, None);
        let mut column: Vec<f64> = (0..n).map(|row| f64::from(row * 7_919 % 10_007)).collect();
        first.subtract_means(0, &mut column, None);
        // No residual is below a limit of zero: only the runaway ends the work.
        let effects = system.solve(system.level_sums(&column), 0.0);
        system.subtract(&mut column, &effects);
        let left = system.largest_mean(&system.level_sums(&column));
        assert!(left < 1e-9, "{left}");
    }
}

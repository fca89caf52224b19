//! The model for untreated outcomes: Y = unit effect + period effect + x'β on the untreated rows, weighted.
//!
//! The unit effects, of which there may be millions, are eliminated exactly: the normal equations of the other columns z are
//! Σω(z − z̄)(z − z̄)' b = Σω(z − z̄)(y − ȳ) with means within units, a dense system of a few dozen columns. Its part for the
//! periods is the Laplacian of the graph that links two periods when a unit is untreated in both; an entry is zero exactly
//! when there is no link. Period effects are comparable within a connected component of that graph and only there: each
//! component has one reference period, and nothing is predicted across components. Covariates that the effects or
//! earlier columns explain have no coefficient; the combination that vanishes on the untreated rows is kept, so that
//! treated rows on which it does not vanish can be recognised as not identified.
//!
//! All of this is the same for every outcome; of an outcome there is only the right-hand side, and the coefficients it gives.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::imputation::design::{Design, GroupSums};
use crate::linear_algebra::{COLLINEAR, independent_columns, inverse};

/// The component of a period without an untreated row.
pub(super) const NO_COMPONENT: usize = usize::MAX;

/// Largest factor by which other columns may inflate the variance of a coefficient before digits are lost.
// Of the sixteen digits four are left then.
const LARGEST_INFLATION: f64 = 1e12;

/// The left-hand side of the normal equations of all columns after eliminating the unit effects.
pub(super) struct NormalEquations {
    n_columns: usize,
    n_periods: usize,
    /// Untreated rows.
    pub(super) n_rows: u64,
    /// Groups with an untreated row.
    pub(super) n_groups: u64,
    /// Upper triangle while summing, then all of it.
    gram: Vec<f64>,
    weight: f64,
    /// Of the indicator columns: Σωz.
    pub(super) sums: Vec<f64>,
    /// Σω(z − z̄)² of each column, z̄ its mean over all untreated rows.
    squares: Vec<f64>,
    /// The component of each period.
    pub(super) components: Vec<usize>,
}

/// The normal equations of some of the columns, solved for any outcome.
pub(super) struct Model {
    n_columns: usize,
    /// The columns with a coefficient.
    pub(super) columns: Vec<usize>,
    /// Inverse of their normal equations.
    pub(super) inverse: DMatrix<f64>,
    pub(super) null_vectors: Vec<NullVector>,
}

impl Model {
    /// The coefficients by column, zero for those without, from the [right-hand side](right_hand_side).
    pub(super) fn coefficients(&self, right: &[f64]) -> Vec<f64> {
        let right = DVector::from_fn(self.columns.len(), |row, _| right[self.columns[row]]);
        let mut all = vec![0.0; self.n_columns];
        for (&column, &value) in self.columns.iter().zip(&(&self.inverse * right)) {
            all[column] = value;
        }
        all
    }
}

/// A combination of columns that is constant within the untreated rows of every unit.
pub(super) struct NullVector {
    /// The column that has no coefficient for it.
    pub(super) column: usize,
    /// By column; one at `column`.
    pub(super) combination: Vec<f64>,
}

impl NormalEquations {
    pub(super) fn of(design: &Design<'_>) -> Self {
        let parts: Vec<Self> = design
            .rows
            .chunks()
            .into_par_iter()
            .map(|groups| {
                let (mut part, mut sums) = (Self::zero(design), GroupSums::new(design));
                for group in groups {
                    sums.fill(design, group);
                    part.add_group(design, group, &sums);
                }
                part
            })
            .collect();
        let mut total = Self::zero(design);
        for part in &parts {
            total.add(part);
        }
        let k = total.n_columns;
        for a in 0..k {
            for b in 0..a {
                total.gram[a * k + b] = total.gram[b * k + a];
            }
        }
        total.components = total.components();
        total.squares = total.squares(design);
        total
    }

    fn zero(design: &Design<'_>) -> Self {
        let k = design.n_columns;
        Self {
            n_columns: k,
            n_periods: design.n_periods(),
            n_rows: 0,
            n_groups: 0,
            gram: vec![0.0; k * k],
            weight: 0.0,
            sums: vec![0.0; k],
            squares: Vec::new(),
            components: Vec::new(),
        }
    }

    fn add_group(&mut self, design: &Design<'_>, group: usize, sums: &GroupSums) {
        if sums.n_rows == 0 {
            return;
        }
        self.n_rows += sums.n_rows;
        self.n_groups += 1;
        self.weight += sums.weight;
        let k = self.n_columns;
        for &column in &sums.touched {
            self.sums[column] += sums.sums[column];
        }
        // A row alone in its group says nothing beyond its unit effect.
        if sums.n_rows == 1 {
            return;
        }
        let mut active: Vec<(usize, f64)> = Vec::with_capacity(8);
        for row in design.untreated(group) {
            let weight = design.rows.weight(row);
            active.clear();
            design.each_column(row, |column, value| active.push((column, value)));
            for &(a, left) in &active {
                for &(b, right) in active.iter().filter(|&&(b, _)| b >= a) {
                    self.gram[a * k + b] += weight * left * right;
                }
            }
        }
        for &a in &sums.touched {
            let share = sums.sums[a] / sums.weight;
            for &b in sums.touched.iter().filter(|&&b| b >= a) {
                self.gram[a * k + b] -= share * sums.sums[b];
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.n_groups += other.n_groups;
        self.weight += other.weight;
        let pairs = [(&mut self.gram, &other.gram), (&mut self.sums, &other.sums)];
        for (to, from) in pairs {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    /// Σω(z − z̄)(z − z̄)' of some columns, means within groups.
    pub(super) fn gram(&self, rows: &[usize], columns: &[usize]) -> DMatrix<f64> {
        DMatrix::from_fn(rows.len(), columns.len(), |a, b| {
            self.gram[rows[a] * self.n_columns + columns[b]]
        })
    }

    fn squares(&self, design: &Design<'_>) -> Vec<f64> {
        // The square of an indicator is the indicator.
        let of_indicator = |&sum: &f64| (sum - sum * sum / self.weight).max(0.0);
        let mut squares: Vec<f64> = self.sums.iter().map(of_indicator).collect();
        squares[design.numeric_columns()].copy_from_slice(&design.numeric_squares);
        squares
    }

    /// The connected components of the periods, named by their first period.
    fn components(&self) -> Vec<usize> {
        let mut components = vec![NO_COMPONENT; self.n_periods];
        for first in 0..self.n_periods {
            if components[first] != NO_COMPONENT || self.sums[first] <= 0.0 {
                continue;
            }
            components[first] = first;
            let mut open = vec![first];
            while let Some(period) = open.pop() {
                for (other, component) in components.iter_mut().enumerate() {
                    // Exactly zero without a link: nothing is ever added to that entry, so no tolerance is needed, and small weights link too.
                    let link = self.gram[period * self.n_columns + other];
                    if *component == NO_COMPONENT && link != 0.0 {
                        *component = first;
                        open.push(other);
                    }
                }
            }
        }
        components
    }

    /// The model of the periods and those of the `candidates` that are identified.
    pub(super) fn model(&self, candidates: &[usize]) -> Result<Model, EstimatorError> {
        let free_period =
            |&period: &usize| ![NO_COMPONENT, period].contains(&self.components[period]);
        let periods: Vec<usize> = (0..self.n_periods).filter(free_period).collect();
        let kept = self.independent(&periods, candidates)?;
        let dropped = candidates
            .iter()
            .copied()
            .filter(|column| !kept.contains(column));
        let dropped: Vec<usize> = dropped.collect();
        let columns = [periods, kept].concat();
        let inverse = checked_inverse(&self.gram(&columns, &columns))?;
        let spread_out = |values: &DMatrix<f64>, column: usize| {
            let mut all = vec![0.0; self.n_columns];
            for (value, &place) in values.column(column).iter().zip(&columns) {
                all[place] = *value;
            }
            all
        };
        let explained = &inverse * self.gram(&columns, &dropped);
        let null_vector = |(index, &column): (usize, &usize)| {
            let mut combination = spread_out(&explained, index);
            combination.iter_mut().for_each(|value| *value = -*value);
            combination[column] = 1.0;
            NullVector {
                column,
                combination,
            }
        };
        Ok(Model {
            n_columns: self.n_columns,
            null_vectors: dropped.iter().enumerate().map(null_vector).collect(),
            columns,
            inverse,
        })
    }

    /// The candidates that neither the effects nor earlier candidates explain.
    fn independent(
        &self,
        periods: &[usize],
        candidates: &[usize],
    ) -> Result<Vec<usize>, EstimatorError> {
        let across = self.gram(periods, candidates);
        let solved = checked_inverse(&self.gram(periods, periods))? * &across;
        let rest = self.gram(candidates, candidates) - across.tr_mul(&solved);
        let varies =
            |&index: &usize| rest[(index, index)] > COLLINEAR * self.squares[candidates[index]];
        let varying: Vec<usize> = (0..candidates.len()).filter(varies).collect();
        let own = DMatrix::from_fn(varying.len(), varying.len(), |a, b| {
            rest[(varying[a], varying[b])]
        });
        let independent = independent_columns(&own);
        let kept = varying.iter().zip(independent).filter(|(_, keep)| *keep);
        Ok(kept.map(|(&index, _)| candidates[index]).collect())
    }

    /// Whether the coefficient of `column` takes part in no combination that vanishes.
    pub(super) fn is_identified(&self, model: &Model, column: usize) -> bool {
        let length = self.squares[column].sqrt();
        model.columns.contains(&column)
            && model.null_vectors.iter().all(|null| {
                let scale = self.squares[null.column].sqrt();
                null.combination[column].abs() * length <= NULL_TOLERANCE * scale
            })
    }
}

/// The right-hand side of the normal equations by column, Σω(z − z̄)(y − ȳ) with means within groups, for an outcome in row order.
pub(super) fn right_hand_side(design: &Design<'_>, outcome: &[f64]) -> Vec<f64> {
    let of_groups = |groups: Range<usize>| {
        let mut right = vec![0.0; design.n_columns];
        for group in groups {
            let (mut n_rows, mut total, mut sum) = (0, 0.0, 0.0);
            for row in design.untreated(group) {
                let weight = design.rows.weight(row);
                n_rows += 1;
                total += weight;
                sum += weight * outcome[row];
            }
            if n_rows < 2 {
                continue;
            }
            let mean = sum / total;
            for row in design.untreated(group) {
                let deviation = design.rows.weight(row) * (outcome[row] - mean);
                // Deviations sum to zero in the group: the means of indicators need not be taken from them.
                design.each_column(row, |column, value| right[column] += value * deviation);
            }
        }
        right
    };
    let chunks = design.rows.chunks().into_par_iter();
    let parts: Vec<Vec<f64>> = chunks.map(of_groups).collect();
    let mut total = vec![0.0; design.n_columns];
    for part in &parts {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(to, from)| *to += from);
    }
    total
}

/// Deviations below this share of a column's spread count as zero.
// Above 3e-5, the root of COLLINEAR: combinations up to that length were taken to vanish in the first place.
pub(super) const NULL_TOLERANCE: f64 = 1e-4;

/// The inverse of a positive definite matrix; refused where it would be noise.
fn checked_inverse(matrix: &DMatrix<f64>) -> Result<DMatrix<f64>, EstimatorError> {
    if matrix.nrows() == 0 {
        return Ok(DMatrix::zeros(0, 0));
    }
    let inverted = inverse(matrix).ok_or(EstimatorError::VanishingLinks)?;
    let inflation = |k: usize| matrix[(k, k)] * inverted[(k, k)];
    if (0..matrix.nrows()).all(|k| inflation(k) <= LARGEST_INFLATION) {
        return Ok(inverted);
    }
    Err(EstimatorError::VanishingLinks)
}

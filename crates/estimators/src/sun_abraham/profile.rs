//! The period profiles of the cohorts as far as they do not depend on the outcome: what is identified, and the inverse of the normal
//! equations. What an outcome adds is in `scores.rs`.
//!
//! With unit effects and a coefficient for every cohort and event time, each cohort has a free profile over the periods, and so
//! have the never treated; the period effects only name the profile of the latter. The regression therefore falls
//! apart into one of unit and period effects per cohort, whose normal equations are as small as the number of periods:
//! L β = r with L = Σ_i (diag ω_i − ω_i ω_i'/Σω_i) and r = Σ_i ω_i(y_i − ȳ_i), ω_i being zero where unit i is not seen. Only
//! differences of β between periods linked by units seen in both are known; such periods form a component.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::linear_algebra::inverse;
use crate::sun_abraham::unit_rows::{Columns, UnitRows, blocks};

/// The never treated or a cohort, as far as its rows are used.
pub(super) struct Profile {
    /// First exposure; `None` = never (or standing in for them).
    pub(super) label: Option<i32>,
    pub(super) units: Range<usize>,
    pub(super) sums: Sums,
    /// By unit: whether a row of it is used.
    pub(super) is_used: Vec<bool>,
    /// The component each period belongs to, named by its first period.
    pub(super) components: Vec<usize>,
    /// Inverse of L without the rows and columns of the periods that have no coefficient, one of each component; these are zero.
    pub(super) inverse: DMatrix<f64>,
}

/// What one pass over the units of a cohort adds up.
#[derive(Clone)]
pub(super) struct Sums {
    /// Units with a row.
    pub(super) n_units: u64,
    /// Units with a row from the first exposure on.
    pub(super) n_exposed_units: u64,
    /// Rows per period.
    pub(super) n_rows: Vec<u64>,
    /// Weight per period.
    pub(super) weight: Vec<f64>,
    /// Rows left out for a weight of zero.
    pub(super) n_zero_weight_rows: u64,
    /// Unweighted units seen in every period: they all add the same to `laplacian`.
    n_full_units: u64,
    laplacian: DMatrix<f64>,
}

impl Sums {
    fn new(n_periods: usize) -> Self {
        Self {
            n_units: 0,
            n_exposed_units: 0,
            n_rows: vec![0; n_periods],
            weight: vec![0.0; n_periods],
            n_zero_weight_rows: 0,
            n_full_units: 0,
            laplacian: DMatrix::zeros(n_periods, n_periods),
        }
    }

    fn add(&mut self, other: &Self) {
        self.n_units += other.n_units;
        self.n_exposed_units += other.n_exposed_units;
        self.n_zero_weight_rows += other.n_zero_weight_rows;
        self.n_full_units += other.n_full_units;
        for period in 0..self.n_rows.len() {
            self.n_rows[period] += other.n_rows[period];
            self.weight[period] += other.weight[period];
        }
        self.laplacian += &other.laplacian;
    }

    /// Adds one unit; `start` is the index of its cohort's first period of exposure.
    fn add_unit(&mut self, rows: &UnitRows, start: usize) {
        let Some(last) = rows.seen.last() else {
            return;
        };
        self.n_units += 1;
        self.n_exposed_units += u64::from(last.period >= start);
        let is_full = !rows.is_weighted && rows.seen.len() == self.n_rows.len();
        self.n_full_units += u64::from(is_full);
        for row in &rows.seen {
            self.n_rows[row.period] += 1;
            self.weight[row.period] += row.weight;
        }
        // A unit with one row is fitted by its own effect and says nothing about periods.
        if is_full || rows.seen.len() == 1 {
            return;
        }
        for (index, a) in rows.seen.iter().enumerate() {
            let share = a.weight / rows.total_weight;
            self.laplacian[(a.period, a.period)] += a.weight * (1.0 - share);
            for b in &rows.seen[..index] {
                self.laplacian[(a.period, b.period)] -= share * b.weight;
            }
        }
    }

    /// The full matrix L.
    fn laplacian(&self) -> DMatrix<f64> {
        let n_periods = self.n_rows.len();
        let full = self.n_full_units as f64;
        let each = full / n_periods as f64;
        DMatrix::from_fn(n_periods, n_periods, |a, b| {
            let lower = self.laplacian[(a.max(b), a.min(b))];
            lower - each + if a == b { full } else { 0.0 }
        })
    }
}

/// What one block of units adds up.
struct Part {
    sums: Sums,
    is_used: Vec<bool>,
    /// By outcome.
    right: Vec<DVector<f64>>,
}

impl Profile {
    /// One cohort, and the [right-hand sides](Self::right_hand_sides) of the outcomes. `start` is the index of the cohort's first
    /// period of exposure, the number of periods for the never treated.
    pub(super) fn fit(
        columns: &Columns<'_>,
        label: Option<i32>,
        units: Range<usize>,
        start: usize,
    ) -> Result<(Self, Vec<DVector<f64>>), EstimatorError> {
        let n_periods = columns.n_periods();
        let blocks: Vec<Range<usize>> = blocks(&units).collect();
        let of_block = |block: Range<usize>| {
            let mut part = Part {
                sums: Sums::new(n_periods),
                is_used: Vec::with_capacity(block.len()),
                right: zeros(columns),
            };
            let mut rows = UnitRows::new(n_periods);
            for unit in block {
                rows.read(columns, unit);
                part.sums.n_zero_weight_rows += rows.n_zero_weight;
                part.sums.add_unit(&rows, start);
                part.is_used.push(!rows.seen.is_empty());
                add_right(&mut part.right, columns, unit, &mut rows);
            }
            part
        };
        let parts: Vec<Part> = blocks.into_par_iter().map(of_block).collect();
        let mut profile = Self {
            label,
            is_used: Vec::with_capacity(units.len()),
            units,
            components: Vec::new(),
            inverse: DMatrix::zeros(n_periods, n_periods),
            sums: Sums::new(n_periods),
        };
        let mut right = zeros(columns);
        for part in parts {
            profile.sums.add(&part.sums);
            profile.is_used.extend(part.is_used);
            add(&mut right, &part.right);
        }
        profile.invert(start)?;
        Ok((profile, right))
    }

    /// r = Σ_i ω_i(y_i − ȳ_i) of each outcome.
    pub(super) fn right_hand_sides(&self, columns: &Columns<'_>) -> Vec<DVector<f64>> {
        let blocks: Vec<Range<usize>> = blocks(&self.units).collect();
        let of_block = |block: Range<usize>| {
            let (mut right, mut rows) = (zeros(columns), UnitRows::new(columns.n_periods()));
            for unit in block {
                rows.read(columns, unit);
                add_right(&mut right, columns, unit, &mut rows);
            }
            right
        };
        let parts: Vec<Vec<DVector<f64>>> = blocks.into_par_iter().map(of_block).collect();
        let mut right = zeros(columns);
        parts.iter().for_each(|part| add(&mut right, part));
        right
    }

    /// The last period before `start` with a row.
    pub(super) fn reference(&self, start: usize) -> Option<usize> {
        (0..start)
            .rev()
            .find(|&period| self.sums.n_rows[period] > 0)
    }

    /// Inverts L where β is not set to zero: at the reference period, and at the first period of components without it.
    fn invert(&mut self, start: usize) -> Result<(), EstimatorError> {
        let laplacian = self.sums.laplacian();
        self.components = components(&laplacian);
        let reference = self.reference(start);
        let base = |component: usize| match reference {
            Some(period) if self.components[period] == component => period,
            _ => component,
        };
        let free: Vec<usize> = (0..laplacian.nrows())
            .filter(|&period| base(self.components[period]) != period)
            .collect();
        if free.is_empty() {
            return Ok(());
        }
        let reduced =
            DMatrix::from_fn(free.len(), free.len(), |a, b| laplacian[(free[a], free[b])]);
        let inverted = inverse(&reduced).ok_or_else(|| {
            let cohort = self
                .label
                .map_or("the never treated".to_owned(), |g| g.to_string());
            let columns = format!("the periods of cohort {cohort}, for lack of weight");
            EstimatorError::NothingToEstimate { columns }
        })?;
        for (a, &row) in free.iter().enumerate() {
            for (b, &column) in free.iter().enumerate() {
                self.inverse[(row, column)] = inverted[(a, b)];
            }
        }
        Ok(())
    }

    /// Coefficients of periods that are told apart from the unit effects.
    pub(super) fn rank(&self) -> u64 {
        let components = self.components.iter().enumerate();
        components.filter(|(period, own)| period != *own).count() as u64
    }
}

/// A right-hand side for each outcome.
fn zeros(columns: &Columns<'_>) -> Vec<DVector<f64>> {
    vec![DVector::zeros(columns.n_periods()); columns.n_outcomes()]
}

fn add(to: &mut [DVector<f64>], from: &[DVector<f64>]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

/// Adds the unit that was read.
fn add_right(right: &mut [DVector<f64>], columns: &Columns<'_>, unit: usize, rows: &mut UnitRows) {
    for (outcome, right) in right.iter_mut().enumerate() {
        for (row, value) in rows.demeaned(columns, (outcome, unit), None) {
            right[row.period] += row.weight * value;
        }
    }
}

/// The component of each period, named by its first period, where non-zero entries of the matrix link periods.
pub(super) fn components(matrix: &DMatrix<f64>) -> Vec<usize> {
    let n_periods = matrix.nrows();
    let mut names: Vec<usize> = (0..n_periods).collect();
    for first in 0..n_periods {
        if names[first] != first {
            continue;
        }
        let mut open = vec![first];
        while let Some(period) = open.pop() {
            for (other, name) in names.iter_mut().enumerate() {
                if *name != first && matrix[(period, other)] != 0.0 {
                    *name = first;
                    open.push(other);
                }
            }
        }
    }
    names
}

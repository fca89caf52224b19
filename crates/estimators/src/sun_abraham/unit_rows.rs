//! The rows of one unit and outcome, read from the sample period by period.

use std::ops::Range;

use nalgebra::DVector;

use crate::group_time::sample::Sample;

/// An outcome and the weights of the sample, period by period.
pub(super) struct Columns<'a> {
    values: Vec<&'a [f64]>,
    weights: Option<Vec<&'a [f64]>>,
}

impl<'a> Columns<'a> {
    /// `values` are laid out as the sample's own outcome.
    pub(super) fn of(sample: &'a Sample<'_>, values: &'a [f64]) -> Self {
        let periods = || 0..sample.periods.len();
        Self {
            values: periods()
                .map(|period| sample.period_of(values, period))
                .collect(),
            weights: periods()
                .map(|period| sample.period_weights(period))
                .collect(),
        }
    }

    pub(super) fn n_periods(&self) -> usize {
        self.values.len()
    }
}

/// Units per partial sum; the blocks, not the threads, fix the order of summation.
const BLOCK: usize = 16_384;

/// One row of a unit; `value` is relative to the unit's mean.
#[derive(Clone, Copy)]
pub(super) struct UnitRow {
    pub(super) period: usize,
    pub(super) weight: f64,
    pub(super) value: f64,
}

/// The rows of one unit that have a weight, demeaned.
pub(super) struct UnitRows {
    pub(super) seen: Vec<UnitRow>,
    pub(super) total_weight: f64,
    pub(super) n_zero_weight: u64,
    pub(super) is_weighted: bool,
}

impl UnitRows {
    pub(super) fn new(n_periods: usize) -> Self {
        Self {
            seen: Vec::with_capacity(n_periods),
            total_weight: 0.0,
            n_zero_weight: 0,
            is_weighted: false,
        }
    }

    /// Reads a unit and subtracts the profile (if any) and then the mean.
    pub(super) fn read(
        &mut self,
        columns: &Columns<'_>,
        unit: usize,
        profile: Option<&DVector<f64>>,
    ) {
        self.seen.clear();
        (self.total_weight, self.n_zero_weight) = (0.0, 0);
        self.is_weighted = columns.weights.is_some();
        let mut sum = 0.0;
        for (period, values) in columns.values.iter().enumerate() {
            let mut value = values[unit];
            if value.is_nan() {
                continue;
            }
            let weight = columns.weights.as_ref().map_or(1.0, |w| w[period][unit]);
            if weight <= 0.0 {
                self.n_zero_weight += 1;
                continue;
            }
            if let Some(profile) = profile {
                value -= profile[period];
            }
            sum += weight * value;
            self.total_weight += weight;
            self.seen.push(UnitRow {
                period,
                weight,
                value,
            });
        }
        // The profile goes first: what is left is small, so that the mean of large outcomes costs no digits.
        let mean = sum / self.total_weight;
        for row in &mut self.seen {
            row.value -= mean;
        }
    }
}

/// Runs of units whose sums can be formed side by side.
pub(super) fn blocks(units: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let end = units.end;
    units
        .clone()
        .step_by(BLOCK)
        .map(move |start| start..(start + BLOCK).min(end))
}

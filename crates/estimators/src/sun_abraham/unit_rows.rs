//! The rows of one unit, read from the sample period by period for several outcomes.

use std::borrow::Cow;
use std::ops::Range;

use nalgebra::DVector;

use crate::group_time::sample::Sample;

/// Outcomes that are missing in the same places and the weights of the sample, period by period.
pub(super) struct Columns<'a> {
    /// By outcome, then period.
    values: Vec<Vec<&'a [f64]>>,
    weights: Option<Vec<&'a [f64]>>,
    n_periods: usize,
}

impl<'a> Columns<'a> {
    /// `outcomes` are laid out as the sample's own.
    pub(super) fn of(sample: &'a Sample<'_>, outcomes: &'a [Cow<'_, [f64]>]) -> Self {
        let periods = || 0..sample.periods.len();
        let by_period = |values: &'a Cow<'_, [f64]>| {
            let columns = periods().map(|period| sample.period_of(values, period));
            columns.collect()
        };
        Self {
            values: outcomes.iter().map(by_period).collect(),
            weights: periods()
                .map(|period| sample.period_weights(period))
                .collect(),
            n_periods: sample.periods.len(),
        }
    }

    pub(super) fn n_periods(&self) -> usize {
        self.n_periods
    }

    pub(super) fn n_outcomes(&self) -> usize {
        self.values.len()
    }
}

/// Units per partial sum; the blocks, not the threads, fix the order of summation.
const BLOCK: usize = 16_384;

/// A row of a unit.
#[derive(Clone, Copy)]
pub(super) struct SeenRow {
    pub(super) period: usize,
    pub(super) weight: f64,
}

/// The rows of one unit that have a weight.
pub(super) struct UnitRows {
    pub(super) seen: Vec<SeenRow>,
    pub(super) total_weight: f64,
    pub(super) n_zero_weight: u64,
    pub(super) is_weighted: bool,
    /// Of the outcome read last, by row.
    values: Vec<f64>,
}

impl UnitRows {
    pub(super) fn new(n_periods: usize) -> Self {
        Self {
            seen: Vec::with_capacity(n_periods),
            total_weight: 0.0,
            n_zero_weight: 0,
            is_weighted: false,
            values: Vec::with_capacity(n_periods),
        }
    }

    /// Reads which rows a unit has: the same for all outcomes.
    pub(super) fn read(&mut self, columns: &Columns<'_>, unit: usize) {
        self.seen.clear();
        (self.total_weight, self.n_zero_weight) = (0.0, 0);
        self.is_weighted = columns.weights.is_some();
        for (period, values) in columns.values[0].iter().enumerate() {
            if values[unit].is_nan() {
                continue;
            }
            let weight = columns.weights.as_ref().map_or(1.0, |w| w[period][unit]);
            if weight <= 0.0 {
                self.n_zero_weight += 1;
                continue;
            }
            self.total_weight += weight;
            self.seen.push(SeenRow { period, weight });
        }
    }

    /// The rows of the unit that was read with the values of one outcome, less the profile (if any) and then the mean.
    pub(super) fn demeaned(
        &mut self,
        columns: &Columns<'_>,
        (outcome, unit): (usize, usize),
        profile: Option<&DVector<f64>>,
    ) -> impl Iterator<Item = (SeenRow, f64)> {
        self.values.clear();
        let mut sum = 0.0;
        for row in &self.seen {
            let mut value = columns.values[outcome][row.period][unit];
            if let Some(profile) = profile {
                value -= profile[row.period];
            }
            sum += row.weight * value;
            self.values.push(value);
        }
        // The profile goes first: what is left is small, so that the mean of large outcomes costs no digits.
        let mean = sum / self.total_weight;
        let rows = self.seen.iter().zip(&self.values);
        rows.map(move |(row, value)| (*row, value - mean))
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

//! The fit of the interacted regression, cohort by cohort: period profiles, their residuals and scores.
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
use crate::group_time::sample::Sample;
use crate::inference::few_clusters::Side;
use crate::linear_algebra::inverse;

/// Units per partial sum; the blocks, not the threads, fix the order of summation.
const BLOCK: usize = 16_384;

/// The never treated or a cohort, as far as its rows are used.
pub(super) struct Profile {
    /// First exposure; `None` = never (or standing in for them).
    pub(super) label: Option<i32>,
    units: Range<usize>,
    pub(super) sums: Sums,
    /// The component each period belongs to, named by its first period.
    pub(super) components: Vec<usize>,
    /// Coefficients of the periods; zero at one period of each component.
    pub(super) coefficients: DVector<f64>,
    /// Inverse of L without the rows and columns of those periods, which are zero.
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
    right: DVector<f64>,
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
            right: DVector::zeros(n_periods),
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
        self.right += &other.right;
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
            self.right[row.period] += row.weight * row.value;
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

/// One row of a unit; `value` is relative to the unit's mean.
#[derive(Clone, Copy)]
pub(super) struct UnitRow {
    pub(super) period: usize,
    pub(super) weight: f64,
    pub(super) value: f64,
}

/// The rows of one unit that have a weight, demeaned.
struct UnitRows {
    seen: Vec<UnitRow>,
    total_weight: f64,
    n_zero_weight: u64,
    is_weighted: bool,
}

impl UnitRows {
    fn new(n_periods: usize) -> Self {
        Self {
            seen: Vec::with_capacity(n_periods),
            total_weight: 0.0,
            n_zero_weight: 0,
            is_weighted: false,
        }
    }

    /// Reads a unit and subtracts the profile (if any) and then the mean.
    fn read(&mut self, columns: &Columns<'_>, unit: usize, profile: Option<&DVector<f64>>) {
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

/// The sample's values and weights, period by period.
struct Columns<'a> {
    values: Vec<&'a [f64]>,
    weights: Option<Vec<&'a [f64]>>,
}

impl<'a> Columns<'a> {
    fn of(sample: &'a Sample<'_>) -> Self {
        let periods = || 0..sample.periods.len();
        Self {
            values: periods().map(|p| sample.period_values(p)).collect(),
            weights: periods().map(|p| sample.period_weights(p)).collect(),
        }
    }
}

impl Profile {
    /// Fits one cohort. `start` is the index of its first period of exposure, the number of periods for the never treated.
    pub(super) fn fit(
        sample: &Sample<'_>,
        label: Option<i32>,
        units: Range<usize>,
        start: usize,
    ) -> Result<Self, EstimatorError> {
        let n_periods = sample.periods.len();
        let columns = Columns::of(sample);
        let blocks: Vec<Range<usize>> = blocks(&units).collect();
        let parts: Vec<Sums> = blocks
            .into_par_iter()
            .map(|block| {
                let (mut sums, mut rows) = (Sums::new(n_periods), UnitRows::new(n_periods));
                for unit in block {
                    rows.read(&columns, unit, None);
                    sums.n_zero_weight_rows += rows.n_zero_weight;
                    sums.add_unit(&rows, start);
                }
                sums
            })
            .collect();
        let mut sums = Sums::new(n_periods);
        parts.iter().for_each(|part| sums.add(part));
        let mut profile = Self {
            label,
            units,
            components: Vec::new(),
            coefficients: DVector::zeros(n_periods),
            inverse: DMatrix::zeros(n_periods, n_periods),
            sums,
        };
        profile.solve(start)?;
        Ok(profile)
    }

    /// The last period before `start` with a row.
    pub(super) fn reference(&self, start: usize) -> Option<usize> {
        (0..start)
            .rev()
            .find(|&period| self.sums.n_rows[period] > 0)
    }

    /// Solves L β = r with β zero at the reference period, and at the first period of components without it.
    fn solve(&mut self, start: usize) -> Result<(), EstimatorError> {
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
        self.coefficients = &self.inverse * &self.sums.right;
        Ok(())
    }

    /// Coefficients of periods that are told apart from the unit effects.
    pub(super) fn rank(&self) -> u64 {
        let components = self.components.iter().enumerate();
        components.filter(|(period, own)| period != *own).count() as u64
    }

    /// Scores ω·e per period, handed over unit by unit.
    fn for_each_score(
        &self,
        columns: &Columns<'_>,
        units: Range<usize>,
        mut body: impl FnMut(usize, &[UnitRow]),
    ) {
        let mut rows = UnitRows::new(columns.values.len());
        for unit in units {
            rows.read(columns, unit, Some(&self.coefficients));
            for row in &mut rows.seen {
                row.value *= row.weight;
            }
            body(unit, &rows.seen);
        }
    }

    /// Σ over units of s s'.
    pub(super) fn unit_meat(&self, sample: &Sample<'_>) -> DMatrix<f64> {
        let n_periods = sample.periods.len();
        let columns = Columns::of(sample);
        let blocks: Vec<Range<usize>> = blocks(&self.units).collect();
        let parts: Vec<DMatrix<f64>> = blocks
            .into_par_iter()
            .map(|block| {
                let mut meat = DMatrix::zeros(n_periods, n_periods);
                self.for_each_score(&columns, block, |_, scores| {
                    for (index, a) in scores.iter().enumerate() {
                        for b in &scores[..=index] {
                            meat[(a.period, b.period)] += a.value * b.value;
                        }
                    }
                });
                meat
            })
            .collect();
        let mut meat = DMatrix::zeros(n_periods, n_periods);
        parts.iter().for_each(|part| meat += part);
        meat.fill_upper_triangle_with_lower_triangle();
        meat
    }

    /// Scores summed within clusters: the clusters in ascending order and, for each, a sum per period.
    pub(super) fn cluster_scores(&self, sample: &Sample<'_>, clusters: &[u32]) -> ClusterScores {
        let n_periods = sample.periods.len();
        let columns = Columns::of(sample);
        let mut distinct = clusters[self.units.clone()].to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut slots = vec![u32::MAX; sample.n_clusters];
        for (slot, &cluster) in distinct.iter().enumerate() {
            slots[cluster as usize] = slot as u32;
        }
        let mut sums = vec![0.0; distinct.len() * n_periods];
        let mut n_units = vec![0; distinct.len()];
        self.for_each_score(&columns, self.units.clone(), |unit, scores| {
            let slot = slots[clusters[unit] as usize] as usize;
            for score in scores {
                sums[slot * n_periods + score.period] += score.value;
            }
            n_units[slot] += u64::from(!scores.is_empty());
        });
        ClusterScores {
            clusters: distinct,
            sums,
            n_units,
        }
    }
}

/// Summed scores of the clusters a cohort lives in.
pub(super) struct ClusterScores {
    pub(super) clusters: Vec<u32>,
    /// One run of periods per cluster.
    pub(super) sums: Vec<f64>,
    /// Units of the cluster with a row that is used.
    pub(super) n_units: Vec<u64>,
}

impl ClusterScores {
    /// The units with rows that are used, and their clusters.
    pub(super) fn side(&self) -> Side {
        let mut side = Side::EMPTY;
        self.n_units.iter().for_each(|&n| side.add_cluster(n));
        side
    }
}

fn blocks(units: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let end = units.end;
    units
        .clone()
        .step_by(BLOCK)
        .map(move |start| start..(start + BLOCK).min(end))
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

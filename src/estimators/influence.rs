//! The estimate of one comparison, its influence function, and the joint covariance of all comparisons.
//!
//! The influence function ψ of a comparison is never stored for all units and comparisons at once. What is kept per
//! comparison is enough to evaluate ψ for any unit ([`CellInfluence`]); the joint covariance Σψψ'/N² is then summed
//! over blocks of units, or over clusters. A new estimator of a comparison (outcome regression, inverse probability
//! weighting, doubly robust) is one more variant of [`CellInfluence`] with its constructor on [`CellFit`].

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::estimators::did::Cell;
use crate::estimators::estimate::Status;
use crate::estimators::panel::Layout;
use crate::estimators::sample::Sample;

/// Units per block of the covariance sum; the blocks, not the threads, fix the order of summation.
const BLOCK: usize = 2_048;
/// Blocks per parallel task.
const BLOCKS_PER_TASK: usize = 16;

/// One comparison, estimated.
pub(crate) struct CellFit {
    pub(crate) estimate: f64,
    pub(crate) n_treated: u64,
    pub(crate) n_control: u64,
    pub(crate) n_treated_rows: u64,
    pub(crate) n_control_rows: u64,
    pub(crate) influence: CellInfluence,
}

/// What ψ/N of a comparison is computed from.
pub(crate) enum CellInfluence {
    /// There is no estimate, for this reason.
    Missing(Status),
    /// The base period compared with itself.
    Zero,
    /// ψ/N = ω(ΔY − mean)/Σω among the treated, its negative among the controls.
    Changes {
        weight_period: usize,
        treated: Mean,
        control: Mean,
    },
    /// The same with a mean for each of the four groups of rows.
    Rows {
        treated: [Mean; 2],
        control: [Mean; 2],
    },
}

/// A weighted mean and what a unit contributes to it.
#[derive(Clone, Copy)]
pub(crate) struct Mean {
    mean: f64,
    total_weight: f64,
    n_rows: u64,
}

impl Mean {
    fn of(items: impl Iterator<Item = (f64, f64)>) -> Self {
        let (mut sum, mut total_weight, mut n_rows) = (0.0, 0.0, 0);
        for (value, weight) in items {
            sum += weight * value;
            total_weight += weight;
            n_rows += 1;
        }
        Self {
            mean: sum / total_weight,
            total_weight,
            n_rows,
        }
    }

    fn is_empty(&self) -> bool {
        self.total_weight <= 0.0
    }

    fn influence(&self, value: f64, weight: f64) -> f64 {
        weight * (value - self.mean) / self.total_weight
    }
}

impl CellFit {
    /// The difference of (weighted) mean changes, without covariates.
    pub(crate) fn means(sample: &Sample<'_>, cell: &Cell) -> Self {
        let [treated, control] = [
            std::slice::from_ref(&cell.treated),
            cell.controls.as_slice(),
        ]
        .map(|group| {
            if compares_units(sample.layout) {
                let mean = changes(sample, cell, group);
                Group {
                    means: [mean; 2],
                    n_units: mean.n_rows,
                    n_rows: mean.n_rows,
                }
            } else {
                Group::of_rows(sample, cell, group)
            }
        });
        let influence = if treated.is_empty() {
            CellInfluence::Missing(Status::NoTreated)
        } else if control.is_empty() {
            CellInfluence::Missing(Status::NoControls)
        } else if cell.current == cell.reference {
            CellInfluence::Zero
        } else if compares_units(sample.layout) {
            CellInfluence::Changes {
                weight_period: cell.current.min(cell.reference),
                treated: treated.means[0],
                control: control.means[0],
            }
        } else {
            CellInfluence::Rows {
                treated: treated.means,
                control: control.means,
            }
        };
        Self {
            estimate: influence.estimate(),
            n_treated: treated.n_units,
            n_control: control.n_units,
            n_treated_rows: treated.n_rows,
            n_control_rows: control.n_rows,
            influence,
        }
    }
}

/// One side of a comparison.
struct Group {
    /// Change in the first place (panel), or means at the current and the reference period (rows).
    means: [Mean; 2],
    n_units: u64,
    n_rows: u64,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.means.iter().any(Mean::is_empty)
    }

    fn of_rows(sample: &Sample<'_>, cell: &Cell, group: &[Range<usize>]) -> Self {
        let means = [cell.current, cell.reference]
            .map(|period| Mean::of(units_of(group).filter_map(|unit| sample.seen(period, unit))));
        let n_rows = if cell.current == cell.reference {
            means[0].n_rows
        } else {
            means[0].n_rows + means[1].n_rows
        };
        let in_either = |&unit: &usize| {
            sample.seen(cell.current, unit).is_some() || sample.seen(cell.reference, unit).is_some()
        };
        let n_units = units_of(group).filter(in_either).count() as u64;
        Self {
            means,
            n_units,
            n_rows,
        }
    }
}

fn units_of(group: &[Range<usize>]) -> impl Iterator<Item = usize> + '_ {
    group.iter().flat_map(Clone::clone)
}

/// Whether units are compared with themselves in another period, rather than rows with rows.
fn compares_units(layout: Layout) -> bool {
    matches!(layout, Layout::Balanced | Layout::Pairs)
}

/// Mean change from the reference to the current period of the units seen in both; the weight is that of the earlier of
/// the two.
fn changes(sample: &Sample<'_>, cell: &Cell, group: &[Range<usize>]) -> Mean {
    let (now, before) = (
        sample.period_values(cell.current),
        sample.period_values(cell.reference),
    );
    // An unseen value is NaN, and so is its change.
    let changes = units_of(group)
        .map(|unit| (unit, now[unit] - before[unit]))
        .filter(|(_, change)| !change.is_nan());
    match sample.period_weights(cell.current.min(cell.reference)) {
        Some(weights) => Mean::of(changes.map(|(unit, change)| (change, weights[unit]))),
        None => Mean::of(changes.map(|(_, change)| (change, 1.0))),
    }
}

impl Sample<'_> {
    /// Value and weight of a unit in a period where it is seen.
    fn seen(&self, period: usize, unit: usize) -> Option<(f64, f64)> {
        if self.layout == Layout::CrossSections {
            let (values, weights, periods) = self.rows();
            let here = usize::from(periods[unit]) == period;
            return here.then(|| (values[unit], weights.map_or(1.0, |w| w[unit])));
        }
        let value = self.value(period, unit);
        let weight = || self.period_weights(period).map_or(1.0, |w| w[unit]);
        (!value.is_nan()).then(|| (value, weight()))
    }
}

impl CellInfluence {
    fn estimate(&self) -> f64 {
        match self {
            Self::Missing(_) => f64::NAN,
            Self::Zero => 0.0,
            Self::Changes {
                treated, control, ..
            } => treated.mean - control.mean,
            Self::Rows { treated, control } => {
                (treated[0].mean - treated[1].mean) - (control[0].mean - control[1].mean)
            }
        }
    }

    /// Adds ψ/N of consecutive units of one side to `out`, the first of them being unit `start`.
    fn add(&self, sample: &Sample<'_>, cell: &Cell, side: Side, start: usize, out: &mut [f64]) {
        match self {
            Self::Missing(_) | Self::Zero => {}
            Self::Changes {
                weight_period,
                treated,
                control,
            } => {
                let units = start..start + out.len();
                let now = &sample.period_values(cell.current)[units.clone()];
                let before = &sample.period_values(cell.reference)[units.clone()];
                let (mean, sign) = side.pick(treated, control);
                let weights = sample.period_weights(*weight_period).map(|w| &w[units]);
                for (k, slot) in out.iter_mut().enumerate() {
                    let change = now[k] - before[k];
                    if !change.is_nan() {
                        let weight = weights.map_or(1.0, |w| w[k]);
                        *slot += sign * mean.influence(change, weight);
                    }
                }
            }
            Self::Rows { treated, control } => {
                let (means, sign) = side.pick(treated, control);
                for (k, slot) in out.iter_mut().enumerate() {
                    if let Some((value, weight)) = sample.seen(cell.current, start + k) {
                        *slot += sign * means[0].influence(value, weight);
                    }
                    if let Some((value, weight)) = sample.seen(cell.reference, start + k) {
                        *slot -= sign * means[1].influence(value, weight);
                    }
                }
            }
        }
    }
}

/// The side of a comparison a unit is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Treated,
    Control,
}

impl Side {
    fn pick<'a, T>(self, treated: &'a T, control: &'a T) -> (&'a T, f64) {
        match self {
            Self::Treated => (treated, 1.0),
            Self::Control => (control, -1.0),
        }
    }

    fn of(cell: &Cell, units: &Range<usize>) -> Option<Self> {
        if cell.treated == *units {
            Some(Self::Treated)
        } else {
            cell.controls.contains(units).then_some(Self::Control)
        }
    }
}

/// The joint covariance of the comparisons and of the cohort shares p_g.
///
/// `share_weights` are the units' weights relative to their mean. The sum runs over the columns ψ_k/N of the comparisons,
/// ω·1{G = g}/N of the shares and 1/N, and is then centred: share g deviates by (ω·1{G = g} − p_g)/N.
pub(crate) fn joint_covariance(
    sample: &Sample<'_>,
    cells: &[Cell],
    fits: &[CellFit],
    share_weights: &[f64],
) -> DMatrix<f64> {
    let columns = Columns {
        sample,
        cells,
        fits,
        share_weights,
    };
    let products = match &sample.clusters {
        Some(clusters) if sample.n_clusters < sample.n_units => columns.clustered(clusters),
        _ => columns.unclustered(),
    };
    let (n_cells, n_cohorts) = (cells.len(), sample.cohorts.len());
    let mut centre = DMatrix::identity(n_cells + n_cohorts, n_cells + n_cohorts + 1);
    for (index, (_, units)) in sample.cohorts.iter().enumerate() {
        let share = share_weights[units.clone()].iter().sum::<f64>() / sample.n_units as f64;
        centre[(n_cells + index, n_cells + n_cohorts)] = -share;
    }
    &centre * products * centre.transpose()
}

/// The columns whose cross products make the covariance.
struct Columns<'a> {
    sample: &'a Sample<'a>,
    cells: &'a [Cell],
    fits: &'a [CellFit],
    share_weights: &'a [f64],
}

impl Columns<'_> {
    fn n_columns(&self) -> usize {
        self.cells.len() + self.sample.cohorts.len() + 1
    }

    /// The groups of units with a common pattern of zero columns.
    fn groups(&self) -> Vec<Range<usize>> {
        let treated = self.sample.cohorts.iter().map(|(_, units)| units.clone());
        treated.chain([self.sample.never.clone()]).collect()
    }

    /// Columns that are not zero for a group.
    fn active(&self, group: &Range<usize>) -> Vec<usize> {
        let is_cohort = |index: usize| self.sample.cohorts[index].1 == *group;
        (0..self.n_columns())
            .filter(|&column| {
                if let Some(cell) = self.cells.get(column) {
                    Side::of(cell, group).is_some()
                } else {
                    let index = column - self.cells.len();
                    index == self.sample.cohorts.len() || is_cohort(index)
                }
            })
            .collect()
    }

    /// Adds a column's values for consecutive units of one group to `out`.
    fn add(&self, column: usize, group: &Range<usize>, start: usize, out: &mut [f64]) {
        let n_units = self.sample.n_units as f64;
        if let Some(cell) = self.cells.get(column) {
            if let Some(side) = Side::of(cell, group) {
                self.fits[column]
                    .influence
                    .add(self.sample, cell, side, start, out);
            }
        } else if column + 1 == self.n_columns() {
            out.iter_mut().for_each(|slot| *slot += 1.0 / n_units);
        } else if self.sample.cohorts[column - self.cells.len()].1 == *group {
            let weights = &self.share_weights[start..start + out.len()];
            for (slot, weight) in out.iter_mut().zip(weights) {
                *slot += weight / n_units;
            }
        }
    }

    /// Σ over units, in blocks of one group each.
    fn unclustered(&self) -> DMatrix<f64> {
        let mut sum = DMatrix::zeros(self.n_columns(), self.n_columns());
        for group in self.groups() {
            let active = self.active(&group);
            let task_size = BLOCK * BLOCKS_PER_TASK;
            let n_tasks = group.len().div_ceil(task_size);
            let parts: Vec<DMatrix<f64>> = (0..n_tasks)
                .into_par_iter()
                .map(|task| {
                    let start = group.start + task * task_size;
                    self.block_products(&group, &active, start..(start + task_size).min(group.end))
                })
                .collect();
            for part in parts {
                for (a, &row) in active.iter().enumerate() {
                    for (b, &column) in active.iter().enumerate() {
                        sum[(row, column)] += part[(a, b)];
                    }
                }
            }
        }
        sum
    }

    fn block_products(
        &self,
        group: &Range<usize>,
        active: &[usize],
        units: Range<usize>,
    ) -> DMatrix<f64> {
        let mut sum = DMatrix::zeros(active.len(), active.len());
        for start in units.clone().step_by(BLOCK) {
            let len = BLOCK.min(units.end - start);
            let mut block = DMatrix::zeros(len, active.len());
            for (index, &column) in active.iter().enumerate() {
                let slots = &mut block.as_mut_slice()[index * len..(index + 1) * len];
                self.add(column, group, start, slots);
            }
            sum.gemm_tr(1.0, &block, &block, 1.0);
        }
        sum
    }

    /// Σ over clusters of the columns' cluster sums.
    fn clustered(&self, clusters: &[u32]) -> DMatrix<f64> {
        let groups = self.groups();
        let sums: Vec<Vec<f64>> = (0..self.n_columns())
            .into_par_iter()
            .map(|column| {
                let mut sums = vec![0.0; self.sample.n_clusters];
                let mut buffer = vec![0.0; BLOCK];
                for group in groups
                    .iter()
                    .filter(|group| self.active(group).contains(&column))
                {
                    for start in group.clone().step_by(BLOCK) {
                        let slots = &mut buffer[..BLOCK.min(group.end - start)];
                        slots.fill(0.0);
                        self.add(column, group, start, slots);
                        for (value, &cluster) in slots.iter().zip(&clusters[start..]) {
                            sums[cluster as usize] += value;
                        }
                    }
                }
                sums
            })
            .collect();
        let table = DMatrix::from_vec(self.sample.n_clusters, self.n_columns(), sums.concat());
        table.tr_mul(&table)
    }
}

//! The joint covariance of all comparisons, from their influence functions.
//!
//! The influence function ψ of a comparison is never stored for all units and comparisons at once: the joint covariance Σψψ'/N²
//! is summed over blocks of units, or over the clusters' sums of ψ.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::group_time::cell::{CohortCell, Side};
use crate::group_time::comparison::CellFit;
use crate::group_time::sample::Sample;
use crate::inference::bootstrap::Bootstrap;

/// Units per block of the covariance sum; the blocks, not the threads, fix the order of summation.
const BLOCK: usize = 2_048;

/// Blocks per parallel task.
const BLOCKS_PER_TASK: usize = 16;

/// The joint law of the comparisons and of the cohort shares p_g.
pub(crate) struct Joint {
    /// Covariance of the comparisons, then of the shares.
    pub(crate) covariance: DMatrix<f64>,
    /// Bootstrap draws of their deviations, one row each.
    pub(crate) draws: Option<DMatrix<f64>>,
}

/// The joint law of the comparisons and of the cohort shares p_g.
///
/// `share_weights` are the units' weights relative to their mean. The sums run over the columns ψ_k/N of the comparisons,
/// ω·1{G = g}/N of the shares and 1/N, and are then centred: share g deviates by (ω·1{G = g} − p_g)/N.
pub(crate) fn joint(
    sample: &Sample<'_>,
    cells: &[CohortCell],
    fits: &[CellFit],
    share_weights: &[f64],
    bootstrap: Option<Bootstrap>,
) -> Joint {
    let columns = Columns {
        sample,
        cells,
        fits,
        share_weights,
        bootstrap,
    };
    let (n_cells, n_cohorts) = (cells.len(), sample.cohorts.len());
    if sample.n_clusters == 1 {
        // Everything adds up to zero within the one cluster; what sums would show is rounding.
        return Joint::zero(n_cells + n_cohorts, bootstrap);
    }
    let sums = match &sample.clusters {
        // As many clusters as units are the units themselves, for which blocks need less memory than a table of sums.
        Some(clusters) if sample.n_clusters < sample.n_units => columns.clustered(clusters),
        _ => columns.unclustered(),
    };
    let centre = columns.centre();
    Joint {
        covariance: &centre * sums.products * centre.transpose(),
        draws: sums.draws.map(|draws| draws * centre.transpose()),
    }
}

/// What each cluster (row) contributes to the comparisons and the shares; without clusters, each unit.
pub(crate) fn contributions(
    sample: &Sample<'_>,
    cells: &[CohortCell],
    fits: &[CellFit],
    share_weights: &[f64],
) -> DMatrix<f64> {
    let columns = Columns {
        sample,
        cells,
        fits,
        share_weights,
        bootstrap: None,
    };
    let table = match &sample.clusters {
        Some(clusters) => columns.table(clusters),
        None => columns.table(&(0..sample.n_units as u32).collect::<Vec<_>>()),
    };
    table * columns.centre().transpose()
}

/// The influence of each unit on linear combinations of comparisons and shares, which are the columns of `combinations`: unit ×
/// combination. Squares summed within clusters and over them are the combinations' variances.
pub(crate) fn of_units(
    sample: &Sample<'_>,
    cells: &[CohortCell],
    fits: &[CellFit],
    share_weights: &[f64],
    combinations: &DMatrix<f64>,
) -> Vec<f64> {
    let columns = Columns {
        sample,
        cells,
        fits,
        share_weights,
        bootstrap: None,
    };
    let n = combinations.ncols();
    // What the shares deviate from is the last column, one in every unit.
    let factors = columns.centre().tr_mul(combinations);
    let mut values = vec![0.0; sample.n_units * n];
    for group in columns.groups() {
        let active = columns.active(&group);
        let own = &mut values[group.start * n..group.end * n];
        own.par_chunks_mut(BLOCK * n)
            .enumerate()
            .for_each(|(block, own)| {
                let mut buffer = vec![0.0; own.len() / n];
                for &column in &active {
                    buffer.fill(0.0);
                    columns.add(column, &group, group.start + block * BLOCK, &mut buffer);
                    for (row, value) in own.chunks_exact_mut(n).zip(&buffer) {
                        for (k, to) in row.iter_mut().enumerate() {
                            *to += value * factors[(column, k)];
                        }
                    }
                }
            });
    }
    values
}

impl Joint {
    /// The law of what never deviates.
    fn zero(n_columns: usize, bootstrap: Option<Bootstrap>) -> Self {
        let n_draws = bootstrap.map(|bootstrap| bootstrap.n_draws as usize);
        Self {
            covariance: DMatrix::zeros(n_columns, n_columns),
            draws: n_draws.map(|n_draws| DMatrix::zeros(n_draws, n_columns)),
        }
    }
}

/// Sums over units or clusters.
struct Sums {
    products: DMatrix<f64>,
    draws: Option<DMatrix<f64>>,
}

/// The columns whose cross products make the covariance.
struct Columns<'a> {
    sample: &'a Sample<'a>,
    cells: &'a [CohortCell],
    fits: &'a [CellFit],
    share_weights: &'a [f64],
    bootstrap: Option<Bootstrap>,
}

impl Columns<'_> {
    fn n_columns(&self) -> usize {
        self.cells.len() + self.sample.cohorts.len() + 1
    }

    /// What takes p_g from the sums: the sums are centred, not the columns, because p_g taken from every unit would leave no group of
    /// units with zeros to skip.
    fn centre(&self) -> DMatrix<f64> {
        let n = self.n_columns() - 1;
        let mut centre = DMatrix::identity(n, n + 1);
        for (index, (_, units)) in self.sample.cohorts.iter().enumerate() {
            let weights = &self.share_weights[units.clone()];
            let share = weights.iter().sum::<f64>() / self.sample.n_units as f64;
            centre[(self.cells.len() + index, n)] = -share;
        }
        centre
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
    fn unclustered(&self) -> Sums {
        let n_columns = self.n_columns();
        let n_draws = self.bootstrap.map(|bootstrap| bootstrap.n_draws as usize);
        let mut total = Sums {
            products: DMatrix::zeros(n_columns, n_columns),
            draws: n_draws.map(|n_draws| DMatrix::zeros(n_draws, n_columns)),
        };
        // Outside its cohort and its controls a comparison has only zeros, which are never computed.
        for group in self.groups() {
            let active = self.active(&group);
            let task_size = BLOCK * BLOCKS_PER_TASK;
            let n_tasks = group.len().div_ceil(task_size);
            let parts: Vec<Sums> = (0..n_tasks)
                .into_par_iter()
                .map(|task| {
                    let start = group.start + task * task_size;
                    self.block_sums(&group, &active, start..(start + task_size).min(group.end))
                })
                .collect();
            // Added in the order of the tasks, whichever ended first.
            for part in parts {
                for (a, &row) in active.iter().enumerate() {
                    for (b, &column) in active.iter().enumerate() {
                        total.products[(row, column)] += part.products[(a, b)];
                    }
                }
                if let (Some(draws), Some(own)) = (&mut total.draws, part.draws) {
                    for (index, &column) in active.iter().enumerate() {
                        let mut target = draws.column_mut(column);
                        target += own.column(index);
                    }
                }
            }
        }
        total
    }

    fn block_sums(&self, group: &Range<usize>, active: &[usize], units: Range<usize>) -> Sums {
        let n_draws = self.bootstrap.map(|bootstrap| bootstrap.n_draws as usize);
        let mut sums = Sums {
            products: DMatrix::zeros(active.len(), active.len()),
            draws: n_draws.map(|n_draws| DMatrix::zeros(n_draws, active.len())),
        };
        for start in units.clone().step_by(BLOCK) {
            let len = BLOCK.min(units.end - start);
            let mut block = DMatrix::zeros(len, active.len());
            for (index, &column) in active.iter().enumerate() {
                let slots = &mut block.as_mut_slice()[index * len..(index + 1) * len];
                self.add(column, group, start, slots);
            }
            sums.products.gemm_tr(1.0, &block, &block, 1.0);
            if let (Some(draws), Some(bootstrap)) = (&mut sums.draws, self.bootstrap) {
                *draws += bootstrap.draws(block.as_view(), start);
            }
        }
        sums
    }

    /// Σ over clusters of the columns' cluster sums.
    fn clustered(&self, clusters: &[u32]) -> Sums {
        // Clusters × columns numbers, not units × columns. No factor G/(G − 1): as in R `did` errors are asymptotic, and few
        // clusters are a status.
        let table = self.table(clusters);
        Sums {
            products: table.tr_mul(&table),
            draws: self
                .bootstrap
                .map(|bootstrap| bootstrap.draws(table.as_view(), 0)),
        }
    }

    /// The columns' sums by cluster.
    fn table(&self, clusters: &[u32]) -> DMatrix<f64> {
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
        DMatrix::from_vec(self.sample.n_clusters, self.n_columns(), sums.concat())
    }
}

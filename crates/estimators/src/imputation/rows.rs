//! The rows of an imputation without an outcome, checked and in canonical order. What is estimated from them is in the sibling
//! files.
//!
//! Rows lie by group of the unit effect, then unit, then period, so that a unit effect is one run of rows. Units are
//! numbered by cluster first: where groups lie within clusters, a cluster is one run too and its sums can be formed
//! while passing by. Numeric covariates are stored as deviations from their mean over the untreated rows of the group: only
//! these matter once the unit effects are eliminated, and no outcome has to form them again.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::imputation::options::ImputationColumns;
use crate::imputation::order::{Groups, Units, by_unit_and_period, pick};
use crate::panel::codes::{MISSING_CODE, distinct_i32, period_lookup, rank_i64};
use crate::panel::columns::{check_clusters_of_never, check_lengths};
use crate::regression::data::Column;

/// Cohorts × periods that a table can hold.
const MOST_CELLS: u64 = 1_000_000;

/// Parts of the work that can run at the same time; they, not the threads, fix the order of summation.
const CHUNKS: usize = 64;

/// Rows below which a part is not worth its own.
const LEAST_CHUNK: usize = 4_096;

/// A cohort in a period.
#[derive(Debug, Clone, Copy)]
pub(super) struct CohortPeriod {
    /// Index of the period.
    pub(super) period: usize,
    /// Period − first exposure; `None` for the never exposed.
    pub(super) event_time: Option<i32>,
    pub(super) n_rows: u64,
}

impl CohortPeriod {
    pub(super) fn is_untreated(&self) -> bool {
        self.event_time.is_none_or(|event_time| event_time < 0)
    }
}

/// A covariate in row order.
pub(super) enum Covariate {
    Numeric(NumericCovariate),
    /// Level of the row; level 0, the first in sort order, is the reference.
    Levels {
        codes: Vec<u32>,
        n_levels: usize,
    },
}

/// A numeric covariate.
pub(super) struct NumericCovariate {
    /// Values less their mean over the untreated rows of the group.
    pub(super) values: Vec<f64>,
    /// Root mean square of the values less the mean of all.
    pub(super) spread: f64,
    /// Σω(z − z̄)² over the untreated rows, z̄ the mean of them all.
    pub(super) untreated_squares: f64,
}

/// Complete rows in canonical order.
pub(super) struct Rows {
    pub(super) periods: Vec<i32>,
    /// By cohort (the never exposed last), then period.
    pub(super) cells: Vec<CohortPeriod>,
    /// Relative to their mean.
    pub(super) weights: Option<Vec<f64>>,
    pub(super) row_cells: Vec<u32>,
    pub(super) covariates: Vec<(String, Covariate)>,
    /// The place of each row among those handed over.
    order: Vec<u32>,
    group_starts: Vec<u32>,
    /// The unit of each row; `None`: each group is a unit.
    row_units: Option<Vec<u32>>,
    /// The cohort of each unit, as an index.
    pub(super) unit_cohorts: Vec<u32>,
    /// The cluster of each unit, ascending; `None`: each unit is its own.
    unit_clusters: Option<Vec<u32>>,
    pub(super) n_clusters: usize,
    /// Whether each group lies within one cluster.
    pub(super) is_nested: bool,
    pub(super) n_missing: u64,
    pub(super) n_zero_weight: u64,
}

impl Rows {
    /// Checks the rows, drops (and counts) those with a missing value or no weight, and sorts the others. The outcome is returned
    /// as it came: the rows are those of every outcome that is missing in the same places.
    pub(super) fn try_new(
        mut columns: ImputationColumns,
    ) -> Result<(Self, Vec<f64>), EstimatorError> {
        check_all_lengths(&columns)?;
        let outcome = std::mem::take(&mut columns.panel.outcome);
        let kept = keep_complete(&mut columns, &outcome)?;
        let panel = columns.panel;
        let (ranks, n_units) = rank_i64(&panel.unit);
        let units = Units::new(&panel, &ranks, n_units)?;
        let (order, starts) = by_unit_and_period(&panel.time, &ranks, &units)?;
        drop(ranks);
        let has_own_groups = columns.unit_effect.is_some();
        let groups = match columns.unit_effect {
            None => Groups::of_units(order, starts),
            Some(effect) => Groups::of_effect(effect, &order, starts, &units),
        };
        let periods = distinct_i32(|add| panel.time.iter().for_each(|&time| add(time)));
        let (cells, row_cells) = cells(&panel.time, &periods, &units, &groups)?;
        let row_units = has_own_groups.then_some(groups.row_units);
        let order = groups.order;
        let mut rows = Self {
            weights: panel.weight.map(|weight| relative(pick(&weight, &order))),
            covariates: columns
                .covariates
                .into_iter()
                .map(|(name, column)| (name, covariate(&column, &order)))
                .collect(),
            periods,
            cells,
            row_cells,
            group_starts: groups.starts,
            row_units,
            n_clusters: units.n_clusters,
            unit_cohorts: units.cohorts,
            unit_clusters: units.clusters,
            is_nested: groups.is_nested,
            n_missing: kept.n_missing,
            n_zero_weight: kept.n_zero_weight,
            order: match kept.rows {
                Some(kept) => pick(&kept, &order),
                None => order,
            },
        };
        rows.centre_covariates();
        Ok((rows, outcome))
    }

    pub(super) fn n_rows(&self) -> usize {
        self.order.len()
    }

    /// A column of the rows handed over, in row order.
    pub(super) fn in_order(&self, column: &[f64]) -> Vec<f64> {
        pick(column, &self.order)
    }

    /// The place of a row among those handed over.
    pub(super) fn source(&self, row: usize) -> usize {
        self.order[row] as usize
    }

    pub(super) fn n_groups(&self) -> usize {
        self.group_starts.len() - 1
    }

    pub(super) fn n_units(&self) -> usize {
        self.unit_cohorts.len()
    }

    /// The rows of a group of the unit effect.
    pub(super) fn group(&self, group: usize) -> Range<usize> {
        self.group_starts[group] as usize..self.group_starts[group + 1] as usize
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    pub(super) fn cell(&self, row: usize) -> &CohortPeriod {
        &self.cells[self.row_cells[row] as usize]
    }

    /// The unit of a row, which is in `group`.
    pub(super) fn unit(&self, group: usize, row: usize) -> usize {
        self.row_units
            .as_ref()
            .map_or(group, |units| units[row] as usize)
    }

    pub(super) fn cluster(&self, unit: usize) -> usize {
        self.unit_clusters
            .as_ref()
            .map_or(unit, |clusters| clusters[unit] as usize)
    }

    /// The groups in runs of about equal numbers of rows. A cluster is not torn apart where groups lie within clusters.
    pub(super) fn chunks(&self) -> Vec<Range<usize>> {
        let size = self.n_rows().div_ceil(CHUNKS).max(LEAST_CHUNK);
        let cluster_of = |group: usize| self.cluster(self.unit(group, self.group(group).start));
        let mut chunks = Vec::new();
        let (mut start, mut group) = (0, 0);
        while group < self.n_groups() {
            group += 1;
            let is_last = group == self.n_groups();
            let long_enough =
                (self.group_starts[group] - self.group_starts[start]) as usize >= size;
            let may_end = || !self.is_nested || cluster_of(group) != cluster_of(group - 1);
            if is_last || (long_enough && may_end()) {
                chunks.push(start..group);
                start = group;
            }
        }
        chunks
    }

    /// The rows of a run of groups.
    pub(super) fn rows_of(&self, groups: &Range<usize>) -> Range<usize> {
        self.group_starts[groups.start] as usize..self.group_starts[groups.end] as usize
    }

    /// Calls `body` for each run of groups with its part of a column in row order, side by side; what it returns comes in order.
    pub(super) fn map_chunks<T: Send>(
        &self,
        mut column: &mut [f64],
        body: impl Fn(Range<usize>, &mut [f64]) -> T + Sync,
    ) -> Vec<T> {
        let chunks = self.chunks();
        let mut parts = Vec::with_capacity(chunks.len());
        for groups in chunks {
            let (own, rest) = column.split_at_mut(self.rows_of(&groups).len());
            parts.push((groups, own));
            column = rest;
        }
        parts
            .into_par_iter()
            .map(|(groups, own)| body(groups, own))
            .collect()
    }

    fn centre_covariates(&mut self) {
        let mut covariates = std::mem::take(&mut self.covariates);
        for (_, covariate) in &mut covariates {
            if let Covariate::Numeric(numbers) = covariate {
                let parts = self.map_chunks(&mut numbers.values, |groups, values| {
                    self.centre(groups, values)
                });
                let [weight, sum, squares] = parts.into_iter().fold([0.0; 3], |sums, part| {
                    std::array::from_fn(|k| sums[k] + part[k])
                });
                numbers.untreated_squares = (squares - sum * sum / weight).max(0.0);
            }
        }
        self.covariates = covariates;
    }

    /// Takes from the values of some groups their mean over the untreated rows of the group; returns Σω, Σωz and Σωz² over these
    /// rows as they were.
    fn centre(&self, groups: Range<usize>, values: &mut [f64]) -> [f64; 3] {
        let first = self.rows_of(&groups).start;
        let mut total = [0.0; 3];
        for group in groups {
            let rows = self.group(group);
            let [mut weight, mut sum] = [0.0; 2];
            for row in rows.clone().filter(|&row| self.cell(row).is_untreated()) {
                let (own, value) = (self.weight(row), values[row - first]);
                weight += own;
                sum += own * value;
                total[2] += own * value * value;
            }
            // A group without untreated rows is never predicted: what it is relative to does not matter.
            if weight > 0.0 {
                let mean = sum / weight;
                let values = &mut values[rows.start - first..rows.end - first];
                values.iter_mut().for_each(|value| *value -= mean);
            }
            total[0] += weight;
            total[1] += sum;
        }
        total
    }
}

fn check_all_lengths(columns: &ImputationColumns) -> Result<(), EstimatorError> {
    check_lengths(&columns.panel)?;
    check_clusters_of_never(&columns.panel)?;
    let expected = columns.panel.unit.len();
    let covariates = columns
        .covariates
        .iter()
        .map(|(name, column)| (name.as_str(), column.len()));
    let effect = columns
        .unit_effect
        .iter()
        .map(|effect| ("unit_effect", effect.len()));
    for (column, found) in covariates.chain(effect) {
        if found != expected {
            return Err(EstimatorError::LengthMismatch {
                column: column.to_owned(),
                found,
                expected,
            });
        }
    }
    Ok(())
}

/// The rows that are left when those with something missing or a weight of zero are taken out, and how many these are.
struct CompleteRows {
    /// `None`: all.
    rows: Option<Vec<u32>>,
    n_missing: u64,
    n_zero_weight: u64,
}

/// Takes out the rows with something missing or a weight of zero.
fn keep_complete(
    columns: &mut ImputationColumns,
    outcome: &[f64],
) -> Result<CompleteRows, EstimatorError> {
    let panel = &columns.panel;
    let n_rows = panel.unit.len();
    let weights = panel.weight.as_deref();
    let negative = weights.map_or(0, |w| w.iter().filter(|&&value| value < 0.0).count() as u64);
    if negative > 0 {
        return Err(EstimatorError::NegativeWeight { n_rows: negative });
    }
    let has_code = |codes: &Option<Vec<u32>>, row: usize| {
        codes
            .as_ref()
            .is_none_or(|codes| codes[row] != MISSING_CODE)
    };
    let complete = |row: usize| {
        outcome[row].is_finite()
            && weights.is_none_or(|w| w[row].is_finite())
            && has_code(&panel.cluster, row)
            && has_code(&columns.unit_effect, row)
            && columns
                .covariates
                .iter()
                .all(|(_, column)| column.is_known(row))
    };
    let (mut n_missing, mut n_zero_weight) = (0, 0);
    let mut kept = Vec::with_capacity(n_rows);
    for row in 0..n_rows {
        if !complete(row) {
            n_missing += 1;
        } else if weights.is_some_and(|w| w[row] == 0.0) {
            n_zero_weight += 1;
        } else {
            kept.push(row as u32);
        }
    }
    if kept.is_empty() && n_zero_weight > 0 {
        return Err(EstimatorError::ZeroWeights);
    }
    if kept.is_empty() {
        return Err(EstimatorError::NoRows {
            n_rows: n_rows as u64,
            n_missing,
        });
    }
    let rows = (kept.len() < n_rows).then_some(kept);
    if let Some(kept) = &rows {
        compact(columns, kept);
    }
    Ok(CompleteRows {
        rows,
        n_missing,
        n_zero_weight,
    })
}

fn compact(columns: &mut ImputationColumns, kept: &[u32]) {
    fn shrink<T: Copy + Send + Sync>(values: &mut Vec<T>, kept: &[u32]) {
        *values = pick(values, kept);
    }
    let panel = &mut columns.panel;
    shrink(&mut panel.unit, kept);
    shrink(&mut panel.time, kept);
    shrink(&mut panel.cohort, kept);
    panel
        .weight
        .iter_mut()
        .for_each(|weight| shrink(weight, kept));
    panel
        .cluster
        .iter_mut()
        .for_each(|cluster| shrink(cluster, kept));
    columns
        .unit_effect
        .iter_mut()
        .for_each(|effect| shrink(effect, kept));
    for (_, column) in &mut columns.covariates {
        match column {
            Column::Numeric(values) => shrink(values, kept),
            Column::Integer { codes, .. } | Column::Categorical { codes, .. } => {
                shrink(codes, kept)
            }
        }
    }
}

/// Weights over their mean: only their ratios matter, and products of very small ones would vanish.
fn relative(mut weights: Vec<f64>) -> Vec<f64> {
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    weights.par_iter_mut().for_each(|weight| *weight /= mean);
    weights
}

fn covariate(column: &Column, order: &[u32]) -> Covariate {
    let Some(numbers) = column.numbers() else {
        let groups = column.groups(order);
        return Covariate::Levels {
            codes: groups.codes,
            n_levels: groups.n_groups,
        };
    };
    let mut values = pick(&numbers, order);
    let n = values.len() as f64;
    let mean = values.iter().map(|value| value / n).sum::<f64>();
    values.par_iter_mut().for_each(|value| *value -= mean);
    let spread = (values.iter().map(|value| value * value).sum::<f64>() / n).sqrt();
    Covariate::Numeric(NumericCovariate {
        values,
        spread,
        untreated_squares: 0.0,
    })
}

/// The table of cohorts and periods, and the cell of each row in order.
fn cells(
    time: &[i32],
    periods: &[i32],
    units: &Units,
    groups: &Groups,
) -> Result<(Vec<CohortPeriod>, Vec<u32>), EstimatorError> {
    let n_cells = (units.labels.len() as u64 + 1) * periods.len() as u64;
    if n_cells > MOST_CELLS {
        let what = "combinations of cohort and period";
        return Err(EstimatorError::TooMany {
            what,
            found: n_cells,
            limit: MOST_CELLS,
        });
    }
    let index_of = period_lookup(periods);
    let cell_of = |(row, unit): (&u32, &u32)| {
        let cohort = units.cohorts[*unit as usize] as usize;
        (cohort * periods.len() + index_of(time[*row as usize])) as u32
    };
    let rows = groups.order.par_iter().zip(&groups.row_units);
    let row_cells: Vec<u32> = rows.map(cell_of).collect();
    let mut sizes = vec![0_u64; n_cells as usize];
    for &cell in &row_cells {
        sizes[cell as usize] += 1;
    }
    let mut cells = Vec::with_capacity(sizes.len());
    for (index, &n_rows) in sizes.iter().enumerate() {
        let (cohort, period) = (index / periods.len(), index % periods.len());
        let apart = |label: &i32| i64::from(periods[period]) - i64::from(*label);
        let event_time = units.labels.get(cohort).map(apart);
        let too_far = |found: i64| EstimatorError::TooMany {
            what: "periods between first exposure and a row",
            found: found.unsigned_abs(),
            limit: i32::MAX as u64,
        };
        let event_time = event_time
            .filter(|_| n_rows > 0)
            .map(|wide| i32::try_from(wide).map_err(|_| too_far(wide)))
            .transpose()?;
        cells.push(CohortPeriod {
            period,
            event_time,
            n_rows,
        });
    }
    Ok((cells, row_cells))
}

//! The cluster jackknife: the spread of estimates from the rows of all clusters but one.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::group_time::deletions::check_refits;
use crate::group_time::resampling::check_clusters;
use crate::imputation::frame::Frame;
use crate::imputation::options::{ImputationColumns, ImputationOptions, pick};
use crate::imputation::result::ImputationResult;
use crate::imputation::rows::Rows;
use crate::inference::Inference;
use crate::inference::jackknife::{ClusterGroup, JackknifeLaw, covariance, std_error};
use crate::inference::student::{student_band, student_quantile};
use crate::inference::sup_t;
use crate::panel::codes::MISSING_CODE;

/// What replaces the errors of results.
pub(super) struct Jackknife<'a> {
    pub(super) options: &'a ImputationOptions,
    /// By event time (`None` = overall): the law of its error.
    pub(super) laws: BTreeMap<Option<i32>, JackknifeLaw>,
    /// The results of every outcome without each cluster.
    pub(super) without: Vec<Result<Vec<ImputationResult>, EstimatorError>>,
}

/// The laws of the overall estimate (`None`) and those at the frame's event times; `estimates` makes them, the overall one first, of an
/// outcome in row order.
pub(super) fn laws(
    rows: &Rows,
    frame: &Frame,
    n_outcomes: usize,
    estimates: impl Fn(Vec<f64>) -> Vec<f64>,
) -> Result<BTreeMap<Option<i32>, JackknifeLaw>, EstimatorError> {
    check_refits(rows.n_rows() as u64, rows.cells.len(), n_outcomes)?;
    // An estimate is Σvy: of an outcome that is one in a cell and zero elsewhere it is the sum of v there.
    let loadings: Vec<Vec<f64>> = (0..rows.cells.len())
        .map(|cell| {
            let is_in = |&own: &u32| f64::from(u8::from(own as usize == cell));
            estimates(rows.row_cells.iter().map(is_in).collect())
        })
        .collect();
    let groups = cluster_groups(rows);
    let event_times = frame.event_times.iter().copied().map(Some);
    let keys = std::iter::once(None).chain(event_times).enumerate();
    let laws = keys.map(|(index, key)| {
        let own: Vec<f64> = loadings.iter().map(|cell| cell[index]).collect();
        (key, law(rows, &groups, &own))
    });
    Ok(laws.collect())
}

/// The results of all outcomes from some rows.
pub(super) type Refit = fn(
    ImputationColumns,
    &[Vec<f64>],
    &ImputationOptions,
) -> Result<Vec<ImputationResult>, EstimatorError>;

/// By cluster: the results of all outcomes from the rows of the others.
pub(super) fn without_each(
    columns: &ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
    refit: Refit,
) -> Result<Vec<Result<Vec<ImputationResult>, EstimatorError>>, EstimatorError> {
    let clusters = rows_of_clusters(columns);
    check_clusters(clusters.len())?;
    let n_rows = columns.panel.unit.len() as u64;
    check_refits(n_rows, clusters.len(), others.len() + 1)?;
    let options = ImputationOptions {
        inference: Inference::Analytic,
        ..*options
    };
    let clusters = clusters.into_iter();
    Ok(clusters
        .map(|rows| {
            let (rest, others) = without(columns, others, &rows);
            refit(rest, &others, &options)
        })
        .collect())
}

/// The law of an estimate from its loadings: by cell of cohort and period, the sum of the weights that it gives to outcomes there.
fn law(rows: &Rows, groups: &[ClusterGroup], loadings: &[f64]) -> JackknifeLaw {
    let cohorts = loadings.chunks(rows.periods.len());
    let scales = cohorts.map(|own| own.iter().map(|loading| loading * loading).sum());
    JackknifeLaw::of(scales.zip(groups.iter().copied()), rows.n_clusters)
}

/// The clusters of each cohort, the never exposed last.
fn cluster_groups(rows: &Rows) -> Vec<ClusterGroup> {
    let n_cohorts = rows.cells.len() / rows.periods.len().max(1);
    let mut weights: Vec<BTreeMap<usize, f64>> = vec![BTreeMap::new(); n_cohorts];
    for (unit, &cohort) in rows.unit_cohorts.iter().enumerate() {
        *weights[cohort as usize]
            .entry(rows.cluster(unit))
            .or_default() += 1.0;
    }
    let groups = weights.into_iter();
    groups
        .map(|own| ClusterGroup::of(own.into_values()))
        .collect()
}

/// The rows of each cluster that is known, by number; without clusters those of each unit.
pub(super) fn rows_of_clusters(columns: &ImputationColumns) -> Vec<Vec<u32>> {
    let panel = &columns.panel;
    let mut rows: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    let known = (0_u32..).zip(&panel.outcome);
    for (row, _) in known.filter(|(_, outcome)| outcome.is_finite()) {
        let key = match &panel.cluster {
            None => panel.unit[row as usize],
            Some(codes) if codes[row as usize] == MISSING_CODE => continue,
            Some(codes) => i64::from(codes[row as usize]),
        };
        rows.entry(key).or_default().push(row);
    }
    // By their first rows in order of unit and period: how the caller numbers clusters must not matter.
    let mut clusters: Vec<Vec<u32>> = rows.into_values().collect();
    let first = |own: &Vec<u32>| {
        let keys = own
            .iter()
            .map(|&row| (panel.unit[row as usize], panel.time[row as usize]));
        keys.min()
    };
    clusters.sort_by_cached_key(first);
    clusters
}

/// All columns but for some rows.
pub(super) fn without(
    columns: &ImputationColumns,
    others: &[Vec<f64>],
    rows: &[u32],
) -> (ImputationColumns, Vec<Vec<f64>>) {
    let left_out: BTreeSet<u32> = rows.iter().copied().collect();
    let n_rows = columns.panel.unit.len() as u32;
    let kept: Vec<u32> = (0..n_rows).filter(|row| !left_out.contains(row)).collect();
    let others = others.iter().map(|other| pick(other, &kept));
    (columns.select(&kept), others.collect())
}

impl Jackknife<'_> {
    /// Puts the jackknife's errors into the result of an outcome. Errors up to `rounding` are rounding.
    pub(super) fn apply(&self, outcome: usize, rounding: f64, result: &mut ImputationResult) {
        let without: Vec<BTreeMap<Option<i32>, f64>> = self
            .without
            .iter()
            .map(|results| {
                let own = results.as_ref().ok().and_then(|all| all.get(outcome));
                let rows = own.into_iter().flat_map(|own| &own.rows);
                rows.map(|row| (row.event_time, row.estimate.estimate))
                    .collect()
            })
            .collect();
        let rows = result.rows.iter();
        let columns: Vec<Vec<f64>> = rows
            .map(|row| {
                let own = without.iter().map(|rows| rows.get(&row.event_time));
                own.map(|other| other.map_or(f64::NAN, |other| other - row.estimate.estimate))
                    .collect()
            })
            .collect();
        let level = self.options.level;
        for (row, changes) in result.rows.iter_mut().zip(&columns) {
            if let Some(law) = self.laws.get(&row.event_time) {
                let error = (std_error(changes.iter().copied()), rounding);
                row.estimate = row.estimate.jackknifed(error, law, level);
            }
        }
        let shown = columns.len().saturating_sub(1);
        let changes = DMatrix::from_fn(without.len(), shown, |g, k| columns[k + 1][g]);
        let joint = covariance(&changes);
        result.band = sup_t::critical_value_above(rounding, &joint, level, self.options.seed);
        for row in result.rows.iter_mut().skip(1) {
            if let (Some(band), Some(law)) = (result.band, self.laws.get(&row.event_time)) {
                let quantile = student_quantile(law.df, level);
                let critical = student_band(band.critical_value, law.df, quantile);
                row.estimate.set_band(critical);
            }
        }
    }
}

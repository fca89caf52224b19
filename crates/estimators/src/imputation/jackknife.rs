//! The cluster jackknife: the spread of estimates from the rows of all clusters but one.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::imputation::options::{ImputationColumns, ImputationOptions, pick};
use crate::imputation::result::ImputationResult;
use crate::imputation::rows::Rows;
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

/// The law of an estimate from its loadings: by cell of cohort and period, the sum of the weights that it gives to outcomes there.
pub(super) fn law(rows: &Rows, groups: &[ClusterGroup], loadings: &[f64]) -> JackknifeLaw {
    let cohorts = loadings.chunks(rows.periods.len());
    let scales = cohorts.map(|own| own.iter().map(|loading| loading * loading).sum());
    JackknifeLaw::of(scales.zip(groups.iter().copied()), rows.n_clusters)
}

/// The clusters of each cohort, the never exposed last.
pub(super) fn cluster_groups(rows: &Rows) -> Vec<ClusterGroup> {
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

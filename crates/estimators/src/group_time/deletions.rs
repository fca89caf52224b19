//! Comparisons without single clusters: from sums over clusters where that is exact, else estimated anew.

use crate::error::EstimatorError;
use crate::group_time::cell::CohortCell;
use crate::group_time::options::{AttGtOptions, Control};
use crate::group_time::sample::Sample;
use crate::panel::table::{Layout, Panel};
use crate::status::TOO_FEW_UNITS;

/// Rows that may be read again while clusters are left out one by one.
const MOST_ROWS: u64 = 2_000_000_000;

/// By cluster of the panel: whether other periods or other comparison units would be taken without it, so that sums over clusters do
/// not say what is left.
pub(crate) fn changes_sample(
    panel: &Panel,
    sample: &Sample<'_>,
    options: &AttGtOptions,
) -> Vec<bool> {
    let mut changes = vec![false; panel.n_clusters()];
    for cluster in panel.lone_clusters() {
        changes[cluster as usize] = true;
    }
    let origins = origins(panel, sample);
    let mut left = vec![sample.never.len(); sample.n_clusters];
    for unit in sample.never.clone() {
        left[sample.cluster_of(unit) as usize] -= 1;
    }
    let stands_in = sample.counts.comparison_cohort.is_some();
    let fewest = if stands_in && options.control == Control::NeverTreated {
        TOO_FEW_UNITS
    } else {
        1
    };
    for (cluster, &n_left) in left.iter().enumerate() {
        if n_left < fewest {
            changes[origins[cluster] as usize] = true;
        }
    }
    if let Some(cluster) = only_cluster_with_holes(sample) {
        changes[origins[cluster as usize] as usize] = true;
    }
    changes
}

/// With weights a panel without holes takes others of them than one with holes: the cluster that has all the holes.
fn only_cluster_with_holes(sample: &Sample<'_>) -> Option<u32> {
    let has_holes = matches!(sample.layout, Layout::Unbalanced | Layout::Pairs);
    if !has_holes || sample.period_weights(0).is_none() {
        return None;
    }
    let mut only = None;
    for period in 0..sample.periods.len() {
        for (unit, value) in sample.period_values(period).iter().enumerate() {
            if value.is_nan() {
                let cluster = sample.cluster_of(unit);
                if only.is_some_and(|known| known != cluster) {
                    return None;
                }
                only = Some(cluster);
            }
        }
    }
    only
}

/// By cluster of the sample: the same cluster of the panel.
pub(crate) fn origins(panel: &Panel, sample: &Sample<'_>) -> Vec<u32> {
    let mut origins = vec![0; sample.n_clusters];
    for unit in 0..sample.n_units {
        let cluster = panel.cluster_of(sample.panel_unit(unit));
        origins[sample.cluster_of(unit) as usize] = cluster;
    }
    origins
}

/// Whether comparisons are sums over clusters.
pub(crate) fn is_collapsible(sample: &Sample<'_>) -> bool {
    sample.covariates.is_none()
}

/// Refuses to read a panel again more often than can be waited for.
pub(crate) fn check_refits(
    n_rows: u64,
    n_refits: usize,
    n_outcomes: usize,
) -> Result<(), EstimatorError> {
    let rows = (n_rows * n_outcomes as u64).max(1);
    if (n_refits as u64).saturating_mul(rows) <= MOST_ROWS {
        return Ok(());
    }
    Err(EstimatorError::TooMany {
        what: "clusters to estimate without one after the other, for so many rows",
        found: n_refits as u64,
        limit: MOST_ROWS / rows,
    })
}

/// The comparisons of one sample by cohort and period, for those of another.
pub(crate) fn cell_labels(sample: &Sample<'_>, cells: &[CohortCell]) -> Vec<(i32, i32)> {
    let label = |cell: &CohortCell| (sample.cohorts[cell.cohort].0, sample.periods[cell.current]);
    cells.iter().map(label).collect()
}

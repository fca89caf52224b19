//! Comparisons without single clusters: from sums over clusters where that is exact, else estimated anew, or to first order where there
//! are too many of them.

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::group_time::cell::CohortCell;
use crate::group_time::cluster_sums::ClusterSums;
use crate::group_time::collapsed::{ClusterSample, CollapsedFit};
use crate::group_time::comparisons::Comparisons;
use crate::group_time::options::{AttGtOptions, Control};
use crate::group_time::resampling::Numbers;
use crate::group_time::sample::Sample;
use crate::panel::table::{Layout, Panel};
use crate::status::TOO_FEW_UNITS;

/// Rows that may be read again while clusters are left out one by one.
const MOST_ROWS: u64 = 2_000_000_000;

/// Most clusters without which comparisons that sums do not tell are estimated anew; with more they are taken from influence
/// functions.
const MOST_REFITS: usize = 100;

/// The comparisons of an outcome without each cluster in turn.
pub(crate) struct Deletions<'a> {
    comparisons: Comparisons<'a>,
    /// Where sums tell what is left.
    sums: Option<ClusterSums>,
    /// By cluster of the sample: the same cluster of the panel.
    pub(crate) origins: Vec<u32>,
    /// By cluster of the panel: whether everything is to be estimated anew without it. The same for every outcome.
    pub(crate) refits: Vec<bool>,
    /// By cluster of the sample: whether what is left is taken to first order.
    are_first_order: Vec<bool>,
}

impl<'a> Deletions<'a> {
    /// Of one of `n_outcomes` that are estimated from the same rows.
    ///
    /// # Errors
    /// [`EstimatorError::TooMany`] where too many rows would be read without clusters that decide which periods or units are compared.
    pub(crate) fn of(
        panel: &Panel,
        comparisons: &Comparisons<'a>,
        options: &AttGtOptions,
        n_outcomes: usize,
    ) -> Result<Self, EstimatorError> {
        let sample = comparisons.sample;
        let origins = origins(panel, sample);
        let sums = ClusterSums::of(comparisons, options.method);
        let mut are_first_order = match &sums {
            Some(sums) => sums.are_doubtful(),
            None => vec![true; sample.n_clusters],
        };
        let mut refits = changes_sample(panel, sample, options);
        // What is estimated anew if there is time for all that sums do not tell.
        let mut all = refits.clone();
        for (&origin, is_unknown) in origins.iter().zip(&mut are_first_order) {
            all[origin as usize] |= *is_unknown;
            *is_unknown &= !refits[origin as usize];
        }
        let n_unknown = are_first_order.iter().filter(|own| **own).count();
        let check = |refits: &[bool]| {
            let n_refits = refits.iter().filter(|refit| **refit).count();
            check_refits(panel.n_rows_in(), n_refits, n_outcomes)
        };
        if n_unknown <= MOST_REFITS && check(&all).is_ok() {
            are_first_order.fill(false);
            refits = all;
        }
        check(&refits)?;
        Ok(Self {
            comparisons: *comparisons,
            sums,
            origins,
            refits,
            are_first_order,
        })
    }

    /// By cluster of the sample, what `of` makes of the numbers without it and, on request and where sums tell, of what the other
    /// clusters contribute to them. Without clusters that are to be estimated anew it means nothing, or there is none.
    pub(crate) fn without_each<T: Send>(
        &self,
        has_contributions: bool,
        of: impl Fn(Numbers, Option<DMatrix<f64>>) -> T + Sync,
    ) -> Vec<Option<T>> {
        let mut all: Vec<Option<T>> = match &self.sums {
            Some(sums) => {
                let known = sums.without_each(has_contributions, &of).into_iter();
                known.map(Some).collect()
            }
            None => self.origins.iter().map(|_| None).collect(),
        };
        if self.are_first_order.contains(&true) {
            for (cluster, numbers) in self.first_order().into_iter().enumerate() {
                if self.are_first_order[cluster] {
                    all[cluster] = Some(of(numbers, None));
                }
            }
        }
        all
    }

    /// The numbers without each cluster, comparisons to first order: less what it contributes.
    fn first_order(&self) -> Vec<Numbers> {
        let Comparisons {
            sample,
            cells,
            fits,
            shares,
        } = self.comparisons;
        let collapsed = ClusterSample::shares(sample, cells, &shares.1);
        let contributions = self.comparisons.contributions();
        let without = collapsed.without_each(|fit, _| fit).into_iter();
        let rows = without.zip(contributions.row_iter());
        let numbers = rows.map(|(left, own): (CollapsedFit, _)| {
            // Of the cluster that is all of a side nothing is left: NaN.
            let estimates = (0..fits.len()).map(|k| fits[k].estimate - own[k] + left.estimates[k]);
            Numbers {
                estimates: estimates.collect(),
                shares: left.shares,
            }
        });
        numbers.collect()
    }
}

/// By cluster of the panel: whether other periods or other comparison units would be taken without it, so that sums over clusters do
/// not say what is left.
fn changes_sample(panel: &Panel, sample: &Sample<'_>, options: &AttGtOptions) -> Vec<bool> {
    let mut changes = vec![false; panel.n_clusters()];
    // Without that cluster the period would not be there.
    for cluster in panel.lone_clusters() {
        changes[cluster as usize] = true;
    }
    let origins = origins(panel, sample);
    // Without any of them the last cohort would stand in.
    let mut left = vec![sample.never.len(); sample.n_clusters];
    for unit in sample.never.clone() {
        left[sample.cluster_of(unit) as usize] -= 1;
    }
    // A cohort stands in only with enough units (`let_last_cohort_compare`), and another sample is taken where they
    // go.
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

//! From a panel to group-time effects: which comparisons are made, with which controls and cohort shares.
//!
//! The choice of units is in `sample.rs`, the estimate of one comparison in `comparison.rs`, the joint covariance in
//! `influence.rs`, rows and the pre-test in `effects.rs`, averages over cohorts and periods in `aggregates.rs`.

use std::ops::Range;

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::group_time::adjusted_cells::adjusted_cells;
use crate::group_time::cell::CohortCell;
use crate::group_time::comparisons::Comparisons;
use crate::group_time::deletions::{Deletions, cell_labels};
use crate::group_time::effects::{AttGtResult, CohortShare};
use crate::group_time::options::{AttGtOptions, BasePeriod, Control};
use crate::group_time::resampling::{JackknifeLayout, Numbers, Resampling, check_clusters};
use crate::group_time::sample::{Sample, side};
use crate::inference::Inference;
use crate::inference::multiplier::check_draws;
use crate::panel::table::{OutcomeTable, Panel};

/// Estimates ATT(g, t) for every cohort and period; the simultaneous band is added by [`AttGtResult::with_band`].
///
/// # Errors
/// [`EstimatorError`] when nothing can be compared; a single comparison without controls is a row with that status.
pub fn att_gt(panel: &Panel, options: &AttGtOptions) -> Result<AttGtResult, EstimatorError> {
    let mut results = att_gt_outcomes(panel, &[], options)?;
    Ok(results.swap_remove(0))
}

/// [`att_gt`] of the panel's own outcome and of `others`. Whatever does not depend on the outcome is worked out once: the units
/// and periods taken, the comparisons, the probabilities of treatment and the products of the covariates.
///
/// # Errors
/// As [`att_gt`].
pub fn att_gt_outcomes(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
) -> Result<Vec<AttGtResult>, EstimatorError> {
    each_outcome(panel, others, options, |comparisons, resampling| {
        Ok(comparisons.effects(options, resampling))
    })
}

/// What `finish` makes of the comparisons of each outcome, and of what their errors are made from where these are not analytic.
pub(super) fn each_outcome<T>(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    finish: impl Fn(&Comparisons<'_>, Option<Resampling>) -> Result<T, EstimatorError>,
) -> Result<Vec<T>, EstimatorError> {
    check_level(options.level)?;
    if let Some(n_draws) = options.bootstrap {
        check_draws("bootstrap", n_draws)?;
        if options.inference != Inference::Analytic {
            return Err(EstimatorError::BadOption {
                option: "bootstrap",
                expected: "left out beside inference => 'cr3' or 'bootstrap'",
            });
        }
    }
    let sample = Sample::select(panel, options)?;
    let tables = others;
    let others = others.iter().map(|other| sample.with_outcome(panel, other));
    let others: Vec<Sample<'_>> = others.collect();
    let samples: Vec<&Sample<'_>> = std::iter::once(&sample).chain(&others).collect();
    let cells = cells(&sample, options);
    let fits = adjusted_cells(&samples, &cells, options.method);
    let shares = shares(&sample)?;
    let all = samples.iter().zip(&fits).map(|(sample, fits)| Comparisons {
        sample,
        cells: &cells,
        fits,
        shares: &shares,
    });
    let study = Study {
        panel,
        others: tables,
        all: &all.collect::<Vec<_>>(),
        options,
    };
    let resampling = study.resampling()?;
    let pairs = study.all.iter().zip(resampling);
    pairs
        .map(|(comparisons, resampling)| finish(comparisons, resampling))
        .collect()
}

/// Comparisons that are estimated, of every outcome.
struct Study<'a> {
    panel: &'a Panel,
    others: &'a [OutcomeTable],
    all: &'a [Comparisons<'a>],
    options: &'a AttGtOptions,
}

impl Study<'_> {
    /// By outcome: what errors are made from, where they are not analytic.
    fn resampling(&self) -> Result<Vec<Option<Resampling>>, EstimatorError> {
        let first = &self.all[0];
        match self.options.inference {
            Inference::Analytic => Ok(vec![None; self.all.len()]),
            Inference::Bootstrap { n_draws } => {
                check_draws("draws", n_draws)?;
                check_clusters(first.sample.n_clusters)?;
                let own = self.all.iter().map(|own| Resampling::Bootstrap {
                    contributions: own.contributions(),
                    n_draws,
                });
                Ok(own.map(Some).collect())
            }
            Inference::Cr3 => {
                check_clusters(first.sample.n_clusters)?;
                let layout = JackknifeLayout::of(first.sample, first.cells, &first.shares.1);
                let without = self.without_each()?.into_iter();
                let own = without.map(|without| Resampling::Jackknife {
                    without,
                    layout: layout.clone(),
                });
                Ok(own.map(Some).collect())
            }
        }
    }

    /// By outcome, then cluster of the sample: the numbers without it.
    fn without_each(&self) -> Result<Vec<Vec<Numbers>>, EstimatorError> {
        let n_outcomes = self.all.len();
        let deletions = |own| Deletions::of(self.panel, own, self.options, n_outcomes);
        let deletions: Vec<Deletions<'_>> =
            self.all.iter().map(deletions).collect::<Result<_, _>>()?;
        let mut all: Vec<Vec<Numbers>> = Vec::new();
        for own in &deletions {
            // Where there is none, or none that means something, it is put in below.
            let known = own.without_each(false, |numbers, _| numbers);
            all.push(known.into_iter().map(Option::unwrap_or_default).collect());
        }
        // Which clusters these are depends on the rows, the same for every outcome.
        for (cluster, &origin) in deletions[0].origins.iter().enumerate() {
            if !deletions[0].refits[origin as usize] {
                continue;
            }
            // An error means that nothing can be compared without this cluster: its numbers are then missing.
            let found = refit_without(self.panel, self.others, self.options, origin);
            for (outcome, all) in all.iter_mut().enumerate() {
                let result = found.as_ref().ok().and_then(|found| found.get(outcome));
                all[cluster] = self.numbers(result);
            }
        }
        Ok(all)
    }

    /// The numbers of other rows for the same comparisons and cohorts.
    fn numbers(&self, result: Option<&AttGtResult>) -> Numbers {
        let Comparisons { sample, cells, .. } = self.all[0];
        let labels = cell_labels(sample, cells);
        let estimate = |(cohort, time): &(i32, i32)| {
            let mut rows = result?.rows.iter();
            let row = rows.find(|row| (row.cohort, row.time) == (*cohort, *time))?;
            Some(row.estimate.estimate)
        };
        let share = |(label, _): &(i32, Range<usize>)| {
            let mut cohorts = result?.cohorts.iter();
            let own = cohorts.find(|own| own.label == *label)?;
            Some(own.share)
        };
        Numbers {
            estimates: labels
                .iter()
                .map(|label| estimate(label).unwrap_or(f64::NAN))
                .collect(),
            // A cohort that is gone has no share.
            shares: sample
                .cohorts
                .iter()
                .map(|cohort| share(cohort).unwrap_or(0.0))
                .collect(),
        }
    }
}

/// The effects from the rows of all clusters of a panel but one, with analytic errors.
pub(super) fn refit_without(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    cluster: u32,
) -> Result<Vec<AttGtResult>, EstimatorError> {
    let Some((rest, others)) = panel.without_cluster(cluster, others) else {
        return Err(EstimatorError::NoCohort);
    };
    let options = AttGtOptions {
        bootstrap: None,
        inference: Inference::Analytic,
        ..*options
    };
    att_gt_outcomes(&rest, &others, &options)
}

/// All comparisons, by cohort and period.
pub(super) fn cells(sample: &Sample<'_>, options: &AttGtOptions) -> Vec<CohortCell> {
    let mut cells = Vec::new();
    let anticipation = i64::from(options.anticipation);
    for (cohort, (label, treated)) in sample.cohorts.iter().enumerate() {
        let start = i64::from(*label);
        let before = |&period: &i32| i64::from(period) + anticipation < start;
        // At least one: cohorts treated by the first period are not in the sample.
        let base = sample.periods.partition_point(before) - 1;
        for (current, &period) in sample.periods.iter().enumerate() {
            let pre = i64::from(period) < start;
            let reference = match options.base_period {
                BasePeriod::Varying if pre && current == 0 => continue,
                BasePeriod::Varying if pre => current - 1,
                _ => base,
            };
            // Untreated in both periods compared: with a universal base the reference can be the later one.
            let cutoff = i64::from(sample.periods[current.max(reference)]) + anticipation;
            let controls = controls(sample, cohort, cutoff, options.control);
            cells.push(CohortCell {
                cohort,
                current,
                reference,
                treated: treated.clone(),
                controls,
            });
        }
    }
    cells
}

/// The comparison units of a cohort: never treated, and on request those treated after `cutoff`.
fn controls(
    sample: &Sample<'_>,
    cohort: usize,
    cutoff: i64,
    control: Control,
) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    if control == Control::NotYetTreated {
        let later = sample.cohorts.iter().enumerate();
        ranges.extend(
            later
                // Before its exposure a cohort is not yet treated either, and would be its own control.
                .filter(|&(index, &(label, _))| index != cohort && i64::from(label) > cutoff)
                .map(|(_, (_, units))| units.clone()),
        );
    }
    if !sample.never.is_empty() {
        ranges.push(sample.never.clone());
    }
    ranges
}

/// Cohort shares p_g = mean of ω·1{G = g}, and the weights ω relative to their mean.
pub(super) fn shares(sample: &Sample<'_>) -> Result<(Vec<CohortShare>, Vec<f64>), EstimatorError> {
    let mut weights = sample.share_weights();
    let mean = weights.iter().sum::<f64>() / sample.n_units as f64;
    if mean <= 0.0 {
        return Err(EstimatorError::ZeroWeights);
    }
    for weight in &mut weights {
        *weight /= mean;
    }
    let cohorts = sample
        .cohorts
        .iter()
        .map(|(label, units)| CohortShare {
            label: *label,
            share: weights[units.clone()].iter().sum::<f64>() / sample.n_units as f64,
            side: side(sample, units),
        })
        .collect();
    Ok((cohorts, weights))
}

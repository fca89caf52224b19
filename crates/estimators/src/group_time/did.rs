//! From a panel to group-time effects: which comparisons are made, with which controls and cohort shares.
//!
//! The choice of units is in `sample.rs`, the estimate of one comparison in `comparison.rs`, the joint covariance in
//! `influence.rs`, rows and the pre-test in `effects.rs`, averages over cohorts and periods in `aggregates.rs`.

use std::ops::Range;

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::group_time::adjusted_cells::adjusted_cells;
use crate::group_time::cell::Cell;
use crate::group_time::comparison::CellFit;
use crate::group_time::effects::{AttGtResult, CohortShare};
use crate::group_time::options::{AttGtOptions, BasePeriod, Control};
use crate::group_time::sample::{Sample, side};
use crate::panel::table::{OutcomeTable, Panel};

/// Fewest draws a bootstrap makes sense with.
// Below it fewer than five draws lie beyond the 95 % quantile of a band.
const FEWEST_DRAWS: u32 = 100;

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
    each_outcome(panel, others, options, |comparisons| {
        Ok(comparisons.effects(options))
    })
}

/// What group-time effects of an outcome are made from.
pub(super) struct Comparisons<'a> {
    pub(super) sample: &'a Sample<'a>,
    pub(super) cells: &'a [Cell],
    pub(super) fits: &'a [CellFit],
    pub(super) shares: &'a (Vec<CohortShare>, Vec<f64>),
}

impl Comparisons<'_> {
    pub(super) fn effects(&self, options: &AttGtOptions) -> AttGtResult {
        AttGtResult::of(self.sample, self.cells, self.fits, self.shares, options)
    }
}

/// What `finish` makes of the comparisons of each outcome.
pub(super) fn each_outcome<T>(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    finish: impl Fn(&Comparisons<'_>) -> Result<T, EstimatorError>,
) -> Result<Vec<T>, EstimatorError> {
    check_level(options.level)?;
    if options
        .bootstrap
        .is_some_and(|n_draws| n_draws < FEWEST_DRAWS)
    {
        return Err(EstimatorError::BadOption {
            option: "bootstrap",
            expected: "100 or more draws",
        });
    }
    let sample = Sample::select(panel, options)?;
    let others = others.iter().map(|other| sample.with_outcome(panel, other));
    let others: Vec<Sample<'_>> = others.collect();
    let samples: Vec<&Sample<'_>> = std::iter::once(&sample).chain(&others).collect();
    let cells = cells(&sample, options);
    let fits = adjusted_cells(&samples, &cells, options.method);
    let shares = shares(&sample)?;
    let fits = samples.into_iter().zip(&fits);
    fits.map(|(sample, fits)| {
        finish(&Comparisons {
            sample,
            cells: &cells,
            fits,
            shares: &shares,
        })
    })
    .collect()
}

/// All comparisons, by cohort and period.
fn cells(sample: &Sample<'_>, options: &AttGtOptions) -> Vec<Cell> {
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
            cells.push(Cell {
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
fn shares(sample: &Sample<'_>) -> Result<(Vec<CohortShare>, Vec<f64>), EstimatorError> {
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

//! Calls of estimators over a panel.

use crate::EstimatorError;
use crate::difference::{ComparedEstimates, ComparedRow, Contrast, differences};
use crate::group_time::{
    Aggregate, AttGtOptions, aggregate_influence_outcomes, aggregate_with_covariance, att_gt,
    randomise_averages,
};
use crate::imputation::{ImputationColumns, ImputationOptions};
use crate::inference::{Inference, Randomisation, TestStatistic};
use crate::naive::{Naive, NaiveComparisons, NaiveOptions};
use crate::panel::{Layout, unit_keys};
use crate::sensitivity::{EventStudy, HonestOptions, Restriction, Target};
use crate::sun_abraham::{
    SunAbrahamOptions, randomise_sun_abraham, sun_abraham, sun_abraham_without_each,
};
use crate::tests::resampling::{OPTIONS, averages, panel};

use super::input::{CallResult, Input, covariate, print};

pub(super) const IMPUTED: ImputationOptions = ImputationOptions {
    window: Some((-2, 9)),
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

pub(super) fn att_gt_of(input: &Input, options: AttGtOptions, is_adjusted: bool) -> CallResult {
    let mut columns = input.panel.clone();
    if is_adjusted {
        columns.covariates = vec![covariate(input)];
    }
    // Pairs: what is missing or appears twice in no period is compared all the same.
    print(att_gt(&panel(&columns, Layout::Pairs)?, &options).map(|found| found.with_band().rows))
}

pub(super) fn averages_of(input: &Input, inference: Inference) -> CallResult {
    let options = AttGtOptions {
        inference,
        ..OPTIONS
    };
    let effects = att_gt(&panel(&input.panel, Layout::Balanced)?, &options)?;
    print(aggregate_with_covariance(
        &effects,
        &averages(Aggregate::Dynamic),
    ))
}

pub(super) const HANDED_OUT: Randomisation = Randomisation {
    n_draws: 20,
    seed: 1,
    strata: None,
    statistic: TestStatistic::Studentised,
};

pub(super) fn randomise_sun_abraham_of(input: &Input) -> CallResult {
    let panel = panel(&input.panel, Layout::Unbalanced)?;
    let options = interacted(Inference::Analytic);
    print(randomise_sun_abraham(&panel, &[], &options, &HANDED_OUT))
}

pub(super) fn randomise_of(input: &Input, is_adjusted: bool) -> CallResult {
    let mut columns = input.panel.clone();
    if is_adjusted {
        columns.covariates = vec![covariate(input)];
    }
    let panel = panel(&columns, Layout::Balanced)?;
    let averages = averages(Aggregate::Simple);
    print(randomise_averages(
        &panel,
        &[],
        &OPTIONS,
        &averages,
        &HANDED_OUT,
    ))
}

pub(super) fn imputation_columns(input: &Input) -> ImputationColumns {
    ImputationColumns {
        panel: input.panel.clone(),
        ..ImputationColumns::default()
    }
}

fn interacted(inference: Inference) -> SunAbrahamOptions {
    SunAbrahamOptions {
        min_e: None,
        max_e: None,
        level: 0.95,
        seed: 1,
        inference,
    }
}

pub(super) fn sun_abraham_of(input: &Input, inference: Inference) -> CallResult {
    let options = interacted(inference);
    print(sun_abraham(
        &panel(&input.panel, Layout::Unbalanced)?,
        &options,
    ))
}

pub(super) fn sun_abraham_without_each_of(input: &Input) -> CallResult {
    let options = SunAbrahamOptions {
        min_e: None,
        max_e: None,
        level: 0.95,
        seed: 1,
        inference: Inference::Analytic,
    };
    let panel = panel(&input.panel, Layout::Unbalanced)?;
    print(sun_abraham_without_each(&panel, &[], &options))
}

pub(super) fn naive_of(input: &Input, naive: Naive) -> CallResult {
    let options = NaiveOptions {
        level: 0.95,
        seed: 1,
    };
    let participates: Vec<bool> = input.covariate.iter().map(|value| *value > 0.0).collect();
    let mut comparisons = NaiveComparisons::new(&input.panel, options);
    print(comparisons.estimate(naive, &input.panel.outcome, &participates))
}

/// One average less another.
pub(super) fn differences_of(input: &Input) -> CallResult {
    let columns = &input.panel;
    let panel = panel(columns, Layout::Balanced)?;
    let keys = unit_keys(columns)?;
    let compared = |kind| {
        let averages = averages(kind);
        let found = aggregate_influence_outcomes(&panel, &keys, &[], &OPTIONS, &averages)?;
        let overall = ComparedRow {
            event_time: None,
            estimate: found[0].result.overall.estimate,
            place: 0,
        };
        Ok(Ok(ComparedEstimates {
            rows: vec![overall],
            influence: found[0].influence.clone(),
            rounding: found[0].rounding,
        }))
    };
    let parts = [compared(Aggregate::Simple)?, compared(Aggregate::Dynamic)?];
    let contrast = Contrast {
        what: 0,
        against: 1,
        is_implied: false,
    };
    print(differences(&parts, &[contrast], 0.95, 1))
}

pub(super) fn event_study(input: &Input) -> Result<EventStudy, EstimatorError> {
    let effects = att_gt(&panel(&input.panel, Layout::Balanced)?, &OPTIONS)?;
    let (found, covariance) = aggregate_with_covariance(&effects, &averages(Aggregate::Dynamic))?;
    let kept: Vec<usize> = (0..found.rows.len())
        .filter(|&row| found.rows[row].at != Some(-1))
        .collect();
    let times: Vec<i32> = kept.iter().filter_map(|&row| found.rows[row].at).collect();
    let estimates: Vec<f64> = kept
        .iter()
        .map(|&row| found.rows[row].estimate.estimate)
        .collect();
    let covariance = covariance.select_rows(&kept).select_columns(&kept);
    EventStudy::try_new(&times, &estimates, &covariance, -1)
}

pub(super) fn honest_options() -> HonestOptions {
    HonestOptions {
        restriction: Restriction::SmoothnessFixedLength,
        bounds: vec![0.5],
        target: Target::First,
        level: 0.95,
        seed: 1,
    }
}

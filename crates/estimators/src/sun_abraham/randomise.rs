//! Randomisation tests: first exposures are handed out anew to the clusters, and everything is estimated again.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::group_time::handed_out::HandedOut;
use crate::group_time::resampling::check_clusters;
use crate::group_time::sample::Sample;
use crate::inference::randomisation::{Assignments, RandomisationTest, Refits};
use crate::inference::{Inference, Randomisation, TestStatistic};
use crate::panel::table::{OutcomeTable, Panel};
use crate::sun_abraham::effects::{CohortEffect, SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::event_study::{rows_of_outcomes, selection};

/// By outcome, the panel's own and then `others`: tests of the overall row and of those at event times of
/// [`sun_abraham_outcomes`](super::sun_abraham_outcomes) with the same options. References have none.
///
/// Clusters that are exposed from the first period on stay so: they are not in the sample. Everything is estimated from all rows for each
/// assignment, so that the time is that of one estimate times the assignments.
///
/// # Errors
/// As [`sun_abraham_outcomes`](super::sun_abraham_outcomes); [`EstimatorError::CohortVariesInCluster`] where units of a cluster have
/// different cohorts, [`EstimatorError::BadOption`] for less than one permutation or for strata that lack a cluster, and
/// [`EstimatorError::TooMany`] for more clusters or permutations than can be waited for.
pub fn randomise_sun_abraham(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &SunAbrahamOptions,
    randomisation: &Randomisation,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    let options = SunAbrahamOptions {
        inference: Inference::Analytic,
        ..*options
    };
    let observed = rows_of_outcomes(panel, others, &options)?;
    let sample = Sample::select(panel, &selection(panel, &options)?)?;
    check_clusters(sample.n_clusters)?;
    let handed_out = HandedOut::of(panel, &sample, randomisation)?;
    let clusters = handed_out.observed.clone();
    let assignments = Assignments::new(clusters, &handed_out.strata, randomisation.seed);
    let refits = Refits {
        n_draws: randomisation.n_draws,
        n_rows: panel.n_rows_in() * (others.len() as u64 + 1),
    };
    let values = |result: &SunAbrahamResult| -> Vec<(Option<i32>, f64)> {
        let value = |row: &CohortEffect| match randomisation.statistic {
            TestStatistic::Studentised => row.estimate.statistic,
            // A reference is zero by construction.
            TestStatistic::Estimate if row.estimate.std_error.is_nan() => f64::NAN,
            TestStatistic::Estimate => row.estimate.estimate,
        };
        let rows = std::iter::once(&result.overall).chain(&result.event_times);
        rows.map(|row| (row.event_time, value(row))).collect()
    };
    let all: Vec<Vec<(Option<i32>, f64)>> = observed.iter().map(values).collect();
    let flat = all.iter().map(|own| own.iter().map(|(_, value)| *value));
    let flat: Vec<Vec<f64>> = flat.map(Iterator::collect).collect();
    refits.tests(&assignments, &flat, |classes| {
        let (panel, others) = handed_out.panel(panel, others, classes);
        let found = rows_of_outcomes(&panel, &others, &options).ok()?;
        // In the places of the observed rows: under another assignment an event time may be missing, or a new one may be there.
        let outcomes = all.iter().zip(&found).map(|(observed, found)| {
            let own: BTreeMap<Option<i32>, f64> = values(found).into_iter().collect();
            let value = |(at, _): &(Option<i32>, f64)| own.get(at).copied().unwrap_or(f64::NAN);
            observed.iter().map(value).collect()
        });
        Some(outcomes.collect())
    })
}

//! Randomisation tests of group-time effects and their averages: first exposures are handed out anew to the clusters.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::group_time::aggregates::{AggregateOptions, Combination, combinations};
use crate::group_time::cluster_sums::is_collapsible;
use crate::group_time::collapsed::ClusterSample;
use crate::group_time::did::{att_gt_outcomes, cells, shares};
use crate::group_time::effects::AttGtResult;
use crate::group_time::handed_out::HandedOut;
use crate::group_time::options::AttGtOptions;
use crate::group_time::resampling::{Numbers, check_clusters};
use crate::group_time::sample::Sample;
use crate::inference::randomisation::{Assignments, RandomisationTest, Refits, check_permutations};
use crate::inference::{Inference, Randomisation, TestStatistic};
use crate::panel::table::{OutcomeTable, Panel};

/// Sums that may be looked at while first exposures are handed out.
const MOST_SUMS: u64 = 100_000_000_000;

/// By outcome, the panel's own and then `others`: a test of each row of [`att_gt`](super::att_gt) with the same options.
///
/// Without covariates a test is worked out from sums over clusters; with covariates everything is estimated again from all rows for each
/// assignment, so that the time is that of one estimate times the assignments.
///
/// # Errors
/// As [`att_gt`](super::att_gt); [`EstimatorError::CohortVariesInCluster`] where units of a cluster have different cohorts,
/// [`EstimatorError::BadOption`] for less than one permutation or for strata that lack a cluster, and
/// [`EstimatorError::TooMany`] for more clusters or permutations than can be waited for.
pub fn randomise(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    randomisation: &Randomisation,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    tests(panel, others, options, randomisation, &Of::Rows)
}

/// The same for [`aggregate`](super::aggregate): the overall row, then its parts.
///
/// # Errors
/// As [`randomise`].
pub fn randomise_averages(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    averages: &AggregateOptions,
    randomisation: &Randomisation,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    tests(
        panel,
        others,
        options,
        randomisation,
        &Of::Averages(averages),
    )
}

/// What is tested.
enum Of<'a> {
    Rows,
    Averages(&'a AggregateOptions),
}

fn tests(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    randomisation: &Randomisation,
    of: &Of<'_>,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    check_permutations(randomisation.n_draws)?;
    // Tests need the estimates alone: resampled errors would be work for nothing.
    let options = AttGtOptions {
        bootstrap: None,
        inference: Inference::Analytic,
        ..*options
    };
    let full = att_gt_outcomes(panel, others, &options)?;
    let sample = Sample::select(panel, &options)?;
    check_clusters(sample.n_clusters)?;
    let handed_out = HandedOut::of(panel, &sample, randomisation)?;
    if !is_collapsible(&sample) {
        let study = Anew {
            panel,
            others,
            options: &options,
            observed: &full,
            of,
        };
        return study.tests(&handed_out, randomisation);
    }
    let cells = cells(&sample, &options);
    let (_, share_weights) = shares(&sample)?;
    let mut results = Vec::new();
    for (outcome, effects) in full.iter().enumerate() {
        let own = outcome.checked_sub(1).map(|place| &others[place]);
        let other = own.map(|table| sample.with_outcome(panel, table));
        let collapsed =
            ClusterSample::of(other.as_ref().unwrap_or(&sample), &cells, &share_weights);
        let n_sums = collapsed
            .n_sums()
            .saturating_mul(u64::from(randomisation.n_draws));
        if n_sums > MOST_SUMS {
            return Err(EstimatorError::TooMany {
                what: "permutations for so many clusters and periods",
                found: u64::from(randomisation.n_draws),
                limit: MOST_SUMS / collapsed.n_sums().max(1),
            });
        }
        results.push(test_outcome(
            effects,
            &collapsed,
            &handed_out.strata,
            randomisation,
            of,
        ));
    }
    Ok(results)
}

/// Tests for which everything is estimated again.
struct Anew<'a> {
    panel: &'a Panel,
    others: &'a [OutcomeTable],
    options: &'a AttGtOptions,
    /// By outcome: the effects as they are.
    observed: &'a [AttGtResult],
    of: &'a Of<'a>,
}

impl Anew<'_> {
    fn tests(
        &self,
        handed_out: &HandedOut,
        randomisation: &Randomisation,
    ) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
        let strata = &handed_out.strata;
        let observed = handed_out.observed.clone();
        let assignments = Assignments::new(observed, strata, randomisation.seed);
        let refits = Refits {
            n_draws: randomisation.n_draws,
            n_rows: self.panel.n_rows_in() * (self.others.len() as u64 + 1),
        };
        let all = self.observed.iter();
        let all = all.map(|own| found_values(own, randomisation.statistic, self.of));
        let all: Vec<Vec<(Place, f64)>> = all.collect();
        let values = all.iter().map(|own| own.iter().map(|(_, value)| *value));
        let values: Vec<Vec<f64>> = values.map(Iterator::collect).collect();
        refits.tests(&assignments, &values, |classes| {
            let (panel, others) = handed_out.panel(self.panel, self.others, classes);
            let found = att_gt_outcomes(&panel, &others, self.options).ok()?;
            let outcomes = all.iter().zip(&found).map(|(observed, found)| {
                let own = found_values(found, randomisation.statistic, self.of);
                let own: BTreeMap<Place, f64> = own.into_iter().collect();
                let value = |(place, _): &(Place, f64)| own.get(place).copied();
                let values = observed.iter().map(|row| value(row).unwrap_or(f64::NAN));
                values.collect()
            });
            Some(outcomes.collect())
        })
    }
}

/// What a row is about: cohort and period, or what an average is at.
type Place = (Option<i32>, Option<i32>);

/// The statistics of effects that were estimated, with their places.
fn found_values(effects: &AttGtResult, statistic: TestStatistic, of: &Of<'_>) -> Vec<(Place, f64)> {
    let value = |estimate: f64, std_error: f64| match statistic {
        TestStatistic::Estimate => estimate,
        TestStatistic::Studentised if std_error > effects.law.rounding => estimate / std_error,
        TestStatistic::Studentised => f64::NAN,
    };
    match of {
        Of::Rows => {
            let rows = effects.rows.iter().map(|row| {
                let own = &row.estimate;
                let place = (Some(row.cohort), Some(row.time));
                (place, value(own.estimate, own.std_error))
            });
            rows.collect()
        }
        Of::Averages(averages) => {
            let parts = combinations(effects, averages, &effects.numbers).into_iter();
            let parts = parts.map(|(at, part)| {
                let std_error = effects.law.std_error_of(&part.multipliers);
                ((None, at), value(part.estimate, std_error))
            });
            parts.collect()
        }
    }
}

fn test_outcome(
    effects: &AttGtResult,
    collapsed: &ClusterSample,
    strata: &[u32],
    randomisation: &Randomisation,
    of: &Of<'_>,
) -> Vec<RandomisationTest> {
    // A cluster has one group, or `check_cohorts` refused.
    let mut labels = vec![0; collapsed.n_clusters];
    for part in &collapsed.parts {
        labels[part.cluster as usize] = part.group;
    }
    let statistics = |labels: &[u32]| {
        let groups: Vec<u32> = collapsed
            .parts
            .iter()
            .map(|part| labels[part.cluster as usize])
            .collect();
        values(effects, collapsed, &groups, randomisation.statistic, of)
    };
    // In the places of the observed rows: under another assignment an event time may be missing, or a new one may be there.
    let observed = statistics(&labels);
    let places: Vec<Option<i32>> = observed.iter().map(|(at, _)| *at).collect();
    let observed: Vec<f64> = observed.into_iter().map(|(_, value)| value).collect();
    let assignments = Assignments::new(labels, strata, randomisation.seed);
    assignments.tests(randomisation.n_draws, &observed, |labels| {
        let found = statistics(labels);
        // Rows are the same comparisons under every assignment.
        if matches!(of, Of::Rows) {
            return found.into_iter().map(|(_, value)| value).collect();
        }
        let found: BTreeMap<Option<i32>, f64> = found.into_iter().collect();
        let value = |at: &Option<i32>| found.get(at).copied().unwrap_or(f64::NAN);
        places.iter().map(value).collect()
    })
}

/// The statistics of the rows where the parts belong to these groups, with their places.
fn values(
    effects: &AttGtResult,
    collapsed: &ClusterSample,
    groups: &[u32],
    statistic: TestStatistic,
    of: &Of<'_>,
) -> Vec<(Option<i32>, f64)> {
    let fit = collapsed.fit(groups);
    let is_studentised = statistic == TestStatistic::Studentised;
    let contributions = is_studentised.then(|| collapsed.contributions(&fit, groups));
    let numbers = Numbers::from(fit);
    // An error of rounding size would make a statistic of rounding; a row without an error has none.
    let scaled = |estimate: f64, std_error: f64| {
        let usable = std_error > effects.law.rounding;
        if usable {
            estimate / std_error
        } else {
            f64::NAN
        }
    };
    match of {
        Of::Rows => {
            let estimates = numbers.estimates.iter().enumerate();
            estimates
                .map(|(index, &estimate)| match &contributions {
                    Some(table) => (None, scaled(estimate, table.column(index).norm())),
                    None => (None, estimate),
                })
                .collect()
        }
        Of::Averages(averages) => {
            let parts = combinations(effects, averages, &numbers).into_iter();
            parts
                .map(
                    |(at, part): (Option<i32>, Combination)| match &contributions {
                        Some(table) => {
                            let std_error = (table * &part.multipliers).norm();
                            (at, scaled(part.estimate, std_error))
                        }
                        None => (at, part.estimate),
                    },
                )
                .collect()
        }
    }
}

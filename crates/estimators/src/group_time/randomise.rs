//! Randomisation tests of group-time effects and their averages: first exposures are handed out anew to the clusters.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::group_time::aggregates::{AggregateOptions, Combination, combinations};
use crate::group_time::cluster_sums::is_collapsible;
use crate::group_time::collapsed::Collapsed;
use crate::group_time::deletions::origins;
use crate::group_time::did::{att_gt_outcomes, cells, shares};
use crate::group_time::effects::AttGtResult;
use crate::group_time::options::AttGtOptions;
use crate::group_time::resampling::{Numbers, check_clusters};
use crate::group_time::sample::Sample;
use crate::inference::randomisation::{Assignments, RandomisationTest};
use crate::inference::{Inference, Randomisation, TestStatistic};
use crate::panel::table::{OutcomeTable, Panel};

/// Sums that may be looked at while first exposures are handed out.
const MOST_SUMS: u64 = 100_000_000_000;

/// By outcome, the panel's own and then `others`: a test of each row of [`att_gt`](super::att_gt) with the same options.
///
/// # Errors
/// As [`att_gt`](super::att_gt); [`EstimatorError::CohortVariesInCluster`] where units of a cluster have different cohorts,
/// [`EstimatorError::BadOption`] with covariates, for less than one permutation or for strata that lack a cluster, and
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
    if randomisation.n_draws == 0 {
        return Err(EstimatorError::BadOption {
            option: "permutations",
            expected: "at least 1",
        });
    }
    // Tests need the estimates alone: resampled errors would be work for nothing.
    let options = AttGtOptions {
        bootstrap: None,
        inference: Inference::Analytic,
        ..*options
    };
    let full = att_gt_outcomes(panel, others, &options)?;
    let sample = Sample::select(panel, &options)?;
    if !is_collapsible(&sample) {
        return Err(EstimatorError::BadOption {
            option: "permutations",
            expected: "asked for without covariates: what these explain would have to be estimated again for each",
        });
    }
    check_clusters(sample.n_clusters)?;
    check_cohorts(panel, &sample)?;
    let cells = cells(&sample, &options);
    let (_, share_weights) = shares(&sample)?;
    let strata = strata(panel, &sample, randomisation)?;
    let mut results = Vec::new();
    for (outcome, effects) in full.iter().enumerate() {
        let own = outcome.checked_sub(1).map(|place| &others[place]);
        let other = own.map(|table| sample.with_outcome(panel, table));
        let collapsed = Collapsed::of(other.as_ref().unwrap_or(&sample), &cells, &share_weights);
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
            &strata,
            randomisation,
            of,
        ));
    }
    Ok(results)
}

fn test_outcome(
    effects: &AttGtResult,
    collapsed: &Collapsed,
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
    collapsed: &Collapsed,
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

/// Refuses clusters with units of several cohorts; those exposed before the first period are one, and so are those exposed after the
/// last and never.
fn check_cohorts(panel: &Panel, sample: &Sample<'_>) -> Result<(), EstimatorError> {
    let mut known: Vec<Option<usize>> = vec![None; panel.n_clusters()];
    let mut varies = vec![false; panel.n_clusters()];
    // Beside the cohorts, numbered from 0, and the never treated, whose number is that of the cohorts.
    let early = sample.cohorts.len() + 1;
    for cohort in &panel.cohorts {
        let place = sample
            .cohorts
            .iter()
            .position(|(label, _)| cohort.label == Some(*label));
        let class = if cohort.units.end <= sample.first_unit() {
            early
        } else {
            place.unwrap_or(sample.cohorts.len())
        };
        for unit in cohort.units.clone() {
            let cluster = panel.cluster_of(unit) as usize;
            match known[cluster] {
                Some(own) if own != class => varies[cluster] = true,
                _ => known[cluster] = Some(class),
            }
        }
    }
    match varies.iter().filter(|varies| **varies).count() as u64 {
        0 => Ok(()),
        n_clusters => Err(EstimatorError::CohortVariesInCluster { n_clusters }),
    }
}

/// The stratum of each cluster of the sample; none: all are in one.
fn strata(
    panel: &Panel,
    sample: &Sample<'_>,
    randomisation: &Randomisation,
) -> Result<Vec<u32>, EstimatorError> {
    let Some(strata) = &randomisation.strata else {
        return Ok(Vec::new());
    };
    let missing = || EstimatorError::BadOption {
        option: "strata",
        expected: "given together with clusters, one for each",
    };
    let origins = origins(panel, sample).into_iter();
    let own = origins.map(|cluster| {
        let code = panel.cluster_codes.get(cluster as usize)?;
        strata.get(*code as usize).copied()
    });
    own.map(|stratum| stratum.ok_or_else(missing)).collect()
}

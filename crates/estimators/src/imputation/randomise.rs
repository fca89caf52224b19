//! Randomisation tests of imputation and two stages: first exposures are handed out anew to the clusters, and everything is estimated again.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::EstimatorError;
use crate::group_time::resampling::check_clusters;
use crate::imputation::impute::rows_of_outcomes;
use crate::imputation::jackknife::{Refit, rows_of_clusters};
use crate::imputation::options::{ImputationColumns, ImputationOptions};
use crate::imputation::result::ImputationResult;
use crate::imputation::stages::stage_rows_of_outcomes;
use crate::inference::randomisation::{Assignments, RandomisationTest, Refits};
use crate::inference::{Inference, Randomisation, TestStatistic};

/// By outcome, that of `columns` and then `others`: a test of each row of
/// [`did_imputation_outcomes`](super::did_imputation_outcomes) with the same options.
///
/// Clusters that are exposed from the first period on stay so: nothing is estimated from them. Everything is estimated from all rows for
/// each assignment, so that the time is that of one estimate times the assignments.
///
/// # Errors
/// As [`did_imputation_outcomes`](super::did_imputation_outcomes); [`EstimatorError::CohortVariesInCluster`] where units of a cluster have
/// different cohorts, [`EstimatorError::BadOption`] for less than one permutation or for strata that lack a cluster, and
/// [`EstimatorError::TooMany`] for more clusters or permutations than can be waited for.
pub fn randomise_imputation(
    columns: &ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
    randomisation: &Randomisation,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    tests(columns, others, options, randomisation, rows_of_outcomes)
}

/// The same for [`two_stage_outcomes`](super::two_stage_outcomes).
///
/// # Errors
/// As [`randomise_imputation`].
pub fn randomise_two_stage(
    columns: &ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
    randomisation: &Randomisation,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    tests(
        columns,
        others,
        options,
        randomisation,
        stage_rows_of_outcomes,
    )
}

fn tests(
    columns: &ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
    randomisation: &Randomisation,
    refit: Refit,
) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
    let options = ImputationOptions {
        inference: Inference::Analytic,
        ..*options
    };
    let observed = refit(columns.clone(), others, &options)?;
    let clusters = Clusters::of(columns)?;
    let strata = clusters.strata(columns, randomisation)?;
    let assignments = Assignments::new(clusters.observed.clone(), &strata, randomisation.seed);
    let refits = Refits {
        n_draws: randomisation.n_draws,
        n_rows: (columns.panel.unit.len() * (others.len() + 1)) as u64,
    };
    let value = |row: &ImputationResult, place: usize| match randomisation.statistic {
        TestStatistic::Studentised => row.rows[place].estimate.statistic,
        TestStatistic::Estimate => row.rows[place].estimate.estimate,
    };
    let all = |own: &ImputationResult| -> Vec<f64> {
        (0..own.rows.len()).map(|place| value(own, place)).collect()
    };
    let values: Vec<Vec<f64>> = observed.iter().map(all).collect();
    refits.tests(&assignments, &values, |labels| {
        let found = refit(clusters.handed_out(columns, labels), others, &options).ok()?;
        // In the places of the observed rows: under another assignment an event time may be missing, or a new one may be there.
        let outcomes = observed.iter().zip(&found).map(|(observed, found)| {
            let own: BTreeMap<Option<i32>, f64> = found
                .rows
                .iter()
                .map(|row| row.event_time)
                .zip(all(found))
                .collect();
            let rows = observed.rows.iter();
            rows.map(|row| own.get(&row.event_time).copied().unwrap_or(f64::NAN))
                .collect()
        });
        Some(outcomes.collect())
    })
}

/// The clusters that first exposures are handed out to.
struct Clusters {
    /// By cluster: its rows.
    rows: Vec<Vec<u32>>,
    /// First exposures, ascending.
    cohorts: Vec<i32>,
    /// By cluster: the place of its own.
    observed: Vec<u32>,
}

impl Clusters {
    fn of(columns: &ImputationColumns) -> Result<Self, EstimatorError> {
        let panel = &columns.panel;
        let mut rows = rows_of_clusters(columns);
        check_clusters(rows.len())?;
        let cohort = |row: &u32| panel.cohort[*row as usize];
        let varies = |own: &&Vec<u32>| own.iter().any(|row| cohort(row) != cohort(&own[0]));
        let n_clusters = rows.iter().filter(varies).count() as u64;
        if n_clusters > 0 {
            return Err(EstimatorError::CohortVariesInCluster { n_clusters });
        }
        let first = rows.iter().flatten().map(|&row| panel.time[row as usize]);
        let first = first.min().unwrap_or(i32::MIN);
        rows.retain(|own| cohort(&own[0]) > first);
        let cohorts: BTreeSet<i32> = rows.iter().map(|own| cohort(&own[0])).collect();
        let cohorts: Vec<i32> = cohorts.into_iter().collect();
        let place = |own: &Vec<u32>| cohorts.partition_point(|c| *c < cohort(&own[0])) as u32;
        Ok(Self {
            observed: rows.iter().map(place).collect(),
            rows,
            cohorts,
        })
    }

    /// The stratum of each cluster; none: all are in one.
    fn strata(
        &self,
        columns: &ImputationColumns,
        randomisation: &Randomisation,
    ) -> Result<Vec<u32>, EstimatorError> {
        let Some(strata) = &randomisation.strata else {
            return Ok(Vec::new());
        };
        let codes = columns.panel.cluster.as_ref();
        let of_cluster = |own: &Vec<u32>| {
            let code = codes?.get(own[0] as usize)?;
            strata.get(*code as usize).copied()
        };
        let own: Option<Vec<u32>> = self.rows.iter().map(of_cluster).collect();
        own.ok_or(EstimatorError::BadOption {
            option: "strata",
            expected: "given together with clusters, one for each",
        })
    }

    /// The columns with these first exposures, by cluster.
    fn handed_out(&self, columns: &ImputationColumns, labels: &[u32]) -> ImputationColumns {
        let mut columns = columns.clone();
        for (rows, &label) in self.rows.iter().zip(labels) {
            for &row in rows {
                columns.panel.cohort[row as usize] = self.cohorts[label as usize];
            }
        }
        columns
    }
}

//! Randomisation tests of the difference between the means of treated and other units of a cluster trial.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::inference::randomisation::Assignments;
use crate::inference::{Randomisation, RandomisationTest, TestStatistic};
use crate::sensitivity::two_group::{check_columns, is_complete};

/// Sums over the units of a cluster.
#[derive(Clone, Copy, Default)]
struct ClusterSums {
    n: f64,
    outcome: f64,
    is_treated: bool,
}

/// A test of [`two_group`](super::two_group): treatments are handed out anew to the clusters. Strata are by cluster code, which must not
/// be negative then. Rows whose outcome or treatment is missing (NaN) are left out.
///
/// # Errors
/// [`EstimatorError::CohortVariesInCluster`] where units of a cluster are treated and others not; as [`two_group`](super::two_group);
/// [`EstimatorError::BadOption`] for less than one permutation and for strata that lack a cluster.
pub fn two_group_randomisation(
    outcome: &[f64],
    treated: &[f64],
    cluster: &[i64],
    randomisation: &Randomisation,
) -> Result<RandomisationTest, EstimatorError> {
    check_columns(outcome, treated, cluster.len())?;
    if randomisation.n_draws == 0 {
        return Err(EstimatorError::BadOption {
            option: "permutations",
            expected: "at least 1",
        });
    }
    let mut clusters: BTreeMap<i64, ClusterSums> = BTreeMap::new();
    let mut varies: BTreeMap<i64, bool> = BTreeMap::new();
    let rows = outcome.iter().zip(treated).zip(cluster);
    for ((&outcome, &treated), &cluster) in rows.filter(|((y, d), _)| is_complete(**y, **d)) {
        let is_treated = treated == 1.0;
        let known = clusters.entry(cluster).or_insert(ClusterSums {
            is_treated,
            ..ClusterSums::default()
        });
        known.n += 1.0;
        known.outcome += outcome;
        *varies.entry(cluster).or_default() |= known.is_treated != is_treated;
    }
    let n_clusters = varies.values().filter(|varies| **varies).count() as u64;
    if n_clusters > 0 {
        return Err(EstimatorError::CohortVariesInCluster { n_clusters });
    }
    let strata = match &randomisation.strata {
        None => Vec::new(),
        Some(strata) => clusters
            .keys()
            .map(|&code| usize::try_from(code).ok().and_then(|code| strata.get(code)))
            .map(|stratum| stratum.copied())
            .collect::<Option<Vec<u32>>>()
            .ok_or(EstimatorError::BadOption {
                option: "strata",
                expected: "given for every cluster",
            })?,
    };
    let sums: Vec<ClusterSums> = clusters.into_values().collect();
    let labels: Vec<u32> = sums.iter().map(|own| u32::from(own.is_treated)).collect();
    let observed = difference(&sums, &labels, randomisation.statistic);
    let assignments = Assignments::new(labels, &strata, randomisation.seed);
    let mut tests = assignments.tests(randomisation.n_draws, &[observed], |labels| {
        vec![difference(&sums, labels, randomisation.statistic)]
    });
    Ok(tests.swap_remove(0))
}

/// The difference of means, or that over its error by cluster; NaN where a side is empty.
fn difference(sums: &[ClusterSums], labels: &[u32], statistic: TestStatistic) -> f64 {
    let mut sides = [ClusterSums::default(); 2];
    for (own, &label) in sums.iter().zip(labels) {
        let side = &mut sides[usize::from(label == 1)];
        side.n += own.n;
        side.outcome += own.outcome;
    }
    let means = sides.map(|side| side.outcome / side.n);
    let difference = means[1] - means[0];
    if statistic == TestStatistic::Estimate {
        return difference;
    }
    let scores = sums.iter().zip(labels).map(|(own, &label)| {
        let side = usize::from(label == 1);
        (own.outcome - own.n * means[side]) / sides[side].n
    });
    // A factor for the number of clusters would be the same for all assignments.
    difference / scores.map(|score| score * score).sum::<f64>().sqrt()
}

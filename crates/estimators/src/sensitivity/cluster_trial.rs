//! Several outcomes of a trial that assigned whole clusters: p-values from the assignments that could have been, for all outcomes
//! together.
//!
//! Estimand and statistic of each outcome as in `two_group`: the difference of means over units, and its t with CR1 errors or the
//! difference itself. If the treatment has no effect on anyone, every assignment of as many clusters within each stratum has the same
//! outcomes, so that the statistics of all outcomes have a known joint law: [`westfall_young`] is exact with any number of clusters, where all
//! assignments are gone through, and valid where they are drawn, with the observed one among the draws.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::estimate::{Counts, rounding_error};
use crate::sensitivity::adjust_p::{AdjustedP, WestfallYoung, primary_first, westfall_young};
use crate::sensitivity::assignment::Assignments;
use crate::sensitivity::two_group::{check_columns, is_complete};
use crate::status::Status;

/// Units of a trial.
#[derive(Debug, Clone, Default)]
pub struct TrialColumns {
    /// Outcomes, column by column; NaN where missing.
    pub outcomes: Vec<Vec<f64>>,
    /// 1 or 0; units without it (NaN) are left out.
    pub treated: Vec<f64>,
    /// Clusters.
    pub cluster: Vec<i64>,
    /// Strata within which clusters were assigned.
    pub stratum: Option<Vec<u32>>,
}

/// What is compared with its law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialStatistic {
    /// The difference of means over its clustered error.
    StudentT,
    /// The difference of means.
    Difference,
}

/// Options of [`cluster_trial`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrialOptions {
    /// Which outcomes are primary, in their order; empty for none.
    pub is_primary: Vec<bool>,
    /// The statistic.
    pub statistic: TrialStatistic,
    /// How p-values are adjusted.
    pub method: WestfallYoung,
    /// Assignments to draw where there are more; 1 to [`MOST_PERMUTATIONS`].
    pub permutations: u64,
    /// Seed of the draws.
    pub seed: u64,
}

/// Most assignments.
pub const MOST_PERMUTATIONS: u64 = 1_000_000;

/// Assignments × clusters × outcomes up to which they are gone through: some ten seconds on one thread.
const MOST_WORK: u64 = 5_000_000_000;

/// One outcome of a trial. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialOutcome {
    /// Difference of means, in units of the outcome.
    pub difference: f64,
    /// Its clustered error.
    pub std_error: f64,
    /// Difference over error.
    pub t: f64,
    /// p-value of this outcome alone: the share of assignments with a statistic as large.
    pub p_value: f64,
    /// The same for all outcomes together.
    pub adjusted: AdjustedP,
    /// Units and clusters with the outcome.
    pub counts: Counts,
    /// Why there is no statistic; [`Status::Missing`] where a primary outcome before it has none.
    pub status: Status,
}

/// A trial's outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterTrial {
    /// In the order given.
    pub outcomes: Vec<TrialOutcome>,
    /// Assignments gone through, the observed one among them.
    pub n_permutations: u64,
    /// Whether they are all there are.
    pub is_exact: bool,
}

/// Compares treated and other clusters in every outcome.
///
/// An assignment under which a statistic does not exist (all clusters with the outcome on one side) counts as reaching it. Outcomes
/// without a statistic are no tests.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`], [`EstimatorError::NotBinary`], [`EstimatorError::AssignmentVaries`] for a cluster with several
/// treatments or strata, [`EstimatorError::BadOption`] for an impossible number of permutations, [`EstimatorError::TooMany`] for too much work.
pub fn cluster_trial(
    columns: &TrialColumns,
    options: &TrialOptions,
) -> Result<ClusterTrial, EstimatorError> {
    let clusters = Clusters::new(columns)?;
    let n_outcomes = columns.outcomes.len();
    let is_primary = match options.is_primary.as_slice() {
        [] => vec![false; n_outcomes],
        own => own.to_vec(),
    };
    if is_primary.len() != n_outcomes {
        return Err(EstimatorError::LengthMismatch {
            column: "is_primary".to_owned(),
            found: is_primary.len(),
            expected: n_outcomes,
        });
    }
    if !(1..=MOST_PERMUTATIONS).contains(&options.permutations) {
        return Err(EstimatorError::BadOption {
            option: "permutations",
            expected: "between 1 and 1,000,000",
        });
    }
    let most = options.permutations;
    let assignments = Assignments::new(&clusters.treated, &clusters.stratum, most, options.seed);
    let sums: Vec<Sums> = columns
        .outcomes
        .iter()
        .map(|outcome| Sums::new(outcome, columns, &clusters))
        .collect();
    let work = (clusters.treated.len() * n_outcomes) as u64;
    if work.saturating_mul(assignments.len()) > MOST_WORK {
        return Err(EstimatorError::TooMany {
            what: "permutations × clusters × outcomes",
            found: work.saturating_mul(assignments.len()),
            limit: MOST_WORK,
        });
    }
    let observed: Vec<Comparison> = sums
        .iter()
        .map(|own| own.compare(&clusters.treated))
        .collect();
    let draws = draws(&sums, &assignments, options.statistic);
    let sizes: Vec<f64> = observed
        .iter()
        .map(|own| own.size(options.statistic))
        .collect();
    let outcomes = tests(&sizes, &draws, &is_primary, options.method)?;
    let outcomes = observed.iter().zip(outcomes).zip(&sums);
    Ok(ClusterTrial {
        outcomes: outcomes
            .map(|((own, test), sums)| own.with(test, sums.counts(&clusters)))
            .collect(),
        n_permutations: assignments.len(),
        is_exact: assignments.is_exact(),
    })
}

/// The statistics' sizes under each assignment; infinite where one does not exist.
fn draws(sums: &[Sums], assignments: &Assignments, statistic: TrialStatistic) -> Vec<Vec<f64>> {
    let draw = |index: u64| -> Vec<f64> {
        let treated = assignments.get(index);
        let sizes = sums.iter().map(|own| own.compare(&treated).size(statistic));
        sizes
            .map(|size| if size.is_nan() { f64::INFINITY } else { size })
            .collect()
    };
    (0..assignments.len()).into_par_iter().map(draw).collect()
}

/// The p-value of each outcome alone, and adjusted.
pub(super) fn tests(
    sizes: &[f64],
    draws: &[Vec<f64>],
    is_primary: &[bool],
    method: WestfallYoung,
) -> Result<Vec<(f64, AdjustedP)>, EstimatorError> {
    let of = |tests: &[usize]| -> Result<Vec<f64>, EstimatorError> {
        let there: Vec<usize> = tests
            .iter()
            .copied()
            .filter(|&k| !sizes[k].is_nan())
            .collect();
        let pick = |from: &[f64]| there.iter().map(|&k| from[k]).collect::<Vec<f64>>();
        let own: Vec<Vec<f64>> = draws.iter().map(|draw| pick(draw)).collect();
        let found = westfall_young(&pick(sizes), &own, method)?;
        let place = |k: &usize| there.iter().position(|own| own == k);
        let adjusted = tests
            .iter()
            .map(|k| place(k).map_or(f64::NAN, |place| found[place]));
        Ok(adjusted.collect())
    };
    // `primary_first` has no way out for an error: it is kept aside.
    let refusal = std::cell::Cell::new(None);
    let adjusted = primary_first(is_primary, |tests| {
        of(tests).unwrap_or_else(|error| {
            refusal.set(Some(error));
            vec![f64::NAN; tests.len()]
        })
    });
    if let Some(error) = refusal.take() {
        return Err(error);
    }
    let alone = (0..sizes.len()).map(|k| of(&[k]).map(|own| own[0]));
    let alone: Vec<f64> = alone.collect::<Result<_, _>>()?;
    Ok(alone.into_iter().zip(adjusted).collect())
}

/// The clusters of a trial, in the order of their names.
struct Clusters {
    /// Of each unit; `None` where it is left out.
    of_unit: Vec<Option<usize>>,
    treated: Vec<bool>,
    stratum: Vec<u32>,
}

impl Clusters {
    fn new(columns: &TrialColumns) -> Result<Self, EstimatorError> {
        let n = columns.treated.len();
        for outcome in &columns.outcomes {
            check_columns(outcome, &columns.treated, columns.cluster.len())?;
        }
        let strata = columns.stratum.as_deref();
        if let Some(found) = strata.map(<[u32]>::len).filter(|&found| found != n) {
            return Err(EstimatorError::LengthMismatch {
                column: "stratum".to_owned(),
                found,
                expected: n,
            });
        }
        let is_used = |unit: usize| {
            let mut own = columns.outcomes.iter().map(|outcome| outcome[unit]);
            own.any(|y| is_complete(y, columns.treated[unit]))
        };
        let side = |unit: usize| {
            (
                columns.treated[unit] == 1.0,
                strata.map_or(0, |own| own[unit]),
            )
        };
        let mut sides: BTreeMap<i64, (bool, u32)> = BTreeMap::new();
        let mut varying = std::collections::BTreeSet::new();
        for unit in (0..n).filter(|&unit| is_used(unit)) {
            let cluster = columns.cluster[unit];
            if *sides.entry(cluster).or_insert(side(unit)) != side(unit) {
                varying.insert(cluster);
            }
        }
        if !varying.is_empty() {
            return Err(EstimatorError::AssignmentVaries {
                n_clusters: varying.len() as u64,
            });
        }
        let names: Vec<i64> = sides.keys().copied().collect();
        let place = |unit: usize| names.binary_search(&columns.cluster[unit]).ok();
        Ok(Self {
            of_unit: (0..n)
                .map(|unit| place(unit).filter(|_| is_used(unit)))
                .collect(),
            treated: sides.values().map(|side| side.0).collect(),
            stratum: sides.values().map(|side| side.1).collect(),
        })
    }
}

/// Numbers and sums of one outcome by cluster: all that an assignment needs.
struct Sums {
    n: Vec<f64>,
    sum: Vec<f64>,
    rounding: f64,
}

/// A comparison under one assignment.
#[derive(Debug, Clone, Copy)]
struct Comparison {
    difference: f64,
    std_error: f64,
    status: Status,
}

impl Sums {
    fn new(outcome: &[f64], columns: &TrialColumns, clusters: &Clusters) -> Self {
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); clusters.treated.len()];
        for (unit, &y) in outcome.iter().enumerate() {
            if let Some(cluster) = clusters.of_unit[unit]
                && is_complete(y, columns.treated[unit])
            {
                values[cluster].push(y);
            }
        }
        // The order of units must not change a bit of a sum.
        for own in &mut values {
            own.sort_unstable_by(f64::total_cmp);
        }
        Self {
            n: values.iter().map(|own| own.len() as f64).collect(),
            sum: values.iter().map(|own| own.iter().sum()).collect(),
            rounding: rounding_error(&values.concat()),
        }
    }

    fn counts(&self, clusters: &Clusters) -> Counts {
        let rows = || self.n.iter().zip(&clusters.treated);
        let n = |side: bool| {
            rows()
                .filter(|(_, own)| **own == side)
                .map(|(n, _)| *n as u64)
                .sum()
        };
        let (n_treated, n_control) = (n(true), n(false));
        Counts {
            n_treated,
            n_control,
            n_units: n_treated + n_control,
            n_clusters: self.n.iter().filter(|n| **n > 0.0).count() as u64,
        }
    }

    fn compare(&self, treated: &[bool]) -> Comparison {
        let (mut n, mut means, mut n_clusters) = ([0.0; 2], [0.0; 2], 0.0_f64);
        for ((own, sum), treated) in self.n.iter().zip(&self.sum).zip(treated) {
            let arm = usize::from(*treated);
            n[arm] += own;
            means[arm] += sum;
            n_clusters += f64::from(*own > 0.0);
        }
        let status = match n.map(|n| n == 0.0) {
            [true, true] => Status::NoRows,
            [false, true] => Status::NoTreated,
            [true, false] => Status::NoControls,
            _ => Status::Ok,
        };
        for (mean, n) in means.iter_mut().zip(n) {
            *mean /= n;
        }
        let mut squares = 0.0;
        for ((own, sum), treated) in self.n.iter().zip(&self.sum).zip(treated) {
            let arm = usize::from(*treated);
            squares += ((sum - own * means[arm]) / n[arm]).powi(2);
        }
        let std_error = (squares * n_clusters / (n_clusters - 1.0)).sqrt();
        // As in `two_group`: two clusters leave no degree of freedom.
        let is_usable = n_clusters > 2.0 && std_error.is_finite() && std_error > self.rounding;
        Comparison {
            difference: means[1] - means[0],
            std_error: if is_usable { std_error } else { f64::NAN },
            status: match status {
                Status::Ok if !is_usable => Status::NoVariance,
                other => other,
            },
        }
    }
}

impl Comparison {
    /// The size of the statistic; NaN where it does not exist.
    fn size(&self, statistic: TrialStatistic) -> f64 {
        match statistic {
            TrialStatistic::StudentT => (self.difference / self.std_error).abs(),
            TrialStatistic::Difference => self.difference.abs(),
        }
    }

    fn with(&self, (p_value, adjusted): (f64, AdjustedP), counts: Counts) -> TrialOutcome {
        TrialOutcome {
            difference: self.difference,
            std_error: self.std_error,
            t: self.difference / self.std_error,
            p_value,
            adjusted,
            counts,
            status: match self.status {
                Status::Ok => adjusted.status,
                other => other,
            },
        }
    }
}

//! Averages of group-time effects without each cluster in turn.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate};
use crate::group_time::aggregates::{
    AggregateOptions, AggregateResult, AggregateRow, aggregate, combinations,
};
use crate::group_time::comparisons::Comparisons;
use crate::group_time::deletions::Deletions;
use crate::group_time::did::{each_outcome, refit_without};
use crate::group_time::effects::AttGtResult;
use crate::group_time::options::AttGtOptions;
use crate::group_time::resampling::{Numbers, check_clusters};
use crate::inference::Inference;
use crate::panel::table::{OutcomeTable, Panel};
use crate::status::Status;

/// With more clusters than these, estimates have no error: those of all other clusters would have to be looked at for each.
const MOST_WITH_ERRORS: usize = 1_000;

/// The estimates without one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// The code of the cluster left out, as in [`PanelColumns`](crate::panel::PanelColumns).
    pub cluster: u32,
    /// Units of the panel in that cluster.
    pub n_units: u64,
    /// For every row of the estimates from all clusters, the overall one first.
    pub rows: Vec<LeftOutRow>,
}

/// One estimate without a cluster. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftOutRow {
    /// Cohort, event time or period; `None` = overall.
    pub at: Option<i32>,
    /// The estimate from the other clusters.
    pub estimate: f64,
    /// By how much it is larger than that from all.
    pub change: f64,
    /// Its analytic standard error; NaN with more than 1,000 clusters, and where the estimate is taken to first order.
    pub std_error: f64,
    /// [`Status::NotIdentified`] where the other clusters leave nothing to compare, [`Status::NoVariance`] where there is an estimate and no
    /// error, [`Status::BasePeriod`] for what is zero by construction.
    pub status: Status,
}

impl LeftOutRow {
    /// What is found without the cluster beside what all rows give.
    pub(crate) fn new(at: Option<i32>, full: &Estimate, found: Option<(f64, f64)>) -> Self {
        let (estimate, std_error) = found.unwrap_or((f64::NAN, f64::NAN));
        let status = if estimate.is_nan() {
            Status::NotIdentified
        } else if full.status == Status::BasePeriod {
            Status::BasePeriod
        } else if std_error.is_nan() {
            Status::NoVariance
        } else {
            Status::Ok
        };
        Self {
            at,
            estimate,
            change: estimate - full.estimate,
            std_error,
            status,
        }
    }
}

/// By outcome, the panel's own and then `others`: the averages without each cluster of the panel in turn, in the order in which clusters
/// are first seen among units by cohort and name.
///
/// Without covariates and with outcome regression from sums over clusters, which is exact. With other methods, and where the controls without
/// a cluster hardly determine a regression, estimated anew; if that were more than 100 times, or more than 2·10⁹ rows would be read, comparisons
/// are taken to first order, without errors. Where a cluster has all rows of a period
/// or all comparison units, other periods or comparisons are taken without it, as if its rows had never been there. The way errors
/// are made that `options` ask for is not used: errors are analytic.
///
/// # Errors
/// As [`att_gt`](super::att_gt) and [`aggregate`]; [`EstimatorError::BadOption`] without clusters, and [`EstimatorError::TooMany`] for more
/// than 50,000 of them, or where more than 2·10⁹ rows would be read without clusters that decide which periods or units are compared.
pub fn leave_one_out(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    averages: &AggregateOptions,
) -> Result<Vec<Vec<LeftOut>>, EstimatorError> {
    if !panel.has_clusters() {
        return Err(EstimatorError::BadOption {
            option: "cluster",
            expected: "given: it says what is left out",
        });
    }
    check_clusters(panel.n_clusters())?;
    let options = AttGtOptions {
        bootstrap: None,
        inference: Inference::Analytic,
        ..*options
    };
    let n_outcomes = others.len() + 1;
    let study = |comparisons: &Comparisons<'_>| -> Result<Outcome, EstimatorError> {
        let deletions = Deletions::of(panel, comparisons, &options, n_outcomes)?;
        let effects = comparisons.effects(&options, None);
        let whole = all_rows(aggregate(&effects, averages)?);
        Ok(Outcome {
            found: found(panel, &deletions, &effects, averages),
            whole,
            refits: deletions.refits,
        })
    };
    let mut all = each_outcome(panel, others, &options, |comparisons, _| study(comparisons))?;
    for (cluster, results) in refitted(panel, others, &options, &all[0].refits) {
        for (outcome, own) in all.iter_mut().enumerate() {
            let results = results.as_ref().ok().and_then(|all| all.get(outcome));
            let rows = results.map(|results| analytic_rows(results, averages));
            own.found[cluster as usize] = WithoutCluster::Rows(rows.unwrap_or_default());
        }
    }
    let n_units = units_of_clusters(panel);
    let results = all.iter().map(|own| {
        let clusters = own.found.iter().enumerate();
        let left_out = clusters.map(|(cluster, found)| LeftOut {
            cluster: panel.cluster_codes[cluster],
            n_units: n_units[cluster],
            rows: own.whole.iter().map(|row| found.row(row)).collect(),
        });
        left_out.collect()
    });
    Ok(results.collect())
}

/// What is found of one outcome.
struct Outcome {
    /// The averages from all clusters.
    whole: Vec<AggregateRow>,
    /// By cluster of the panel.
    found: Vec<WithoutCluster>,
    refits: Vec<bool>,
}

/// By cluster of the panel: what is left without it, unless it is to be estimated anew.
fn found(
    panel: &Panel,
    deletions: &Deletions<'_>,
    effects: &AttGtResult,
    averages: &AggregateOptions,
) -> Vec<WithoutCluster> {
    let mut found = vec![WithoutCluster::Same; panel.n_clusters()];
    let has_errors = deletions.origins.len() <= MOST_WITH_ERRORS;
    let known = deletions.without_each(has_errors, |numbers, contributions| {
        WithoutCluster::Rows(rows(effects, averages, &numbers, contributions.as_ref()))
    });
    for (&cluster, own) in deletions.origins.iter().zip(known) {
        if let Some(own) = own {
            found[cluster as usize] = own;
        }
    }
    found
}

/// What is left without a cluster.
#[derive(Clone)]
enum WithoutCluster {
    /// The cluster takes no part.
    Same,
    /// Estimates and errors by place.
    Rows(BTreeMap<Option<i32>, (f64, f64)>),
}

impl WithoutCluster {
    fn row(&self, full: &AggregateRow) -> LeftOutRow {
        let Estimate {
            estimate,
            std_error,
            ..
        } = full.estimate;
        let found = match self {
            Self::Same => Some((estimate, std_error)),
            Self::Rows(rows) => rows.get(&full.at).copied(),
        };
        LeftOutRow::new(full.at, &full.estimate, found)
    }
}

fn all_rows(result: AggregateResult) -> Vec<AggregateRow> {
    let mut rows = vec![result.overall];
    rows.extend(result.rows);
    rows
}

/// The effects without each cluster that needs it, of all outcomes.
type ResultsWithout = Vec<(u32, Result<Vec<AttGtResult>, EstimatorError>)>;

fn refitted(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    refits: &[bool],
) -> ResultsWithout {
    let clusters = (0_u32..).zip(refits).filter(|(_, refit)| **refit);
    clusters
        .map(|(cluster, _)| (cluster, refit_without(panel, others, options, cluster)))
        .collect()
}

/// Units of the panel by cluster.
pub(crate) fn units_of_clusters(panel: &Panel) -> Vec<u64> {
    let mut n_units = vec![0; panel.n_clusters()];
    for unit in 0..panel.n_units() {
        n_units[panel.cluster_of(unit) as usize] += 1;
    }
    n_units
}

/// The averages of other numbers for the same comparisons, with errors where it is known what clusters contribute.
fn rows(
    effects: &AttGtResult,
    averages: &AggregateOptions,
    numbers: &Numbers,
    contributions: Option<&DMatrix<f64>>,
) -> BTreeMap<Option<i32>, (f64, f64)> {
    let parts = combinations(effects, averages, numbers).into_iter();
    parts
        .map(|(at, part)| {
            let std_error = contributions.map_or(f64::NAN, |own| (own * &part.multipliers).norm());
            (at, with_error(effects, part.estimate, std_error))
        })
        .collect()
}

/// The averages of effects with their analytic errors; without a band, which takes longer than all else.
fn analytic_rows(
    effects: &AttGtResult,
    averages: &AggregateOptions,
) -> BTreeMap<Option<i32>, (f64, f64)> {
    let parts = combinations(effects, averages, &effects.numbers).into_iter();
    parts
        .map(|(at, part)| {
            let std_error = effects.law.std_error_of(&part.multipliers);
            (at, with_error(effects, part.estimate, std_error))
        })
        .collect()
}

/// An estimate and its error, which is missing where it is no more than rounding.
fn with_error(effects: &AttGtResult, estimate: f64, std_error: f64) -> (f64, f64) {
    let error = (std_error, effects.law.rounding);
    let row = Estimate::normal(estimate, error, 0.95, Counts::default(), Status::Ok);
    (row.estimate, row.std_error)
}

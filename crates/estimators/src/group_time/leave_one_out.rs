//! Averages of group-time effects without each cluster in turn.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate};
use crate::group_time::aggregates::{
    AggregateOptions, AggregateResult, AggregateRow, aggregate, combinations,
};
use crate::group_time::collapsed::{Collapsed, CollapsedFit, LEFT_OUT};
use crate::group_time::deletions::{changes_sample, check_refits, is_collapsible, origins};
use crate::group_time::did::{att_gt_outcomes, cells, refit_without, shares};
use crate::group_time::effects::AttGtResult;
use crate::group_time::options::AttGtOptions;
use crate::group_time::regression_sums::RegressionSums;
use crate::group_time::resampling::{Numbers, check_clusters};
use crate::group_time::sample::Sample;
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
    /// Its analytic standard error; NaN with more than 1,000 clusters.
    pub std_error: f64,
    /// [`Status::NotIdentified`] where the other clusters leave nothing to compare.
    pub status: Status,
}

impl LeftOutRow {
    fn new(at: Option<i32>, full: f64, found: Option<(f64, f64)>) -> Self {
        let (estimate, std_error) = found.unwrap_or((f64::NAN, f64::NAN));
        let status = if estimate.is_nan() {
            Status::NotIdentified
        } else {
            Status::Ok
        };
        Self {
            at,
            estimate,
            change: estimate - full,
            std_error,
            status,
        }
    }
}

/// By outcome, the panel's own and then `others`: the averages without each cluster of the panel in turn, in the order in which clusters
/// are first seen among units by cohort and name.
///
/// Without covariates and with outcome regression from sums over clusters, which is exact; with other methods, and where the controls without
/// a cluster hardly determine a regression, estimated anew. Where a cluster has all rows of a period
/// or all comparison units, other periods or comparisons are taken without it, as if its rows had never been there. The way errors
/// are made that `options` ask for is not used: errors are analytic.
///
/// # Errors
/// As [`att_gt`](super::att_gt) and [`aggregate`]; [`EstimatorError::BadOption`] without clusters, and [`EstimatorError::TooMany`] for more
/// than 50,000 of them, or where more than 2·10⁹ rows would be read to estimate anew.
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
    let full = att_gt_outcomes(panel, others, &options)?;
    let sample = Sample::select(panel, &options)?;
    let laid_out = others.iter().map(|other| sample.with_outcome(panel, other));
    let laid_out: Vec<Sample<'_>> = laid_out.collect();
    let samples: Vec<&Sample<'_>> = std::iter::once(&sample).chain(&laid_out).collect();
    let cells = cells(&sample, &options);
    let (_, share_weights) = shares(&sample)?;
    let origins = origins(panel, &sample);
    let regressions: Vec<Option<RegressionSums>> = samples
        .iter()
        .map(|sample| RegressionSums::of(sample, &cells, options.method))
        .collect();
    let are_sums = is_collapsible(&sample) || regressions.iter().all(Option::is_some);
    let mut refits = changes_sample(panel, &sample, &options);
    if !are_sums {
        refits.fill(true);
    }
    for regression in regressions.iter().flatten() {
        for (cluster, needs_refit) in regression.needs_refit().into_iter().enumerate() {
            refits[origins[cluster] as usize] |= needs_refit;
        }
    }
    let n_refits = refits.iter().filter(|refit| **refit).count();
    check_refits(panel.n_rows_in(), n_refits, full.len())?;
    let refitted = refitted(panel, others, &options, &refits);
    let n_units = units_of_clusters(panel);
    let mut results = Vec::new();
    for (outcome, effects) in full.iter().enumerate() {
        let whole = all_rows(aggregate(effects, averages)?);
        let mut found: Vec<Found> = vec![Found::Same; panel.n_clusters()];
        if are_sums {
            let exact = Exact {
                effects,
                averages,
                collapsed: Collapsed::of(samples[outcome], &cells, &share_weights),
                regression: regressions[outcome].as_ref(),
            };
            for (cluster, own) in exact.without_each().into_iter().enumerate() {
                found[origins[cluster] as usize] = own;
            }
        }
        for (cluster, results) in &refitted {
            let own = results.as_ref().ok().and_then(|all| all.get(outcome));
            let own = own.map(|own| analytic_rows(own, averages));
            found[*cluster as usize] = Found::Rows(own.unwrap_or_default());
        }
        let clusters = found.iter().enumerate();
        let left_out = clusters.map(|(cluster, found)| LeftOut {
            cluster: panel.cluster_codes[cluster],
            n_units: n_units[cluster],
            rows: whole.iter().map(|row| found.row(row)).collect(),
        });
        results.push(left_out.collect());
    }
    Ok(results)
}

/// What is left without a cluster.
#[derive(Clone)]
enum Found {
    /// The cluster takes no part.
    Same,
    /// Estimates and errors by place.
    Rows(BTreeMap<Option<i32>, (f64, f64)>),
}

impl Found {
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
        LeftOutRow::new(full.at, estimate, found)
    }
}

fn all_rows(result: AggregateResult) -> Vec<AggregateRow> {
    let mut rows = vec![result.overall];
    rows.extend(result.rows);
    rows
}

/// The effects without each cluster that needs it, of all outcomes.
type Refitted = Vec<(u32, Result<Vec<AttGtResult>, EstimatorError>)>;

fn refitted(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
    refits: &[bool],
) -> Refitted {
    let clusters = (0_u32..).zip(refits).filter(|(_, refit)| **refit);
    clusters
        .map(|(cluster, _)| (cluster, refit_without(panel, others, options, cluster)))
        .collect()
}

fn units_of_clusters(panel: &Panel) -> Vec<u64> {
    let mut n_units = vec![0; panel.n_clusters()];
    for unit in 0..panel.n_units() {
        n_units[panel.cluster_of(unit) as usize] += 1;
    }
    n_units
}

/// Averages from sums over clusters.
struct Exact<'a> {
    effects: &'a AttGtResult,
    averages: &'a AggregateOptions,
    collapsed: Collapsed,
    /// Where comparisons are adjusted for covariates.
    regression: Option<&'a RegressionSums>,
}

impl Exact<'_> {
    /// By cluster of the sample; those that are estimated anew have no use for theirs.
    fn without_each(&self) -> Vec<Found> {
        self.collapsed.without_each(|fit, parts| {
            let mut groups = self.collapsed.groups();
            parts.iter().for_each(|&part| groups[part] = LEFT_OUT);
            let cluster = parts
                .first()
                .map(|&part| self.collapsed.parts[part].cluster);
            Found::Rows(self.rows(fit, &groups, cluster))
        })
    }

    fn rows(
        &self,
        mut fit: CollapsedFit,
        groups: &[u32],
        cluster: Option<u32>,
    ) -> BTreeMap<Option<i32>, (f64, f64)> {
        let has_errors = self.collapsed.n_clusters <= MOST_WITH_ERRORS;
        let mut contributions = has_errors.then(|| self.collapsed.contributions(&fit, groups));
        if let (Some(regression), Some(cluster)) = (self.regression, cluster) {
            let cluster = cluster as usize;
            regression.put_without(cluster, &mut fit.estimates, contributions.as_mut());
        }
        let numbers = Numbers::from(fit);
        let parts = combinations(self.effects, self.averages, &numbers).into_iter();
        parts
            .map(|(at, part)| {
                let contributions = contributions.as_ref();
                let std_error =
                    contributions.map_or(f64::NAN, |own| (own * &part.multipliers).norm());
                (at, with_error(self.effects, part.estimate, std_error))
            })
            .collect()
    }
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

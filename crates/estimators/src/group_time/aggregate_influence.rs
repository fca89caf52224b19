//! Averages of group-time effects with the influence of each cluster on them, for comparisons with other estimates and for those who
//! compute them again.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::group_time::aggregates::{
    AggregateOptions, AggregateResult, aggregate_with_multipliers,
};
use crate::group_time::did::each_outcome;
use crate::group_time::influence::of_units;
use crate::group_time::options::AttGtOptions;
use crate::inference::Inference;
use crate::inference::cluster_influence::ClusterInfluence;
use crate::panel::table::{Layout, OutcomeTable, Panel};

/// Averages of one outcome, and what each cluster contributes to their errors.
#[derive(Debug, Clone)]
pub struct AggregateInfluence {
    /// The averages.
    pub result: AggregateResult,
    /// The influence on the overall number, then on each row.
    pub influence: ClusterInfluence,
    /// Standard errors up to this size are rounding.
    pub rounding: f64,
}

/// What one cluster is of some averages.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterParts {
    /// The cluster, by the key of its units.
    pub key: i64,
    /// Units of it that take part.
    pub n_units: u64,
    /// Of the overall number, then of each row, in units of the estimate.
    pub parts: Vec<ClusterPart>,
}

/// What one cluster is of one average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterPart {
    /// The estimate times the cluster's share of the units, and the influence: over all clusters the estimate.
    pub part: f64,
    /// What the cluster contributes to the error: over all clusters zero, and squared the variance.
    pub influence: f64,
    /// How much of the influences of the cluster's units, without their signs, is that of the one with most.
    pub largest_share: f64,
}

/// Averages of one outcome, and what each cluster is of them.
#[derive(Debug, Clone)]
pub struct AggregateParts {
    /// The averages.
    pub result: AggregateResult,
    /// Clusters by ascending key.
    pub clusters: Vec<ClusterParts>,
}

/// The averages of the panel's own outcome and of `others`, with the influence of the clusters; `keys` are the panel's
/// ([`unit_keys`](crate::panel::unit_keys)). Errors are those of the influence functions, whatever `options` say of the bootstrap and of resampling.
///
/// # Errors
/// As [`att_gt`](super::att_gt) and [`aggregate`](super::aggregate), and [`EstimatorError::LengthMismatch`] for keys of another panel;
/// cross-sections have none.
pub fn aggregate_influence_outcomes(
    panel: &Panel,
    keys: &[i64],
    others: &[OutcomeTable],
    options: &AttGtOptions,
    averages: &AggregateOptions,
) -> Result<Vec<AggregateInfluence>, EstimatorError> {
    each_aggregate(panel, keys, others, (options, averages), |own| {
        AggregateInfluence {
            influence: ClusterInfluence::of_units(&own.keys, own.n_estimates, &own.values),
            result: own.result,
            rounding: own.rounding,
        }
    })
}

/// The averages of the panel's own outcome and of `others`, with what each cluster is of them; otherwise as
/// [`aggregate_influence_outcomes`].
///
/// # Errors
/// As [`aggregate_influence_outcomes`].
pub fn cluster_parts_outcomes(
    panel: &Panel,
    keys: &[i64],
    others: &[OutcomeTable],
    options: &AttGtOptions,
    averages: &AggregateOptions,
) -> Result<Vec<AggregateParts>, EstimatorError> {
    each_aggregate(panel, keys, others, (options, averages), |own| {
        AggregateParts {
            clusters: own.clusters(),
            result: own.result,
        }
    })
}

/// Averages of one outcome, and the influence of each unit on them.
struct UnitInfluence {
    result: AggregateResult,
    /// Of each unit, its cluster.
    keys: Vec<i64>,
    /// The overall number and the rows.
    n_estimates: usize,
    /// Unit × estimate.
    values: Vec<f64>,
    rounding: f64,
}

impl UnitInfluence {
    fn clusters(&self) -> Vec<ClusterParts> {
        let rows = std::iter::once(&self.result.overall).chain(&self.result.rows);
        let estimates: Vec<f64> = rows.map(|row| row.estimate.estimate).collect();
        let mut sums: BTreeMap<i64, (u64, Vec<UnitSums>)> = BTreeMap::new();
        for (key, values) in self
            .keys
            .iter()
            .zip(self.values.chunks_exact(self.n_estimates))
        {
            let none = || (0, vec![UnitSums::default(); self.n_estimates]);
            let (n_units, sums) = sums.entry(*key).or_insert_with(none);
            *n_units += 1;
            sums.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| sum.add(*value));
        }
        let is_alone = sums.len() == 1;
        let n_all = self.keys.len() as f64;
        let of_cluster = |(key, (n_units, sums)): (i64, (u64, Vec<UnitSums>))| {
            let parts = sums.iter().zip(&estimates).map(|(sum, estimate)| {
                // What adds up to zero by itself is rounding.
                let influence = if is_alone { 0.0 } else { sum.sum };
                ClusterPart {
                    part: estimate * n_units as f64 / n_all + influence,
                    influence,
                    largest_share: match sum.size > 0.0 {
                        true => sum.largest / sum.size,
                        false => 0.0,
                    },
                }
            });
            ClusterParts {
                key,
                n_units,
                parts: parts.collect(),
            }
        };
        sums.into_iter().map(of_cluster).collect()
    }
}

/// Influences of the units of a cluster on one estimate.
#[derive(Debug, Clone, Copy, Default)]
struct UnitSums {
    sum: f64,
    /// Without their signs.
    size: f64,
    largest: f64,
}

impl UnitSums {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.size += value.abs();
        self.largest = self.largest.max(value.abs());
    }
}

/// What `of` makes of the averages of each outcome and the influence of the units on them.
fn each_aggregate<T>(
    panel: &Panel,
    keys: &[i64],
    others: &[OutcomeTable],
    (options, averages): (&AttGtOptions, &AggregateOptions),
    of: impl Fn(UnitInfluence) -> T,
) -> Result<Vec<T>, EstimatorError> {
    if keys.len() != panel.n_units() || panel.layout == Layout::CrossSections {
        return Err(EstimatorError::LengthMismatch {
            column: "keys".to_owned(),
            found: keys.len(),
            expected: panel.n_units(),
        });
    }
    let options = AttGtOptions {
        bootstrap: None,
        inference: Inference::Analytic,
        ..*options
    };
    each_outcome(panel, others, &options, |comparisons, _| {
        let effects = comparisons.effects(&options, None);
        let (result, multipliers) = aggregate_with_multipliers(&effects, averages)?;
        let sample = comparisons.sample;
        // Keys are those of the panel, of which the sample may have left out units.
        let own: Vec<i64> = (0..sample.n_units)
            .map(|unit| keys[sample.panel_unit(unit)])
            .collect();
        let (cells, fits) = (comparisons.cells, comparisons.fits);
        let values = of_units(sample, cells, fits, &comparisons.shares.1, &multipliers);
        Ok(of(UnitInfluence {
            result,
            keys: own,
            n_estimates: multipliers.ncols(),
            values,
            rounding: effects.law.rounding,
        }))
    })
}

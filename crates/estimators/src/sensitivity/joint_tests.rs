//! Several effects tested together, from what each cluster contributes to all of them.
//!
//! Estimands are those of the effects: of several outcomes, levels or estimators on the same clusters. With ψ_ck the influence of cluster c on
//! estimate k, t_k = θ̂_k/√Σψ². A draw multiplies the influences of a cluster on all estimates with one of Webb's six weights ω_c, of mean zero
//! and variance one, and has the statistics t*_k = Σω_cψ_ck/√(Σω_c²ψ_ck² − (Σω_cψ_ck)²/G_k), G_k the clusters behind estimate k: what t_k would be by
//! chance, with the dependence between estimates that clusters in common make. [`westfall_young`](super::westfall_young()) makes p-values of them, step by step, the
//! observed statistics among the draws (Romano and Wolf 2005, Econometrica 73:1237; for draws of this kind Chernozhukov, Chetverikov and Kato
//! 2013, Annals of Statistics 41:2786). It bounds the probability of any false finding for many clusters; with few it is no better than the errors.

use rayon::prelude::*;

use crate::difference::{ComparedEstimates, ComparedRow};
use crate::error::EstimatorError;
use crate::estimate::ROUNDING;
use crate::inference::cluster_influence::{ClusterInfluence, each_key};
use crate::inference::multiplier::{check_draws, fill};
use crate::sensitivity::adjust_p::{AdjustedP, WestfallYoung};
use crate::sensitivity::cluster_trial::tests;
use crate::status::Status;

/// Options of [`joint_tests`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JointOptions {
    /// How p-values are adjusted.
    pub method: WestfallYoung,
    /// Draws, 100 or more.
    pub n_draws: u32,
    /// Seed of the draws.
    pub seed: u64,
}

/// One effect among those tested together. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointlyTested {
    /// Its part, by place.
    pub part: usize,
    /// Its event time; `None` = overall.
    pub event_time: Option<i32>,
    /// The effect, in units of its outcome.
    pub estimate: f64,
    /// Its error from the influences of the clusters, without a small-sample factor.
    pub std_error: f64,
    /// One over the other.
    pub statistic: f64,
    /// The share of draws with a statistic as large.
    pub p_value: f64,
    /// The same for all effects together.
    pub adjusted: AdjustedP,
    /// Clusters behind the effect.
    pub n_clusters: u64,
    /// That of the effect; [`Status::NoVariance`] where it has no error, [`Status::Missing`] where a primary effect has none and so was not passed.
    pub status: Status,
}

/// Draws × clusters × effects up to which they are gone through: some twenty seconds on one thread.
const MOST_WORK: u64 = 20_000_000_000;

/// Tests all effects of some parts together; `is_primary` says of each part whether its effects come first. A part without estimates has the
/// status that says why, and one row.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`], [`EstimatorError::BadOption`] for too few draws, [`EstimatorError::TooMany`] for too much work.
pub fn joint_tests(
    parts: &[Result<ComparedEstimates, Status>],
    is_primary: &[bool],
    options: JointOptions,
) -> Result<Vec<JointlyTested>, EstimatorError> {
    check_draws("draws", options.n_draws)?;
    if is_primary.len() != parts.len() {
        return Err(EstimatorError::LengthMismatch {
            column: "is_primary".to_owned(),
            found: is_primary.len(),
            expected: parts.len(),
        });
    }
    let mut effects = Vec::new();
    for (part, own) in parts.iter().enumerate() {
        match own {
            Ok(own) => effects.extend(own.rows.iter().map(|row| Effect::of(part, own, row))),
            Err(status) => effects.push(Effect::missing(part, *status)),
        }
    }
    let law = Law::of(parts, &effects);
    let work = law.values.len() as u64 * u64::from(options.n_draws);
    if work > MOST_WORK {
        return Err(EstimatorError::TooMany {
            what: "draws × clusters × effects",
            found: work,
            limit: MOST_WORK,
        });
    }
    let rows: Vec<JointlyTested> = effects
        .iter()
        .enumerate()
        .map(|(k, effect)| effect.tested(&law, k))
        .collect();
    let sizes: Vec<f64> = rows.iter().map(|row| row.statistic.abs()).collect();
    // The observed statistics are one of the draws. What does not exist is left out of the tests.
    let mut draws = vec![sizes.clone()];
    draws.extend(law.draws(options));
    let comes_first: Vec<bool> = rows.iter().map(|row| is_primary[row.part]).collect();
    let found = tests(&sizes, &draws, &comes_first, options.method)?;
    let rows = rows.into_iter().zip(found);
    Ok(rows
        .map(|(row, (p_value, adjusted))| JointlyTested {
            p_value,
            adjusted,
            status: match row.status {
                // What qualifies an error does not say that there is no test.
                Status::Ok | Status::FewClusters | Status::TooFew | Status::Trimmed
                    if adjusted.status != Status::Ok =>
                {
                    adjusted.status
                }
                own => own,
            },
            ..row
        })
        .collect())
}

/// An effect before it is tested.
struct Effect {
    part: usize,
    event_time: Option<i32>,
    estimate: f64,
    /// Its place in the influence of its part.
    place: usize,
    rounding: f64,
    status: Status,
}

impl Effect {
    fn of(part: usize, own: &ComparedEstimates, row: &ComparedRow) -> Self {
        Self {
            part,
            event_time: row.event_time,
            estimate: row.estimate.estimate,
            place: row.place,
            rounding: own.rounding.max(ROUNDING * row.estimate.estimate.abs()),
            status: row.estimate.status,
        }
    }

    fn missing(part: usize, status: Status) -> Self {
        Self {
            part,
            event_time: None,
            estimate: f64::NAN,
            place: 0,
            rounding: 0.0,
            status,
        }
    }

    /// The effect with its error, and as yet without a p-value.
    fn tested(&self, law: &Law, k: usize) -> JointlyTested {
        let error = law.variances[k].sqrt();
        let is_usable = error > self.rounding && self.estimate.is_finite();
        let std_error = if is_usable { error } else { f64::NAN };
        let untested = AdjustedP {
            p_value: f64::NAN,
            n_tests: 0,
            status: Status::Missing,
        };
        JointlyTested {
            part: self.part,
            event_time: self.event_time,
            estimate: self.estimate,
            std_error,
            statistic: self.estimate / std_error,
            p_value: f64::NAN,
            adjusted: untested,
            n_clusters: law.n_clusters[k] as u64,
            status: match self.status {
                Status::Ok | Status::FewClusters | Status::TooFew | Status::Trimmed
                    if !is_usable =>
                {
                    Status::NoVariance
                }
                own => own,
            },
        }
    }
}

/// The influences of all clusters on all effects, without those that are zero.
struct Law {
    /// By cluster, where its influences end.
    ends: Vec<usize>,
    /// Effect and influence.
    values: Vec<(u32, f64)>,
    /// By effect: Σψ².
    variances: Vec<f64>,
    /// By effect: clusters of its part.
    n_clusters: Vec<usize>,
}

impl Law {
    fn of(parts: &[Result<ComparedEstimates, Status>], effects: &[Effect]) -> Self {
        let nothing = ClusterInfluence::of_units(&[], 0, &[]);
        let influences: Vec<&ClusterInfluence> = parts
            .iter()
            .map(|part| part.as_ref().map_or(&nothing, |part| &part.influence))
            .collect();
        let counts = effects.iter().map(|own| influences[own.part].n_clusters());
        let mut law = Self {
            ends: Vec::new(),
            values: Vec::new(),
            variances: vec![0.0; effects.len()],
            n_clusters: counts.collect(),
        };
        each_key(&influences, |places| {
            for (k, effect) in effects.iter().enumerate() {
                let own = places[effect.part].map(|place| influences[effect.part].row(place));
                let value = own.map_or(0.0, |own| own[effect.place]);
                if value != 0.0 {
                    law.values.push((k as u32, value));
                    law.variances[k] += value * value;
                }
            }
            law.ends.push(law.values.len());
        });
        law
    }

    /// The sizes of the statistics in each draw; infinite where one does not vary.
    fn draws(&self, options: JointOptions) -> Vec<Vec<f64>> {
        let n_effects = self.variances.len();
        let draw = |index: usize| -> Vec<f64> {
            let mut weights = vec![0.0; self.ends.len()];
            fill(options.seed, index, &mut weights);
            let (mut sums, mut squares) = (vec![0.0; n_effects], vec![0.0; n_effects]);
            let mut start = 0;
            for (weight, &end) in weights.iter().zip(&self.ends) {
                for &(k, value) in &self.values[start..end] {
                    let own = weight * value;
                    sums[k as usize] += own;
                    squares[k as usize] += own * own;
                }
                start = end;
            }
            let size = |k: usize| {
                let centred = squares[k] - sums[k] * sums[k] / self.n_clusters[k] as f64;
                let size = (sums[k] / centred.max(0.0).sqrt()).abs();
                if size.is_nan() { f64::INFINITY } else { size }
            };
            (0..n_effects).map(size).collect()
        };
        let n_draws = options.n_draws as usize;
        (0..n_draws).into_par_iter().map(draw).collect()
    }
}

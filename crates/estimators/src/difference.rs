//! Whether effects differ: between levels, outcomes or estimators, with the covariance that they share.
//!
//! *Estimand*: the difference of two estimates, such as the effect on women less that on men. *Assumptions*: those of either estimate.
//! *Formula*: with ψ_c the influence of cluster c on an estimate, the difference of two estimates has the influence ψ_c − ψ'_c, and the
//! joint covariance of some differences is the sum over clusters of their products. Clusters that stand behind both, as those of two
//! outcomes of the same persons, of two estimators, or worksites with women and men, count with what they have in common; where the
//! estimates share none, variances add up.
//! *Joint test*: all differences are zero, d'V⁻¹d against χ² over those that no others imply. *Band*: simultaneous over all differences.
//! Normal quantiles, no small-sample factor.
//! *Missing*: a difference without one of its estimates has the status of that one. *One cluster*: no error. *No difference by
//! construction*: no error either.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate, ROUNDING, check_level};
use crate::inference::cluster_influence::{ClusterInfluence, each_key};
use crate::inference::sup_t::{self, SupT};
use crate::linear_algebra::solve_correlation_checked;
use crate::status::Status;

/// Differences of one call.
const MOST_DIFFERENCES: usize = 1_000;

/// Estimates from one part of the data by one estimator.
#[derive(Debug, Clone)]
pub struct ComparedEstimates {
    /// The estimates that are compared, each event time once.
    pub rows: Vec<ComparedRow>,
    /// The influence of the clusters on them, and perhaps on others.
    pub influence: ClusterInfluence,
    /// Standard errors up to this size are rounding.
    pub rounding: f64,
}

/// An estimate that is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparedRow {
    /// Its event time; `None` = overall.
    pub event_time: Option<i32>,
    /// The estimate.
    pub estimate: Estimate,
    /// Its place in the influence.
    pub place: usize,
}

/// Which estimates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contrast {
    /// The part whose estimate counts.
    pub what: usize,
    /// The part whose estimate is taken from it.
    pub against: usize,
    /// Whether other contrasts imply it, so that the joint test leaves it out.
    pub is_implied: bool,
}

/// A difference of two estimates.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceRow {
    /// The contrast, by its place.
    pub contrast: usize,
    /// The event time of both; `None` = overall.
    pub event_time: Option<i32>,
    /// The difference. It has no counts but the clusters behind either estimate.
    pub estimate: Estimate,
    /// Clusters behind both.
    pub n_shared_clusters: u64,
}

/// The test that all differences are zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointTest {
    /// The Wald statistic; NaN where there is none.
    pub statistic: f64,
    /// Differences tested.
    pub df: u32,
    /// P(χ² > statistic).
    pub p_value: f64,
    /// Why there is no test, or why to read it with care.
    pub status: Status,
}

/// What [`differences`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Differences {
    /// By contrast, then event time.
    pub rows: Vec<DifferenceRow>,
    /// All of them together.
    pub joint: JointTest,
    /// The simultaneous band over all rows with an error.
    pub band: Option<SupT>,
}

/// The differences of some contrasts between parts. A part without estimates has the status that says why.
///
/// # Errors
/// [`EstimatorError::BadOption`] for an impossible level or a contrast of a part that is not there, [`EstimatorError::TooMany`] for more than 1,000
/// differences.
pub fn differences(
    parts: &[Result<ComparedEstimates, Status>],
    contrasts: &[Contrast],
    level: f64,
    seed: u64,
) -> Result<Differences, EstimatorError> {
    check_level(level)?;
    if contrasts
        .iter()
        .any(|contrast| contrast.what.max(contrast.against) >= parts.len())
    {
        return Err(EstimatorError::BadOption {
            option: "contrasts",
            expected: "between parts that are there",
        });
    }
    let pairs: Vec<Pair> = contrasts
        .iter()
        .enumerate()
        .flat_map(|(index, contrast)| pairs_of(parts, index, contrast))
        .collect();
    if pairs.len() > MOST_DIFFERENCES {
        return Err(EstimatorError::TooMany {
            what: "differences",
            found: pairs.len() as u64,
            limit: MOST_DIFFERENCES as u64,
        });
    }
    let law = Law::of(parts, contrasts, &pairs);
    let mut rows: Vec<DifferenceRow> = pairs
        .iter()
        .enumerate()
        .map(|(k, pair)| pair.row(parts, &law, k, level))
        .collect();
    let has_error = |k: usize| rows[k].estimate.std_error.is_finite();
    let with_error: Vec<usize> = (0..rows.len()).filter(|&k| has_error(k)).collect();
    let band = sup_t::critical_value(&law.part(&with_error), level, seed);
    let tested: Vec<usize> = with_error
        .into_iter()
        .filter(|&k| !contrasts[rows[k].contrast].is_implied)
        .collect();
    let joint = joint_test(&rows, &tested, &law);
    for row in &mut rows {
        if let Some(band) = band {
            row.estimate.set_band(band.critical_value);
        }
    }
    Ok(Differences { rows, joint, band })
}

/// Two estimates that are compared.
struct Pair {
    contrast: usize,
    event_time: Option<i32>,
    terms: Result<[Term; 2], Status>,
}

/// An estimate of a part.
#[derive(Clone, Copy)]
struct Term {
    part: usize,
    row: ComparedRow,
}

/// The pairs of a contrast: one per event time of either part.
fn pairs_of(
    parts: &[Result<ComparedEstimates, Status>],
    index: usize,
    contrast: &Contrast,
) -> Vec<Pair> {
    let sides = [contrast.what, contrast.against];
    let without = sides.iter().find_map(|&part| parts[part].as_ref().err());
    let both = sides.map(|part| parts[part].as_ref().map_or(&[][..], |part| &part.rows));
    if let Some(&status) = without {
        return vec![Pair {
            contrast: index,
            event_time: None,
            terms: Err(status),
        }];
    }
    let mut event_times: Vec<Option<i32>> = both
        .iter()
        .flat_map(|rows| rows.iter().map(|row| row.event_time))
        .collect();
    event_times.sort_unstable();
    event_times.dedup();
    let pair = |event_time: Option<i32>| {
        let term = |side: usize| {
            let row = both[side].iter().find(|row| row.event_time == event_time);
            let row = *row.ok_or(Status::NotIdentified)?;
            let part = sides[side];
            match row.estimate.estimate.is_finite() {
                true => Ok(Term { part, row }),
                false => Err(row.estimate.status),
            }
        };
        let terms = term(0).and_then(|what| term(1).map(|against| [what, against]));
        Pair {
            contrast: index,
            event_time,
            terms,
        }
    };
    event_times.into_iter().map(pair).collect()
}

impl Pair {
    fn row(
        &self,
        parts: &[Result<ComparedEstimates, Status>],
        law: &Law,
        k: usize,
        level: f64,
    ) -> DifferenceRow {
        let (n_clusters, n_shared_clusters) = law.clusters[self.contrast];
        let counts = Counts {
            n_clusters,
            ..Counts::default()
        };
        let rounding_of = |term: Term| parts[term.part].as_ref().map_or(0.0, |part| part.rounding);
        let estimate = match self.terms {
            Err(status) => Estimate::missing(counts, status),
            Ok(terms) => {
                let [what, against] = terms.map(|term| term.row.estimate);
                // Two estimates may nearly cancel: what rounding leaves is measured by them, not by their difference.
                let size = what.estimate.abs().max(against.estimate.abs());
                let rounding = terms
                    .map(rounding_of)
                    .into_iter()
                    .fold(ROUNDING * size, f64::max);
                let error = (law.covariance[(k, k)].sqrt(), rounding);
                let difference = what.estimate - against.estimate;
                let status = worse(what.status, against.status);
                Estimate::normal(difference, error, level, counts, status)
            }
        };
        DifferenceRow {
            contrast: self.contrast,
            event_time: self.event_time,
            estimate,
            n_shared_clusters,
        }
    }
}

/// Of two statuses the one that says more against a difference; the first where both say as much.
fn worse(one: Status, other: Status) -> Status {
    let weight = |status: Status| match status {
        Status::Ok => 0,
        Status::Trimmed => 1,
        Status::FewClusters => 2,
        Status::NotIdentified => 3,
        Status::TooFew => 4,
        _ => 5,
    };
    if weight(other) > weight(one) {
        other
    } else {
        one
    }
}

/// The joint covariance of all differences, and the clusters behind each contrast.
struct Law {
    covariance: DMatrix<f64>,
    /// By contrast: clusters behind either part, and behind both.
    clusters: Vec<(u64, u64)>,
}

impl Law {
    /// Sums over clusters. The influences are subtracted cluster by cluster, so that what is the same in both leaves exactly nothing.
    fn of(
        parts: &[Result<ComparedEstimates, Status>],
        contrasts: &[Contrast],
        pairs: &[Pair],
    ) -> Self {
        let mut covariance = DMatrix::zeros(pairs.len(), pairs.len());
        let mut clusters = vec![(0, 0); contrasts.len()];
        let nothing = ClusterInfluence::of_units(&[], 0, &[]);
        let influences: Vec<&ClusterInfluence> = parts
            .iter()
            .map(|part| part.as_ref().map_or(&nothing, |part| &part.influence))
            .collect();
        let mut touched: Vec<(usize, f64)> = Vec::with_capacity(pairs.len());
        each_key(&influences, |places| {
            for (counts, contrast) in clusters.iter_mut().zip(contrasts) {
                let sides = [contrast.what, contrast.against].map(|part| places[part].is_some());
                counts.0 += u64::from(sides[0] || sides[1]);
                counts.1 += u64::from(sides[0] && sides[1]);
            }
            let value = |term: Term| {
                let own = places[term.part].map(|place| influences[term.part].row(place));
                own.map_or(0.0, |own| own[term.row.place])
            };
            touched.clear();
            for (k, pair) in pairs.iter().enumerate() {
                if let Ok([what, against]) = pair.terms {
                    let own = value(what) - value(against);
                    if own != 0.0 {
                        touched.push((k, own));
                    }
                }
            }
            for &(a, left) in &touched {
                for &(b, right) in &touched {
                    covariance[(a, b)] += left * right;
                }
            }
        });
        Self {
            covariance,
            clusters,
        }
    }

    /// The covariance of some of the differences.
    fn part(&self, kept: &[usize]) -> DMatrix<f64> {
        DMatrix::from_fn(kept.len(), kept.len(), |a, b| {
            self.covariance[(kept[a], kept[b])]
        })
    }
}

fn joint_test(rows: &[DifferenceRow], tested: &[usize], law: &Law) -> JointTest {
    let df = tested.len() as u32;
    let without = |status| JointTest {
        statistic: f64::NAN,
        df,
        p_value: f64::NAN,
        status,
    };
    if tested.is_empty() {
        // Nothing varies, or nothing is there: what the rows say.
        let status = rows
            .first()
            .map_or(Status::NoRows, |row| row.estimate.status);
        return without(status);
    }
    let found = DVector::from_fn(tested.len(), |k, _| rows[tested[k]].estimate.estimate);
    let Some(solved) = solve_correlation_checked(&law.part(tested), &found) else {
        return without(Status::Singular);
    };
    let statistic = found.dot(&solved);
    let statuses = rows.iter().map(|row| row.estimate.status);
    let cared = statuses.filter(|status| matches!(status, Status::FewClusters | Status::TooFew));
    JointTest {
        statistic,
        df,
        p_value: ChiSquared::new(f64::from(df)).map_or(f64::NAN, |law| law.sf(statistic)),
        status: cared.fold(Status::Ok, worse),
    }
}

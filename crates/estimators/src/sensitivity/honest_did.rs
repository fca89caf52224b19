//! Robust intervals for an effect when trends may differ: how far pre-trends may go on before the effect is no longer seen.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::normal;
use crate::sensitivity::conditional_test::{ConditionalTest, Rule};
use crate::sensitivity::event_study::EventStudy;
use crate::sensitivity::fixed_length::Estimators;
use crate::sensitivity::least_favourable;
use crate::sensitivity::restriction::{relative_magnitudes, smoothness};
use crate::sensitivity::search::{accepted_range, first_accepted};
use crate::status::Status;

/// What is assumed of differences in trends, and how the interval is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    /// Δ^RM(M̄): from one period to the next, trends differ after the reference at most M̄ times as much as at most before it.
    RelativeMagnitudes(Test),
    /// Δ^SD(M): the difference between trends is a straight line up to second differences of M, by tests.
    Smoothness(Test),
    /// The same, by the interval of fixed length that is shortest for it.
    SmoothnessFixedLength,
}

/// The test that an interval is inverted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Conditional on which inequality binds (Andrews, Roth and Pakes).
    Conditional,
    /// A least favourable test of a tenth of the size first, which catches what the conditional test misses.
    Hybrid,
}

/// What the interval is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The effect in the first period after the reference.
    First,
    /// The mean of all effects after it.
    Mean,
    /// A weighted sum of the effects after it, in order of time.
    Weights(Vec<f64>),
}

/// Options of [`honest_did`].
#[derive(Debug, Clone, PartialEq)]
pub struct HonestOptions {
    /// What is assumed, and by which method the interval is made.
    pub restriction: Restriction,
    /// Values of M̄ (a ratio) or M (in units of the outcome), zero or more, one interval each.
    pub bounds: Vec<f64>,
    /// What the intervals are for.
    pub target: Target,
    /// Level of the intervals, between 0 and 1.
    pub level: f64,
    /// Seed of the simulation that [`Test::Hybrid`] needs under smoothness with a single period after the reference.
    pub seed: u64,
}

/// Robust intervals and the breakdown value.
#[derive(Debug, Clone, PartialEq)]
pub struct HonestDid {
    /// The target's estimate.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Lower end of its interval if trends are parallel.
    pub conf_low: f64,
    /// Upper end of it.
    pub conf_high: f64,
    /// One interval per bound, in their order.
    pub intervals: Vec<RobustInterval>,
    /// The smallest bound at which the robust interval holds zero: M̄ up to 4, M up to 1000 times the largest estimate, infinite beyond. Zero
    /// when the effect is not seen even at a bound of zero; NaN when there are no intervals.
    pub breakdown: f64,
    /// [`Status::NoVariance`] when an estimate, or an inequality, has no variance; [`Status::Singular`] when estimates before the
    /// reference are combinations of each other and the method cannot do without; then there are no intervals.
    pub status: Status,
}

impl HonestDid {
    /// What there is where no interval can be made, not even that of parallel trends.
    pub fn without_intervals(status: Status) -> Self {
        Self {
            estimate: f64::NAN,
            std_error: f64::NAN,
            conf_low: f64::NAN,
            conf_high: f64::NAN,
            intervals: Vec::new(),
            breakdown: f64::NAN,
            status,
        }
    }
}

/// An interval that covers the target whatever the difference in trends within the restriction. NaN where a number does not exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustInterval {
    /// M̄ or M.
    pub bound: f64,
    /// Lower end; minus infinity when no value is too small.
    pub conf_low: f64,
    /// Upper end; infinity when no value is too large.
    pub conf_high: f64,
    /// Its middle, for intervals of fixed length: the estimator they are made of.
    pub estimate: f64,
    /// The estimator's standard error, for intervals of fixed length.
    pub std_error: f64,
    /// The estimator's largest bias, for intervals of fixed length.
    pub worst_case_bias: f64,
    /// [`Status::Ok`]; [`Status::Contradicted`] when every value is rejected, because the estimates before the reference contradict
    /// the restriction; otherwise the status of the whole.
    pub status: Status,
}

/// Robust intervals of Rambachan and Roth (2023). See the module for what is computed.
///
/// # Errors
/// [`EstimatorError::EventTimeGap`] when a period between the first and the last has no estimate, [`EstimatorError::BadOption`] for
/// an impossible level or bound, [`EstimatorError::TooMany`] for more than 60 estimates, [`EstimatorError::LengthMismatch`] for weights of another number than periods after the reference.
pub fn honest_did(
    study: &EventStudy,
    options: &HonestOptions,
) -> Result<HonestDid, EstimatorError> {
    check_level(options.level)?;
    study.check_no_gap()?;
    let found = study.event_times().len();
    if found > MOST_ESTIMATES {
        return Err(EstimatorError::TooMany {
            what: "estimates of an event study",
            found: found as u64,
            limit: MOST_ESTIMATES as u64,
        });
    }
    if options
        .bounds
        .iter()
        .any(|bound| !bound.is_finite() || *bound < 0.0)
    {
        return Err(EstimatorError::BadOption {
            option: "bounds",
            expected: "numbers of zero or more",
        });
    }
    let target = weights(study, &options.target)?;
    let (estimate, std_error) = plain(study, &target);
    let quantile = normal::two_sided_quantile(options.level);
    let mut result = HonestDid {
        estimate,
        std_error,
        conf_low: estimate - quantile * std_error,
        conf_high: estimate + quantile * std_error,
        intervals: Vec::new(),
        breakdown: f64::NAN,
        status: Status::Ok,
    };
    let maker = if study.lacks_variance() {
        Err(Status::NoVariance)
    } else {
        Maker::try_new(study, options, target, std_error)
    };
    match maker {
        Ok(maker) => {
            let bounds = options.bounds.iter();
            result.intervals = bounds.map(|&bound| maker.interval(bound)).collect();
            result.breakdown = maker.breakdown();
        }
        Err(status) => {
            result.status = status;
            let bounds = options.bounds.iter();
            result.intervals = bounds.map(|&bound| missing(bound, status)).collect();
        }
    }
    Ok(result)
}

/// Five years of months; the time grows with the fifth power.
const MOST_ESTIMATES: usize = 60;

fn missing(bound: f64, status: Status) -> RobustInterval {
    RobustInterval {
        bound,
        conf_low: f64::NAN,
        conf_high: f64::NAN,
        estimate: f64::NAN,
        std_error: f64::NAN,
        worst_case_bias: f64::NAN,
        status,
    }
}

fn weights(study: &EventStudy, target: &Target) -> Result<Vec<f64>, EstimatorError> {
    let n_post = study.n_post();
    let weights = match target {
        Target::First => (0..n_post)
            .map(|k| if k == 0 { 1.0 } else { 0.0 })
            .collect(),
        Target::Mean => vec![1.0 / n_post as f64; n_post],
        Target::Weights(weights) => weights.clone(),
    };
    if weights.len() != n_post {
        return Err(EstimatorError::LengthMismatch {
            column: "weights".to_owned(),
            found: weights.len(),
            expected: n_post,
        });
    }
    let usable = weights.iter().all(|weight| weight.is_finite());
    if !usable || weights.iter().all(|&weight| weight == 0.0) {
        return Err(EstimatorError::BadOption {
            option: "weights",
            expected: "numbers, not all of them zero",
        });
    }
    Ok(weights)
}

/// The target's estimate and standard error.
fn plain(study: &EventStudy, target: &[f64]) -> (f64, f64) {
    let n_pre = study.n_pre();
    let own = target.iter().zip(&study.estimates()[n_pre..]);
    let estimate = own.map(|(weight, effect)| weight * effect).sum();
    let mut variance = 0.0;
    for (a, weight) in target.iter().enumerate() {
        for (b, other) in target.iter().enumerate() {
            variance += weight * other * study.covariance()[(n_pre + a, n_pre + b)];
        }
    }
    // Rounding can leave a variance of zero below it.
    (estimate, variance.max(0.0).sqrt())
}

/// Share of the size that the first stage of the hybrid test takes.
const FIRST_STAGE: f64 = 0.1;

/// Bounds tried for the breakdown value under relative magnitudes.
const RATIO_STEP: f64 = 0.01;
const RATIO_STEPS: i32 = 400;

/// The smallest tried under smoothness, in standard errors of the target, and the largest, in the larger of that and the largest estimate;
/// each is twice the one before.
const SMALLEST_BEND: f64 = 1e-3;
const LARGEST_BEND: f64 = 1e3;

/// Makes intervals for one event study and target.
struct Maker<'a> {
    study: &'a EventStudy,
    restriction: Restriction,
    target: Vec<f64>,
    std_error: f64,
    alpha: f64,
    seed: u64,
    /// For intervals of fixed length.
    estimators: Option<Estimators>,
    /// Under smoothness the first stage does not depend on the bound.
    critical: Option<f64>,
}

impl<'a> Maker<'a> {
    fn try_new(
        study: &'a EventStudy,
        options: &HonestOptions,
        target: Vec<f64>,
        std_error: f64,
    ) -> Result<Self, Status> {
        let mut maker = Self {
            study,
            restriction: options.restriction,
            target,
            std_error,
            alpha: 1.0 - options.level,
            seed: options.seed,
            estimators: None,
            critical: None,
        };
        match options.restriction {
            Restriction::SmoothnessFixedLength => {
                let estimators = Estimators::try_new(study, &maker.target);
                let estimators = estimators.ok_or(Status::Singular)?;
                // Whether the estimator has a variance shows at a bound of zero already.
                estimators
                    .shortest(0.0, maker.alpha)
                    .ok_or(Status::NoVariance)?;
                maker.estimators = Some(estimators);
            }
            Restriction::Smoothness(_) | Restriction::RelativeMagnitudes(_) => {
                // Which inequalities have a variance may depend on the bound only at a few values of it.
                let tests = maker.tests(1.0).ok_or(Status::NoVariance)?;
                if let (Restriction::Smoothness(Test::Hybrid), Some(test)) =
                    (options.restriction, tests.first())
                {
                    maker.critical = Some(maker.first_stage(test));
                }
            }
        }
        Ok(maker)
    }

    fn first_stage(&self, test: &ConditionalTest) -> f64 {
        least_favourable::critical_value(test, FIRST_STAGE * self.alpha, self.seed)
    }

    /// The tests whose values, taken together, are not rejected.
    fn tests(&self, bound: f64) -> Option<Vec<ConditionalTest>> {
        let sets = match self.restriction {
            Restriction::RelativeMagnitudes(_) => relative_magnitudes(self.study, bound),
            _ => vec![smoothness(self.study, bound)],
        };
        let tests = sets.iter();
        tests
            .map(|set| ConditionalTest::try_new(self.study, &self.target, set))
            .collect()
    }

    fn rule(&self, test: &ConditionalTest) -> Rule {
        let test_kind = match self.restriction {
            Restriction::RelativeMagnitudes(kind) | Restriction::Smoothness(kind) => kind,
            Restriction::SmoothnessFixedLength => Test::Conditional,
        };
        if test_kind == Test::Conditional {
            return Rule::conditional(self.alpha);
        }
        let critical = self.critical.unwrap_or_else(|| self.first_stage(test));
        Rule::hybrid(self.alpha, FIRST_STAGE, critical, self.study.n_post())
    }

    fn interval(&self, bound: f64) -> RobustInterval {
        if let Some(estimators) = &self.estimators {
            return match estimators.shortest(bound, self.alpha) {
                Some(found) => RobustInterval {
                    bound,
                    conf_low: found.estimate - found.half_length,
                    conf_high: found.estimate + found.half_length,
                    estimate: found.estimate,
                    std_error: found.std_error,
                    worst_case_bias: found.worst_case_bias,
                    status: Status::Ok,
                },
                None => missing(bound, Status::NoVariance),
            };
        }
        let Some(tests) = self.tests(bound) else {
            return missing(bound, Status::NoVariance);
        };
        let ranges = tests.par_iter().map(|test| {
            let rule = self.rule(test);
            // Each test starts from the vertex of the one before, which is near.
            let mut vertex = test.polytope().vertex();
            let accepts = |theta: f64| test.accepts(theta, rule, &mut vertex);
            accepted_range(accepts, test.least_rejected()?, self.std_error)
        });
        // A set that accepts no value adds nothing to the union.
        let ranges: Vec<(f64, f64)> = ranges.collect::<Vec<_>>().into_iter().flatten().collect();
        let union = ranges
            .into_iter()
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some((conf_low, conf_high)) = union else {
            return missing(bound, Status::Contradicted);
        };
        RobustInterval {
            conf_low,
            conf_high,
            ..missing(bound, Status::Ok)
        }
    }

    /// Whether the interval of that bound holds zero.
    fn holds_zero(&self, bound: f64) -> bool {
        if let Some(estimators) = &self.estimators {
            let found = estimators.shortest(bound, self.alpha);
            // Without an interval nothing excludes zero.
            return found.is_none_or(|found| found.estimate.abs() <= found.half_length);
        }
        let tests = self.tests(bound).unwrap_or_default();
        tests.iter().any(|test| {
            let mut vertex = test.polytope().vertex();
            test.accepts(0.0, self.rule(test), &mut vertex)
        })
    }

    fn breakdown(&self) -> f64 {
        let holds_zero = |bound: f64| self.holds_zero(bound);
        match self.restriction {
            Restriction::RelativeMagnitudes(_) => {
                let tried = (0..=RATIO_STEPS).map(|step| f64::from(step) * RATIO_STEP);
                first_accepted(holds_zero, tried)
            }
            _ => {
                let estimates = self.study.estimates().iter();
                let scale = estimates.fold(self.std_error, |most, b| most.max(b.abs()));
                let first = SMALLEST_BEND * self.std_error;
                let tried = std::iter::successors(Some(first), |bound| Some(2.0 * bound));
                let tried = tried.take_while(|&bound| bound <= LARGEST_BEND * scale);
                first_accepted(holds_zero, std::iter::once(0.0).chain(tried))
            }
        }
    }
}

#[cfg(test)]
mod tests;

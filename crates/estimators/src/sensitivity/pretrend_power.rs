//! What a test for pre-trends can see, and what it does to estimates that pass it.
//!
//! A pre-test passes when no estimate before the reference is significant on its own, |β̂_j| ≤ c·se_j. Differences in trends that it
//! often misses bias the effects, and more so among those that pass: Roth (2022), American Economic Review: Insights 4:305. For a linear trend
//! δ_t = slope·(t − reference):
//!
//! - power = 1 − P(all |β̂_j| ≤ c·se_j), β̂ ~ N(δ, Σ); the slope with a given power is where it reaches it;
//! - bias given passing = δ_post + Σ₁₂Σ₂₂⁻¹(E\[β̂_pre | passing\] − δ_pre), which is δ_post + Σ₁₂f with f the difference of
//!   the densities at the box's faces, so that nothing is inverted;
//! - Bayes factor = P(passing | trend)/P(passing | no trend): what passing says about the trend;
//! - likelihood ratio = N(β̂_pre; δ_pre, Σ₂₂)/N(β̂_pre; 0, Σ₂₂): what the estimates themselves say.
//!
//! The probabilities are in `box_probability`. Agrees with `pretrends` in R up to the latter's quasi-random error.

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::sensitivity::box_probability::{MOST_DIMENSIONS, NormalBox};
use crate::sensitivity::event_study::EventStudy;
use crate::sensitivity::root::root;
use crate::status::Status;

/// Options of [`pretrend_power`].
#[derive(Debug, Clone, PartialEq)]
pub struct PretrendOptions {
    /// The c beyond which an estimate is significant, in standard errors; 1.96 in R's `pretrends`.
    pub threshold: f64,
    /// Powers whose slopes are asked for, each between 0 and 1.
    pub powers: Vec<f64>,
    /// Slopes whose powers are asked for, in units of the outcome per period.
    pub slopes: Vec<f64>,
    /// Seed of the quasi-random points that more than five estimates before the reference need.
    pub seed: u64,
}

/// The power of a pre-test. Numbers that do not exist are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct PretrendPower {
    /// Probability of a significant estimate without any trend.
    pub false_alarm: f64,
    /// Largest |β̂_j|/se_j before the reference.
    pub largest_statistic: f64,
    /// One trend per power asked for, then one per slope.
    pub trends: Vec<Trend>,
    /// [`Status::NoVariance`] when an estimate has no variance, [`Status::Singular`] when those before the reference are combinations
    /// of each other; then there is nothing else.
    pub status: Status,
}

impl PretrendPower {
    /// What there is where nothing can be worked out.
    pub fn without_trends(status: Status) -> Self {
        Self {
            false_alarm: f64::NAN,
            largest_statistic: f64::NAN,
            trends: Vec::new(),
            status,
        }
    }
}

/// A linear difference in trends.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Probability that a pre-test sees it.
    pub power: f64,
    /// Its slope, in units of the outcome per period; zero when the probability of a false alarm is as large as the power asked for.
    pub slope: f64,
    /// P(passing | this trend)/P(passing | no trend).
    pub bayes_factor: f64,
    /// Density of the estimates before the reference under this trend over that without.
    pub likelihood_ratio: f64,
    /// What it does to each effect, in order of time.
    pub biases: Vec<TrendBias>,
}

/// Bias of one effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendBias {
    /// Event time of the effect.
    pub event_time: i32,
    /// The trend itself.
    pub unconditional: f64,
    /// The mean error among those that pass the pre-test.
    pub conditional: f64,
}

/// The power of the pre-test against linear trends, and their biases.
///
/// # Errors
/// [`EstimatorError::BadOption`] for a threshold, power or slope that is impossible; [`EstimatorError::TooMany`] for more than 24
/// estimates before the reference.
pub fn pretrend_power(
    study: &EventStudy,
    options: &PretrendOptions,
) -> Result<PretrendPower, EstimatorError> {
    check(options)?;
    let n_pre = study.n_pre();
    if n_pre > MOST_DIMENSIONS {
        return Err(EstimatorError::TooMany {
            what: "estimates before the reference",
            found: n_pre as u64,
            limit: MOST_DIMENSIONS as u64,
        });
    }
    if study.lacks_variance() {
        return Ok(PretrendPower::without_trends(Status::NoVariance));
    }
    let Some(pretest) = Pretest::try_new(study, options) else {
        return Ok(PretrendPower::without_trends(Status::Singular));
    };
    let of_power = options.powers.iter().map(|&power| pretest.slope(power));
    let slopes = of_power.chain(options.slopes.iter().copied());
    let statistics = (0..n_pre).map(|k| pretest.estimates[k].abs() / pretest.errors[k]);
    Ok(PretrendPower {
        false_alarm: 1.0 - pretest.passing_without,
        largest_statistic: statistics.fold(0.0, f64::max),
        trends: slopes.map(|slope| pretest.trend(slope)).collect(),
        status: Status::Ok,
    })
}

fn check(options: &PretrendOptions) -> Result<(), EstimatorError> {
    let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
    if !(options.threshold.is_finite() && options.threshold > 0.0) {
        return bad("threshold", "above zero");
    }
    if options
        .powers
        .iter()
        .any(|&power| !(power > 0.0 && power < 1.0))
    {
        return bad("power", "between 0 and 1");
    }
    if options.slopes.iter().any(|slope| !slope.is_finite()) {
        return bad("slope", "a number");
    }
    Ok(())
}

/// The pre-test of one event study.
struct Pretest {
    passing: NormalBox,
    passing_without: f64,
    /// Before the reference: estimates, their standard errors, Σ₂₂⁻¹β̂.
    estimates: DVector<f64>,
    errors: DVector<f64>,
    inverse: DMatrix<f64>,
    /// Periods from the reference, before and after it.
    before: DVector<f64>,
    after: DVector<f64>,
    /// Σ₁₂.
    across: DMatrix<f64>,
    post_times: Vec<i32>,
}

impl Pretest {
    fn try_new(study: &EventStudy, options: &PretrendOptions) -> Option<Self> {
        let (n_pre, n_post) = (study.n_pre(), study.n_post());
        let own = study.covariance().view((0, 0), (n_pre, n_pre)).into_owned();
        let errors = own.diagonal().map(f64::sqrt);
        let side = options.threshold * &errors;
        let passing = NormalBox::try_new(own.clone(), -&side, side, options.seed)?;
        let times = study.event_times();
        let distance = |row: usize| f64::from(times[row]) - f64::from(study.reference());
        Some(Self {
            passing_without: passing.probability(&DVector::zeros(n_pre)),
            passing,
            estimates: DVector::from_column_slice(&study.estimates()[..n_pre]),
            errors,
            inverse: own.cholesky()?.inverse(),
            before: DVector::from_fn(n_pre, |row, _| distance(row)),
            after: DVector::from_fn(n_post, |row, _| distance(n_pre + row)),
            across: study
                .covariance()
                .view((n_pre, 0), (n_post, n_pre))
                .into_owned(),
            post_times: times[n_pre..].to_vec(),
        })
    }

    fn power_of(&self, slope: f64) -> f64 {
        1.0 - self.passing.probability(&(slope * &self.before))
    }

    /// The smallest slope with that power.
    fn slope(&self, power: f64) -> f64 {
        if 1.0 - self.passing_without >= power {
            return 0.0;
        }
        let gap = |slope: f64| self.power_of(slope) - power;
        // Where the estimate that sees it best is as far from zero as it can be by chance; then further until it is seen.
        let seen = self.errors.component_div(&self.before.abs()).min();
        let mut high = seen;
        while gap(high) < 0.0 {
            high *= 2.0;
        }
        let low = if high > seen { 0.5 * high } else { 0.0 };
        root(gap, low, high, 1e-11 * high)
    }

    fn trend(&self, slope: f64) -> Trend {
        let mean = slope * &self.before;
        let passing = self.passing.probability(&mean);
        let shifts = &self.across * self.passing.faces(&mean);
        let evidence = &self.inverse * &mean;
        let biases = self.post_times.iter().enumerate();
        Trend {
            power: 1.0 - passing,
            slope,
            bayes_factor: passing / self.passing_without,
            // What is quadratic in β̂ is the same in both densities and cancels.
            likelihood_ratio: (evidence.dot(&self.estimates) - 0.5 * evidence.dot(&mean)).exp(),
            biases: biases
                .map(|(row, &event_time)| TrendBias {
                    event_time,
                    unconditional: slope * self.after[row],
                    conditional: slope * self.after[row] + shifts[row],
                })
                .collect(),
        }
    }
}

//! Two one-sided tests: whether an effect is too small to matter.
//!
//! That an effect is not significant does not say that it is small. Against margins `low` < 0 < `high` of what matters, the effect is
//! shown to be small when it is significantly above `low` and significantly below `high` (Schuirmann 1987, J. Pharmacokinetics and
//! Biopharmaceutics 15:657): p = max(P(T > (b − low)/se), P(T > (high − b)/se)), which is below α just when the 1 − 2α interval
//! lies within the margins.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::normal;
use crate::inference::student::student_quantile;
use crate::status::Status;

/// Options of [`equivalence`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EquivalenceOptions {
    /// The smallest effect that does not matter, in units of the outcome.
    pub low: f64,
    /// The largest effect that does not matter.
    pub high: f64,
    /// 1 − α, between one half and 1: 0.95 tests at 5 % and gives the 90 % interval.
    pub level: f64,
    /// Degrees of freedom of the estimate's t distribution; `None` for the normal one.
    pub df: Option<f64>,
}

/// Two one-sided tests. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// p-value against an effect of `low` or less.
    pub p_value_low: f64,
    /// p-value against an effect of `high` or more.
    pub p_value_high: f64,
    /// The larger of the two: that of equivalence.
    pub p_value: f64,
    /// Lower end of the 1 − 2α interval.
    pub conf_low: f64,
    /// Upper end of it.
    pub conf_high: f64,
    /// The smallest m for which margins −m and m would be kept: |b| + q·se, q the 1 − α quantile.
    pub smallest_margin: f64,
    /// [`Status::NoVariance`] when the standard error is zero or missing.
    pub status: Status,
}

/// Tests one estimate against its margins.
///
/// # Errors
/// [`EstimatorError::BadOption`] for margins that are not numbers in order, a level out of range, or degrees of freedom that are not
/// above zero.
pub fn equivalence(
    estimate: f64,
    std_error: f64,
    options: &EquivalenceOptions,
) -> Result<Equivalence, EstimatorError> {
    check(options)?;
    if !(estimate.is_finite() && std_error.is_finite() && std_error > 0.0) {
        return Ok(Equivalence {
            p_value_low: f64::NAN,
            p_value_high: f64::NAN,
            p_value: f64::NAN,
            conf_low: f64::NAN,
            conf_high: f64::NAN,
            smallest_margin: f64::NAN,
            status: Status::NoVariance,
        });
    }
    // 1 − α one-sided is 1 − 2α two-sided.
    let two_sided = 2.0 * options.level - 1.0;
    let quantile = match options.df {
        Some(df) => student_quantile(df, two_sided),
        None => normal::two_sided_quantile(two_sided),
    };
    let p_value_low = tail((estimate - options.low) / std_error, options.df);
    let p_value_high = tail((options.high - estimate) / std_error, options.df);
    Ok(Equivalence {
        p_value_low,
        p_value_high,
        p_value: p_value_low.max(p_value_high),
        conf_low: estimate - quantile * std_error,
        conf_high: estimate + quantile * std_error,
        smallest_margin: estimate.abs() + quantile * std_error,
        status: Status::Ok,
    })
}

fn check(options: &EquivalenceOptions) -> Result<(), EstimatorError> {
    let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
    let ordered = options.low < options.high;
    if !(ordered && options.low.is_finite() && options.high.is_finite()) {
        return bad("low", "a number below `high`");
    }
    check_level(options.level)?;
    if options.level <= 0.5 {
        return bad("level", "above 0.5 and below 1");
    }
    match options.df {
        Some(df) if df.is_nan() || df <= 0.0 => bad("df", "above zero"),
        _ => Ok(()),
    }
}

/// P(T > statistic).
fn tail(statistic: f64, df: Option<f64>) -> f64 {
    match df {
        None => normal::cdf(-statistic),
        Some(df) => StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| law.sf(statistic)),
    }
}

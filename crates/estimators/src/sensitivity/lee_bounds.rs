//! Bounds on an effect when the outcome is seen for some only, and the treatment changes for whom: Lee (2009), Review of Economic
//! Studies 76:1071.
//!
//! Estimand: the mean effect on those who are seen whether treated or not. Assumptions: the treatment is as good as random, and it
//! changes who is seen in one direction only. The arm that is seen more often, at the rate q⁺ against q⁻, then holds a share
//! p = (q⁺ − q⁻)/q⁺ who are seen for that reason; they are at worst its highest or its lowest outcomes. Leaving out those p gives the
//! bounds.
//!
//! Strata tighten the bounds: within each, fewer are left out for a reason that the strata tell. Bounds of strata are averaged with
//! P(stratum)·(rate of the arm seen less often there), the strata's shares of those seen whatever the treatment.
//!
//! Standard errors without strata and clusters: Proposition 3 (trimmed mean, the place of the cut, the share p) plus the variance of the other arm, with
//! variances over n. With either of them, from influence functions (`lee_influence`), summed within clusters. The interval covers the effect, not the whole range between the bounds: Imbens and Manski (2004), Econometrica
//! 72:1845, with C the root of Φ(C + width/largest error) − Φ(−C) = level.

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::normal;
use crate::sensitivity::root::root;
use crate::sensitivity::two_group::check_columns;
use crate::status::Status;

/// How many outcomes are left out when their number is no integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Outcomes up to and including the quantile of the empirical distribution stay, ties with it too.
    Whole,
    /// Exactly the share: of the outcome at the cut a part.
    Fractional,
}

/// Lee bounds. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeeBounds {
    /// Lower bound, in units of the outcome.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Standard error of the lower bound.
    pub std_error_lower: f64,
    /// Standard error of the upper bound.
    pub std_error_upper: f64,
    /// Lower end of the interval for the effect.
    pub conf_low: f64,
    /// Upper end of it.
    pub conf_high: f64,
    /// C, the number of standard errors from a bound to the end beside it.
    pub critical_value: f64,
    /// Share of the arm seen more often that is left out.
    pub trimming_share: f64,
    /// Share of the treated whose outcome is seen.
    pub seen_treated: f64,
    /// Share of the others whose outcome is seen.
    pub seen_control: f64,
    /// Treated units with an outcome.
    pub n_treated: u64,
    /// Other units with an outcome.
    pub n_control: u64,
    /// Units, seen or not.
    pub n_units: u64,
    /// Their clusters; units where there are none.
    pub n_clusters: u64,
    /// [`Status::NoRows`], [`Status::NoTreated`] or [`Status::NoControls`] where an arm has no outcomes; [`Status::NoVariance`] where
    /// the bounds have no errors; [`Status::FewClusters`].
    pub status: Status,
}

/// Bounds from rows of the treatment (0 or 1) and the outcome, NaN where it is not seen. Rows without a treatment are left out.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`], [`EstimatorError::NotBinary`], [`EstimatorError::BadOption`] for an impossible level.
pub fn lee_bounds(
    outcome: &[f64],
    treated: &[f64],
    trim: Trim,
    level: f64,
) -> Result<LeeBounds, EstimatorError> {
    check_level(level)?;
    check_columns(outcome, treated, outcome.len())?;
    let rows = (0..outcome.len()).collect::<Vec<_>>();
    Ok(Arms::new(outcome, treated, &rows).bounds(trim, level))
}

/// Outcomes of the two arms, rising, and the sizes of the arms.
pub(super) struct Arms {
    /// Others first, treated second.
    outcomes: [Vec<f64>; 2],
    sizes: [u64; 2],
}

/// What is left of an arm.
pub(super) struct TrimmedArm {
    pub(super) mean: f64,
    variance: f64,
    /// The outcome at the cut.
    pub(super) cut: f64,
}

/// The arm that is seen more often, after trimming, and the other.
pub(super) struct TrimmedArms {
    /// 1 where the treated are seen more often, else 0.
    pub(super) more: usize,
    pub(super) share: f64,
    /// Without the highest outcomes.
    pub(super) lowest: TrimmedArm,
    /// Without the lowest; values with the other sign.
    highest_mirrored: TrimmedArm,
    pub(super) other_mean: f64,
    other_variance: f64,
}

impl TrimmedArms {
    /// Without the lowest outcomes: mean and cut.
    pub(super) fn highest(&self) -> (f64, f64) {
        (-self.highest_mirrored.mean, -self.highest_mirrored.cut)
    }

    /// The bounds. The arm seen less often is subtracted when it is that of the others, and subtracted from otherwise.
    pub(super) fn bounds(&self) -> (f64, f64) {
        let (low, high) = (
            self.lowest.mean - self.other_mean,
            self.highest().0 - self.other_mean,
        );
        if self.more == 1 {
            (low, high)
        } else {
            (-high, -low)
        }
    }
}

impl Arms {
    pub(super) fn new(outcome: &[f64], treated: &[f64], rows: &[usize]) -> Self {
        let (mut outcomes, mut sizes) = ([Vec::new(), Vec::new()], [0, 0]);
        for &row in rows.iter().filter(|&&row| treated[row].is_finite()) {
            let arm = usize::from(treated[row] == 1.0);
            sizes[arm] += 1;
            if outcome[row].is_finite() {
                outcomes[arm].push(outcome[row]);
            }
        }
        for own in &mut outcomes {
            own.sort_unstable_by(f64::total_cmp);
        }
        Self { outcomes, sizes }
    }

    /// Shares of the others and of the treated that are seen.
    pub(super) fn rates(&self) -> [f64; 2] {
        [0, 1].map(|arm| self.outcomes[arm].len() as f64 / self.sizes[arm] as f64)
    }

    /// Units of the others and of the treated.
    pub(super) fn sizes(&self) -> [u64; 2] {
        self.sizes
    }

    /// What there is without bounds: rates, counts, and why there are none where that is so.
    pub(super) fn without_bounds(&self) -> LeeBounds {
        let rates = self.rates();
        let missing = match self.outcomes.each_ref().map(Vec::len) {
            [0, 0] => Status::NoRows,
            [_, 0] => Status::NoTreated,
            [0, _] => Status::NoControls,
            _ => Status::Ok,
        };
        let more = usize::from(rates[1] >= rates[0]);
        let n_units = self.sizes[0] + self.sizes[1];
        LeeBounds {
            lower: f64::NAN,
            upper: f64::NAN,
            std_error_lower: f64::NAN,
            std_error_upper: f64::NAN,
            conf_low: f64::NAN,
            conf_high: f64::NAN,
            critical_value: f64::NAN,
            trimming_share: (rates[more] - rates[1 - more]) / rates[more],
            seen_treated: rates[1],
            seen_control: rates[0],
            n_treated: self.outcomes[1].len() as u64,
            n_control: self.outcomes[0].len() as u64,
            n_units,
            n_clusters: n_units,
            status: missing,
        }
    }

    /// `None` where an arm has no outcomes.
    pub(super) fn trimmed(&self, trim: Trim) -> Option<TrimmedArms> {
        if self.outcomes.iter().any(Vec::is_empty) {
            return None;
        }
        let rates = self.rates();
        let more = usize::from(rates[1] >= rates[0]);
        let share = (rates[more] - rates[1 - more]) / rates[more];
        let (other_mean, other_variance) = mean_and_variance(&self.outcomes[1 - more]);
        let own = &self.outcomes[more];
        // The highest values are the lowest with the other sign: one rule cuts at both ends.
        let mirrored: Vec<f64> = own.iter().rev().map(|value| -value).collect();
        Some(TrimmedArms {
            more,
            share,
            lowest: lowest(own, share, trim),
            highest_mirrored: lowest(&mirrored, share, trim),
            other_mean,
            other_variance,
        })
    }

    fn bounds(&self, trim: Trim, level: f64) -> LeeBounds {
        let mut result = self.without_bounds();
        let Some(trimmed) = self.trimmed(trim) else {
            return result;
        };
        (result.lower, result.upper) = trimmed.bounds();
        let (share, more) = (trimmed.share, trimmed.more);
        let errors = [&trimmed.lowest, &trimmed.highest_mirrored].map(|kept| {
            let of_other = trimmed.other_variance / self.outcomes[1 - more].len() as f64;
            (self.variance(kept, share, more) + of_other).sqrt()
        });
        let errors = if more == 1 {
            errors
        } else {
            [errors[1], errors[0]]
        };
        result.set_errors(errors, level);
        result
    }

    /// Proposition 3: of the trimmed mean with the cut, and of the share.
    fn variance(&self, kept: &TrimmedArm, share: f64, more: usize) -> f64 {
        let n = |arm: usize| self.outcomes[arm].len() as f64;
        let n_kept = n(more) * (1.0 - share);
        let distance = kept.cut - kept.mean;
        let not_seen = |arm: usize| 1.0 - n(arm) / self.sizes[arm] as f64;
        // Of ln(1 − p).
        let of_share = not_seen(more) / n(more) + not_seen(1 - more) / n(1 - more);
        kept.variance / n_kept + distance * distance * (share / n_kept + of_share)
    }
}

impl LeeBounds {
    /// Sets the errors of the lower and the upper bound, and the interval; without usable errors there is none.
    pub(super) fn set_errors(&mut self, errors: [f64; 2], level: f64) {
        if !errors.iter().all(|error| error.is_finite() && *error > 0.0) {
            self.status = Status::NoVariance;
            return;
        }
        [self.std_error_lower, self.std_error_upper] = errors;
        self.set_interval(level);
    }

    fn set_interval(&mut self, level: f64) {
        let width = (self.upper - self.lower) / self.std_error_lower.max(self.std_error_upper);
        let gap = |c: f64| normal::cdf(c + width) - normal::cdf(-c) - level;
        let high = normal::two_sided_quantile(level);
        let low = normal::quantile(level).max(0.0);
        // One-sided when the bounds are far apart, two-sided when they are one.
        let c = if gap(low) >= 0.0 {
            low
        } else {
            root(gap, low, high, 1e-14)
        };
        self.critical_value = c;
        self.conf_low = self.lower - c * self.std_error_lower;
        self.conf_high = self.upper + c * self.std_error_upper;
    }
}

/// What is left of rising `values` without the highest `share`.
fn lowest(values: &[f64], share: f64, trim: Trim) -> TrimmedArm {
    let n = values.len() as f64;
    // Rates are quotients: an integer may come out a rounding above.
    let kept = (1.0 - share) * n;
    let place = ((kept - 1e-9).ceil().max(1.0) as usize).min(values.len());
    let cut = values[place - 1];
    match trim {
        Trim::Whole => {
            let up_to = values.partition_point(|value| *value <= cut);
            let (mean, variance) = mean_and_variance(&values[..up_to]);
            TrimmedArm {
                mean,
                variance,
                cut,
            }
        }
        Trim::Fractional => {
            let part = kept - (place - 1) as f64;
            let whole = &values[..place - 1];
            let mean = (whole.iter().sum::<f64>() + part * cut) / kept;
            let squares: f64 = whole.iter().map(|value| (value - mean).powi(2)).sum();
            TrimmedArm {
                mean,
                variance: (squares + part * (cut - mean).powi(2)) / kept,
                cut,
            }
        }
    }
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / n)
}

//! What a comparison of two groups of clusters can see: the effect it finds with a given power, and the power for a given effect.
//!
//! With G₁ and G₀ clusters of mean size m, of which the sizes have the coefficient of variation c, and an intraclass correlation ρ,
//! se² = sd²·deff·(1/(G₁m) + 1/(G₀m)), deff = 1 + ((c² + 1)m − 1)ρ (Eldridge, Ashby and Kerry 2006, Int. J. Epidemiology 35:1292). Tests are
//! two-sided. With df = G₁ + G₀ − 2 and quantiles q of each law:
//!
//! - normal: smallest effect (z_{1−α/2} + z_power)·se; power of both tails;
//! - t, approximately: (t_{1−α/2} + t_power)·se; power P(T > t_{1−α/2} − effect/se);
//! - noncentral t: exact for normal outcomes and a test of the right size. T = (Z + effect/se)/S with S²·df ~ χ²(df), integrated over S by Gauss–Legendre rules.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::gamma::ln_gamma;

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::normal;
use crate::inference::student::student_quantile;
use crate::sensitivity::root::{gauss_legendre, integral, root};

/// Two groups of clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredDesign {
    /// Clusters that are treated.
    pub clusters_treated: u32,
    /// Clusters that are not.
    pub clusters_control: u32,
    /// Mean number of units in a cluster.
    pub cluster_size: f64,
    /// Standard deviation of cluster sizes over their mean.
    pub cv_cluster_size: f64,
    /// Intraclass correlation of the outcome, from 0 to 1.
    pub icc: f64,
    /// Standard deviation of the outcome among units.
    pub sd: f64,
}

/// The law that the test refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerLaw {
    /// The normal law: for many clusters.
    Normal,
    /// Quantiles of the t distribution, added.
    ApproximateT,
    /// The noncentral t distribution.
    NoncentralT,
}

impl ClusteredDesign {
    /// How much larger the variance is than that of as many units drawn one by one.
    pub fn design_effect(&self) -> f64 {
        let cv = self.cv_cluster_size;
        1.0 + ((cv * cv + 1.0) * self.cluster_size - 1.0) * self.icc
    }

    /// The standard error of the difference of means.
    pub fn std_error(&self) -> f64 {
        let share = |clusters: u32| 1.0 / (f64::from(clusters) * self.cluster_size);
        let shares = share(self.clusters_treated) + share(self.clusters_control);
        self.sd * (self.design_effect() * shares).sqrt()
    }

    /// Standard error and degrees of freedom.
    pub fn precision(&self) -> Precision {
        Precision {
            std_error: self.std_error(),
            df: self.df(),
        }
    }

    /// Clusters less two.
    pub fn df(&self) -> f64 {
        f64::from(self.clusters_treated) + f64::from(self.clusters_control) - 2.0
    }

    /// Refuses a design that cannot be, or that leaves no degree of freedom for the law.
    ///
    /// # Errors
    /// [`EstimatorError::BadOption`].
    pub fn check(&self, law: PowerLaw) -> Result<(), EstimatorError> {
        let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
        if self.clusters_treated == 0 {
            return bad("clusters_treated", "one or more");
        }
        if self.clusters_control == 0 {
            return bad("clusters_control", "one or more");
        }
        if law != PowerLaw::Normal && self.df() < 1.0 {
            return bad("clusters", "three or more with a t distribution");
        }
        check_sizes(self.cluster_size, self.cv_cluster_size)?;
        check_spread(self.sd, self.icc)
    }
}

/// Refuses impossible sizes of clusters.
pub(super) fn check_sizes(mean: f64, cv: f64) -> Result<(), EstimatorError> {
    let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
    if !(mean.is_finite() && mean >= 1.0) {
        return bad("cluster_size", "one or more");
    }
    if !(cv.is_finite() && cv >= 0.0) {
        return bad("cv_cluster_size", "zero or more");
    }
    Ok(())
}

/// Refuses an impossible spread of outcomes.
pub(super) fn check_spread(sd: f64, icc: f64) -> Result<(), EstimatorError> {
    let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
    if !(0.0..=1.0).contains(&icc) {
        return bad("icc", "between 0 and 1");
    }
    if !(sd.is_finite() && sd > 0.0) {
        return bad("sd", "above zero");
    }
    Ok(())
}

/// How well a comparison is known before it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Standard error, in units of the outcome.
    pub std_error: f64,
    /// Degrees of freedom of the test.
    pub df: f64,
}

/// The smallest effect, in units of the outcome, that a two-sided test at 1 − `level` finds with probability `power`.
///
/// # Errors
/// [`EstimatorError::BadOption`] for a design, level or power that is impossible; a power must be larger than 1 − `level`.
pub fn minimum_detectable_effect(
    design: &ClusteredDesign,
    power: f64,
    level: f64,
    law: PowerLaw,
) -> Result<f64, EstimatorError> {
    design.check(law)?;
    smallest_effect(design.precision(), power, level, law)
}

/// The probability that a two-sided test at 1 − `level` finds `effect`, in units of the outcome.
///
/// # Errors
/// [`EstimatorError::BadOption`] for a design, level or effect that is impossible.
pub fn power(
    design: &ClusteredDesign,
    effect: f64,
    level: f64,
    law: PowerLaw,
) -> Result<f64, EstimatorError> {
    design.check(law)?;
    power_of(design.precision(), effect, level, law)
}

/// The smallest effect of any comparison.
///
/// # Errors
/// [`EstimatorError::BadOption`] for a level or power that is impossible, an error that is not above zero, or no degrees of freedom.
pub fn smallest_effect(
    precision: Precision,
    power: f64,
    level: f64,
    law: PowerLaw,
) -> Result<f64, EstimatorError> {
    check_level(level)?;
    precision.check(law)?;
    if !(power > 1.0 - level && power < 1.0) {
        return Err(EstimatorError::BadOption {
            option: "power",
            expected: "above 1 − level and below 1",
        });
    }
    let Precision { std_error, df } = precision;
    Ok(match law {
        PowerLaw::Normal => {
            (normal::two_sided_quantile(level) + normal::quantile(power)) * std_error
        }
        PowerLaw::ApproximateT => {
            // The quantile of a probability below one half is minus that of the other tail.
            let own = student_quantile(df, (2.0 * power - 1.0).abs());
            let own = if power < 0.5 { -own } else { own };
            (student_quantile(df, level) + own) * std_error
        }
        PowerLaw::NoncentralT => {
            let quantile = student_quantile(df, level);
            let law = RootMeanSquare::new(df);
            let gap = |effect: f64| law.power(effect, quantile) - power;
            let mut high = quantile + 1.0;
            while gap(high) < 0.0 {
                high *= 2.0;
            }
            root(gap, 0.0, high, 1e-14 * high) * std_error
        }
    })
}

/// The power of any comparison.
///
/// # Errors
/// [`EstimatorError::BadOption`] for a level or effect that is impossible, an error that is not above zero, or no degrees of freedom.
pub fn power_of(
    precision: Precision,
    effect: f64,
    level: f64,
    law: PowerLaw,
) -> Result<f64, EstimatorError> {
    check_level(level)?;
    precision.check(law)?;
    if !effect.is_finite() {
        return Err(EstimatorError::BadOption {
            option: "effect",
            expected: "a number",
        });
    }
    let df = precision.df;
    let ratio = effect.abs() / precision.std_error;
    Ok(match law {
        PowerLaw::Normal => {
            let quantile = normal::two_sided_quantile(level);
            normal::cdf(ratio - quantile) + normal::cdf(-ratio - quantile)
        }
        PowerLaw::ApproximateT => {
            let quantile = student_quantile(df, level);
            let law = StudentsT::new(0.0, 1.0, df);
            law.map_or(f64::NAN, |law| law.cdf(ratio - quantile))
        }
        PowerLaw::NoncentralT => RootMeanSquare::new(df).power(ratio, student_quantile(df, level)),
    })
}

impl Precision {
    fn check(&self, law: PowerLaw) -> Result<(), EstimatorError> {
        let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
        if !(self.std_error.is_finite() && self.std_error > 0.0) {
            return bad("std_error", "above zero");
        }
        // Below one degree of freedom no integral of these laws is to be trusted.
        if law != PowerLaw::Normal && !(self.df.is_finite() && self.df >= 1.0) {
            return bad("df", "one or more with a t distribution");
        }
        Ok(())
    }
}

/// The law of S, S²·df ~ χ²(df): a standard error over what it estimates.
struct RootMeanSquare {
    df: f64,
    /// ln of the density's constant.
    constant: f64,
}

impl RootMeanSquare {
    fn new(df: f64) -> Self {
        let half = 0.5 * df;
        Self {
            df,
            // ln of 2(df/2)^(df/2)/Γ(df/2), the constant in the density of S.
            constant: std::f64::consts::LN_2 + half * half.ln() - ln_gamma(half),
        }
    }

    /// P(|Z + shift| > quantile·S).
    fn power(&self, shift: f64, quantile: f64) -> f64 {
        let both = |s: f64| {
            let density = self.constant + (self.df - 1.0) * s.ln() - 0.5 * self.df * s * s;
            let tails = normal::cdf(shift - quantile * s) + normal::cdf(-shift - quantile * s);
            density.exp() * tails
        };
        // S has a standard deviation of about 1/√(2 df).
        let reach = 9.0 / self.df.sqrt();
        let range = ((1.0 - reach).max(0.0), 1.0 + reach);
        integral(both, range, PANELS, &gauss_legendre(RULE))
    }
}

/// Parts of the integral, and nodes in each.
const PANELS: usize = 40;
const RULE: usize = 16;

//! Quantiles of the t distribution, for intervals and bands.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::inference::normal;

/// The quantile q of the t distribution with P(|T| ≤ q) = `level`; NaN without degrees of freedom.
pub(crate) fn student_quantile(df: f64, level: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, df);
    law.map_or(f64::NAN, |law| law.inverse_cdf(0.5 + 0.5 * level))
}

/// The critical value of a band that refers to the t distribution: as likely to be exceeded as `normal` is by a normal statistic,
/// and never below `quantile`, that of the interval.
///
/// Exact for one row; the dependence between several is taken to be that of normal statistics.
pub(crate) fn student_band(normal: f64, df: f64, quantile: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, df);
    let critical = law.map_or(f64::NAN, |law| -law.inverse_cdf(normal::cdf(-normal)));
    critical.max(quantile)
}

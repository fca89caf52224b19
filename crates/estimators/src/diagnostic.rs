//! What estimators say about their own making, one figure per row.

use crate::inference::sup_t::SupT;
use crate::status::Status;

/// One diagnostic. Numbers that do not exist are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Name of the diagnostic.
    pub diagnostic: &'static str,
    /// The column, fixed effect or cell that it is about; empty for the whole.
    pub term: String,
    /// The number.
    pub statistic: f64,
    /// First degrees of freedom.
    pub df1: f64,
    /// Second degrees of freedom.
    pub df2: f64,
    /// P(larger statistic).
    pub p_value: f64,
    /// `ok`, or what is wrong.
    pub status: Status,
    /// Further explanation, as text.
    pub detail: String,
}

impl Diagnostic {
    /// A figure that is no test: without degrees of freedom and p-value.
    #[must_use]
    pub fn number(diagnostic: &'static str, term: &str, statistic: f64) -> Self {
        Self {
            diagnostic,
            term: term.to_owned(),
            statistic,
            df1: f64::NAN,
            df2: f64::NAN,
            p_value: f64::NAN,
            status: Status::Ok,
            detail: String::new(),
        }
    }

    /// The critical value of a band.
    pub(crate) fn band(band: SupT) -> Self {
        let detail = format!(
            "over {} estimates; simulation error {:.4}",
            band.dimension, band.simulation_error
        );
        Self::number("band_critical_value", "", band.critical_value).with_detail(&detail)
    }

    /// The last cohort, standing in for the never treated.
    pub(crate) fn comparison_cohort(cohort: i32) -> Self {
        Self::number("comparison_cohort", "", f64::from(cohort)).with_detail(
            "no unit is never treated: this cohort is the comparison, in the periods before it is treated",
        )
    }

    pub(crate) fn with_detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }
}

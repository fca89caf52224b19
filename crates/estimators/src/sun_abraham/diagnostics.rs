//! What the interaction-weighted regression says about its own making.

use crate::diagnostic::Diagnostic;
use crate::sun_abraham::effects::SunAbrahamResult;

impl SunAbrahamResult {
    /// What was done with rows, units and periods, degrees of freedom, and the band.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let sample = &self.sample;
        let counts = [
            ("n_rows_in", sample.n_rows_in),
            ("n_missing_rows", sample.n_missing_rows),
            ("n_zero_weight_rows", self.n_zero_weight_rows),
            ("n_always_treated", sample.n_always_treated),
            ("n_late_units", sample.n_late_units),
            ("n_dropped_periods", sample.n_dropped_periods),
            ("n_obs", self.n_obs),
            ("n_units", sample.n_units),
            ("n_clusters", sample.n_clusters),
            ("n_coefficients", self.n_counted),
        ];
        let mut rows: Vec<Diagnostic> = counts
            .into_iter()
            .map(|(name, count)| Diagnostic::number(name, "", count as f64))
            .collect();
        rows.push(Diagnostic::number("df", "", self.df));
        rows.extend(sample.comparison_cohort.map(Diagnostic::comparison_cohort));
        rows.extend(self.band.map(Diagnostic::band));
        rows
    }
}

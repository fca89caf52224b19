//! What imputation says about its own making.

use crate::estimate::{Diagnostic, Status};
use crate::imputation::ImputationResult;

impl ImputationResult {
    /// What was done with rows and covariates, and the band.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let sample = &self.sample;
        let mut rows: Vec<Diagnostic> = [
            ("n_rows_in", sample.n_rows_in),
            ("n_missing_rows", sample.n_missing_rows),
            ("n_zero_weight_rows", sample.n_zero_weight_rows),
            ("n_untreated_rows", sample.n_untreated_rows),
            ("n_treated_rows", sample.n_treated_rows),
            ("n_rows_without_untreated", sample.n_rows_without_untreated),
            ("n_rows_not_connected", sample.n_rows_not_connected),
            (
                "n_rows_with_unseen_covariates",
                sample.n_rows_with_unseen_covariates,
            ),
            ("n_units", sample.n_units),
            ("n_clusters", sample.n_clusters),
        ]
        .into_iter()
        .map(|(name, count)| Diagnostic::number(name, "", count as f64))
        .collect();
        rows.extend(sample.collinear.iter().map(|column| Diagnostic {
            status: Status::Collinear,
            ..Diagnostic::number("passed_over_covariate", column, f64::NAN)
        }));
        rows.extend(self.band.map(Diagnostic::band));
        rows
    }
}

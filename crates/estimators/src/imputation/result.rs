//! What an imputation returns, and what it says about its own making.

use nalgebra::DMatrix;

use crate::diagnostic::Diagnostic;
use crate::estimate::{BootstrapDraws, Estimate, bootstrap};
use crate::imputation::options::ImputationOptions;
use crate::inference::sup_t::SupT;
use crate::status::Status;

/// The effect at one event time, or overall.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputationRow {
    /// Period − first exposure; `None` = overall.
    pub event_time: Option<i32>,
    /// The estimate; `n_treated` and `n_control` count units.
    pub estimate: Estimate,
}

/// What was used and what was left out; nothing is dropped without appearing here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImputationCounts {
    /// Rows handed over.
    pub n_rows_in: u64,
    /// Rows with something missing, left out.
    pub n_missing_rows: u64,
    /// Complete rows with a weight of zero, left out.
    pub n_zero_weight_rows: u64,
    /// Untreated rows: the model is fitted to them.
    pub n_untreated_rows: u64,
    /// Treated rows, imputed or not.
    pub n_treated_rows: u64,
    /// Treated rows not imputed: their unit effect or their period has no untreated row.
    pub n_rows_without_untreated: u64,
    /// Treated rows not imputed: no chain of untreated rows links their unit effect and their period.
    pub n_rows_not_connected: u64,
    /// Treated rows not imputed: the untreated rows say nothing about their covariates.
    pub n_rows_with_unseen_covariates: u64,
    /// Covariates (or levels of them) that the effects and other covariates explain on the untreated rows.
    pub collinear: Vec<String>,
    /// Units used.
    pub n_units: u64,
    /// Clusters used (equal to `n_units` without clustering).
    pub n_clusters: u64,
}

/// What [`did_imputation`](super::did_imputation) found.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputationResult {
    /// The overall effect, then event times, ascending.
    pub rows: Vec<ImputationRow>,
    /// What was used and left out.
    pub sample: ImputationCounts,
    /// The simultaneous band over the event times; the overall effect carries none.
    pub band: Option<SupT>,
}

impl ImputationResult {
    /// Puts intervals and p-values of the bootstrap of t in the place of normal ones, from what clusters contribute to each row; the band is
    /// over all rows but the overall one, the first.
    pub(super) fn bootstrap(
        &mut self,
        contributions: &DMatrix<f64>,
        n_draws: u32,
        options: &ImputationOptions,
    ) {
        let draws = BootstrapDraws {
            n_draws,
            level: options.level,
            seed: options.seed,
        };
        let rows = self.rows.iter_mut();
        let mut estimates: Vec<&mut Estimate> = rows.map(|row| &mut row.estimate).collect();
        let banded = 1..estimates.len();
        self.band = bootstrap(&mut estimates, banded, contributions, draws);
    }

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

//! The rows an imputation starts from, and what can be asked for.

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::group_time::resampling::check_clusters;
use crate::inference::Inference;
use crate::inference::multiplier::check_draws;
use crate::panel::columns::PanelColumns;
use crate::regression::data::Column;

/// Flat rows as they come from a query; all vectors have the same length.
#[derive(Clone, Default)]
pub struct ImputationColumns {
    /// Outcome, unit, period, first exposure; weight and cluster. A weight of zero leaves the row out.
    pub panel: PanelColumns,
    /// Covariates by name. Of a text column the first label in sort order is the reference.
    pub covariates: Vec<(String, Column)>,
    /// What the fixed effect is of, as codes ([`crate::panel::MISSING_CODE`] = missing); `None`: the unit.
    pub unit_effect: Option<Vec<u32>>,
}

impl ImputationColumns {
    /// Some of the rows, by number.
    pub(super) fn select(&self, rows: &[u32]) -> Self {
        let panel = &self.panel;
        let covariates = self.covariates.iter().map(|(name, column)| {
            let column = match column {
                Column::Numeric(values) => Column::Numeric(pick(values, rows)),
                Column::Integer { codes, values } => Column::Integer {
                    codes: pick(codes, rows),
                    values: values.clone(),
                },
                Column::Categorical { codes, labels } => Column::Categorical {
                    codes: pick(codes, rows),
                    labels: labels.clone(),
                },
            };
            (name.clone(), column)
        });
        Self {
            panel: PanelColumns {
                unit: pick(&panel.unit, rows),
                time: pick(&panel.time, rows),
                cohort: pick(&panel.cohort, rows),
                outcome: pick(&panel.outcome, rows),
                weight: panel.weight.as_ref().map(|own| pick(own, rows)),
                cluster: panel.cluster.as_ref().map(|own| pick(own, rows)),
                covariates: Vec::new(),
            },
            covariates: covariates.collect(),
            unit_effect: self.unit_effect.as_ref().map(|own| pick(own, rows)),
        }
    }
}

/// The values of some rows.
pub(super) fn pick<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|&row| values[row as usize]).collect()
}

/// Shows sizes only: the columns hold person-level values.
impl std::fmt::Debug for ImputationColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImputationColumns")
            .field("panel", &self.panel)
            .field("n_covariates", &self.covariates.len())
            .finish_non_exhaustive()
    }
}

/// Options of [`did_imputation`](super::did_imputation).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImputationOptions {
    /// First and last event time returned. Those before exposure are coefficients of the pre-trend regression and exist
    /// only with a window; the overall effect is of all event times, whatever the window.
    pub window: Option<(i32, i32)>,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
    /// How errors and intervals are made.
    pub inference: Inference,
}

/// Refuses what can be refused without looking at the data.
pub(super) fn check_options(
    options: &ImputationOptions,
    window: (i32, i32),
) -> Result<(), EstimatorError> {
    check_level(options.level)?;
    if window.0 > window.1 {
        return Err(EstimatorError::BadOption {
            option: "window",
            expected: "first..last with first not after last",
        });
    }
    match options.inference {
        Inference::Bootstrap { n_draws } => check_draws("draws", n_draws),
        Inference::Analytic | Inference::Cr3 => Ok(()),
    }
}

/// Refuses to draw more clusters than are worth it.
pub(super) fn check_bootstrap(
    inference: Inference,
    n_clusters: usize,
) -> Result<(), EstimatorError> {
    match inference {
        Inference::Bootstrap { .. } => check_clusters(n_clusters),
        Inference::Analytic | Inference::Cr3 => Ok(()),
    }
}

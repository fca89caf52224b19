//! The rows an imputation starts from, and what can be asked for.

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
}

//! The checked panel: units in canonical order, values period by period. How it is put together is in `assemble.rs`.

use std::ops::Range;

use crate::panel::covariate_table::Covariates;

/// How the rows hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A panel; units not seen in every period are dropped and counted (`unbalanced => 'drop'`).
    Balanced,
    /// A panel with holes; rows are compared as cross-sections, errors are summed per unit (`unbalanced => 'keep'`).
    Unbalanced,
    /// A panel with holes; each comparison takes the units seen in both of its periods, so that every unit is compared
    /// with themselves (`unbalanced => 'pairs'`).
    Pairs,
    /// Repeated cross-sections: every row is a unit of its own (`panel => false`).
    CrossSections,
}

/// How to read the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PanelOptions {
    /// How the rows hang together.
    pub layout: Layout,
}

/// Unit × period data, checked: one row per unit and period, one cohort and one cluster per unit, no negative weight,
/// nothing missing.
#[derive(Clone)]
pub struct Panel {
    pub(crate) layout: Layout,
    /// The observed periods, ascending.
    pub(crate) periods: Vec<i32>,
    /// By cohort, ascending, the never exposed last: which units are its own. The ranges follow each other from 0 to `n_units`.
    pub(crate) cohorts: Vec<CohortUnits>,
    /// Units; in cross-sections rows, each of which is a unit.
    pub(crate) n_units: usize,
    /// The outcome, period by period: `period * n_units + unit`, NaN where a unit is not seen. In cross-sections by row.
    pub(crate) values: Vec<f64>,
    /// Laid out as `values`.
    pub(crate) weights: Option<Vec<f64>>,
    /// Cross-sections only: the period index of each row.
    pub(crate) row_periods: Vec<u16>,
    /// By unit: its cluster, numbered from 0 in the order of `cluster_codes`.
    pub(crate) clusters: Option<Vec<u32>>,
    /// By cluster: how the caller coded it; empty without clusters.
    pub(crate) cluster_codes: Vec<u32>,
    /// By unit and period, or by unit where they do not vary.
    pub(crate) covariates: Option<Covariates>,
    /// Rows handed over.
    pub(crate) n_rows_in: u64,
    /// Rows left out because something was missing.
    pub(crate) n_missing_rows: u64,
}

/// A further outcome of a [`Panel`], laid out as the panel's own: by period and unit, NaN where a unit is not seen; for
/// cross-sections by row.
pub struct OutcomeTable(pub(crate) Vec<f64>);

/// Shows the size only.
impl std::fmt::Debug for OutcomeTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutcomeTable({} values)", self.0.len())
    }
}

/// The units of one cohort: a range of unit indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CohortUnits {
    /// First exposure; `None` = never.
    pub(crate) label: Option<i32>,
    /// Unit indices.
    pub(crate) units: Range<usize>,
}

/// Shows sizes only: a panel holds person-level values.
impl std::fmt::Debug for Panel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Panel")
            .field("layout", &self.layout)
            .field("n_units", &self.n_units)
            .field("n_periods", &self.periods.len())
            .finish_non_exhaustive()
    }
}

impl Panel {
    /// The same panel with another outcome.
    #[must_use]
    pub fn with_outcome(mut self, table: OutcomeTable) -> Self {
        self.values = table.0;
        self
    }

    /// Rows handed over.
    pub fn n_rows_in(&self) -> u64 {
        self.n_rows_in
    }

    /// Rows dropped for a missing outcome, weight, cluster or covariate.
    pub fn n_missing_rows(&self) -> u64 {
        self.n_missing_rows
    }

    /// Units (rows for cross-sections), complete or not.
    pub fn n_units(&self) -> usize {
        self.n_units
    }

    /// The observed periods, ascending.
    pub fn periods(&self) -> &[i32] {
        &self.periods
    }

    /// Whether units are grouped into clusters.
    pub fn has_clusters(&self) -> bool {
        self.clusters.is_some()
    }
}

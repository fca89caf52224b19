//! Small-cell control of ad hoc results, decided on the logical plan before anything is shown: rows of persons
//! are refused, grouped results lose their small cells, estimates pass the rules of the report. What is computed from
//! protected numbers afterwards is as safe as they are, so the rest of the statement runs as written.
//!
//! `walk` goes from the root to where numbers are made. What may stand below is an allow-list: `scans`, `below`, `joins` and
//! `expressions` follow every column from its table (`lineage`). `questions` takes in the aggregates, `measures` has plans that
//! answer them for `groups`, `judgement` and `span` decide; `relations` and `estimates` do the same for estimators. `released`
//! is the only way back into a plan.
//!
//! All this holds within a statement. Two statements that differ by one person are for the person who reviews a release.

mod allowed;
mod answers;
mod asked;
mod attempt;
mod below;
mod beside;
mod candidates;
mod copied;
mod error;
mod estimates;
mod expressions;
mod forms;
mod groups;
mod joins;
mod judgement;
mod lineage;
mod linked;
mod measures;
mod origins;
mod plain;
mod possible;
mod questions;
mod relations;
mod released;
mod scans;
mod span;
mod systems;
mod walk;

use std::collections::BTreeSet;

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;

pub use error::ReleaseError;
pub use lineage::TableRoles;

use super::{Session, SessionError};
use crate::disclosure::DisclosureRules;

/// What may leave, and which tables hold what.
#[derive(Debug, Clone)]
pub struct ReleaseRules {
    /// The project's rules.
    pub disclosure: DisclosureRules,
    /// Tables of which a row is one person, one record or one worksite.
    pub person_tables: BTreeSet<String>,
    /// Tables whose rows are declared to be aggregates.
    pub aggregate_tables: BTreeSet<String>,
    /// Columns that tell one person from another, the best first.
    pub person_columns: &'static [&'static str],
    /// What identifies rows, and whose records they are.
    pub roles: TableRoles,
    /// Columns that tell one household from another.
    pub household_columns: &'static [&'static str],
}

/// What stayed back of one statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeptBack {
    /// Groups left out whole.
    pub n_groups: u64,
    /// Groups there were.
    pub n_groups_in_all: u64,
    /// Numbers shown as NULL in groups that are shown.
    pub n_cells: u64,
    /// Estimates shown as NULL.
    pub n_estimates: u64,
    /// How much stayed back is not said: it could tell of one person.
    pub is_unknown: bool,
}

impl KeptBack {
    fn unknown() -> Self {
        Self {
            is_unknown: true,
            ..Self::default()
        }
    }

    /// What stayed back, in words; `None` when everything is shown.
    #[must_use]
    pub fn describe(&self, min_count: u64) -> Option<String> {
        if self.is_unknown {
            return Some(format!(
                "groups and numbers of fewer than {min_count} persons, and what protects those, are left out or NULL"
            ));
        }
        let mut parts = Vec::new();
        if self.n_groups > 0 {
            let (n, all) = (self.n_groups, self.n_groups_in_all);
            parts.push(format!("{n} of {all} groups are left out"));
        }
        if self.n_cells > 0 {
            parts.push(format!("{} numbers are NULL", self.n_cells));
        }
        if self.n_estimates > 0 {
            parts.push(format!("{} estimates are withheld", self.n_estimates));
        }
        (!parts.is_empty()).then(|| {
            let parts = parts.join(", ");
            format!("{parts}: fewer than {min_count} persons, or needed to protect those")
        })
    }
}

impl Session {
    /// The planned statement with everything held back that may not leave. Groups and estimates at its
    /// bottom are computed here; the rest runs when the result is asked for.
    ///
    /// # Errors
    /// When the result cannot be checked or holds rows of persons, or computing groups fails.
    pub async fn release(
        &self,
        frame: DataFrame,
        rules: &ReleaseRules,
    ) -> Result<(DataFrame, KeptBack), ReleaseError> {
        let (state, plan) = frame.into_parts();
        if let LogicalPlan::Explain(explain) = &plan {
            let asked = DataFrame::new(state, explain.plan.as_ref().clone());
            return Ok((self.explain_logical(asked)?, KeptBack::default()));
        }
        let mut walk = walk::Walk::new(&state, rules);
        let plan = walk.guarded(&plan).await?;
        let kept_back = walk.kept_back();
        Ok((DataFrame::new(state, plan), kept_back))
    }
}

impl From<datafusion::common::DataFusionError> for ReleaseError {
    fn from(error: datafusion::common::DataFusionError) -> Self {
        Self::Engine(SessionError::from(error))
    }
}

#[cfg(test)]
mod tests;
